//! An example environment with something on every screen.

use anyhow::{Context, Result, bail};
use downhaul_e2e::{Browser, NodeClient, Shop, Stack};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// What lasts as long as it is looked at.
#[derive(Debug)]
pub(crate) struct Filled {
    pub(crate) clients: Vec<NodeClient>,
    /// A token of somebody who may only look.
    pub(crate) viewer: String,
    _outcomes: JoinSet<()>,
}

/// People, a population, proposals, a rollout at work, a run and a drill that have ended, clients, and a kill that reached them.
pub(crate) async fn fill(stack: &Stack, visitor: &Browser) -> Result<Filled> {
    let mut outcomes = guard(stack).await?;
    let people = stack.data.path().join("people.jsonl");
    let regions = ["de", "fr", "se", "us", "gb"];
    let tenants = ["acme", "globex", "initech"];
    let line = |number: usize| {
        let (tenant, region) = (tenants.get(number % 3).copied(), regions.get(number % 5).copied());
        json!({ "targetingKey": format!("user-{number}"), "tenant": tenant, "region": region }).to_string()
    };
    std::fs::write(&people, (0..3_000).map(line).collect::<Vec<_>>().join("\n"))?;
    stack.downhaul(&["population", "put", "default", &people.display().to_string()]).await?;
    for (name, role) in [("Ada Lovelace", "approver"), ("Jonas Weber", "operator"), ("Maya Kern", "editor")] {
        stack.person(name, role).await?;
    }
    let viewer = stack.person("Priyanka Venkataraghavan-Schmidt", "viewer").await?;
    let policy =
        json!({ "policy": { "approvals": { "critical": 1 } }, "reason": "a second person looks at critical flags" });
    stack.admin("PUT", "/policy", Some(policy)).await?;

    let mut flag = stack.flag("checkout-v2").await?;
    flag["rules"][2]["split"]["slices"] = json!([["on", 40_000], ["off", 60_000]]);
    let ramp =
        json!({ "flag": flag, "reason": "the ramp held for a week: errors flat, conversion up by two per cent" });
    stack.admin("POST", "/proposals", Some(ramp)).await?;
    let rollout = json!({ "flag": "gift-cards", "variant": "on", "description": "gift cards for everyone, in three steps", "stages": [
        { "name": "our own people", "when": [{ "segment": ["staff"] }], "bake_seconds": 1 },
        { "name": "a few", "percent": 5, "bake_seconds": 86_400 },
        { "name": "everyone", "bake_seconds": 3_600, "approvals": 1 },
    ] });
    stack.admin("POST", "/rollouts", Some(json!({ "rollout": rollout, "reason": "before the holidays" }))).await?;

    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let release = json!({
        "key": "checkout-2.4.1", "owner": "payments", "description": "One-page checkout with gift cards",
        "flags": ["product-reviews"], "data_change": "additive",
        "artifact": { "kind": "http", "reference": "https://shop.example/2.4.1.tgz", "digest": digest("a") },
        "previous": { "kind": "http", "reference": "https://shop.example/2.4.0.tgz", "digest": digest("b") },
        "runbook": { "steps": [{ "kill": ["product-reviews"] }] },
    });
    stack
        .admin("PUT", "/releases/checkout-2.4.1", Some(json!({ "release": release, "reason": "it goes out" })))
        .await?;
    let rollback = json!({ "reason": "reviews of other shops were shown" });
    stack.admin("POST", "/releases/checkout-2.4.1/rollback", Some(rollback)).await?;
    ended(stack, "r-1").await?;
    stack.downhaul(&["restore", "product-reviews", "--reason", "the index was built anew"]).await?;
    let drill = json!({ "name": "image-format", "reason": "the monthly rehearsal" });
    stack.admin("POST", "/drills", Some(drill)).await?;
    let go = json!({ "note": "all are there" });
    stack.admin("POST", "/runs/r-2/go", Some(go)).await?;
    ended(stack, "r-2").await?;

    running(stack).await?;

    let key = json!({ "name": "back end", "kind": "server", "reason": "the order service" });
    let key = stack.admin("POST", "/client-keys", Some(key)).await?;
    let key = key["key"].as_str().context("no key")?.to_owned();
    let mut clients = Vec::new();
    for _ in 0..6 {
        let mut client = NodeClient::start(&stack.server, &key, &[])?;
        client.until("a flag set", |state| state["position"]["revision"].as_u64() > Some(0)).await?;
        clients.push(client);
    }
    let shop = Shop::open(visitor, stack, "visitor-in-cohort").await?;
    shop.checkout("one-page").await?;
    stack.downhaul(&["kill", "checkout-v2", "--reason", "payments fail at the bank", "--incident", "INC-2041"]).await?;
    for client in &mut clients {
        client.until("the kill", |state| state["killed"] == true).await?;
    }
    shop.checkout("three-page").await?;
    stack
        .downhaul(&["kill", "recommendations", "--region", "us", "--reason", "the model times out in us-east"])
        .await?;
    beat(stack).await?;
    let told = format!("{}/client/v1/telemetry", stack.server);
    break_circuits(&told, &key, 1).await?;
    // The control plane believes it for three minutes, and there are pictures for longer.
    outcomes.spawn(async move {
        for batch in 2.. {
            sleep(Duration::from_secs(60)).await;
            // One that is lost is told by the next.
            let _ = break_circuits(&told, &key, batch).await;
        }
    });
    let found = |view: &Value| {
        view["guards"].as_array().is_some_and(|all| all.iter().any(|guard| guard["judged"]["standing"] == "harmful"))
    };
    until(stack, "/guards", "a minute that a guard has judged", found).await?;
    Ok(Filled { clients, viewer, _outcomes: outcomes })
}

