//! From a new flag to a look back in time, as a product manager, an approver, an operator and a visitor go through it.
#![allow(clippy::allow_attributes, clippy::indexing_slicing, reason = "a member that is missing fails the test")]

use anyhow::{Context, Result};
use downhaul_e2e::{Browser, Console, Editor, Shop, Stack};
use serde_json::{Value, json};

/// A user of acme, in America, where nobody has the new checkout yet.
const VISITOR: &str = "visitor-in-america";

fn people() -> String {
    let line = |number: usize| {
        let (tenant, region) = if number < 40 { ("acme", "us") } else { ("globex", "de") };
        json!({ "targetingKey": format!("user-{number}"), "tenant": tenant, "region": region }).to_string()
    };
    (0..60).map(line).collect::<Vec<_>>().join("\n")
}

/// A release with the flag in it, whose runbook kills it and has support told.
fn release() -> Value {
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    json!({
        "key": "checkout-2.5.0", "owner": "payments", "flags": ["checkout-v2"], "data_change": "additive",
        "artifact": { "kind": "http", "reference": "https://shop.example/2.5.0.tgz", "digest": digest("a") },
        "previous": { "kind": "http", "reference": "https://shop.example/2.4.1.tgz", "digest": digest("b") },
        "runbook": { "steps": [{ "kill": ["checkout-v2"] }, { "manual": "put 2.4.1 out" }] },
    })
}

#[tokio::test]
async fn from_a_new_flag_to_a_look_back_in_time() -> Result<()> {
    let stack = Stack::start().await?;
    let file = stack.data.path().join("people.jsonl");
    std::fs::write(&file, people())?;
    stack.downhaul(&["population", "put", "default", &file.display().to_string()]).await?;
    let policy = json!({ "policy": { "approvals": { "critical": 1 } }, "reason": "critical flags are looked at" });
    stack.admin("PUT", "/policy", Some(policy)).await?;
    stack.admin("PUT", "/releases/checkout-2.5.0", Some(json!({ "release": release(), "reason": "a story" }))).await?;
    let ada = stack.person("Ada Lovelace", "approver").await?;
    let jonas = stack.person("Jonas Weber", "operator").await?;
    let (managing, approving, operating, visiting) =
        (Browser::start().await?, Browser::start().await?, Browser::start().await?, Browser::start().await?);
    let shop = Shop::open_in(&visiting, &stack, VISITOR, "us").await?;
    shop.checkout("three-page").await?;

    // A flag is made, and rules are staged by tenant and region on the one that the shop asks for.
    let maya = Console::open(&managing, &stack).await?;
    let editor = Editor::create(&maya).await?;
    editor.write("edit-key", "express-checkout").await?;
    editor.write("edit-owner", "payments").await?;
    editor.write("edit-degraded-meaning", "The usual checkout").await?;
    editor.publish("a faster way to pay").await?;
    managing.marked("flag-row-express-checkout").await?;
    editor.edit("checkout-v2").await?;
    editor.press("add-rule").await?;
    editor.press("rule-4-condition-add-tenant").await?;
    editor.add("rule-4-condition-1-value", "acme").await?;
    editor.press("rule-4-condition-add-region").await?;
    editor.add("rule-4-condition-2-value", "north-america").await?;
    editor.write("rule-4-variant", "on").await?;

    // Whom that moves is seen before; it is critical, so somebody else is asked.
    let moved = editor.moved().await?;
    assert!(moved > 0.0 && moved <= 40.0, "{moved}");
    managing.accessible("an edit with its radius").await?;
    editor.propose("all of acme in America").await?;
    let approver = Console::open_as(&approving, &stack, &ada).await?;
    approver.says("inbox", "waiting", "1").await?;
    approver.page("/proposals/p-1").await?;
    approver.act("approve", "looks right").await?;
    approver.says("approvals-counting", "counting", "1").await?;
    maya.page("/proposals/p-1").await?;
    maya.press("land").await?;
    managing.shown("[data-test=act-confirm][aria-disabled=false]").await?.click().await?;
    maya.says("proposal-status", "status", "landed").await?;
    shop.checkout("one-page").await?;
    let published = stack.admin("GET", "/chart?limit=1", None).await?["changes"][0]["revision"].as_u64();
    let published = published.context("no change")?;

    // The kill reaches all who are there, and the shop is as it was.
    let operator = Console::open_as(&operating, &stack, &jonas).await?;
    operator.kill("checkout-v2", "payments fail").await?;
    shop.checkout("three-page").await?;
    operating.marked("kill-complete").await?;
    let dark = operator.dark(1).await?;
    assert!(dark.contains("1 of 1"), "{dark}");

    // The runbook is run.
    operator.page("/releases/checkout-2.5.0").await?;
    operating.marked("rollback-reason").await?.send_keys("payments fail").await?;
    operator.hold_until("run-phase").await?;
    operator.says("step-1", "state", "done").await?;
    operator.press("confirm").await?;
    operator.says("run-phase", "verdict", "done").await?;

    // All of it stands in the chart, and what users saw before and after the kill can be looked at.
    maya.page("/chart").await?;
    let kill = managing.shown("[data-test=chart-entry][data-type=kill]").await?;
    kill.click().await?;
    managing.until("the address of the kill", "return /[/]chart[/][0-9]+$/.test(location.pathname)").await?;
    managing.accessible("the chart with a change chosen").await?;
    maya.click("travel").await?;
    managing.marked("xray-then").await?;
    maya.says("xray-variant", "reason", "DISABLED").await?;
    managing.driver.back().await?;
    let landed = format!("[data-test=chart-entry][data-revision=\"{published}\"]");
    managing.shown(&landed).await?.click().await?;
    managing.until("its address", &format!("return location.pathname.endsWith('/{published}')")).await?;
    maya.click("travel").await?;
    maya.says("xray-then", "revision", &published.to_string()).await?;
    managing
        .until(
            "a decision before the kill",
            "return document.querySelector('[data-test=xray-variant]')?.dataset.reason !== 'DISABLED'",
        )
        .await?;
    managing.accessible("an X-ray of then").await?;
    managing.picture("console-then").await?;
    Ok(())
}
