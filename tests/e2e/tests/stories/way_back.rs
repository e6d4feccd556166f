//! How people go about the way back in the console: approve a change, roll a release back, take a rollout back.

use anyhow::{Context, Result};
use downhaul_e2e::{Browser, Console, Editor, Stack};
use serde_json::{Value, json};

/// The flag `checkout-v2` of the example with another share of its first cohort.
async fn checkout(stack: &Stack, on: u32) -> Result<Value> {
    let mut view = stack.admin("GET", "/flags/checkout-v2", None).await?;
    let mut flag = view.get_mut("flag").context("no flag")?.take();
    let slices = flag.pointer_mut("/rules/2/split/slices").context("the flag is another one by now")?;
    *slices = json!([["on", on], ["off", 100_000 - on]]);
    Ok(flag)
}

#[tokio::test]
async fn a_change_is_proposed_approved_voided_and_landed() -> Result<()> {
    let stack = Stack::start().await?;
    let policy = json!({ "policy": { "approvals": { "critical": 1 } }, "reason": "critical flags are looked at" });
    stack.admin("PUT", "/policy", Some(policy)).await?;
    let ada = stack.person("Ada Lovelace", "approver").await?;
    let draft = json!({ "flag": checkout(&stack, 60_000).await?, "reason": "the ramp held for a week" });
    stack.admin("POST", "/proposals", Some(draft)).await?;

    let (approving, editing) = (Browser::start().await?, Browser::start().await?);
    let approver = Console::open_as(&approving, &stack, &ada).await?;
    approver.says("inbox", "waiting", "1").await?;
    approving.marked("inbox").await?.click().await?;
    approving.marked("proposal-row-p-1").await?;
    approving.accessible("the list of proposals").await?;
    approving.shown("[data-test=proposal-row-p-1] a").await?.click().await?;
    let effect = approving.marked("proposal-effect").await?.text().await?;
    assert!(effect.contains("first cohort"), "{effect}");
    let why = approver.why_not("land").await?;
    assert!(why.contains("Only an editor or admin may do this"), "{why}");
    approver.act("approve", "looks right").await?;
    approver.says("approvals-counting", "counting", "1").await?;
    approver.says("inbox", "waiting", "0").await?;

    // What was approved is another thing once what it rests on is killed; the page says so by itself.
    stack.downhaul(&["kill", "cart-service-v3", "--reason", "carts are lost"]).await?;
    approver.says("approval", "counts", "false").await?;
    let void = approving.marked("approval-void").await?.text().await?;
    assert!(void.contains("cart-service-v3"), "{void}");
    approving.accessible("a proposal").await?;
    approving.picture("console-proposal").await?;
    approver.act("approve", "still right").await?;
    approver.says("approvals-counting", "counting", "1").await?;

    let author = Console::open(&editing, &stack).await?;
    author.page("/proposals/p-1").await?;
    let why = author.why_not("approve").await?;
    assert!(why.contains("You wrote it"), "{why}");
    author.press("land").await?;
    editing.shown("[data-test=act-confirm][aria-disabled=false]").await?.click().await?;
    author.says("proposal-status", "status", "landed").await?;
    approver.says("proposal-status", "status", "landed").await?;
    let landed = stack.admin("GET", "/flags/checkout-v2", None).await?;
    assert_eq!(landed.pointer("/flag/rules/2/split/slices/0/1"), Some(&json!(60_000)), "{landed}");
    Ok(())
}

