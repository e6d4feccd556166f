//! Guards in the console: nothing, then minutes in which a variant does harm, what each guard says of them and did, and the way
//! to the change. The minutes are real ones, so this takes three of them.

use anyhow::{Context, Result, ensure};
use downhaul_e2e::screens::{FlagPage, Guards};
use downhaul_e2e::{Browser, Console, Stack};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A minute until the first whole one begins, that one, the 78 seconds after which it is judged, and some patience.
const MINUTES: Duration = Duration::from_secs(300);

async fn put(stack: &Stack, key: &str, guards: Value) -> Result<()> {
    let flag = json!({
        "key": key, "owner": "payments", "kind": "release", "created": "2026-11-01", "expires": "2099-01-01",
        "variants": { "on": true, "off": false }, "degraded": { "variant": "off", "meaning": "The old checkout" },
        "default": "off", "guards": guards,
    });
    let put = json!({ "flag": flag, "reason": "a story" });
    stack.admin("PUT", &format!("/flags/{key}"), Some(put)).await.map(drop)
}

/// Two servers tell, of each flag, how its two arms do: 200 outcomes each, of which so many failed.
struct Shop {
    key: String,
    position: Value,
    sequence: u64,
}

impl Shop {
    async fn of(stack: &Stack) -> Result<Shop> {
        let request = json!({ "name": "orders", "kind": "server", "reason": "a story" });
        let made = stack.admin("POST", "/client-keys", Some(request)).await?;
        let key = made["key"].as_str().context("no key")?.to_owned();
        let fleet = stack.admin("GET", "/fleet", None).await?;
        Ok(Shop { key, position: fleet["position"].clone(), sequence: 0 })
    }

    async fn tell(&mut self, stack: &Stack, flags: &[(&str, u64)]) -> Result<()> {
        self.sequence += 1;
        let arm = |flag: &str, variant: &str, failed: u64| json!({ "flag": flag, "variant": variant, "ok": 200 - failed, "failed": failed });
        let counts: Vec<Value> =
            flags.iter().flat_map(|(flag, failed)| [arm(flag, "on", *failed), arm(flag, "off", 2)]).collect();
        for instance in ["one", "two"] {
            let report = json!({ "sequence": self.sequence, "from_ms": 0, "to_ms": 0, "counts": counts });
            let body = json!({
                "instance": instance, "position": self.position, "state": "live", "sdk": "test/1", "outcomes": [report],
            });
            let url = format!("{}/client/v1/acknowledge", stack.server);
            let answer = reqwest::Client::new().post(url).bearer_auth(&self.key).json(&body).send().await?;
            ensure!(answer.status().is_success(), "{}", answer.text().await?);
        }
        Ok(())
    }

    /// Goes on telling until it is so.
    async fn tell_until(
        &mut self,
        stack: &Stack,
        flags: &[(&str, u64)],
        what: &str,
        is_so: impl AsyncFn() -> Result<bool>,
    ) -> Result<()> {
        let started = Instant::now();
        while !is_so().await? {
            ensure!(started.elapsed() < MINUTES, "waited {MINUTES:?} for {what}");
            self.tell(stack, flags).await?;
            sleep(Duration::from_secs(2)).await;
        }
        Ok(())
    }
}

#[tokio::test]
#[ignore = "takes three and a half minutes: `cargo test -p downhaul-e2e --test stories guard:: -- --ignored`"]
async fn guards_are_seen_with_their_evidence_and_lead_to_what_they_did() -> Result<()> {
    let stack = Stack::start().await?;
    let browser = Browser::start().await?;
    let console = Console::open(&browser, &stack).await?;
    let guards = Guards::open(&console).await?;
    let none = guards.none().await?;
    ensure!(none.contains("No flag has a guard") && none.contains("dry_run"), "what to write is said: {none}");
    browser.accessible("an environment without guards").await?;

    put(&stack, "checkout", json!([{ "name": "errors", "variant": "on" }])).await?;
    put(&stack, "search", json!([{ "name": "errors", "variant": "on", "dry_run": true }])).await?;
    put(&stack, "quiet", json!([{ "name": "errors", "variant": "on", "role": "signal" }])).await?;
    guards.only_watch(3).await?;
    browser.accessible("guards that have seen nothing").await?;

    let mut shop = Shop::of(&stack).await?;
    let told = [("checkout", 60), ("search", 60)];
    shop.tell_until(&stack, &told, "both harmful guards", async || guards.found_harm(2).await).await?;
    let quiet = guards.says("quiet", "errors").await?;
    // Three buckets without a word are told as such.
    let is_silent =
        quiet.contains("Nothing was told of the variant yet") || quiet.contains("Nothing that it could compare");
    ensure!(is_silent && quiet.contains("it only ever pauses"), "{quiet}");

    let said = guards.says("checkout", "errors").await?;
    for part in
        ["found harm", "Fired at", "1 in ", "outcomes of on, against off", "kills the variant", "It acted at", " of "]
    {
        ensure!(said.contains(part), "`{part}` in: {said}");
    }
    let dry = guards.says("search", "errors").await?;
    ensure!(dry.contains("Would have fired at") && dry.contains("on a dry run") && !dry.contains("It acted"), "{dry}");
    let known = stack.admin("GET", "/guards?course=true", None).await?;
    let all = known["guards"].as_array().context("no guards")?;
    let of_checkout = all.iter().find(|guard| guard["flag"] == "checkout").context("no guard of it")?;
    let evidence = of_checkout["judged"]["evidence"].as_str().context("no evidence")?.replace('\u{202F}', " ");
    ensure!(said.contains(&evidence), "`{evidence}` in: {said}");
    let course = of_checkout["course"].as_array().context("no course")?;
    let (points, words) = guards.course("checkout", "errors").await?;
    ensure!(points == course.len(), "{points} {course:?}");
    ensure!(words.contains("It acts from 1 in 1"), "{words}");
    browser.accessible("guards that found harm").await?;
    browser.picture("console-guards").await?;

    // What needs somebody stands first; keys lead to its flag.
    browser.shown("body").await?.send_keys("j").await?;
    guards.is_at_harm().await?;
    let entry = guards.choose_deed("checkout", "errors").await?.chosen().await?;
    ensure!(entry.contains("guard errors: evidence of harm"), "{entry}");

    let section = FlagPage::open(&console, "search").await?.guards().await?;
    ensure!(section.contains("Would have fired at") && section.contains("kills the variant"), "{section}");
    browser.accessible("a flag with a guard").await?;
    FlagPage::open(&console, "quiet").await?.has_guard("quiet", "errors").await
}
