//! The kill control without a hold: two presses, with the effect read out between, and the choice of whom by arrow keys.

use anyhow::{Result, ensure};
use downhaul_e2e::{Browser, Console, Stack};
use serde_json::json;
use thirtyfour::prelude::*;

#[tokio::test]
async fn two_presses_kill_and_one_does_not() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    console.page("/kill/checkout-v2").await?;
    let keys = async |keys: String| browser.driver.action_chain().send_keys(keys).perform().await;

    // Whom, by arrow keys: the focus goes along, round and back.
    browser.marked("scope-everyone").await?.send_keys(Key::Right.value().to_string()).await?;
    let at = |part: &str| {
        format!(
            "return document.activeElement?.dataset.test === '{part}' && document.activeElement.ariaChecked === 'true'"
        )
    };
    browser.until("the next choice", &at("scope-region")).await?;
    keys(Key::Left.value().to_string()).await?;
    browser.until("the first again", &at("scope-everyone")).await?;
    keys(Key::Left.value().to_string()).await?;
    browser.until("the last", &at("scope-variant")).await?;
    keys(Key::Right.value().to_string()).await?;
    browser.until("the first after the last", &at("scope-everyone")).await?;

    console.write("kill-reason", "payments fail").await?;
    console.click("two-presses").await?;
    let hold = browser.shown("[data-test=hold-to-kill][aria-disabled=false]").await?;
    let says = |part: &str| {
        format!("return document.querySelector('[data-test=hold-to-kill]').textContent.includes('{part}')")
    };
    let kills = async || anyhow::Ok(stack.admin("GET", "/kills", None).await?["kills"].take());
    hold.click().await?;
    browser.until("that one more is needed", &says("Press again")).await?;
    let told = "return [...document.querySelectorAll('[role=alert]')].some(each => /three-page|Everyone/.test(each.textContent))";
    browser.until("the effect read out", told).await?;
    browser.accessible("between two presses").await?;
    // Escape, or to go elsewhere, is the way back.
    keys(Key::Escape.value().to_string()).await?;
    browser
        .until(
            "it to be ready again",
            "return !document.querySelector('[data-test=hold-to-kill]').textContent.includes('Press again')",
        )
        .await?;
    hold.click().await?;
    browser.until("that one more is needed", &says("Press again")).await?;
    browser.marked("kill-reason").await?.click().await?;
    browser
        .until(
            "it to be ready again",
            "return !document.querySelector('[data-test=hold-to-kill]').textContent.includes('Press again')",
        )
        .await?;
    ensure!(kills().await? == json!([]), "nothing is killed by one press");

    hold.click().await?;
    browser.until("that one more is needed", &says("Press again")).await?;
    hold.click().await?;
    browser.marked("live-kill").await?;
    ensure!(kills().await?[0]["flag"] == "checkout-v2");
    Ok(())
}