#[tokio::test]
async fn a_release_is_rolled_back_step_by_step_by_two_people() -> Result<()> {
    let stack = Stack::start().await?;
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let release = json!({
        "key": "checkout-2.4.1", "owner": "payments", "flags": ["checkout-v2"], "data_change": "additive",
        "artifact": { "kind": "http", "reference": "https://shop.example/2.4.1.tgz", "digest": digest("a") },
        "previous": { "kind": "http", "reference": "https://shop.example/2.4.0.tgz", "digest": digest("b") },
        "runbook": { "steps": [{ "manual": "tell support" }, { "kill": ["checkout-v2"] }, { "manual": "put 2.4.0 out" }] },
    });
    stack.admin("PUT", "/releases/checkout-2.4.1", Some(json!({ "release": release, "reason": "a story" }))).await?;
    let jonas = stack.person("Jonas Weber", "operator").await?;
    let (first, second) = (Browser::start().await?, Browser::start().await?);

    let maya = Console::open(&first, &stack).await?;
    maya.page("/releases").await?;
    maya.says("readiness", "state", "missing").await?;
    first.accessible("the list of releases").await?;
    first.shown("[data-test=\"release-row-checkout-2.4.1\"] a").await?.click().await?;
    first.marked("kill-order-checkout-v2").await?;
    first.marked("release-finding").await?;
    first.accessible("a release").await?;
    let effect = first.marked("rollback-effect").await?.text().await?;
    assert!(effect.contains("kills checkout-v2 for everyone"), "{effect}");
    first.marked("rollback-reason").await?.send_keys("payments fail").await?;
    first.marked("pace-step").await?.click().await?;
    maya.hold_until("run-phase").await?;
    maya.says("step-1", "state", "running").await?;

    let operator = Console::open_as(&second, &stack, &jonas).await?;
    operator.page("/runs/r-1").await?;
    maya.press("confirm").await?;
    operator.says("step-1", "state", "done").await?;
    operator.press("go").await?;
    maya.says("step-2", "state", "done").await?;
    first.accessible("a run").await?;
    first.picture("console-run").await?;
    maya.act("skip", "2.4.0 is out already").await?;
    operator.says("run-phase", "verdict", "incomplete").await?;
    let killed = stack.admin("GET", "/kills", None).await?;
    assert_eq!(killed.pointer("/kills/0/flag"), Some(&json!("checkout-v2")), "what was killed stays killed: {killed}");
    Ok(())
}

#[tokio::test]
async fn a_rollout_is_staged_paused_stepped_back_and_rolled_back() -> Result<()> {
    let stack = Stack::start().await?;
    let maya = stack.person("Maya Kern", "editor").await?;
    let (first, second) = (Browser::start().await?, Browser::start().await?);
    let maya = Console::open_as(&first, &stack, &maya).await?;
    stage_gift_cards(&first, &maya).await?;
    // It bakes for a second, and goes on by itself.
    maya.says("stage-2", "state", "current").await?;
    let why = maya.why_not("approve").await?;
    assert!(why.contains("You started it"), "{why}");
    let begun = stack.admin("GET", "/rollouts/ro-1", None).await?;
    assert_eq!(begun.pointer("/started/reason"), Some(&json!("before the holidays")), "{begun}");
    let stages = json!([
        { "when": [{ "segment": ["staff"] }], "bake_seconds": 1 },
        { "percent": 7.5, "bake_seconds": 86_400 },
        { "bake_seconds": 86_400, "approvals": 1 },
    ]);
    assert_eq!(begun.pointer("/rollout/stages"), Some(&stages), "{begun}");

    let jonas = stack.person("Jonas Weber", "operator").await?;
    let console = Console::open_as(&second, &stack, &jonas).await?;
    console.page("/rollouts").await?;
    second.shown("[data-test=rollout-row-ro-1] a").await?.click().await?;
    console.act("pause", "errors at the till").await?;
    console.says("rollout-standing", "kind", "paused").await?;
    console.act("step-back", "only our own people").await?;
    console.says("stage-1", "state", "current").await?;
    second.accessible("a rollout").await?;
    second.picture("console-rollout").await?;
    console.act("roll-back", "not fixed after all").await?;
    console.says("rollout-standing", "kind", "rolled-back").await?;

    // Where the policy asks others, they are asked by the same form, from the flag's page.
    let policy = json!({ "policy": { "approvals": { "change": 1 } }, "reason": "four eyes" });
    stack.admin("PUT", "/policy", Some(policy)).await?;
    maya.flag("gift-cards").await?;
    maya.click("flag-rollout-start").await?;
    maya.write("publish-reason", "once more").await?;
    maya.click("propose").await?;
    first.at("/proposals/p-1").await?;
    let effect = first.marked("proposal-effect").await?.text().await?;
    assert!(effect.contains("gift-cards"), "{effect}");

    // Who may not start one sees the form, and whom to ask.
    console.page("/rollouts/new?flag=gift-cards").await?;
    let why = second.marked("start-may-not").await?.text().await?;
    assert!(why.contains("Only an editor or admin may do this. Ask Maya Kern"), "{why}");
    second.shown("[data-test=propose][aria-disabled=true]").await?;
    Ok(())
}

