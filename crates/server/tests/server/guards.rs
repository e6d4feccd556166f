//! Guards over a real server: what clients tell in two arms, and what the guard does with the rollout.

use crate::support::prometheus::{Prometheus, Scraped};
use crate::support::target::{Answers, Arrived, Target};
use crate::support::{Served, document, flag};
use downhaul_control::guards::GuardEvidence;
use downhaul_core::read::Format;
use downhaul_server::Targets;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;

/// Buckets of a second, so that nobody waits for minutes.
async fn served(guards: Value) -> Served {
    served_with(guards, Targets::default()).await
}

async fn served_with(guards: Value, targets: Targets) -> Served {
    let served = Served::with(|options| {
        options.targets = targets;
        options.guard_bucket = Duration::from_secs(1);
        options.guard_grace = Duration::from_secs(1);
    })
    .await;
    served.apply(&off(guards)).await;
    served
}

fn off(guards: Value) -> Value {
    let mut flag = flag("checkout");
    flag["default"] = json!("off");
    flag["guards"] = guards;
    document(&[flag])
}

fn rollout(stages: &[f64], bake_seconds: u32) -> Value {
    let stages: Vec<Value> =
        stages.iter().map(|percent| json!({ "percent": percent, "bake_seconds": bake_seconds })).collect();
    json!({ "rollout": { "flag": "checkout", "variant": "on", "stages": stages }, "reason": "the new checkout" })
}

/// Two instances that tell how the two arms do.
struct Shop {
    key: String,
    position: Value,
    sequence: u64,
}

impl Shop {
    async fn of(served: &Served) -> Shop {
        let (key, _) = served.key(json!({ "kind": "server" })).await;
        Shop { key, position: served.get("/fleet").await["position"].clone(), sequence: 0 }
    }

