//! A product manager stages a cohort in the console: makes a flag, gives a part of one tenant in one region the new variant,
//! sees beforehand whom that moves, publishes, reads it in the chart, and takes it back.
#![allow(clippy::allow_attributes, clippy::indexing_slicing, reason = "a member that is missing fails the test")]

use anyhow::Result;
use downhaul_e2e::{Browser, Console, Editor, Stack};
use serde_json::{Value, json};

const FLAG: &str = "express-checkout";

/// Forty people of acme in Germany, and twenty of globex in America.
fn people() -> String {
    let line = |number: usize| {
        let (tenant, region) = if number < 40 { ("acme", "de") } else { ("globex", "us") };
        json!({ "targetingKey": format!("user-{number}"), "tenant": tenant, "region": region }).to_string()
    };
    (0..60).map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn stage_a_cohort_see_the_radius_publish_and_take_it_back() -> Result<()> {
    let stack = Stack::start().await?;
    let file = stack.data.path().join("people.jsonl");
    std::fs::write(&file, people())?;
    stack.downhaul(&["population", "put", "default", &file.display().to_string()]).await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;

    let editor = Editor::create(&console).await?;
    editor.write("edit-key", FLAG).await?;
    editor.write("edit-owner", "payments").await?;
    editor.write("edit-degraded-meaning", "The usual checkout").await?;
    let said = editor.publish("a faster way to pay").await?;
    assert!(said.contains("The usual checkout"), "{said}");
    browser.marked(&format!("flag-row-{FLAG}")).await?;

    editor.edit(FLAG).await?;
    editor.press("add-rule").await?;
    editor.press("rule-1-condition-add-tenant").await?;
    editor.add("rule-1-condition-1-value", "acme").await?;
    editor.press("rule-1-condition-add-region").await?;
    editor.add("rule-1-condition-2-value", "europe").await?;
    editor.press("rule-1-split").await?;
    // From all `off` to 25 % `on`: five large steps.
    editor.move_left("rule-1-handle-1", 5).await?;
    let words = browser.marked("rule-1-words").await?.text().await?.replace('\u{202F}', " ");
    assert!(words.contains("acme") && words.contains("europe") && words.contains("25 %"), "{words}");
    editor.reload().await?;

    let moved = editor.moved().await?;
    browser.picture("console-editor").await?;
    let draft = json!({
        "when": [{ "tenant": ["acme"] }, { "region": ["europe"] }],
        "split": { "slices": [["off", 75_000], ["on", 25_000]] },
    });
    let mut flag = stack.admin("GET", &format!("/flags/{FLAG}"), None).await?["flag"].clone();
    flag["rules"] = json!([draft]);
    let plan = stack.admin("POST", "/plan", Some(json!({ "flag": flag }))).await?;
    assert_eq!(Value::from(moved), plan["flags"][FLAG]["moved"], "the page and the server say the same");
    assert!(moved > 0.0 && moved < 40.0, "{moved}");

    let said = editor.publish("the first cohort").await?;
    assert!(said.contains("acme") && said.contains("Rule 1"), "{said}");
    browser.marked("rule-1").await?;
    browser.marked("chart-entry").await?;
    let entries = format!("[data-test=chart-entry][data-flag=\"{FLAG}\"]");
    browser.until("both changes", &format!("return document.querySelectorAll('{entries}').length >= 2")).await?;

    editor.undo_publish().await?;
    browser.until("no rule any more", "return !document.querySelector('[data-test=rule-1]')").await?;
    let flag = stack.admin("GET", &format!("/flags/{FLAG}"), None).await?["flag"].clone();
    assert_eq!(flag.get("rules"), None, "{flag}");
    Ok(())
}
