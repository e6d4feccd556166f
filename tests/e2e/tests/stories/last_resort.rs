//! The console has ended, and the flag is killed all the same: from the page of last resort, with the pointer, with the
//! keyboard alone, and with the presses of a screen reader.

use anyhow::Result;
use downhaul_e2e::{Browser, Console, KillPage, Stack, stories};
use thirtyfour::prelude::*;

#[tokio::test]
async fn a_panic_of_the_console_leaves_the_kill_at_hand() -> Result<()> {
    let stack = Stack::start().await?;
    let visitor = Browser::start().await?;
    let operator = Browser::start().await?;
    let console = Console::open(&operator, &stack).await?;
    stories::panic_and_kill(&stack, &visitor, &operator, &console, "kill-page").await
}

#[tokio::test]
async fn from_the_keyboard_alone() -> Result<()> {
    let stack = Stack::start().await?;
    let operator = Browser::start().await?;
    let token = stack.person("Ada Lovelace", "operator").await?;
    let page = KillPage::open(&operator, &stack.server, "environment=production&flag=checkout-v2").await?;
    page.asks_who_is_there().await?;
    operator.accessible("the kill page, signed out").await?;
    page.write("token", "opens-nothing").await?;
    operator.driver.action_chain().send_keys(Key::Enter).perform().await?;
    page.says("refused", "This token opens nothing here").await?;
    page.sign_in_again(&token).await?;
    // The focus stands on the flag, which is there already; the reason comes after the choice of whom.
    page.write("reason", "payments fail").await?;
    operator.driver.action_chain().send_keys(Key::Tab + Key::Tab).perform().await?;
    page.is_at("hold").await?;

    // Enter is no hold, and Space that is let go at once is none either.
    operator.driver.action_chain().send_keys(Key::Enter).key_down(' ').key_up(' ').perform().await?;
    page.says("hold-label", "Hold to kill checkout-v2 for everyone in production").await?;
    operator.driver.action_chain().key_down(' ').perform().await?;
    page.live().await?;
    operator.driver.action_chain().key_up(' ').perform().await?;
    // What came of it has the focus.
    page.is_at("killed").await?;
    page.says("killed-by", "Ada Lovelace").await?;
    page.says("dark", "No client is connected").await
}

#[tokio::test]
async fn by_two_presses_with_the_effect_between() -> Result<()> {
    let stack = Stack::start().await?;
    let operator = Browser::start().await?;
    let viewer = stack.person("Vera Viewer", "viewer").await?;
    let page = KillPage::open(&operator, &stack.server, "environment=production&flag=checkout-v2&reason=down").await?;
    page.sign_in(&viewer).await?;
    page.says("hold-hint", "Only an operator or admin may kill.").await?;

    let operator = Browser::start().await?;
    let page = KillPage::open(&operator, &stack.server, "environment=production&flag=checkout-v2&reason=down").await?;
    page.sign_in(&stack.admin_token).await?;
    page.press().await?;
    page.says("hold-alert", "Everyone gets").await?;
    page.says("hold-label", "Press again").await?;
    page.press().await?;
    page.live().await?;
    page.says("killed", "checkout-v2 is killed for everyone").await
}
