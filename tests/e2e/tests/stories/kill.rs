//! The story that Downhaul exists for: a feature is live in a page, an operator kills it from the console, the page goes
//! dark and is counted, the operator restores it.

use anyhow::Result;
use downhaul_e2e::screens::{Flags, Kill, KillControl, Palette, Proposal, Retirement};
use downhaul_e2e::stories::{self, IN_COHORT};
use downhaul_e2e::{Browser, Console, Editor, Shop, Stack};
use serde_json::json;
use std::time::{Duration, Instant};
use thirtyfour::prelude::*;

#[tokio::test]
async fn kill_from_the_console_and_watch_the_shop() -> Result<()> {
    let stack = Stack::start().await?;
    let visitor = Browser::start().await?;
    let operator = Browser::start().await?;

    let console = Console::open(&operator, &stack).await?;
    stories::kill_and_watch(&stack, &visitor, &operator, &console, "console").await
}

/// Nothing but keys, from wherever the operator is; the way back asks a second person, and so does a retirement.
#[tokio::test]
async fn by_keys_alone_and_back_by_two_people() -> Result<()> {
    let stack = Stack::start().await?;
    let policy = json!({ "policy": { "approvals": { "critical": 1, "critical_restore": 1 } }, "reason": "two look" });
    stack.admin("PUT", "/policy", Some(policy)).await?;
    let approver = stack.person("Ada Lovelace", "approver").await?;
    let token = stack.person("Jonas Weber", "operator").await?;
    let (visitor, browser) = (Browser::start().await?, Browser::start().await?);
    let shop = Shop::open(&visitor, &stack, IN_COHORT).await?;
    shop.checkout("one-page").await?;
    let console = Console::open_as(&browser, &stack, &token).await?;
    let keys = || browser.driver.action_chain();

    // From the row that has the cursor.
    keys().send_keys("j").perform().await?;
    let flag = Flags::of(&console).at_the_cursor().await?;
    keys().key_down(Key::Shift).send_keys("k").key_up(Key::Shift).perform().await?;
    KillControl::opened(&console).await?;
    let path = browser.driver.current_url().await?.path().to_owned();
    assert_eq!(path, format!("/e/production/kill/{flag}"));

    // From a page that is of no flag, also out of a text field: the palette asks which.
    Flags::open(&console).await?.go_to_the_search().await?;
    keys()
        .key_down(Key::Control)
        .key_down(Key::Alt)
        .send_keys("k")
        .key_up(Key::Alt)
        .key_up(Key::Control)
        .perform()
        .await?;
    let palette = Palette::opened(&console).await?;
    palette.find("checkout-v2", "Kill checkout-v2").await?;
    browser.accessible("the palette").await?;
    palette.take().await?;

    let control = KillControl::opened(&console).await?;
    control.tells_of_a_drill().await?;
    browser.accessible("the kill control").await?;
    browser.picture("console-kill-control").await?;
    control.reaches("Everyone").await?;
    control.says_why_not().await?;
    control.is_at_the_reason().await?;
    keys().send_keys("payments fail").perform().await?;
    control.is_ready().await?;
    control.go_to_the_button().await?;
    // Enter is no hold, and Space that is let go at once is none either.
    keys().send_keys(Key::Enter).key_down(' ').key_up(' ').perform().await?;
    shop.checkout("one-page").await?;
    keys().key_down(' ').perform().await?;
    let kill = Kill::opened(&console).await?;
    keys().key_up(' ').perform().await?;
    shop.checkout("three-page").await?;
    kill.is_complete().await?;
    assert!(kill.dark(1).await?.contains("1 of 1"), "all are dark");
    kill.is_measured().await?;
    kill.says_whether_it_helped().await?;
    browser.accessible("a kill").await?;
    browser.picture("console-kill-helped").await?;

    keys().send_keys("r").perform().await?;
    kill.restore_asks_others().await?;
    browser.accessible("a restore that others are asked about").await?;
    keys().send_keys("the bank is back").send_keys(Key::Enter).perform().await?;
    let proposal = Proposal::of(&console);
    proposal.is("open").await?;
    browser.accessible("a proposed restore").await?;
    shop.checkout("three-page").await?;
    let ada = Browser::start().await?;
    let other = Console::open_as(&ada, &stack, &approver).await?;
    Proposal::open(&other, "p-1").await?.approve("the bank says so").await?;
    console.put_report_away().await?;
    proposal.land_because("both agree").await?;
    proposal.is("landed").await?;
    shop.checkout("one-page").await?;

    // The same of a retirement.
    let third = Browser::start().await?;
    let maya = Console::open(&third, &stack).await?;
    Editor::of(&maya).edit("checkout-v2").await?;
    let retirement = Retirement::open(&maya).await?;
    retirement.asks_others().await?;
    retirement.propose("nobody asks for it").await?;
    Proposal::of(&maya).is("open").await
}

#[tokio::test]
async fn reload_offline_and_still_decide() -> Result<()> {
    let mut stack = Stack::start().await?;
    let visitor = Browser::start().await?;
    let shop = Shop::open(&visitor, &stack, IN_COHORT).await?;
    shop.checkout("one-page").await?;
    shop.keeps(&stack).await?;

    stack.cut_server().await?;
    visitor.driver.refresh().await?;
    shop.checkout("one-page").await?;
    visitor.picture("shop-offline").await?;

    stack.restart_server().await?;
    shop.live().await?;
    Ok(())
}

#[tokio::test]
async fn a_kill_survives_a_power_cut_of_the_server() -> Result<()> {
    let mut stack = Stack::start().await?;
    let visitor = Browser::start().await?;
    let shop = Shop::open(&visitor, &stack, IN_COHORT).await?;
    shop.checkout("one-page").await?;

    stack.downhaul(&["kill", "checkout-v2", "--reason", "before the power cut"]).await?;
    shop.checkout("three-page").await?;
    shop.keeps(&stack).await?;
    stack.cut_server().await?;
    visitor.driver.refresh().await?;
    shop.checkout("three-page").await?;
    stack.restart_server().await?;
    shop.live().await?;
    shop.checkout("three-page").await?;
    stack.downhaul(&["restore", "checkout-v2", "--reason", "after it"]).await?;
    shop.checkout("one-page").await
}

#[tokio::test]
async fn the_edge_hands_the_page_its_first_values() -> Result<()> {
    let mut stack = Stack::start().await?;
    stack.start_edge().await?;
    let page = reqwest::get(format!("{}/?visitor={IN_COHORT}", stack.edge)).await?.text().await?;
    assert!(page.contains("\"checkout-v2\""), "no decisions in the page:\n{page}");

    stack.downhaul(&["kill", "checkout-v2", "--reason", "seen at the edge"]).await?;
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(60) {
        let decided = reqwest::get(format!("{}/decide?context=%7B%22targetingKey%22%3A%22a%22%7D", stack.edge)).await?;
        if decided.text().await?.contains("DISABLED") {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("the edge never decided by the kill")
}
