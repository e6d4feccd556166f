//! Settings: the policy, with what is wrong beside its field, published, proposed, and out of reach; the freeze; keys; and what
//! concerns this browser alone.

use anyhow::Result;
use downhaul_e2e::{Browser, Console, Editor, Stack};
use serde_json::json;

#[tokio::test]
async fn the_policy_is_edited_checked_and_then_proposed() -> Result<()> {
    let stack = Stack::start().await?;
    let viewer = stack.person("Vera", "viewer").await?;
    let (first, second) = (Browser::start().await?, Browser::start().await?);
    let console = Console::open(&first, &stack).await?;
    console.page("/settings").await?;
    first.marked("policy-approvals-critical").await?;
    first.accessible("the policy").await?;

    console.write("policy-drill_days", "0").await?;
    let wrong = first.shown("[data-at='/drill_days'][aria-invalid=true]").await?;
    let beside = first.shown(".policyrow:has([data-at='/drill_days']) .error").await?.text().await?;
    assert!(beside.contains("1 to 3650"), "{beside}");
    drop(wrong);
    first.shown("[data-test=review-open][aria-disabled=true]").await?;
    console.write("policy-drill_days", "45").await?;
    console.write("policy-approvals-policy", "1").await?;
    // A share is typed as percent; parts that were not there come with their member.
    console.write("policy-telemetry-share", "120").await?;
    first.shown("[data-at='/telemetry/share'][aria-invalid=true]").await?;
    for (member, value) in [("telemetry-share", "12.5"), ("automatic-kills", "5"), ("backup_hours", "36")] {
        console.write(&format!("policy-{member}"), value).await?;
    }
    first.picture("console-settings").await?;

    // Somebody else is first: both changes together are one edit.
    let policy = json!({ "kills": 700 });
    stack.admin("PUT", "/policy", Some(json!({ "policy": policy, "reason": "more kills" }))).await?;
    first.marked("conflict").await?;
    first.accessible("a conflict about the policy").await?;
    console.click("conflict-both").await?;
    let said = console.publish("a second person from now on").await?;
    assert!(said.contains("drill_days") && said.contains("45") && said.contains("approvals.policy"), "{said}");
    let now = stack.admin("GET", "/policy", None).await?;
    assert_eq!((&now["policy"]["kills"], &now["policy"]["drill_days"]), (&json!(700), &json!(45)), "{now}");
    let later =
        (&now["policy"]["telemetry"]["share"], &now["policy"]["automatic"]["kills"], &now["policy"]["backup_hours"]);
    assert_eq!(later, (&json!(0.125), &json!(5), &json!(36)), "{now}");

    // From now on it asks others.
    console.page("/settings").await?;
    console.write("policy-drill_days", "30").await?;
    console.click("review-open").await?;
    console.write("publish-reason", "more often").await?;
    first.accessible("the review of a policy").await?;
    console.click("propose").await?;
    first.marked("toast").await?;
    let proposals = stack.admin("GET", "/proposals", None).await?;
    assert_eq!(proposals["proposals"][0]["status"], "open", "{proposals}");

    let visitor = Console::open_as(&second, &stack, &viewer).await?;
    visitor.page("/settings").await?;
    let why = second.marked("definition-why-not").await?.text().await?;
    assert!(why.contains("Only an admin may do this"), "{why}");
    assert!(visitor.why_not("freeze").await?.contains("operator"), "who may freeze is said");
    Ok(())
}

#[tokio::test]
async fn keys_are_made_used_and_revoked_and_the_freeze_is_seen() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    console.page("/settings/keys").await?;
    console.act("make", "the yearly rotation").await?;
    browser.shown("[data-standing=believed]").await?;
    browser.accessible("signing keys").await?;
    console.act("use", "all know it").await?;
    browser.until("the new one signs", "return document.querySelectorAll('[data-standing]').length === 2 && document.querySelectorAll('[data-standing=believed]').length === 1").await?;
    console.act("revoke", "all have moved").await?;
    browser.shown("[data-standing=revoked]").await?;
    browser.picture("console-signing-keys").await?;

    console.page("/settings/clients").await?;
    console.write("key-name", "a page").await?;
    console.write("key-origins", "https://shop.example").await?;
    console.click("key-make").await?;
    let secret = browser.marked("key-secret").await?.text().await?;
    assert!(secret.starts_with("dhk_"), "a key is shown once");
    browser.accessible("client keys").await?;

    console.page("/settings/backup").await?;
    browser.marked("backup-download").await?;
    browser.accessible("backups").await?;
    console.page("/settings").await?;
    console.act("freeze", "the sale").await?;
    console.says("freeze", "frozen", "true").await?;

    // Whoever comes to change something is told before they begin, and again where they would publish it.
    console.page("/flags").await?;
    let said = browser.marked("frozen").await?.text().await?;
    assert!(said.contains("Frozen by") && said.contains("the sale"), "{said}");
    browser.accessible("the flags of a frozen environment").await?;
    browser.picture("console-frozen").await?;
    let editor = Editor::of(&console);
    editor.edit("checkout-v2").await?;
    browser.marked("frozen").await?;
    editor.press("add-rule").await?;
    editor.press("rule-4-condition-add-tenant").await?;
    editor.add("rule-4-condition-1-value", "globex").await?;
    editor.write("rule-4-variant", "on").await?;
    console.click("review-open").await?;
    console.write("publish-reason", "globex asked for it").await?;
    console.write("publish-key", "checkout-v2").await?;
    browser.shown("[data-test=publish][aria-disabled=true][title*='Frozen by']").await?;
    browser.shown("[data-test=propose][aria-disabled=false]").await?;
    console.page("/settings").await?;
    console.act("unfreeze", "it is over").await?;
    console.says("freeze", "frozen", "false").await?;
    Ok(())
}

#[tokio::test]
async fn what_concerns_this_browser_is_kept_here() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    console.page("/settings/you").await?;
    console.click("theme-dark").await?;
    browser.until("a dark page", "return document.documentElement.dataset.theme === 'dark'").await?;
    browser.accessible("the settings of this browser, dark").await?;
    console.click("zone-utc").await?;
    console.click("letters").await?;
    browser.driver.refresh().await?;
    browser.shown("[data-test=theme-dark][aria-pressed=true]").await?;
    browser.shown("[data-test=zone-utc][aria-pressed=true]").await?;
    console.page("/flags").await?;
    browser.marked("flag-row-checkout-v2").await?;
    browser.shown("body").await?.send_keys("n").await?;
    browser.shown("body").await?.send_keys("j").await?;
    let path = browser.driver.execute("return location.pathname", vec![]).await?;
    assert_eq!(path.json(), "/e/production/flags", "a letter does nothing");
    console.page("/settings/you").await?;
    console.click("theme-system").await?;
    browser.until("the system's theme", "return document.documentElement.dataset.theme === undefined").await?;
    Ok(())
}
