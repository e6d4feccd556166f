//! A product manager stages a cohort in the console, and edits a flag as text.

use anyhow::{Result, ensure};
use downhaul_e2e::screens::Draft;
use downhaul_e2e::{Browser, Console, Editor, KillPage, Stack, stories};
use serde_json::{Value, json};
use thirtyfour::prelude::*;

#[tokio::test]
async fn stage_a_cohort_see_the_radius_publish_and_take_it_back() -> Result<()> {
    let stack = Stack::start().await?;
    stories::put_people(&stack).await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    stories::stage_a_cohort(&stack, &browser, &console).await
}

/// The beginning of a draft.
const HALF: &str = "{ \"key\": \"checkout-v2\", ";

#[tokio::test]
async fn a_draft_is_the_same_as_text_and_outlives_a_crash_of_the_console() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    let editor = Editor::of(&console);
    editor.edit("checkout-v2").await?;
    editor.write("edit-owner", "-europe").await?;
    editor.turn().await?;
    let before: Value = serde_json::from_str(&editor.text().await?)?;
    ensure!(before["owner"].as_str().is_some_and(|owner| owner.ends_with("-europe")), "{before}");
    editor.paste(&editor.text().await?.replace("-europe", "-america")).await?;
    editor.turn().await?;
    let mut expected = before.clone();
    let owner = before["owner"].as_str().unwrap_or_default().replace("-europe", "-america");
    console.says_value("edit-owner", &owner).await?;
    expected["owner"] = json!(owner);
    editor.turn().await?;
    let after: Value = serde_json::from_str(&editor.text().await?)?;
    ensure!(after == expected, "nothing but that is another: {after}");
    browser.accessible("a draft as text").await?;

    // Half a text is kept too. Then the console ends: nodes are no longer where it left them.
    editor.paste(HALF).await?;
    Draft::of(&console).problems().await?;
    let broken = "Node.prototype.insertBefore = () => { throw new DOMException('the node is gone') }";
    browser.driver.execute(broken, vec![]).await?;
    // The page may be gone before its driver has heard what came of the keys.
    let keys = format!("{}k{}", Key::Control.value(), Key::Null.value());
    let _ = browser.shown("body").await?.send_keys(keys).await;
    KillPage::instead_of_the_console(&browser).await?;
    console.page("/edit/checkout-v2").await?;
    let kept = Draft::of(&console);
    kept.is_offered().await?;
    browser.accessible("a draft that was kept").await?;
    kept.go_on().await?;
    console.says_value("edit-json", HALF).await
}
