//! From a new flag to a look back in time, as a product manager, an approver, an operator and a visitor go through it.

use crate::screens::{Chart, Flags, Inbox, KillControl, Proposal, Release};
use crate::{Browser, Console, Editor, Shop, Stack};
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// A user of acme, in America, where nobody has the new checkout yet.
const VISITOR: &str = "visitor-in-america";

/// What those who take part sign in with; the product manager is whoever set it up.
#[derive(Debug)]
pub struct Tokens {
    pub approver: String,
    pub operator: String,
}

/// Forty people of acme in America, and twenty of globex in Germany.
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

/// A population, a policy that asks for an approval, a release, and those who take part.
pub async fn prepare(stack: &Stack) -> Result<Tokens> {
    let file = stack.data.path().join("people.jsonl");
    std::fs::write(&file, people())?;
    stack.downhaul(&["population", "put", "default", &file.display().to_string()]).await?;
    let policy = json!({ "policy": { "approvals": { "critical": 1 } }, "reason": "critical flags are looked at" });
    stack.admin("PUT", "/policy", Some(policy)).await?;
    stack.admin("PUT", "/releases/checkout-2.5.0", Some(json!({ "release": release(), "reason": "a story" }))).await?;
    let approver = stack.person("Ada Lovelace", "approver").await?;
    let operator = stack.person("Jonas Weber", "operator").await?;
    Ok(Tokens { approver, operator })
}

/// Those who take part, each before a console of their own, in a browser or in the window of the desktop app.
#[derive(Debug)]
pub struct Cast<'a> {
    /// The product manager.
    pub maya: Console<'a>,
    /// The approver.
    pub ada: Console<'a>,
    /// The operator.
    pub jonas: Console<'a>,
    pub visitor: &'a Browser,
}

impl Cast<'_> {
    /// The whole story; `shown` begins the name of its picture.
    pub async fn play(&self, stack: &Stack, shown: &str) -> Result<()> {
        let shop = Shop::open_in(self.visitor, stack, VISITOR, "us").await?;
        shop.checkout("three-page").await?;
        self.stage().await?;
        self.publish_through_an_approval().await?;
        shop.checkout("one-page").await?;
        let newest = stack.admin("GET", "/chart?limit=1", None).await?;
        let published = newest.pointer("/changes/0/revision").and_then(Value::as_u64).context("no change")?;
        self.kill(&shop).await?;
        self.run_the_runbook().await?;
        self.look_back(published).await?;
        self.maya.browser.picture(&format!("{shown}-then")).await
    }

    /// A flag is made, and rules are staged by tenant and region on the one that the shop asks for. Whom that moves is seen
    /// before; it is critical, so somebody else is asked.
    async fn stage(&self) -> Result<()> {
        let window = self.maya.browser;
        let editor = Editor::create(&self.maya).await?;
        editor.describe("express-checkout", "payments", "The usual checkout").await?;
        editor.publish("a faster way to pay").await?;
        Flags::of(&self.maya).has("express-checkout").await?;
        editor.edit("checkout-v2").await?;
        editor.add_rule().await?;
        editor.add_condition(4, 1, "tenant", "acme").await?;
        editor.add_condition(4, 2, "region", "north-america").await?;
        editor.serve(4, "on").await?;

        let moved = editor.moved().await?;
        ensure!(moved > 0.0 && moved <= 40.0, "{moved}");
        window.accessible("an edit with its radius").await?;
        editor.propose("all of acme in America").await
    }

    async fn publish_through_an_approval(&self) -> Result<()> {
        Inbox::of(&self.ada).waiting(1).await?;
        let proposal = Proposal::open(&self.ada, "p-1").await?;
        proposal.approve("looks right").await?;
        proposal.approvals(1).await?;
        let own = Proposal::open(&self.maya, "p-1").await?;
        own.land().await?;
        own.is("landed").await
    }

    /// The kill reaches all who are there, and the shop is as it was.
    async fn kill(&self, shop: &Shop<'_>) -> Result<()> {
        let kill = KillControl::open_from_flag(&self.jonas, "checkout-v2").await?.kill("payments fail").await?;
        shop.checkout("three-page").await?;
        kill.is_complete().await?;
        let dark = kill.dark(1).await?;
        ensure!(dark.contains("1 of 1"), "{dark}");
        Ok(())
    }

    async fn run_the_runbook(&self) -> Result<()> {
        let run = Release::open(&self.jonas, "checkout-2.5.0").await?.roll_back("payments fail").await?;
        run.step_is(1, "done").await?;
        run.confirm().await?;
        run.ended("done").await
    }

    /// All of it stands in the chart, and what users saw before and after the kill can be looked at.
    async fn look_back(&self, published: u64) -> Result<()> {
        let window = self.maya.browser;
        let chart = Chart::open(&self.maya).await?;
        chart.choose_kill().await?;
        window.accessible("the chart with a change chosen").await?;
        let then = chart.travel().await?;
        then.is_of_then().await?;
        then.gives("DISABLED").await?;
        window.driver.back().await?;
        chart.choose(published).await?;
        let before = chart.travel().await?;
        before.is_of(published).await?;
        before.gives_other_than("DISABLED").await?;
        window.accessible("an X-ray of then").await
    }
}
