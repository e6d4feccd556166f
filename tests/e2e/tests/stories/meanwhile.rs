//! What others do while one edits or says why, and what one has done oneself before the page shows it: nothing is replaced, brought
//! back or approved unseen, and nobody is in conflict with themselves.

use anyhow::Result;
use downhaul_e2e::screens::{Draft, Proposal, Regions, Review, Rollouts, Segments};
use downhaul_e2e::{Browser, Console, Editor, Stack};
use serde_json::json;
use std::time::Duration;

const PROPOSAL: &str = "/api/v1/environments/{environment}/proposals/{id}";

/// Longer than it takes to do the next thing.
const LATE: Duration = Duration::from_secs(2);

#[tokio::test]
async fn a_segment_that_two_make_is_of_both_and_one_that_is_gone_stays_so() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    let segment = Segments::open_one(&console, "partners").await?;
    segment.add_region(1, "europe").await?;
    let draft = Draft::of(&console);
    draft.is_changed().await?;
    let theirs =
        json!({ "segment": { "description": "Who sells for us", "include": ["user-7"] }, "reason": "meanwhile" });
    stack.admin("PUT", "/segments/partners", Some(theirs)).await?;
    draft.has_a_conflict().await?;
    browser.accessible("a segment that two make").await?;
    draft.keep_both().await?;
    let review = Review::open(&console).await?;
    review.because("what both of us mean").await?;
    review.name_if_asked("partners").await?;
    review.publish().await?;
    let document = stack.admin("GET", "/document", None).await?;
    let now = document.pointer("/segments/partners").cloned().unwrap_or_default();
    assert_eq!((&now["description"], &now["include"]), (&json!("Who sells for us"), &json!(["user-7"])), "{now}");
    assert_eq!(now["when"], json!([{ "region": ["europe"] }]), "{now}");

    // Somebody removes it under an edit: that edit does not bring it back.
    let segment = Segments::open_one(&console, "partners").await?;
    segment.condition(1, "asia").await?;
    let review = Review::open(&console).await?;
    review.because("they are in Asia now").await?;
    review.name_if_asked("partners").await?;
    stack.admin("POST", "/segments/partners/remove", Some(json!({ "reason": "nobody uses it" }))).await?;
    review.is_refused("changed-since").await?;
    browser.accessible("a segment that is gone").await?;
    browser.picture("console-segment-gone").await?;
    let document = stack.admin("GET", "/document", None).await?;
    assert_eq!(document.pointer("/segments/partners"), None);
    Ok(())
}

#[tokio::test]
async fn one_goes_on_right_after_a_publish_and_takes_it_back_after_a_kill() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;

    // The regions are edited where they are published.
    let regions = Regions::open(&console).await?;
    regions.has("europe").await?;
    browser.answer_late("/document", LATE).await?;
    for region in ["balkans", "baltics"] {
        regions.add("europe", region).await?;
        regions.definition().radius_is_known().await?;
        let review = Review::open(&console).await?;
        review.because("a region of its own").await?;
        review.name_if_asked("regions").await?;
        review.publish().await?;
        review.is_closed().await?;
        console.put_report_away().await?;
    }
    let document = stack.admin("GET", "/document", None).await?;
    let tree = document["regions"].to_string();
    assert!(tree.contains("balkans") && tree.contains("baltics"), "{tree}");

    // A flag is opened again before its page shows what was published.
    let editor = Editor::of(&console);
    editor.edit("product-reviews").await?;
    let before = stack.flag("product-reviews").await?;
    browser.answer_late("/document", LATE).await?;
    editor.write("edit-owner", "-europe").await?;
    editor.publish("Europe has it now").await?;
    editor.edit_from_here().await?;
    let owner = format!("{}-europe", before["owner"].as_str().unwrap_or_default());
    console.says_value("edit-owner", &owner).await?;
    let draft = Draft::of(&console);
    draft.has_no_conflict().await?;
    editor.write("edit-description", " in Europe").await?;
    draft.is_changed().await?;
    draft.has_no_conflict().await?;
    console.put_report_away().await?;
    editor.publish("and says so").await?;
    let after = stack.flag("product-reviews").await?;
    assert_eq!(after["owner"], json!(owner), "{after}");

    // A kill since is no edit: what was published just before is taken back, and the kill stays.
    stack.downhaul(&["kill", "product-reviews", "--reason", "reviews fail"]).await?;
    editor.undo_publish().await?;
    console.reports("as it was before revision").await?;
    assert_eq!(stack.flag("product-reviews").await?["description"], before["description"]);
    let kills = stack.admin("GET", "/kills", None).await?;
    assert_eq!(kills.pointer("/kills/0/flag"), Some(&json!("product-reviews")), "{kills}");
    Ok(())
}

#[tokio::test]
async fn an_answer_is_of_what_one_looked_at() -> Result<()> {
    let stack = Stack::start().await?;
    let policy = json!({ "policy": { "approvals": { "critical": 1 } }, "reason": "critical flags are looked at" });
    stack.admin("PUT", "/policy", Some(policy)).await?;
    let ada = stack.person("Ada Lovelace", "approver").await?;
    let jonas = stack.person("Jonas Weber", "operator").await?;
    let mut flag = stack.flag("checkout-v2").await?;
    flag["description"] = json!("The checkout of next year");
    stack.admin("POST", "/proposals", Some(json!({ "flag": flag, "reason": "new words" }))).await?;

    let (first, second) = (Browser::start().await?, Browser::start().await?);
    let approver = Console::open_as(&first, &stack, &ada).await?;
    let proposal = Proposal::open(&approver, "p-1").await?;
    proposal.effect().await?;
    approver.begin("approve", "looks right").await?;
    // The page shows what it has become, behind the form.
    let told = stack.answered(PROPOSAL).await?;
    stack.downhaul(&["kill", "cart-service-v3", "--reason", "carts are lost"]).await?;
    stack.answers(PROPOSAL, told + 1).await?;
    let why = approver.refused().await?;
    assert!(why.contains("is not what was looked at"), "{why}");
    first.accessible("an approval that is refused").await?;
    first.picture("console-approval-refused").await?;
    // What it has become stands there now; whoever has looked at that says so once more.
    approver.confirmed().await?;
    proposal.approvals(1).await?;

    // Somebody takes a rollout back while somebody else would end it where it was.
    let stages = json!([{ "percent": 10, "bake_seconds": 1 }, { "percent": 50, "bake_seconds": 86_400 }]);
    let rollout = json!({ "flag": "gift-cards", "variant": "on", "stages": stages });
    stack.admin("POST", "/rollouts", Some(json!({ "rollout": rollout, "reason": "a story" }))).await?;
    let operator = Console::open_as(&second, &stack, &jonas).await?;
    let rollout = Rollouts::open(&operator).await?.choose("ro-1").await?;
    rollout.is_at_stage(2).await?;
    operator.begin("end", "half of them are enough").await?;
    let back = json!({ "stage": 2, "reason": "errors at the till" });
    stack.admin("POST", "/rollouts/ro-1/step-back", Some(back)).await?;
    rollout.is_at_stage(1).await?;
    let why = operator.refused().await?;
    assert!(why.contains("stage 2 was meant"), "{why}");
    second.accessible("an end that is refused").await?;
    operator.confirmed().await?;
    rollout.stands("ended").await?;
    Ok(())
}
