//! Rollbacks carried out: real webhooks with real signatures, call-backs, readings, crashes and faults in between.

use crate::support::target::{Answers, Target};
use crate::support::{Served, document, flag, free};
use downhaul_core::read::Format;
use downhaul_server::Targets;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use tempfile::TempDir;

fn release(more: Value) -> Value {
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let mut release = json!({
        "key": "checkout-2.4.1", "owner": "payments",
        "artifact": { "kind": "http", "reference": "https://shop.example/2.4.1.tgz", "digest": digest("a") },
        "previous": { "kind": "http", "reference": "https://shop.example/2.4.0.tgz", "digest": digest("b") },
        "data_change": "additive", "flags": ["cart", "checkout", "prices"], "redeploy": "deploy",
        "recovery": [{ "name": "errors", "query": "errors", "condition": "< 0.01", "for_seconds": 1 }],
        "escalation": { "target": "pager" },
    });
    for (key, value) in more.as_object().unwrap() {
        release[key] = value.clone();
    }
    release
}

fn flags() -> Value {
    let mut checkout = flag("checkout");
    checkout["requires"] = json!([{ "flag": "cart", "variants": ["on"] }]);
    document(&[flag("cart"), checkout, flag("prices")])
}

fn targets(target: &Target) -> Targets {
    Targets::of(&target.targets().to_string(), Format::Json).unwrap()
}

async fn shop(target: &Target) -> Served {
    let targets = targets(target);
    let served = Served::with(|options| options.targets = targets).await;
    served.apply(&flags()).await;
    served
}