/// Guards that stand one way and another, and servers that tell of the flags until they are no longer listened to. Minutes are
/// real ones, so this comes first.
async fn guard(stack: &Stack) -> Result<JoinSet<()>> {
    let watched = [
        ("new-search", json!({ "name": "errors", "variant": "on", "dry_run": true })),
        ("cart-service-v3", json!({ "name": "errors", "variant": "on", "action": "step-back" })),
        (
            "image-format",
            json!({ "name": "slow", "metric": "image.shown", "slower_than_ms": 2_000, "variant": "avif", "role": "signal" }),
        ),
    ];
    // What changes a flag later has its guards begin anew, so its breaker comes now too.
    for flag in ["new-search", "image-format", "address-lookup", "cart-service-v3"] {
        let mut view = stack.admin("GET", &format!("/flags/{flag}"), None).await?;
        if flag != "cart-service-v3" {
            view["flag"]["breaker"] = json!({});
        }
        if let Some((_, guard)) = watched.iter().find(|(key, _)| *key == flag) {
            view["flag"]["guards"] = json!([guard]);
        }
        let put = json!({ "flag": view["flag"], "reason": "watched while it is rolled out" });
        stack.admin("PUT", &format!("/flags/{flag}"), Some(put)).await?;
    }
    let key = json!({ "name": "search", "kind": "server", "reason": "the search service" });
    let key = stack.admin("POST", "/client-keys", Some(key)).await?["key"].as_str().context("no key")?.to_owned();
    let (fleet, token) = (format!("{}/api/v1/environments/production/fleet", stack.server), stack.admin_token.clone());
    let url = format!("{}/client/v1/acknowledge", stack.server);
    let mut telling = JoinSet::new();
    telling.spawn(async move {
        let arm = |flag: &str, variant: &str, all: u64, failed: u64| json!({ "flag": flag, "variant": variant, "ok": all - failed, "failed": failed });
        let counts = json!([
            arm("new-search", "on", 60, 2), arm("new-search", "off", 540, 2),
            arm("cart-service-v3", "on", 200, 1), arm("cart-service-v3", "off", 200, 1),
        ]);
        let http = reqwest::Client::new();
        for sequence in 1.. {
            sleep(Duration::from_secs(2)).await;
            // They have every kill at once, as others do: a run waits for all who live.
            let Ok(answer) = http.get(&fleet).bearer_auth(&token).send().await else { continue };
            let Ok(seen) = answer.json::<Value>().await else { continue };
            let position = &seen["position"];
            for instance in ["search-1", "search-2"] {
                let report = json!({ "sequence": sequence, "from_ms": 0, "to_ms": 0, "counts": counts });
                let said = json!({ "instance": instance, "position": position, "state": "live", "sdk": "search/1", "outcomes": [report] });
                // One that is lost is told by the others.
                let _ = http.post(&url).bearer_auth(&key).json(&said).send().await;
            }
        }
    });
    Ok(telling)
}

