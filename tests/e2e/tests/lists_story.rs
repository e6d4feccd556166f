//! Many flags at once: a filter that is saved and sent, the same deed for several flags with the way back, and flags that are
//! taken over from another environment once a plan says whom that moves.
#![allow(clippy::allow_attributes, clippy::indexing_slicing, reason = "a member that is missing fails the test")]

use anyhow::Result;
use downhaul_e2e::{Browser, Console, Stack};
use serde_json::json;
use thirtyfour::prelude::*;

#[tokio::test]
async fn a_filter_is_saved_and_sent_and_its_flags_get_another_owner() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    let owner = async |key: &str| -> Result<String> {
        let view = stack.admin("GET", &format!("/flags/{key}"), None).await?;
        Ok(view["flag"]["owner"].as_str().unwrap_or_default().to_owned())
    };

    browser.marked("flag-search").await?.send_keys("checkout").await?;
    browser.until("the address", "return location.search === '?q=checkout'").await?;
    console.click("save-filter").await?;
    browser.marked("filter-name").await?.send_keys(format!("Paying{}", Key::Enter.value())).await?;
    browser.marked("saved-Paying").await?;
    browser.accessible("a list with a saved filter").await?;
    let address = browser.driver.current_url().await?;
    console.page("/flags").await?;
    browser.marked("flag-row-beta").await?;
    console.click("saved-Paying").await?;
    browser.until("the filter", "return !document.querySelector('[data-test=flag-row-beta]')").await?;
    assert_eq!(browser.driver.current_url().await?, address, "the address can be sent to someone");

    // `X` on the first, Shift and a click up to the last.
    browser.shown("h1").await?.click().await?;
    browser.shown("body").await?.send_keys("jx").await?;
    console.says("bulk", "chosen", "1").await?;
    let last = browser.marked("pick-checkout-v2").await?;
    let shift = browser.driver.action_chain().key_down(Key::Shift).click_element(&last).key_up(Key::Shift);
    shift.perform().await?;
    console.says("bulk", "chosen", "2").await?;
    browser.accessible("chosen flags").await?;
    browser.picture("console-bulk").await?;

    let before = (owner("checkout-v2").await?, owner("checkout-rate").await?);
    console.click("bulk-owner").await?;
    browser.marked("bulk-value").await?.send_keys("tills").await?;
    console.click("bulk-take").await?;
    browser.marked("batch-reason").await?.send_keys("one team for all of it").await?;
    browser.accessible("a batch").await?;
    console.click("batch-confirm").await?;
    for key in ["checkout-v2", "checkout-rate"] {
        console.stands(key, "done").await?;
        assert_eq!(owner(key).await?, "tills");
    }
    browser.picture("console-batch").await?;
    console.click("batch-undo").await?;
    for key in ["checkout-v2", "checkout-rate"] {
        console.stands(key, "undone").await?;
    }
    assert_eq!((owner("checkout-v2").await?, owner("checkout-rate").await?), before);
    console.click("batch-close").await?;

    // What is refused says why, and keeps nothing else from being done.
    console.click("pick-checkout-v2").await?;
    console.click("pick-checkout-rate").await?;
    console.click("bulk-owner").await?;
    browser.marked("bulk-value").await?.send_keys("tills").await?;
    console.click("bulk-take").await?;
    browser.marked("batch-reason").await?.send_keys("again").await?;
    let mut other = stack.admin("GET", "/flags/checkout-v2", None).await?["flag"].clone();
    other["description"] = json!("changed by somebody else");
    stack.admin("PUT", "/flags/checkout-v2", Some(json!({ "flag": other, "reason": "meanwhile" }))).await?;
    console.click("batch-confirm").await?;
    console.stands("checkout-v2", "refused").await?;
    console.stands("checkout-rate", "done").await?;
    assert_eq!(owner("checkout-v2").await?, before.0);
    Ok(())
}

#[tokio::test]
async fn flags_are_copied_with_a_plan_first_and_kills_are_not() -> Result<()> {
    let mut stack = Stack::start().await?;
    stack.add_environment("staging").await?;
    let people = stack.data.path().join("people.jsonl");
    let line = |number: usize| json!({ "targetingKey": format!("user-{number}"), "tenant": "acme", "region": "de" });
    std::fs::write(&people, (0..50).map(|number| format!("{}\n", line(number))).collect::<String>())?;
    stack.downhaul(&["population", "put", "default", &people.display().to_string()]).await?;
    stack.downhaul(&["kill", "summer-banner", "--reason", "a test", "--environment", "staging"]).await?;
    let mut flag = stack.admin("GET", "/flags/product-reviews", None).await?["flag"].clone();
    flag["rules"] = json!([]);
    flag["default"] = flag["degraded"]["variant"].clone();
    let file = stack.data.path().join("flag.json");
    std::fs::write(&file, flag.to_string())?;
    let apply = ["apply", &file.display().to_string(), "--environment", "staging", "--reason", "reviews are off"];
    stack.downhaul(&apply).await?;

    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    console.page("/copy?from=staging").await?;
    browser.marked("differing-product-reviews").await?;
    browser.until("one difference", "return document.querySelectorAll('[data-test^=differing-]').length === 1").await?;
    console.click("copy-product-reviews").await?;
    console.click("copy-plan-go").await?;
    console.says("copy-plan", "state", "done").await?;
    let moves = browser.marked("moves-product-reviews").await?.text().await?;
    assert!(moves.contains("of 50"), "{moves}");
    browser.accessible("a copy that is planned").await?;
    browser.picture("console-copy").await?;
    console.click("copy-go").await?;
    browser.marked("batch-reason").await?.send_keys("as in staging").await?;
    console.click("batch-confirm").await?;
    console.stands("product-reviews", "done").await?;
    let here = stack.admin("GET", "/flags/product-reviews", None).await?["flag"].clone();
    assert_eq!(here["default"], flag["default"]);
    assert_eq!(stack.admin("GET", "/kills", None).await?["kills"], json!([]), "a kill is never copied");
    Ok(())
}