    /// Of 200 outcomes in each arm and instance so many failed.
    async fn tell(&mut self, served: &Served, on: u64, off: u64) {
        self.sequence += 1;
        for instance in ["one", "two"] {
            let arm = |variant: &str, failed: u64| json!({ "flag": "checkout", "variant": variant, "ok": 200 - failed, "failed": failed });
            let report = json!({
                "sequence": self.sequence, "from_ms": 0, "to_ms": 0, "counts": [arm("on", on), arm("off", off)],
            });
            let body = json!({
                "instance": instance, "position": self.position, "state": "live", "sdk": "test/1", "outcomes": [report],
            });
            let url = served.url("/client/v1/acknowledge");
            let answer = served.http.post(url).bearer_auth(&self.key).json(&body).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::NO_CONTENT, "{}", answer.text().await.unwrap());
        }
    }

    /// Goes on telling until what is asked for is so.
    async fn tell_until(
        &mut self,
        served: &Served,
        (on, off): (u64, u64),
        path: &str,
        is: impl Fn(&Value) -> bool,
    ) -> Value {
        for _ in 0..600 {
            let view = served.get(path).await;
            if is(&view) {
                return view;
            }
            self.tell(served, on, off).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{:#}\n{:#}", served.get(path).await, served.get("/guards").await)
    }
}

async fn until(served: &Served, path: &str, is: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..600 {
        let view = served.get(path).await;
        if is(&view) {
            return view;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:#}\n{:#}", served.get(path).await, served.get("/guards").await)
}

fn has_kill(view: &Value) -> bool {
    view["kills"].as_array().unwrap().iter().any(|kill| kill["id"].as_str().unwrap().starts_with("guard-"))
}

#[tokio::test]
async fn what_does_harm_is_killed_with_evidence_that_decides_again() {
    let served = served(json!([{ "name": "errors", "variant": "on" }])).await;
    let mut shop = Shop::of(&served).await;
    served.post("/rollouts", rollout(&[50.0, 100.0], 3600)).await;
    // Nothing else goes on; a guard's kill does.
    served.post("/freeze", json!({ "reason": "an incident elsewhere" })).await;
    let kills = shop.tell_until(&served, (60, 2), "/kills", has_kill).await;
    let kill = &kills["kills"][0];
    assert_eq!((kill["flag"].as_str(), &kill["scope"]), (Some("checkout"), &json!({ "variant": ["on"] })), "{kill:#}");
    let reason = kill["reason"].as_str().unwrap();
    assert!(reason.starts_with("guard errors: evidence of harm "), "{reason}");
    // Clients are given it.
    let received = served.flag_set(&shop.key, "", None).await;
    assert!(received.header.kill_revision >= 1);
    // The rollout stays where it is.
    let view = served.get("/rollouts/ro-1").await;
    assert_eq!((view["stage"].as_u64(), view["standing"]["held"].as_str()), (Some(1), Some("frozen")), "{view:#}");
    // The chart has what the guard was shown, and it says the same.
    let chart = served.get("/chart?limit=200").await;
    let changes = chart["changes"].as_array().unwrap();
    let of_guard: Vec<&Value> = changes.iter().filter(|change| change["reason"] == reason).collect();
    let [change] = of_guard.as_slice() else { panic!("{of_guard:#?}") };
    let evidence: GuardEvidence = serde_json::from_value(change["record"]["evidence"].clone()).unwrap();
    assert_eq!(evidence.check(), Ok(()));
    assert_eq!((evidence.flag.as_str(), evidence.guard.as_str()), ("checkout", "errors"));
    assert_eq!(served.get("/chart/verify").await["status"], "verified");
    // It says what it did, and does it once.
    let page = served.get("/guards?flag=checkout").await;
    let guard = &page["guards"][0];
    assert_eq!(
        (&guard["judged"]["standing"], &guard["acted"]["action"]),
        (&json!("harmful"), &json!("kill")),
        "{guard:#}"
    );
    for _ in 0..20 {
        shop.tell(&served, 60, 2).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(served.get("/kills").await["kills"].as_array().unwrap().len(), 1);
    // Somebody restores it: the guard watches anew, and what was before counts no more.
    served.restore(kill["id"].as_str().unwrap()).await;
    let page = until(&served, "/guards", |page| page["guards"][0]["judged"]["buckets"] == 0).await;
    assert_eq!(page["guards"][0]["acted"], Value::Null);
}

#[tokio::test]
async fn a_rollout_waits_for_its_guards_and_goes_on_where_no_harm_is() {
    let served = served(json!([{ "name": "errors", "variant": "on", "action": "step-back" }])).await;
    let mut shop = Shop::of(&served).await;
    served.post("/rollouts", rollout(&[10.0, 50.0, 100.0], 0)).await;
    // Nobody tells anything: it stays, and says why.
    let held = until(&served, "/rollouts/ro-1", |view| view["standing"]["held"] == "telemetry-missing").await;
    assert_eq!(held["stage"], 1);
    let words = held["standing"]["words"].as_str().unwrap();
    let missing = "held: telemetry is missing: guard `errors` was told nothing of `on` and `off` for ";
    assert!(words.starts_with(missing), "{words}");
    let complete = |view: &Value| view["standing"]["kind"] == "complete";
    let view = shop.tell_until(&served, (2, 2), "/rollouts/ro-1", complete).await;
    assert_eq!(view["stage"], 3);
    let page = served.get("/guards").await;
    let judged = &page["guards"][0]["judged"];
    assert_eq!((&judged["standing"], &judged["instances"]), (&json!("watching"), &json!(2)), "{page:#}");
    assert_eq!(served.get("/kills").await["kills"], json!([]));
}

#[tokio::test]
async fn a_step_back_and_a_pause_are_the_rollouts_own() {
    for (guard, kind) in [
        (json!({ "name": "errors", "variant": "on", "action": "step-back" }), 0),
        (json!({ "name": "errors", "variant": "on", "role": "signal" }), 1),
    ] {
        let served = served(json!([guard])).await;
        let mut shop = Shop::of(&served).await;
        served.post("/rollouts", rollout(&[50.0, 100.0], 3600)).await;
        let paused = |view: &Value| view["standing"]["kind"] == "paused";
        let view = shop.tell_until(&served, (60, 2), "/rollouts/ro-1", paused).await;
        assert_eq!(view["stage"], kind, "{view:#}");
        assert!(view["standing"]["words"].as_str().unwrap().contains("guard errors"), "{view:#}");
        assert_eq!(served.get("/chart/verify").await["status"], "verified");
        assert_eq!(served.get("/kills").await["kills"], json!([]));
    }
}

#[tokio::test]
async fn a_dry_run_says_what_it_would_do_and_history_says_it_again() {
    let served = served(json!([{ "name": "errors", "variant": "on", "dry_run": true }])).await;
    let mut shop = Shop::of(&served).await;
    served.post("/rollouts", rollout(&[50.0, 100.0], 0)).await;
    let harmful = |page: &Value| page["guards"][0]["judged"]["standing"] == "harmful";
    let page = shop.tell_until(&served, (60, 2), "/guards", harmful).await;
    let judged = &page["guards"][0]["judged"];
    assert!(judged["words"].as_str().unwrap().starts_with("would have fired at "), "{judged:#}");
    assert_eq!(page["guards"][0].get("course"), None, "only who asks for it gets it");
    let page = served.get("/guards?course=true").await;
    let (course, judged_now) = (page["guards"][0]["course"].as_array().unwrap(), &page["guards"][0]["judged"]);
    let powers: Vec<f64> = course.iter().map(|point| point["harm"].as_f64().unwrap()).collect();
    assert_eq!(course.last().unwrap()["buckets"], judged_now["buckets"], "{page:#}");
    assert!(powers.is_sorted() && powers.last().is_some_and(|last| *last >= 3.0), "1 in 1 000 and more: {powers:?}");
    // It holds nothing up.
    until(&served, "/rollouts/ro-1", |view| view["standing"]["kind"] == "complete").await;
    assert_eq!(served.get("/kills").await["kills"], json!([]));
    let replay = served
        .get(&format!("/guards/replay?flag=checkout&guard=errors&from={}", page["guards"][0]["from"].as_str().unwrap()))
        .await;
    assert_eq!((&replay["fired"], &replay["judged"]["until"]), (&json!(true), &judged["until"]), "{replay:#}");
    for (query, status, code) in [
        ("flag=checkout&guard=errrors", 404, "unknown-guard"),
        ("flag=nothing&guard=errors", 404, "unknown-flag"),
        ("flag=checkout&guard=errors&from=yesterday", 400, "malformed-time"),
        ("flag=checkout&guard=errors&from=2020-01-01T00:00:00Z", 400, "malformed-time"),
    ] {
        let (found, body) = served.admin(reqwest::Method::GET, &format!("/guards/replay?{query}"), None).await;
        assert_eq!((found.as_u16(), body["code"].as_str()), (status, Some(code)), "{body:#}");
    }
}

#[tokio::test]
async fn what_was_told_outlives_the_server() {
    let folder = tempfile::TempDir::new().unwrap();
    let quick = |options: &mut downhaul_server::ServerOptions| {
        options.guard_bucket = Duration::from_secs(1);
        options.guard_grace = Duration::from_secs(1);
    };
    let first = Served::at(folder.path(), quick).await;
    first.apply(&off(json!([{ "name": "errors", "variant": "on", "dry_run": true }]))).await;
    let mut shop = Shop::of(&first).await;
    let counted = |page: &Value| page["guards"][0]["judged"]["units"].as_u64().unwrap() > 0;
    let page = shop.tell_until(&first, (2, 2), "/guards", counted).await;
    let before = page["guards"][0]["judged"]["units"].as_u64().unwrap();
    // What is not closed yet is written at the end.
    shop.tell(&first, 2, 2).await;
    first.close().await;
    let second = Served::at(folder.path(), quick).await;
    until(&second, "/guards", |page| page["guards"][0]["judged"]["units"].as_u64().unwrap() > before).await;
}

#[tokio::test]
async fn an_alarm_is_told_once_with_what_to_do_and_again_where_nobody_took_it() {
    let target = Target::start().await;
    let mut file = target.targets();
    file["webhooks"]["pager"]["alarms"] = json!(true);
    let targets = Targets::of(&file.to_string(), Format::Json).unwrap();
    let served = served_with(json!([{ "name": "errors", "variant": "on" }]), targets).await;
    target.answers([Answers::Status(503)]);
    let mut shop = Shop::of(&served).await;
    let kills = shop.tell_until(&served, (60, 2), "/kills", has_kill).await;
    let kill = kills["kills"][0]["id"].as_str().unwrap();
    for _ in 0..600 {
        if target.arrived().len() >= 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Something else changes, and is no reason to tell of it again.
    served.post("/freeze", json!({ "reason": "an incident" })).await;
    served.post("/unfreeze", json!({ "reason": "over" })).await;
    let arrived = target.arrived();
    let [first, second] = arrived.as_slice() else { panic!("{arrived:#?}") };
    assert_eq!((first.path.as_str(), &first.id, &first.body), ("/hooks/pager", &second.id, &second.body));
    let data = &first.body["data"];
    assert_eq!(first.body["type"], "downhaul.alarm");
    assert_eq!(
        (&data["flag"], &data["guard"], &data["about"]),
        (&json!("checkout"), &json!("errors"), &json!("guard-acted"))
    );
    assert_eq!(data["back"], format!("downhaul restore {kill}"));
    assert!(data["message"].as_str().unwrap().contains("killed the variant: guard errors: evidence"), "{data:#}");
}

#[tokio::test]
async fn an_alarm_is_over_when_the_recovery_metric_says_so_and_not_when_the_kill_is_through() {
    let target = Target::start().await;
    let mut file = target.targets();
    file["webhooks"]["pager"]["alarms"] = json!(true);
    let targets = Targets::of(&file.to_string(), Format::Json).unwrap();
    let served = Served::with(|options| {
        options.targets = targets;
        options.guard_bucket = Duration::from_secs(1);
        options.guard_grace = Duration::from_secs(1);
        options.alarm_quiet = Duration::ZERO;
    })
    .await;
    served.apply(&off(json!([{ "name": "errors", "variant": "on" }]))).await;
    let release = json!({
        "key": "shop-1", "owner": "payments", "flags": ["checkout"],
        "artifact": { "kind": "http", "reference": "https://shop.example/1.tgz", "digest": format!("sha256:{}", "a".repeat(64)) },
        "recovery": [{ "name": "orders failing", "query": "errors", "condition": "< 0.01", "for_seconds": 1 }],
        "runbook": { "steps": [{ "manual": "look at the orders" }] },
    });
    let of_guard = |page: &Value| {
        page["alarms"].as_array().unwrap().iter().find(|alarm| alarm["about"] == "guard-acted").unwrap().clone()
    };
    let told = || {
        let of_guard = |each: &Arrived| each.body["data"]["about"] == "guard-acted";
        target.arrived().into_iter().filter(of_guard).map(|each| each.body["data"].clone()).collect::<Vec<Value>>()
    };
    let body = json!({ "release": release, "reason": "the new checkout" });
    let (status, answer) = served.admin(reqwest::Method::PUT, "/releases/shop-1", Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    target.reads(Some(0.5));
    let mut shop = Shop::of(&served).await;
    let kills = shop.tell_until(&served, (60, 2), "/kills", has_kill).await;
    let kill = kills["kills"][0]["id"].as_str().unwrap().to_owned();
    let alarm = until(&served, "/alarms", |page| page["alarms"][0]["standing"] == "raised").await["alarms"][0].clone();
    assert_eq!((&alarm["about"], &alarm["runbooks"]), (&json!("guard-acted"), &json!(["shop-1"])), "{alarm:#}");
    // The kill is through, and the metric is read, which is bad.
    shop.position = served.get("/fleet").await["position"].clone();
    shop.tell(&served, 2, 2).await;
    let confirmed = async || {
        let (status, _) = served.admin(reqwest::Method::GET, &format!("/kills/{kill}/confirmed"), None).await;
        status == StatusCode::OK
    };
    while !confirmed().await {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let asked = target.asked();
    while target.asked() < asked + 2 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(served.get("/alarms").await["alarms"][0]["standing"], "raised");
    // While nobody answers what is asked of that metric, something else is told all the same.
    target.hangs(true);
    while target.hanging() == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    served.post("/releases/shop-1/rollback", json!({ "reason": "orders fail" })).await;
    served.post("/runs/r-1/fail", json!({ "step": 1, "note": "no access" })).await;
    while target.arrived().len() < 2 {
        assert_eq!(target.hanging(), 1, "it waited until the query was given up");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(target.arrived()[1].body["data"]["about"], "rollback-held");
    served.post("/runs/r-1/abort", json!({ "note": "by hand" })).await;
    target.hangs(false);
    target.reads(Some(0.001));
    let over = of_guard(&until(&served, "/alarms", |page| of_guard(page)["standing"] == "recovered").await);
    assert_eq!(over["shown_by"], "orders failing was < 0.01 for 1 s (0.001 now)", "{over:#}");
    while told().len() < 2 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let states: Vec<Value> = told().iter().map(|data| data["state"].clone()).collect();
    assert_eq!(states, ["raised", "recovered"]);
    assert_eq!(told()[1]["shown_by"], over["shown_by"]);
}

/// Tells of units that were new to an instance.
async fn tell_units(served: &Served, key: &str, batch: u64, instance: &str, on: u64, off: u64) {
    let arm = |variant: &str, reason: &str, units: u64| json!({ "flag": "checkout", "variant": variant, "reason": reason, "count": units + 3, "units": units });
    let exposures = json!([arm("on", "SPLIT", on), arm("off", "DEFAULT", off), arm("off", "DISABLED", 7)]);
    let body = json!({
        "telemetry": 1, "instance": instance, "batch": batch,
        "buckets": [{ "from_ms": 0, "to_ms": 0, "exposures": exposures }],
    });
    let url = served.url("/client/v1/telemetry");
    let answer = served.http.post(url).bearer_auth(key).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{}", answer.text().await.unwrap());
}

#[tokio::test]
async fn arms_of_the_wrong_size_pause_the_rollout_with_evidence() {
    let served = served(json!([{ "name": "errors", "variant": "on", "dry_run": true }])).await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    served.post("/rollouts", rollout(&[20.0, 100.0], 3600)).await;
    let ratio = |page: &Value| {
        let guards = page["guards"].as_array().unwrap();
        guards.iter().find(|guard| guard["name"] == "sample-ratio").cloned().unwrap_or_default()
    };
    // As the split says: one in five, as two instances tell it.
    let mut batch = 0;
    let told = loop {
        batch += 1;
        for instance in ["one", "two"] {
            tell_units(&served, &key, batch, instance, 20, 80).await;
        }
        let guard = ratio(&served.get("/guards").await);
        let told = guard["judged"]["arms"][1]["units"].as_u64().unwrap_or(0);
        if told >= 200 {
            break guard;
        }
        assert!(batch < 600, "{guard:#}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let judged = &told["judged"];
    assert_eq!((&judged["standing"], &judged["instances"]), (&json!("watching"), &json!(2)), "{told:#}");
    assert_eq!((&judged["arms"][1]["variant"], &judged["arms"][1]["share"]), (&json!("on"), &json!(0.2)), "{told:#}");
    // Then most of those with the variant are not heard of.
    let paused = |view: &Value| view["standing"]["kind"] == "paused";
    for _ in 0..600 {
        batch += 1;
        tell_units(&served, &key, batch, "one", 5, 80).await;
        if paused(&served.get("/rollouts/ro-1").await) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let view = until(&served, "/rollouts/ro-1", paused).await;
    let words = view["standing"]["words"].as_str().unwrap();
    assert!(words.contains("guard sample-ratio: the arms are not as the split says, "), "{words}");
    assert!(words.contains("`on` has ") && words.contains("20 % should be "), "{words}");
    // Nobody is taken anything away, and the chart decides it again.
    assert_eq!(served.get("/kills").await["kills"], json!([]));
    assert_eq!(served.get("/chart/verify").await["status"], "verified");
    let guard = ratio(&served.get("/guards").await);
    assert_eq!(
        (&guard["judged"]["standing"], &guard["acted"]["action"]),
        (&json!("sample-ratio-mismatch"), &json!("pause")),
        "{guard:#}"
    );
    let revision = guard["acted"]["revision"].as_u64().unwrap();
    let change = served.get(&format!("/chart/{revision}")).await;
    let evidence: GuardEvidence = serde_json::from_value(change["change"]["record"]["evidence"].clone()).unwrap();
    assert_eq!(evidence.check(), Ok(()));
    let mut forged = evidence.clone();
    let downhaul_control::guards::GuardRecord::Arms(arms) = &mut forged.record else { panic!("{evidence:#?}") };
    arms.instances.clear();
    assert!(forged.check().unwrap_err().contains("arms of the right size"));
    // Somebody looks, and lets it go on: it watches anew.
    served.post("/rollouts/ro-1/resume", json!({ "reason": "a broken batch job" })).await;
    let fresh = |page: &Value| ratio(page)["judged"]["standing"] == "watching";
    let guard = ratio(&until(&served, "/guards", fresh).await);
    assert_eq!(guard["acted"], Value::Null, "{guard:#}");
}

#[tokio::test]
async fn what_is_slow_is_a_quantile_of_the_other_variant() {
    let served = served(json!([{ "name": "slow", "metric": "pay", "slower_than": "p90", "variant": "on" }])).await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    let mut batch = 0;
    let mut tell = async |on: u64| {
        batch += 1;
        // 95 is 16 ms, 111 is 64 ms. Of control one in ten takes longer than 16 ms.
        let arm = |variant: &str, slow: u64| {
            json!({
                "name": "pay", "flag": "checkout", "variant": variant, "count": 100,
                "latency": { "count": 100, "sum_ms": 1.0, "buckets": [[95, 100 - slow], [111, slow]] },
            })
        };
        for instance in ["one", "two"] {
            let body = json!({
                "telemetry": 1, "instance": instance, "batch": batch,
                "buckets": [{ "from_ms": 0, "to_ms": 0, "outcomes": [arm("on", on), arm("off", 10)] }],
            });
            let url = served.url("/client/v1/telemetry");
            let answer = served.http.post(url).bearer_auth(&key).json(&body).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let guard = async || served.get("/guards").await["guards"][0].clone();
    assert!(guard().await["judged"]["words"].as_str().unwrap().starts_with("learns what is slow: 0 of 200 "));
    while guard().await["judged"]["units"].as_u64().unwrap() < 1000 {
        tell(10).await;
    }
    let judged = guard().await["judged"].clone();
    // Up to and with 16.384 ms are the nine in ten.
    assert_eq!((&judged["standing"], &judged["slow_us"]), (&json!("watching"), &json!(16_384)), "{judged:#}");
    while !has_kill(&served.get("/kills").await) {
        assert!(guard().await["judged"]["buckets"].as_u64().unwrap() < 200, "{:#}", guard().await);
        tell(30).await;
    }
    let acted = guard().await["acted"].clone();
    let change = served.get(&format!("/chart/{}", acted["revision"])).await;
    let evidence: GuardEvidence = serde_json::from_value(change["change"]["record"]["evidence"].clone()).unwrap();
    assert_eq!((evidence.check(), evidence.slow_us), (Ok(()), Some(16_384)));
}

#[tokio::test]
async fn what_a_real_prometheus_counted_is_judged_as_what_clients_tell() {
    let shop = Scraped::start().await;
    let folder = tempfile::TempDir::new().unwrap();
    let prometheus = Prometheus::start(folder.path(), &shop.address);
    let file = json!({ "prometheus": { "url": format!("http://{}", prometheus.address), "allow_private": true } });
    let targets = Targets::of(&file.to_string(), Format::Json).unwrap();
    let selectors = json!({
        "all": "shop_requests_total{variant=\"$variant\"}", "failed": "shop_errors_total{variant=\"$variant\"}",
    });
    let served = served_with(
        json!([{ "name": "http-errors", "variant": "on", "prometheus": selectors, "least_instances": 1 }]),
        targets,
    )
    .await;
    let guard = async || served.get("/guards").await["guards"][0].clone();
    // Both arms fail for one in a hundred; then a process begins anew, and nothing of it is harm.
    shop.per_scrape([100, 1], [900, 9]);
    let seen = |guard: &Value, least: u64| guard["judged"]["units"].as_u64().unwrap() >= least;
    wait(&guard, |guard| seen(guard, 500)).await;
    shop.begin_anew();
    let before = guard().await["judged"]["units"].as_u64().unwrap();
    wait(&guard, |guard| seen(guard, before + 500)).await;
    let judged = guard().await;
    assert_eq!(
        (&judged["judged"]["standing"], &judged["metric"]),
        (&json!("watching"), &json!("prometheus")),
        "{judged:#}"
    );
    let [units, control] = ["units", "control_units"].map(|member| judged["judged"][member].as_u64().unwrap());
    assert!(control >= units * 8, "whole counts of both arms: {judged:#}");
    // While Prometheus is away nothing is judged, and it says why.
    let address = prometheus.address.clone();
    drop(prometheus);
    let says = |guard: &Value| {
        guard["judged"]["words"].as_str().unwrap().starts_with("cannot read on: Prometheus does not answer")
    };
    wait(&guard, says).await;
    let _prometheus = Prometheus::start_at(folder.path(), &shop.address, &address);
    shop.per_scrape([100, 20], [900, 9]);
    wait(&guard, |guard| guard["judged"]["standing"] == "harmful").await;
    let kills = until(&served, "/kills", has_kill).await;
    assert!(
        kills["kills"][0]["reason"].as_str().unwrap().starts_with("guard http-errors: evidence of harm "),
        "{kills:#}"
    );
    assert_eq!(served.get("/chart/verify").await["status"], "verified");
}

async fn wait(guard: &impl AsyncFn() -> Value, is: impl Fn(&Value) -> bool) {
    for _ in 0..1200 {
        if is(&guard().await) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:#}", guard().await)
}
