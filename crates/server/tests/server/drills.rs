//! Drills carried out: the way back gone and everything put back, practice that gives way, and the heartbeat.

use crate::support::target::Target;
use crate::support::{Served, document, flag};
use downhaul_core::read::Format;
use downhaul_server::Targets;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

fn release() -> Value {
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    json!({
        "key": "checkout-2.4.1", "owner": "payments",
        "artifact": { "kind": "http", "reference": "https://shop.example/2.4.1.tgz", "digest": digest("a") },
        "previous": { "kind": "http", "reference": "https://shop.example/2.4.0.tgz", "digest": digest("b") },
        "data_change": "additive", "flags": ["cart"], "redeploy": "deploy", "escalation": { "target": "pager" },
        "recovery": [{ "name": "errors", "query": "errors", "condition": "< 0.01", "for_seconds": 1 }],
    })
}

async fn shop(target: &Target) -> Served {
    let targets = Targets::of(&target.targets().to_string(), Format::Json).unwrap();
    let served = Served::with(|options| options.targets = targets).await;
    served.apply(&document(&[flag("cart"), flag("pulse")])).await;
    let body = json!({ "release": release(), "reason": "the new checkout" });
    let (status, answer) = served.admin(Method::PUT, "/releases/checkout-2.4.1", Some(body)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    served
}

/// Waits until what is at the path is so.
async fn until(served: &Served, path: &str, is: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..1200 {
        let found = served.get(path).await;
        if is(&found) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{path}: {:#}", served.get(path).await)
}

/// A client that acknowledges whatever is newest, again and again.
fn client(served: &Served, key: &str, name: &str) -> tokio::task::JoinHandle<()> {
    let (http, key, name) = (served.http.clone(), key.to_owned(), name.to_owned());
    let said = served.url("/client/v1/acknowledge");
    let (admin, token) = (served.url("/api/v1/environments/production/kills"), served.admin_token.clone());
    tokio::spawn(async move {
        loop {
            let Ok(answer) = http.get(&admin).bearer_auth(&token).send().await else { return };
            let position = answer.json::<Value>().await.unwrap()["position"].clone();
            let body = json!({ "instance": name, "position": position, "state": "live", "sdk": "test/1" });
            if http.post(&said).bearer_auth(&key).json(&body).send().await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
}

async fn call_back(served: &Served, webhook: &Value) -> StatusCode {
    let url = webhook["data"]["callback_url"].as_str().unwrap();
    served.http.post(url).json(&json!({ "status": "done" })).send().await.unwrap().status()
}

#[tokio::test]
async fn a_drill_goes_the_way_back_and_puts_everything_back() {
    let target = Target::start().await;
    target.reads(Some(0.001));
    let served = shop(&target).await;
    let (key, _) = served.key(json!({ "kind": "server", "reason": "a test" })).await;
    let clients = [client(&served, &key, "i-1"), client(&served, &key, "i-2")];
    until(&served, "/fleet", |fleet| fleet["live"] == 2).await;
    let begun = served.post("/drills", json!({ "name": "checkout-2.4.1", "reason": "practice" })).await;
    assert_eq!((begun["phase"].as_str(), begun["purpose"].as_str()), (Some("awaiting-go"), Some("drill")));
    assert_eq!(served.get("/kills").await["kills"], json!([]), "nothing happens before somebody decides");
    served.post("/runs/r-1/go", json!({ "step": 1 })).await;
    let sent = target.first("/hooks/deploy").await;
    assert_eq!((sent.id.as_str(), sent.body["data"]["purpose"].as_str()), ("r-1.2.1", Some("drill")));
    assert_eq!(call_back(&served, &sent.body).await, StatusCode::NO_CONTENT);
    until(&served, "/runs/r-1", |run| run["phase"] == "unwinding").await;
    let back = until_arrived(&target, "r-1.back.2").await;
    assert_eq!(back["data"]["which"], "own");
    assert_eq!(back["data"]["artifact"]["reference"], "https://shop.example/2.4.1.tgz");
    assert_eq!(served.get("/kills").await["kills"].as_array().unwrap().len(), 1, "the flag waits for its artifact");
    assert_eq!(call_back(&served, &back).await, StatusCode::NO_CONTENT);
    let drill = until(&served, "/drills/r-1", |drill| drill["outcome"] != "under-way").await;
    assert_eq!((drill["outcome"].as_str(), drill["clients"].as_u64()), (Some("passed"), Some(2)), "{drill:#}");
    for phase in ["decide_ms", "disable_ms", "redeploy_ms", "verify_ms", "total_ms", "put_back_ms"] {
        assert!(drill["phases"][phase].is_u64(), "{phase}: {drill:#}");
    }
    assert!(drill["phases"]["verify_ms"].as_u64().unwrap() >= 900, "it has to hold for a second: {drill:#}");
    assert_eq!((drill["independent"].as_bool(), drill["within_objective"].as_bool()), (Some(false), Some(true)));
    assert_eq!(served.get("/kills").await["kills"], json!([]));
    let reviewed = served
        .post("/drills/r-1/review", json!({ "note": "which board?", "about": "confusing-step", "step": 3 }))
        .await;
    assert_eq!(
        (reviewed["reviews"][0]["step"].as_u64(), reviewed["reviews"][0]["by"].as_str()),
        (Some(3), Some("admin"))
    );
    let (status, _) = served.admin(Method::POST, "/drills/r-1/review", Some(json!({ "note": "x", "step": 9 }))).await;
    assert_eq!(status, StatusCode::CONFLICT);
    let due = served.get("/drills/due").await;
    assert_eq!(due["subjects"][0]["due"], false, "{due:#}");
    let checked = served.post("/releases/check", json!({ "release": release() })).await;
    let codes: Vec<&str> =
        checked["findings"].as_array().unwrap().iter().map(|each| each["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"drill-by-author") && !codes.contains(&"never-drilled"), "{codes:?}");
    assert_eq!(served.get("/flags/cart").await["last_drill"]["run"], "r-1");
    assert_eq!(served.get("/chart/verify").await["status"], "verified");
    clients.iter().for_each(tokio::task::JoinHandle::abort);
}

async fn until_arrived(target: &Target, id: &str) -> Value {
    for _ in 0..1200 {
        if let Some(arrived) = target.arrived().into_iter().find(|each| each.id == id) {
            return arrived.body;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{id} did not arrive: {:?}", target.arrived())
}

/// The real thing takes over: the drill ends and restores its own kill, and the flag stays killed by the rollback's.
#[tokio::test]
async fn a_rollback_takes_over_from_a_drill() {
    let target = Target::start().await;
    let served = shop(&target).await;
    served.post("/drills", json!({ "name": "checkout-2.4.1", "reason": "practice" })).await;
    served.post("/runs/r-1/go", json!({ "step": 1 })).await;
    target.first("/hooks/deploy").await;
    let begun = served.post("/releases/checkout-2.4.1/rollback", json!({ "reason": "payments fail" })).await;
    assert_eq!(begun["id"], "r-2");
    let back = until_arrived(&target, "r-1.back.2").await;
    assert_eq!(call_back(&served, &back).await, StatusCode::NO_CONTENT);
    let drill = until(&served, "/drills/r-1", |drill| drill["outcome"] != "under-way").await;
    assert_eq!(drill["outcome"], "failed");
    until_arrived(&target, "r-2.2.1").await;
    let kills = served.get("/kills").await;
    let ids: Vec<&str> = kills["kills"].as_array().unwrap().iter().map(|kill| kill["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["r-2.1.1.1"], "{kills:#}");
    let (status, refused) =
        served.admin(Method::POST, "/drills", Some(json!({ "name": "cart", "reason": "practice" }))).await;
    assert_eq!((status, refused["code"].as_str()), (StatusCode::CONFLICT, Some("run-active")));
}

#[tokio::test]
async fn a_drill_that_could_not_sign_in_is_charted() {
    let target = Target::start().await;
    let served = shop(&target).await;
    let tried = jiff::Timestamp::now().to_string();
    let body = json!({ "name": "cart", "kind": "flag", "tried": tried, "why": "not-signed-in" });
    let drill = served.post("/drills/attempts", body).await;
    assert_eq!((drill["outcome"].as_str(), drill["reasons"][0].as_str()), (Some("failed"), Some("not-signed-in")));
    assert_eq!(drill["flag"], "cart");
    let page = served.get("/drills?flag=cart").await;
    assert_eq!((page["drills"].as_array().unwrap().len(), page["trend"]["all"]["failed"].as_u64()), (1, Some(1)));
    assert_eq!(served.get("/drills?release=checkout-2.4.1").await["drills"], json!([]));
    for (body, status) in [
        (json!({ "name": "cart", "tried": "yesterday", "why": "x" }), 400),
        (json!({ "name": "cart", "tried": "2020-01-01T00:00:00Z", "why": "x" }), 422),
        (json!({ "name": "cat", "tried": tried, "why": "x" }), 404),
    ] {
        let (found, answer) = served.admin(Method::POST, "/drills/attempts", Some(body)).await;
        assert_eq!(found.as_u16(), status, "{answer}");
    }
}

#[tokio::test]
async fn the_heartbeat_is_measured_by_every_client() {
    let target = Target::start().await;
    let served = shop(&target).await;
    let (key, _) = served.key(json!({ "kind": "server", "reason": "a test" })).await;
    let clients = [client(&served, &key, "i-1"), client(&served, &key, "i-2"), client(&served, &key, "i-3")];
    until(&served, "/fleet", |fleet| fleet["live"] == 3).await;
    let policy = json!({ "policy": { "heartbeat": { "flag": "pulse", "every_seconds": 600 } }, "reason": "know it" });
    let (status, answer) = served.admin(Method::PUT, "/policy", Some(policy)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let heartbeat = until(&served, "/heartbeat", |heartbeat| heartbeat["beats"][0].is_object()).await;
    assert_eq!(heartbeat["beats"][0]["dark"], 3, "{heartbeat:#}");
    assert_eq!((heartbeat["beats"][0]["missing"].as_u64(), heartbeat["paused"].as_str()), (Some(0), None));
    assert!(heartbeat["p99_ms"].as_f64().unwrap() >= heartbeat["p50_ms"].as_f64().unwrap());
    assert_eq!(served.get("/kills").await["kills"], json!([]), "it is restored");
    let figures = served.http.get(served.url("/metrics")).send().await.unwrap().text().await.unwrap();
    for line in [
        "downhaul_heartbeat_seconds_count{environment=\"production\"} 3",
        "downhaul_heartbeats_total{environment=\"production\",outcome=\"complete\"} 1",
        "downhaul_heartbeat_missing{environment=\"production\"} 0",
        "downhaul_time_to_disable_seconds_count 0",
    ] {
        assert!(figures.contains(line), "{line} is not in\n{figures}");
    }
    served.post("/freeze", json!({ "reason": "holidays" })).await;
    assert_eq!(served.get("/heartbeat").await["paused"], "the environment is frozen");
    let chart = served.get("/chart?limit=20").await;
    let said: Vec<&str> =
        chart["changes"].as_array().unwrap().iter().map(|each| each["reason"].as_str().unwrap()).collect();
    assert!(
        said.iter().any(|reason| reason.starts_with("heartbeat: 3 dark, 0 missing, the slowest after")),
        "{said:?}"
    );
    clients.iter().for_each(tokio::task::JoinHandle::abort);
}
