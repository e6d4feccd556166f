//! The kill control: what ends a hold and what does not, two presses in its place with the effect read out between, and the
//! choice of whom by arrow keys.

use anyhow::{Result, ensure};
use downhaul_e2e::screens::{Kill, KillControl};
use downhaul_e2e::{Browser, Console, Hold, KillPage, Stack};
use serde_json::json;
use thirtyfour::prelude::*;

#[tokio::test]
async fn two_presses_kill_and_one_does_not() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    let control = KillControl::open(&console, "checkout-v2").await?;
    let keys = async |key: Key| browser.driver.action_chain().send_keys(key).perform().await;

    // Whom, by arrow keys: the focus goes along, round and back.
    control.go_from_everyone(Key::Right).await?;
    control.is_at("region").await?;
    keys(Key::Left).await?;
    control.is_at("everyone").await?;
    keys(Key::Left).await?;
    control.is_at("variant").await?;
    keys(Key::Right).await?;
    control.is_at("everyone").await?;

    control.because("payments fail").await?;
    control.take_two_presses().await?;
    let kills = async || anyhow::Ok(stack.admin("GET", "/kills", None).await?["kills"].take());
    control.press().await?;
    control.asks_for_another(true).await?;
    control.reads_out("three-page|Everyone").await?;
    browser.accessible("between two presses").await?;
    // Escape, or to go elsewhere, is the way back.
    keys(Key::Escape).await?;
    control.asks_for_another(false).await?;
    control.press().await?;
    control.asks_for_another(true).await?;
    control.go_to_the_reason().await?;
    control.asks_for_another(false).await?;
    ensure!(kills().await? == json!([]), "nothing is killed by one press");

    control.press().await?;
    control.asks_for_another(true).await?;
    control.press().await?;
    Kill::fired(&console).await?;
    ensure!(kills().await?[0]["flag"] == "checkout-v2");
    Ok(())
}

#[tokio::test]
async fn a_hold_ends_where_the_pointer_goes_and_not_where_the_button_does() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    KillControl::open(&console, "checkout-v2").await?.because("payments fail").await?;
    holds_on(&stack, &Hold::of_the_console(&browser), "[data-test=clients-dark]").await?;
    let page = KillPage::open(&browser, &stack.server, "environment=production&flag=new-search").await?;
    page.write("reason", "no results").await?;
    holds_on(&stack, &Hold::of_the_last_resort(&browser), "#live").await
}

async fn holds_on(stack: &Stack, hold: &Hold<'_>, killed: &str) -> Result<()> {
    let kills = async || anyhow::Ok(stack.admin("GET", "/kills", None).await?["kills"].as_array().map_or(0, Vec::len));
    let before = kills().await?;
    hold.begin_and_leave(120).await?;
    hold.is_held(false).await?;
    // Back on the button it is not held again, and letting go there is not a press.
    hold.move_down(-120).await?;
    hold.release().await?;
    hold.is_held(false).await?;
    hold.is_unarmed().await?;
    ensure!(kills().await? == before, "nothing is killed by a hold that was ended");

    hold.begin().await?;
    hold.is_held(true).await?;
    hold.push_away(200).await?;
    hold.until(killed).await?;
    ensure!(kills().await? == before + 1);
    Ok(())
}