/// A rollback that goes step by step, and waits for a person.
async fn running(stack: &Stack) -> Result<()> {
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let release = json!({
        "key": "back-office-3.0.2", "owner": "back-office", "description": "Orders as a file, in the back office",
        "flags": ["order-export"], "data_change": "additive", "objective_seconds": 900,
        "artifact": { "kind": "http", "reference": "https://shop.example/back-office-3.0.2.tgz", "digest": digest("c") },
        "previous": { "kind": "http", "reference": "https://shop.example/back-office-3.0.1.tgz", "digest": digest("d") },
        "runbook": { "steps": [
            { "kill": ["order-export"], "expect": "no shop is offered a file" },
            { "manual": "put 3.0.1 out", "expect": "3.0.1 on every machine of the back office", "limit_seconds": 600 },
            { "manual": "look for files that were fetched meanwhile", "limit_seconds": 300 },
        ] },
    });
    let put = json!({ "release": release, "reason": "it goes out" });
    stack.admin("PUT", "/releases/back-office-3.0.2", Some(put)).await?;
    let rollback = json!({ "reason": "files hold orders of other shops", "pace": "step-by-step" });
    stack.admin("POST", "/releases/back-office-3.0.2/rollback", Some(rollback)).await?;
    let waits = |view: &Value| view["step"] == 2 && view["phase"] == "awaiting-go";
    until(stack, "/runs/r-3", "the second step", waits).await?;
    stack.admin("POST", "/runs/r-3/go", Some(json!({ "note": "the flag is dark everywhere" }))).await.map(drop)
}

/// Some beats of a flag on which nothing rests, so that the fleet's plot has something to show.
async fn beat(stack: &Stack) -> Result<()> {
    let pulse = json!({
        "key": "pulse", "description": "Heartbeat; nothing rests on it", "owner": "platform", "kind": "ops",
        "review": "2027-06-01", "clients": ["browser", "edge", "server"], "variants": { "on": true, "off": false },
        "default": "on", "degraded": { "variant": "off", "meaning": "Nothing; the flag is between two beats" },
    });
    stack.admin("PUT", "/flags/pulse", Some(json!({ "flag": pulse, "reason": "to measure kills" }))).await?;
    let policy = json!({
        "policy": { "approvals": { "critical": 1 }, "heartbeat": { "flag": "pulse", "every_seconds": 10 } },
        "reason": "a kill is measured before one is needed",
    });
    stack.admin("PUT", "/policy", Some(policy)).await?;
    until(stack, "/heartbeat", "three beats", |view| view["beats"].as_array().is_some_and(|beats| beats.len() >= 3))
        .await?;
    // From now on the chart has room for other things.
    let policy = json!({
        "policy": { "approvals": { "critical": 1 }, "heartbeat": { "flag": "pulse", "every_seconds": 86_400 } },
        "reason": "once a day is enough",
    });
    stack.admin("PUT", "/policy", Some(policy)).await.map(drop)
}

/// Servers whose breakers of two flags stand one way and another; of that of a third nobody tells.
async fn break_circuits(url: &str, key: &str, batch: u64) -> Result<()> {
    for server in 0..12 {
        let (state, cause) = match server {
            0..3 => ("open", "consecutive"),
            3 => ("half-open", "waited"),
            _ => ("closed", "probed"),
        };
        let said = json!({
            "telemetry": 1, "instance": format!("server-{server}"), "batch": batch,
            "buckets": [{ "from_ms": 50_000, "to_ms": 0, "guards": [
                { "flag": "new-search", "variant": "on", "ok": 412, "failed": 9, "degraded": 230 },
                { "flag": "image-format", "variant": "avif", "ok": 2_210, "failed": 1 },
            ] }],
            "breakers": [
                { "flag": "new-search", "variant": "on", "state": state, "cause": cause, "since_ms": 420_000 + (batch - 1) * 60_000 },
                { "flag": "image-format", "variant": "avif", "state": if server < 10 { "closed" } else { "observing" } },
            ],
        });
        reqwest::Client::new().post(url).bearer_auth(key).json(&said).send().await?.error_for_status()?;
    }
    Ok(())
}

async fn ended(stack: &Stack, run: &str) -> Result<()> {
    until(stack, &format!("/runs/{run}"), "the end of a run", |view| !view["verdict"].is_null()).await
}

async fn until(stack: &Stack, path: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Result<()> {
    for _ in 0..2_400 {
        if holds(&stack.admin("GET", path, None).await?) {
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
    bail!("waited in vain for {what}")
}