async fn put(served: &Served, release: &Value) {
    let key = release["key"].as_str().unwrap();
    let body = json!({ "release": release, "reason": "the new checkout" });
    let (status, answer) = served.admin(Method::PUT, &format!("/releases/{key}"), Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

async fn begin(served: &Served) -> Value {
    served.post("/releases/checkout-2.4.1/rollback", json!({ "reason": "payments fail" })).await
}

/// Waits until the run is so.
async fn until(served: &Served, is: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..600 {
        let run = served.get("/runs/r-1").await;
        if is(&run) {
            return run;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:#}", served.get("/runs/r-1").await)
}

fn ended(run: &Value) -> bool {
    run["phase"] == "ended"
}

async fn call_back(served: &Served, webhook: &Value, body: Value) -> StatusCode {
    let url = webhook["data"]["callback_url"].as_str().unwrap();
    served.http.post(url).json(&body).send().await.unwrap().status()
}

#[tokio::test]
async fn from_the_kill_to_the_proof() {
    let target = Target::start().await;
    let served = shop(&target).await;
    put(&served, &release(json!({}))).await;
    let shown = served.get("/releases/checkout-2.4.1").await;
    let order: Vec<&str> =
        shown["kill_order"].as_array().unwrap().iter().map(|kill| kill["flag"].as_str().unwrap()).collect();
    assert_eq!(order, ["checkout", "cart", "prices"], "dependents first");
    assert_eq!(complete(&served).await, (503, "run false: no rollback was begun since the release was put".to_owned()));
    target.reads(Some(0.5));
    assert_eq!(begin(&served).await["id"], "r-1");

    let sent = target.first("/hooks/deploy").await;
    assert_eq!(sent.id, "r-1.2.1");
    assert_eq!(sent.body["type"], "downhaul.redeploy");
    assert_eq!(sent.body["data"]["artifact"]["reference"], "https://shop.example/2.4.0.tgz");
    assert_eq!(sent.body["data"]["release"], "checkout-2.4.1");
    let kills = served.get("/kills").await;
    assert_eq!(kills["kills"].as_array().unwrap().len(), 3);
    let order: Vec<&str> =
        kills["kills"].as_array().unwrap().iter().rev().map(|kill| kill["flag"].as_str().unwrap()).collect();
    assert_eq!(order, ["checkout", "cart", "prices"]);

    let twice =
        served.admin(Method::POST, "/releases/checkout-2.4.1/rollback", Some(json!({ "reason": "me too" }))).await;
    assert_eq!((twice.0, twice.1["code"].as_str()), (StatusCode::CONFLICT, Some("run-active")));

    // A forged call-back, the right one, and the right one again.
    let mut forged = sent.body.clone();
    forged["data"]["callback_url"] = json!(served.url("/callback/v1/cHJvZHVjdGlvbgoxCjEKMQ.AAAA"));
    assert_eq!(call_back(&served, &forged, json!({ "status": "done" })).await, StatusCode::NOT_FOUND);
    assert_eq!(call_back(&served, &sent.body, json!({ "status": "fine" })).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(call_back(&served, &sent.body, json!({ "status": "done" })).await, StatusCode::NO_CONTENT);
    assert_eq!(call_back(&served, &sent.body, json!({ "status": "done" })).await, StatusCode::CONFLICT);

    // It is held while the metric is bad, and while there is none.
    let held = until(&served, |run| run["steps"][2]["detail"].as_str().is_some_and(|text| text.contains("0.5"))).await;
    assert_eq!(held["steps"][2]["state"], "running");
    target.reads(None);
    until(&served, |run| run["steps"][2]["detail"] == "held: the query gives no data").await;
    let (status, words) = complete(&served).await;
    assert_eq!(status, 503, "{words}");
    assert!(words.contains("run false: r-1 is at step 3"), "{words}");
    assert!(words.contains("recovery false: errors: the query gives no data"), "{words}");
    target.reads(Some(0.001));
    let run = until(&served, ended).await;
    assert_eq!(run["verdict"], "done", "{run:#}");
    whether_it_is_complete(&served, &target).await;
    for step in run["steps"].as_array().unwrap() {
        assert_eq!(step["state"], "done");
        assert!(step["began"].as_str() <= step["ended"].as_str());
    }
    let chart = served.get("/chart?limit=200").await;
    let summaries: Vec<&str> =
        chart["changes"].as_array().unwrap().iter().rev().map(|change| change["summary"].as_str().unwrap()).collect();
    for part in
        ["r-1: began the rollback of `checkout-2.4.1`", "killed `checkout` for everyone", "was reported as done"]
    {
        assert!(summaries.iter().any(|summary| summary.contains(part)), "{part} is not in {summaries:#?}");
    }
    assert_eq!(served.get("/chart/verify").await["status"], "verified");
}

/// The status of the check, and what it says.
async fn complete(served: &Served) -> (u16, String) {
    let (status, body) = served.admin(Method::GET, "/releases/checkout-2.4.1/rollback", None).await;
    assert_eq!(body["complete"], status == StatusCode::OK, "{body:#}");
    let check = |check: &Value| {
        let text = |member: &str| check[member].as_str().unwrap().to_owned();
        format!("{} {}: {}", text("name"), check["ok"], text("words"))
    };
    (status.as_u16(), body["checks"].as_array().unwrap().iter().map(check).collect::<Vec<_>>().join("\n"))
}

/// It is, until a client of the release comes back, a metric is bad, or a kill is ended.
async fn whether_it_is_complete(served: &Served, target: &Target) {
    let (status, words) = complete(served).await;
    assert_eq!(status, 200, "{words}");
    let (key, _) = served.key(json!({ "kind": "server", "reason": "a test" })).await;
    let mut client = json!({
        "instance": "left", "position": served.get("/fleet").await["position"], "state": "live", "sdk": "test/1",
        "release": "checkout 2.4.1",
    });
    let say = async |body: &Value| {
        let url = served.url("/client/v1/acknowledge");
        assert_eq!(served.http.post(url).bearer_auth(&key).json(body).send().await.unwrap().status(), 204);
    };
    say(&client).await;
    let (status, words) = complete(served).await;
    assert_eq!(status, 503);
    assert!(words.contains("clients false: 1 live client runs this release"), "{words}");
    let states = served.get("/fleet/states").await;
    assert_eq!(states["states"][0]["kind"], "rolled-back-release", "{states:#}");
    client["state"] = json!("closing");
    say(&client).await;
    assert_eq!(complete(served).await.0, 200);
    target.reads(Some(0.2));
    assert!(complete(served).await.1.contains("recovery false: errors is 0.2, not good"));
    target.reads(Some(0.001));
    let kill = served.get("/kills").await["kills"][0]["id"].as_str().unwrap().to_owned();
    served.restore(&kill).await;
    let (status, words) = complete(served).await;
    assert_eq!(status, 503);
    assert!(words.contains("kills false: `prices` (r-1.1.1.3): restored at "), "{words}");
    let (status, body) = served.admin(Method::GET, "/releases/nothing/rollback", None).await;
    assert_eq!((status, body["code"].as_str()), (StatusCode::NOT_FOUND, Some("unknown-release")));
}

#[tokio::test]
async fn the_kill_step_waits_for_the_last_client() {
    let target = Target::start().await;
    let served = shop(&target).await;
    put(&served, &release(json!({ "runbook": { "steps": [{ "kill": ["cart"] }] } }))).await;
    let (key, _) = served.key(json!({ "kind": "server", "reason": "a test" })).await;
    let acknowledge = async |position: &Value| {
        let said = json!({
            "instance": "i-1", "position": position, "state": "live", "sdk": "test/1", "kind": "server",
        });
        let request = served.http.post(served.url("/client/v1/acknowledge")).bearer_auth(&key).json(&said);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        assert_eq!(status, StatusCode::NO_CONTENT, "{}", answer.text().await.unwrap());
    };
    acknowledge(&served.get("/kills").await["position"]).await;
    begin(&served).await;
    let run = until(&served, |run| run["steps"][0]["detail"] == "0 of 1 live clients dark").await;
    assert_eq!(run["steps"][0]["state"], "running");
    acknowledge(&served.get("/kills").await["position"]).await;
    let run = until(&served, ended).await;
    assert!(run["steps"][0]["detail"].as_str().unwrap().starts_with("1 client dark, the slowest after"), "{run:#}");
}

#[tokio::test]
async fn a_target_that_fails_holds_the_run_and_the_pager_is_told() {
    let target = Target::start().await;
    let served = shop(&target).await;
    let steps = json!([{ "redeploy": { "target": "deploy" } }, { "purge": { "target": "cdn", "cache": "edge" } }]);
    put(&served, &release(json!({ "runbook": { "steps": steps } }))).await;
    // Not for good: twice unavailable, then accepted; then it lies, or rather says that it failed.
    target.answers([Answers::Status(503), Answers::Slowly(500, Duration::from_millis(100)), Answers::Status(202)]);
    begin(&served).await;
    until(&served, |run| run["steps"][0]["detail"] == "accepted; waiting for the call-back").await;
    let tries: Vec<String> = target.arrived().into_iter().map(|each| each.id).collect();
    assert_eq!(tries, ["r-1.1.1", "r-1.1.1", "r-1.1.1"], "the same id for every try");
    let first = target.first("/hooks/deploy").await;
    let failed = json!({ "status": "failed", "detail": "no capacity" });
    assert_eq!(call_back(&served, &first.body, failed).await, StatusCode::NO_CONTENT);
    let run = until(&served, |run| run["calls"][0]["through"] == true).await;
    assert_eq!((run["phase"].as_str(), run["held"].as_str()), (Some("held"), Some("no capacity")));
    let paged = target.first("/hooks/pager").await;
    assert!(paged.body["data"]["message"].as_str().unwrap().ends_with("no capacity"), "{paged:?}");

    // Two operators press at once: the second is told where the run stands.
    target.answers([Answers::Redirect]);
    served.post("/runs/r-1/skip", json!({ "step": 1, "note": "deployed by hand" })).await;
    let (status, late) = served.admin(Method::POST, "/runs/r-1/retry", Some(json!({ "step": 1 }))).await;
    assert_eq!((status, late["code"].as_str()), (StatusCode::CONFLICT, Some("not-now")), "{late}");
    let run = until(&served, |run| run["phase"] == "held").await;
    assert!(run["held"].as_str().unwrap().contains("redirects are not followed"), "{run:#}");
    served.post("/runs/r-1/abort", json!({})).await;
    let run = until(&served, ended).await;
    assert_eq!(run["verdict"], "aborted");
}

#[tokio::test]
async fn targets_are_never_reached_at_private_addresses_unless_allowed() {
    for (url, refused) in [
        ("http://127.0.0.1:1/x", true),
        ("http://[::1]:1/x", true),
        ("http://169.254.169.254/latest", true),
        ("http://0x7f.1/x", true),
        ("http://10.0.0.1/x", true),
        ("ftp://shop.example/x", true),
        ("https://1.1.1.1/x", false),
    ] {
        let text =
            json!({ "webhooks": { "deploy": { "url": url, "secret": crate::support::target::SECRET } } }).to_string();
        assert_eq!(Targets::of(&text, Format::Json).is_err(), refused, "{url}");
    }
    // A name is looked at when it is connected to.
    let target = Target::start().await;
    let mut text = target.targets();
    let port = target.address.port();
    text["webhooks"]["deploy"] =
        json!({ "url": format!("http://localhost:{port}/hooks/deploy"), "secret": crate::support::target::SECRET });
    let targets = Targets::of(&text.to_string(), Format::Json).unwrap();
    let served = Served::with(|options| options.targets = targets).await;
    served.apply(&flags()).await;
    let steps = json!([{ "redeploy": { "target": "deploy" } }]);
    put(&served, &release(json!({ "runbook": { "steps": steps }, "escalation": null }))).await;
    begin(&served).await;
    let run = until(&served, |run| run["phase"] == "held").await;
    assert!(run["held"].as_str().unwrap().contains("private address"), "{run:#}");
    assert!(target.arrived().is_empty());
}

#[tokio::test]
async fn a_stop_condition_holds_the_run() {
    let target = Target::start().await;
    let served = shop(&target).await;
    let stop = json!([{ "name": "orders fall", "query": "orders", "condition": "< 1" }]);
    put(&served, &release(json!({ "runbook": { "steps": [{ "manual": "look" }], "stop": stop } }))).await;
    target.reads(Some(0.25));
    begin(&served).await;
    let run = until(&served, |run| run["phase"] == "held").await;
    assert_eq!(run["held"], "stopped by `orders fall`, which reads 0.25");
}

#[tokio::test]
async fn the_time_limit_of_a_step_ends_it() {
    let target = Target::start().await;
    let served = shop(&target).await;
    let steps = json!([{ "manual": "look", "limit_seconds": 1, "on_failure": "continue" }]);
    put(&served, &release(json!({ "runbook": { "steps": steps } }))).await;
    begin(&served).await;
    let run = until(&served, ended).await;
    assert_eq!(
        (run["verdict"].as_str(), run["steps"][0]["detail"].as_str()),
        (Some("incomplete"), Some("not done within 1 s"))
    );
}

/// Ended as a power cut would end it, again and again, in the middle of everything.
#[tokio::test]
async fn a_run_goes_on_after_crashes_and_does_nothing_twice() {
    let target = Target::start().await;
    target.reads(Some(0.001));
    let folder = TempDir::new().unwrap();
    let start = async || {
        let targets = targets(&target);
        Served::at(folder.path(), |options| {
            options.targets = targets;
            options.stale = Duration::from_millis(50);
        })
        .await
    };
    let mut served = start().await;
    served.apply(&flags()).await;
    put(&served, &release(json!({ "caches": [{ "name": "edge", "lag_seconds": 1, "purge": "cdn" }] }))).await;
    begin(&served).await;
    let mut called_back = BTreeSet::new();
    for round in 0_u64.. {
        assert!(round < 200, "{:#}", served.get("/runs/r-1").await);
        // Anything from at once to long enough to get somewhere.
        tokio::time::sleep(Duration::from_millis((round * 37) % 200)).await;
        // The last process is left to come to the end: to hold for its time, a reading needs one that lives.
        if round < 30 {
            drop(served);
            free(folder.path()).await;
            served = start().await;
        }
        if ended(&served.get("/runs/r-1").await) {
            break;
        }
        for arrived in target.arrived() {
            let mut body = arrived.body.clone();
            let Some(url) = body["data"]["callback_url"].as_str() else { continue };
            // The port is another one after each start.
            let token = url.rsplit('/').next().unwrap();
            body["data"]["callback_url"] = json!(served.url(&format!("/callback/v1/{token}")));
            if call_back(&served, &body, json!({ "status": "done" })).await == StatusCode::NO_CONTENT {
                assert!(called_back.insert(arrived.id.clone()), "{} was taken twice", arrived.id);
            }
        }
    }
    let run = served.get("/runs/r-1").await;
    assert_eq!(run["verdict"], "done", "{run:#}");
    let kills: Vec<&str> = run["kills"].as_array().unwrap().iter().map(|kill| kill["kill"].as_str().unwrap()).collect();
    assert_eq!(kills, ["r-1.1.1.1", "r-1.1.1.2", "r-1.1.1.3"]);
    assert_eq!(served.get("/kills").await["kills"].as_array().unwrap().len(), 3, "each flag is killed once");
    let ids: BTreeSet<String> = target.arrived().into_iter().map(|each| each.id).collect();
    assert_eq!(ids, BTreeSet::from(["r-1.2.1".to_owned(), "r-1.3.1".to_owned()]), "a webhook has one id");
    assert_eq!(served.get("/chart/verify").await["status"], "verified");
}