/// From an empty list to a rollout: our own people for a second, then a few, then everyone once somebody has approved that.
async fn stage_gift_cards(browser: &Browser, console: &Console<'_>) -> Result<()> {
    console.page("/rollouts").await?;
    console.click("rollout-begin").await?;
    console.write("find-flag", "gift").await?;
    console.click("roll-out-gift-cards").await?;
    let words = browser.marked("course-words").await?.text().await?;
    assert!(words.starts_with("5 stages: 1 % of everyone for 24\u{202F}h, then 5 %"), "{words}");
    browser.accessible("the form of a rollout").await?;
    let editor = Editor::of(console);
    // Five stages are offered; these are three.
    editor.press("stage-3-remove").await?;
    editor.press("stage-3-remove").await?;
    let adding = "return document.activeElement?.dataset.test === 'add-stage'";
    browser.until("the focus on what is next", adding).await?;
    editor.press("stage-1-more").await?;
    editor.press("stage-1-condition-add-segment").await?;
    editor.add("stage-1-condition-1-value", "staff").await?;
    console.write("edit-stages-0-percent", "100").await?;
    console.write("edit-stages-0-bake_seconds", "1").await?;
    browser.marked("stage-1-unit").await?.send_keys("seconds").await?;
    editor.press("stage-3-more").await?;
    console.write("edit-stages-2-approvals", "1").await?;

    console.write("edit-stages-1-percent", "0").await?;
    let wrong = browser.shown("[data-test=stage-2] .error").await?.text().await?;
    assert!(wrong.contains("0 is not a percentage above 0"), "{wrong}");
    let why = browser.shown("[data-test=start-why-not]").await?.text().await?;
    assert_eq!(why, "Mend 1 problem first.");
    browser.accessible("the form with a problem").await?;
    console.write("edit-stages-1-percent", "7.5").await?;
    browser.until("no problem", "return !document.querySelector('.error')").await?;
    browser.picture("console-start-rollout").await?;
    // The draft is there after the page was loaded anew.
    browser
        .until(
            "a draft that is kept",
            "return Object.keys(localStorage).some(key => key.includes('~rollout/gift-cards'))",
        )
        .await?;
    console.page("/rollouts/new?flag=gift-cards").await?;
    let kept = "return document.querySelector('[data-test=edit-stages-1-percent]')?.value === '7.5'";
    browser.until("the draft", kept).await?;
    console.write("publish-reason", "before the holidays").await?;
    console.click("start-rollout").await?;
    browser.at("/rollouts/ro-1").await
}

#[tokio::test]
async fn a_drill_is_called_begun_and_reviewed() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    console.page("/drills").await?;
    browser.shown("[data-test=due-flag-checkout-v2][data-due=true]").await?;
    browser.marked("drill-flag-checkout-v2").await?.click().await?;
    browser.marked("act-reason").await?.send_keys("a rehearsal").await?;
    browser.shown("[data-test=act-confirm][aria-disabled=false]").await?.click().await?;
    console.says("run-phase", "phase", "awaiting-go").await?;
    console.press("go").await?;
    browser.shown("[data-test=act-confirm][aria-disabled=false]").await?.click().await?;
    console.says("run-phase", "verdict", "done").await?;

    console.page("/drills/r-1").await?;
    console.says("drill-outcome", "outcome", "passed").await?;
    console.act("review-step", "which dashboard?").await?;
    let review = browser.marked("drill-review").await?.text().await?;
    assert!(review.contains("which dashboard?"), "{review}");
    browser.accessible("a drill").await?;
    console.page("/drills").await?;
    browser.marked("drill-row-r-1").await?;
    browser.accessible("the drills").await?;
    browser.picture("console-drills").await?;
    Ok(())
}

#[tokio::test]
async fn someone_new_is_let_in_and_shut_out_again() -> Result<()> {
    let stack = Stack::start().await?;
    let (first, second) = (Browser::start().await?, Browser::start().await?);
    let admin = Console::open(&first, &stack).await?;
    admin.page("/people").await?;
    first.marked("person-name").await?.send_keys("Ada Lovelace").await?;
    first.marked("person-reason").await?.send_keys("looks at releases").await?;
    first.shown("[data-test=person-add][aria-disabled=false]").await?.click().await?;
    first.shown("[data-test^=change-a-]").await?.click().await?;
    admin.act("grant-approver", "she knows the shop").await?;
    first.shown("[data-test=act-take-approver]").await?;
    admin.act("token", "to sign in").await?;
    let token = first.marked("token-secret").await?.text().await?;
    first.accessible("people and tokens").await?;

    let ada = Console::open_as(&second, &stack, &token).await?;
    ada.page("/people").await?;
    second.shown("[data-test^=change-a-]").await?.click().await?;
    let why = ada.why_not("grant-admin").await?;
    assert!(why.contains("Only an admin may do this"), "{why}");
    first.shown("[data-test^=revoke-]").await?.click().await?;
    first.marked("act-reason").await?.send_keys("it was a story").await?;
    first.shown("[data-test=act-confirm][aria-disabled=false]").await?.click().await?;
    second.driver.refresh().await?;
    second.marked("sign-in-token").await?;
    Ok(())
}
