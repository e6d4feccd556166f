//! How people go about the way back in the console: approve a change, roll a release back, take a rollout back.

use anyhow::{Context, Result};
use downhaul_e2e::screens::{Drill, Drills, Inbox, People, Proposal, Releases, Rollout, RolloutForm, Rollouts, Run};
use downhaul_e2e::{Browser, Console, Stack};
use serde_json::{Value, json};

/// The flag `checkout-v2` of the example with another share of its first cohort.
async fn checkout(stack: &Stack, on: u32) -> Result<Value> {
    let mut flag = stack.flag("checkout-v2").await?;
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
    let inbox = Inbox::of(&approver);
    inbox.waiting(1).await?;
    inbox.open("p-1").await?;
    approving.accessible("the list of proposals").await?;
    let proposal = inbox.choose("p-1").await?;
    let effect = proposal.effect().await?;
    assert!(effect.contains("first cohort"), "{effect}");
    let why = proposal.why_not_land().await?;
    assert!(why.contains("Only an editor or admin may do this"), "{why}");
    proposal.approve("looks right").await?;
    proposal.approvals(1).await?;
    inbox.waiting(0).await?;

    // What was approved is another thing once what it rests on is killed; the page says so by itself.
    stack.downhaul(&["kill", "cart-service-v3", "--reason", "carts are lost"]).await?;
    let void = proposal.void().await?;
    assert!(void.contains("cart-service-v3"), "{void}");
    approving.accessible("a proposal").await?;
    approving.picture("console-proposal").await?;
    proposal.approve("still right").await?;
    proposal.approvals(1).await?;

    let author = Console::open(&editing, &stack).await?;
    let own = Proposal::open(&author, "p-1").await?;
    let why = own.why_not_approve().await?;
    assert!(why.contains("You wrote it"), "{why}");
    own.land().await?;
    own.is("landed").await?;
    proposal.is("landed").await?;
    let landed = stack.flag("checkout-v2").await?;
    assert_eq!(landed.pointer("/rules/2/split/slices/0/1"), Some(&json!(60_000)), "{landed}");
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
    let releases = Releases::open(&maya).await?;
    releases.readiness("missing").await?;
    first.accessible("the list of releases").await?;
    let release = releases.choose("checkout-2.4.1").await?;
    release.kills("checkout-v2").await?;
    release.has_a_finding().await?;
    first.accessible("a release").await?;
    let effect = release.effect().await?;
    assert!(effect.contains("kills checkout-v2 for everyone"), "{effect}");
    let run = release.roll_back_by_steps("payments fail").await?;
    run.step_is(1, "running").await?;

    let operator = Console::open_as(&second, &stack, &jonas).await?;
    let same = Run::open(&operator, "r-1").await?;
    run.confirm().await?;
    same.step_is(1, "done").await?;
    same.go().await?;
    run.step_is(2, "done").await?;
    first.accessible("a run").await?;
    first.picture("console-run").await?;
    run.skip("2.4.0 is out already").await?;
    same.ended("incomplete").await?;
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
    let rollout = stage_gift_cards(&first, &maya).await?;
    // It bakes for a second, and goes on by itself.
    rollout.is_at_stage(2).await?;
    let why = rollout.why_not_approve().await?;
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
    let rollout = Rollouts::open(&console).await?.choose("ro-1").await?;
    rollout.pause("errors at the till").await?;
    rollout.stands("paused").await?;
    rollout.step_back("only our own people").await?;
    rollout.is_at_stage(1).await?;
    second.accessible("a rollout").await?;
    second.picture("console-rollout").await?;
    rollout.roll_back("not fixed after all").await?;
    rollout.stands("rolled-back").await?;

    // Where the policy asks others, they are asked by the same form, from the flag's page.
    let policy = json!({ "policy": { "approvals": { "change": 1 } }, "reason": "four eyes" });
    stack.admin("PUT", "/policy", Some(policy)).await?;
    RolloutForm::open_from_flag(&maya, "gift-cards").await?.propose("once more").await?;
    let effect = Proposal::opened(&maya, "p-1").await?.effect().await?;
    assert!(effect.contains("gift-cards"), "{effect}");

    // Who may not start one sees the form, and whom to ask.
    let form = RolloutForm::open(&console, "gift-cards").await?;
    form.may_not("Only an editor or admin may do this. Ask Maya Kern").await
}

/// From an empty list to a rollout: our own people for a second, then a few, then everyone once somebody has approved that.
async fn stage_gift_cards<'a>(browser: &Browser, console: &'a Console<'a>) -> Result<Rollout<'a>> {
    let form = Rollouts::open(console).await?.begin("gift", "gift-cards").await?;
    let course = form.course().await?;
    assert!(course.starts_with("5 stages: 1\u{202F}% of everyone for 1\u{202F}day, then 5\u{202F}%"), "{course}");
    browser.accessible("the form of a rollout").await?;
    // Five stages are offered; these are three.
    form.remove_stage(3).await?;
    form.remove_stage(3).await?;
    form.is_ready_to_add().await?;
    form.more_of_stage(1).await?;
    form.only_for_segment(1, "staff").await?;
    form.percent(1, "100").await?;
    form.bake(1, "1", "second").await?;
    form.more_of_stage(3).await?;
    form.approvals(3, "1").await?;

    form.percent(2, "0").await?;
    let wrong = form.problem(2).await?;
    assert!(wrong.contains("0 is not a percentage above 0"), "{wrong}");
    assert_eq!(form.why_not_start().await?, "Mend 1 problem first.");
    browser.accessible("the form with a problem").await?;
    form.percent(2, "7.5").await?;
    form.has_no_problem().await?;
    browser.picture("console-start-rollout").await?;
    // The draft is there after the page was loaded anew.
    form.is_kept("gift-cards").await?;
    let form = RolloutForm::open(console, "gift-cards").await?;
    form.has_percent(2, "7.5").await?;
    form.start("before the holidays").await?;
    Rollout::opened(console, "ro-1").await
}

#[tokio::test]
async fn a_drill_is_called_begun_and_reviewed() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    let drills = Drills::open(&console).await?;
    drills.is_due("checkout-v2").await?;
    let run = drills.call("checkout-v2", "a rehearsal").await?;
    run.begin().await?;
    run.ended("done").await?;

    let drill = Drill::open(&console, "r-1").await?;
    drill.has("passed").await?;
    let review = drill.note_a_confusing_step("which dashboard?").await?;
    assert!(review.contains("which dashboard?"), "{review}");
    browser.accessible("a drill").await?;
    Drills::open(&console).await?.lists("r-1").await?;
    browser.accessible("the drills").await?;
    browser.picture("console-drills").await?;
    Ok(())
}

#[tokio::test]
async fn someone_new_is_let_in_and_shut_out_again() -> Result<()> {
    let stack = Stack::start().await?;
    let (first, second) = (Browser::start().await?, Browser::start().await?);
    let admin = Console::open(&first, &stack).await?;
    let people = People::open(&admin).await?;
    people.add("Ada Lovelace", "looks at releases").await?;
    people.change_first().await?;
    people.grant("approver", "she knows the shop").await?;
    let token = people.make_token("to sign in").await?;
    first.accessible("people and tokens").await?;

    let ada = Console::open_as(&second, &stack, &token).await?;
    let seen = People::open(&ada).await?;
    let why = seen.why_not_change().await?;
    assert!(why.contains("Only an admin may do this"), "{why}");
    people.revoke_first_token("it was a story").await?;
    second.driver.refresh().await?;
    ada.asks_who_is_there().await
}
