//! Settings: the policy, with what is wrong beside its field, published, proposed, and out of reach; the freeze; keys; and what
//! concerns this browser alone.

use anyhow::Result;
use downhaul_e2e::screens::{Backups, ClientKeys, Draft, Flags, Freeze, Policy, Review, SigningKeys, ThisBrowser};
use downhaul_e2e::{Browser, Console, Editor, Stack};
use serde_json::json;

#[tokio::test]
async fn the_policy_is_edited_checked_and_then_proposed() -> Result<()> {
    let stack = Stack::start().await?;
    let viewer = stack.person("Vera", "viewer").await?;
    let (first, second) = (Browser::start().await?, Browser::start().await?);
    let console = Console::open(&first, &stack).await?;
    let policy = Policy::open(&console).await?;
    first.accessible("the policy").await?;

    policy.write("drill_days", "0").await?;
    let beside = policy.problem("/drill_days").await?;
    assert!(beside.contains("1 to 3650"), "{beside}");
    Review::is_out_of_reach(&console).await?;
    policy.write("drill_days", "45").await?;
    policy.write("approvals-policy", "1").await?;
    // A share is typed as percent; parts that were not there come with their member.
    policy.write("telemetry-share", "120").await?;
    policy.is_wrong("/telemetry/share").await?;
    for (member, value) in [("telemetry-share", "12.5"), ("automatic-kills", "5"), ("backup_hours", "36")] {
        policy.write(member, value).await?;
    }
    first.picture("console-settings").await?;

    // Somebody else is first: both changes together are one edit.
    let first_to_publish = json!({ "policy": { "kills": 700 }, "reason": "more kills" });
    stack.admin("PUT", "/policy", Some(first_to_publish)).await?;
    let draft = Draft::of(&console);
    draft.has_a_conflict().await?;
    first.accessible("a conflict about the policy").await?;
    draft.keep_both().await?;
    let review = Review::open(&console).await?;
    let said = review.difference().await?;
    review.because("a second person from now on").await?;
    review.publish().await?;
    assert!(said.contains("drill_days") && said.contains("45") && said.contains("approvals.policy"), "{said}");
    let now = stack.admin("GET", "/policy", None).await?;
    assert_eq!((&now["policy"]["kills"], &now["policy"]["drill_days"]), (&json!(700), &json!(45)), "{now}");
    let later =
        (&now["policy"]["telemetry"]["share"], &now["policy"]["automatic"]["kills"], &now["policy"]["backup_hours"]);
    assert_eq!(later, (&json!(0.125), &json!(5), &json!(36)), "{now}");

    // From now on it asks others.
    Policy::open(&console).await?.write("drill_days", "30").await?;
    let review = Review::open(&console).await?;
    review.because("more often").await?;
    first.accessible("the review of a policy").await?;
    review.propose().await?;
    let proposals = stack.admin("GET", "/proposals", None).await?;
    assert_eq!(proposals["proposals"][0]["status"], "open", "{proposals}");

    let visitor = Console::open_as(&second, &stack, &viewer).await?;
    Policy::open(&visitor).await?;
    let why = Draft::of(&visitor).why_not().await?;
    assert!(why.contains("Only an admin may do this"), "{why}");
    assert!(Freeze::of(&visitor).why_not().await?.contains("operator"), "who may freeze is said");
    Ok(())
}

#[tokio::test]
async fn keys_are_made_used_and_revoked_and_the_freeze_is_seen() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    let keys = SigningKeys::open(&console).await?;
    keys.make("the yearly rotation").await?;
    browser.accessible("signing keys").await?;
    keys.use_other("all know it").await?;
    keys.revoke("all have moved").await?;
    browser.picture("console-signing-keys").await?;

    let secret = ClientKeys::open(&console).await?.make("a page", "https://shop.example").await?;
    assert!(secret.starts_with("dhk_"), "a key is shown once");
    browser.accessible("client keys").await?;

    Backups::open(&console).await?;
    browser.accessible("backups").await?;
    let freeze = Freeze::of(&console);
    freeze.begin("the sale").await?;

    // Whoever comes to change something is told before they begin, and again where they would publish it.
    Flags::open(&console).await?;
    let said = freeze.told().await?;
    assert!(said.contains("Frozen by") && said.contains("the sale"), "{said}");
    browser.accessible("the flags of a frozen environment").await?;
    browser.picture("console-frozen").await?;
    let editor = Editor::of(&console);
    editor.edit("checkout-v2").await?;
    freeze.told().await?;
    editor.add_rule().await?;
    editor.add_condition(4, 1, "tenant", "globex").await?;
    editor.serve(4, "on").await?;
    let review = Review::open(&console).await?;
    review.because("globex asked for it").await?;
    review.name("checkout-v2").await?;
    review.may_only_propose_while_frozen().await?;
    freeze.end("it is over").await?;
    Ok(())
}

#[tokio::test]
async fn what_concerns_this_browser_is_kept_here() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    let this = ThisBrowser::open(&console).await?;
    this.choose_dark().await?;
    browser.accessible("the settings of this browser, dark").await?;
    this.choose_utc().await?;
    this.turn_letters_off().await?;
    browser.driver.refresh().await?;
    this.is_dark_and_utc().await?;
    Flags::open(&console).await?.has("checkout-v2").await?;
    browser.shown("body").await?.send_keys("n").await?;
    browser.shown("body").await?.send_keys("j").await?;
    let path = browser.driver.execute("return location.pathname", vec![]).await?;
    assert_eq!(path.json(), "/e/production/flags", "a letter does nothing");
    ThisBrowser::open(&console).await?.choose_system().await?;
    Ok(())
}
