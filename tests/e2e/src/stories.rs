//! What people do with Downhaul, told once for the console in a browser and in the window of the desktop app.

pub mod whole;

use crate::screens::{FlagPage, Flags, KillControl};
use crate::{Browser, Console, Editor, KillPage, Shop, Stack};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// A visitor who is in the first cohort of `checkout-v2`.
pub const IN_COHORT: &str = "visitor-in-cohort";
/// The flag that is made.
const FLAG: &str = "express-checkout";

/// Forty people of acme in Germany, and twenty of globex in America.
fn people() -> String {
    let line = |number: usize| {
        let (tenant, region) = if number < 40 { ("acme", "de") } else { ("globex", "us") };
        json!({ "targetingKey": format!("user-{number}"), "tenant": tenant, "region": region }).to_string()
    };
    (0..60).map(line).collect::<Vec<_>>().join("\n")
}

/// Keeps the people with the control plane.
pub async fn put_people(stack: &Stack) -> Result<()> {
    let file = stack.data.path().join("people.jsonl");
    std::fs::write(&file, people())?;
    stack.downhaul(&["population", "put", "default", &file.display().to_string()]).await?;
    Ok(())
}

/// A product manager stages a cohort: makes a flag, gives a part of one tenant in one region the new variant, sees beforehand
/// whom that moves, publishes, reads it in the chart, and takes it back.
pub async fn stage_a_cohort(stack: &Stack, browser: &Browser, console: &Console<'_>) -> Result<()> {
    let editor = Editor::create(console).await?;
    editor.describe(FLAG, "payments", "The usual checkout").await?;
    let said = editor.publish("a faster way to pay").await?;
    ensure!(said.contains("The usual checkout"), "{said}");
    Flags::of(console).has(FLAG).await?;

    editor.edit(FLAG).await?;
    editor.add_rule().await?;
    editor.add_condition(1, 1, "tenant", "acme").await?;
    editor.add_condition(1, 2, "region", "europe").await?;
    editor.press("rule-1-split").await?;
    // From all `off` to 25 % `on`: five large steps.
    editor.move_left("rule-1-handle-1", 5).await?;
    let words = editor.words(1).await?;
    ensure!(words.contains("acme") && words.contains("europe") && words.contains("25 %"), "{words}");
    editor.reload().await?;

    let moved = editor.moved().await?;
    browser.picture("console-editor").await?;
    let draft = json!({
        "when": [{ "tenant": ["acme"] }, { "region": ["europe"] }],
        "split": { "slices": [["off", 75_000], ["on", 25_000]] },
    });
    let mut flag = stack.flag(FLAG).await?;
    flag.as_object_mut().context("no flag")?.insert("rules".to_owned(), json!([draft]));
    let plan = stack.admin("POST", "/plan", Some(json!({ "flag": flag }))).await?;
    let counted = plan.pointer(&format!("/flags/{FLAG}/moved"));
    ensure!(counted == Some(&Value::from(moved)), "the page says {moved} and the server {counted:?}");
    ensure!(moved > 0.0 && moved < 40.0, "{moved}");

    let said = editor.publish("the first cohort").await?;
    ensure!(said.contains("acme") && said.contains("Rule 1"), "{said}");
    let page = FlagPage::of(console);
    page.has_rule(1).await?;
    page.has_changes(FLAG, 2).await?;

    editor.undo_publish().await?;
    page.has_no_rule().await?;
    let flag = stack.flag(FLAG).await?;
    ensure!(flag.get("rules").is_none(), "{flag}");
    Ok(())
}

/// The story that Downhaul exists for: a feature is live in a page, an operator kills it from the console, the page goes dark
/// and is counted, the operator restores it. `shown` begins the names of its pictures.
pub async fn kill_and_watch(
    stack: &Stack,
    visitor: &Browser,
    operator: &Browser,
    console: &Console<'_>,
    shown: &str,
) -> Result<()> {
    let shop = Shop::open(visitor, stack, IN_COHORT).await?;
    shop.checkout("one-page").await?;
    visitor.picture("shop-live").await?;

    operator.picture(&format!("{shown}-flags")).await?;
    let control = KillControl::open_from_flag(console, "checkout-v2").await?;
    let kill = control.kill("payments fail at the bank").await?;
    shop.checkout("three-page").await?;
    visitor.picture("shop-killed").await?;
    let dark = kill.dark(1).await?;
    ensure!(dark.contains('1'), "{dark}");
    operator.picture(&format!("{shown}-killed")).await?;

    kill.restore("the bank is back").await?;
    shop.checkout("one-page").await?;

    let verified = stack.downhaul(&["chart", "verify", "--format", "json"]).await?;
    ensure!(verified.contains("head"), "{verified}");
    Ok(())
}

/// The console ends while a kill is prepared, and the page in its place goes on with it.
pub async fn panic_and_kill(
    stack: &Stack,
    visitor: &Browser,
    operator: &Browser,
    console: &Console<'_>,
    shown: &str,
) -> Result<()> {
    let shop = Shop::open(visitor, stack, IN_COHORT).await?;
    shop.checkout("one-page").await?;
    let control = KillControl::open(console, "checkout-v2").await?;
    control.only_for_tenant("acme").await?;
    control.because("payments fail").await?;
    control.is_ready().await?;

    // What an extension of the browser does to a page that it changes: nodes are no longer where the console left them.
    let broken = "Node.prototype.insertBefore = () => { throw new DOMException('the node is gone') }";
    operator.driver.execute(broken, vec![]).await?;
    // The page may be gone before its driver has heard how the click went; what comes of it is looked at below.
    let _ = control.limit_by_variant().await;

    let page = KillPage::instead_of_the_console(operator).await?;
    for (field, kept) in [("flag", "checkout-v2"), ("environment", "production"), ("reason", "payments fail")] {
        let stands = page.field(field).await?;
        ensure!(stands == kept, "{field}: {stands}");
    }
    page.says("effect", "Users of acme get").await?;
    operator.accessible("the kill page with a kill prepared").await?;
    operator.picture(shown).await?;

    page.hold().await?;
    shop.checkout("three-page").await?;
    page.says("dark", "1 of 1 client dark").await?;
    page.says("complete", "Complete").await?;
    page.says("killed", "checkout-v2 is killed for acme").await?;
    for id in ["p50", "p99", "slowest"] {
        page.says(id, "s").await?;
    }
    page.says("regions-rows", "all dark").await?;
    operator.accessible("a kill on the kill page").await?;
    operator.picture(&format!("{shown}-live")).await?;

    let kills = stack.admin("GET", "/kills", None).await?;
    ensure!(kills.pointer("/kills/0/scope/tenant/0").is_some_and(|tenant| tenant == "acme"), "{kills}");
    Ok(())
}

/// Turns a flag off and on until that is an alarm.
pub async fn oscillate(stack: &Stack, flag: &str) -> Result<()> {
    for _ in 0..2 {
        let request = json!({ "flag": flag, "scope": {}, "reason": "payments fail" });
        let kill = stack.admin("POST", "/kills", Some(request)).await?;
        let id = kill.get("id").and_then(Value::as_str).context("no kill")?;
        stack.admin("POST", &format!("/kills/{id}/restore"), Some(json!({ "reason": "it looked well" }))).await?;
    }
    Ok(())
}
