//! A data change over the API: steps, the clients they wait for, and what these count.

use crate::support::{Served, document, flag};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;

const PHASES: [&str; 6] = ["expand", "dual-write", "backfill", "read-new", "stop-old-writes", "contract"];

fn migration() -> Value {
    json!({
        "key": "orders-v2", "owner": "orders", "kind": "migration", "expires": "2099-03-31", "phase": "expand",
        "degraded": { "meaning": "Orders as before" },
    })
}

/// A server that relies on its roster at once.
async fn served() -> Served {
    let served = Served::with(|options| options.stale = Duration::ZERO).await;
    served.apply(&document(&[flag("checkout"), migration()])).await;
    served
}

/// What an instance of the shop says at the newest revision.
async fn tell(served: &Served, key: &str, more: Value) -> StatusCode {
    let position = served.get("/flags").await["position"].clone();
    let mut body = json!({
        "instance": "one", "state": "live", "sdk": "test/1", "transport": "stream", "release": "shop 2.4.1",
        "position": position,
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer =
        served.http.post(served.url("/client/v1/acknowledge")).bearer_auth(key).json(&body).send().await.unwrap();
    answer.status()
}

fn follows(fallback: &str) -> Value {
    json!({ "migrations": [{ "flag": "orders-v2", "phase": "expand", "fallback": fallback }] })
}

async fn ask(served: &Served, from: &str, to: &str, evidence: Value) -> (StatusCode, Value) {
    let body = json!({ "from": from, "to": to, "evidence": evidence, "reason": "a test" });
    served.admin(Method::POST, "/migrations/orders-v2/steps", Some(body)).await
}

fn everything() -> Value {
    json!({ "backfilled": "job 1", "snapshot": "s3://backups/1", "forward_fix": "run `orders-repair`" })
}

/// Asks for a step until it is taken, with word from the client between.
async fn go(served: &Served, key: &str, to: usize, fallback: &str) {
    let (from, to) = (PHASES[to - 1], PHASES[to]);
    for _ in 0..2 {
        assert_eq!(tell(served, key, follows(fallback)).await, StatusCode::NO_CONTENT);
        let (status, view) = ask(served, from, to, everything()).await;
        assert_eq!(status, StatusCode::OK, "{view}");
        if view["phase"] == to {
            return;
        }
        assert_eq!(view["phase"], from, "held first");
    }
    panic!("{to} is not reached");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_expand_to_contract() {
    let served = served().await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    for to in 1..=3 {
        go(&served, &key, to, "dual-write").await;
    }
    // What falls back to the old shape holds the next steps up, by name.
    tell(&served, &key, follows("dual-write")).await;
    let (status, problem) = ask(&served, "read-new", "stop-old-writes", everything()).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("old-shape-needed")), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("`shop 2.4.1` (1 server client)"), "{problem}");
    go(&served, &key, 4, "stop-old-writes").await;
    // And what has never asked for the flag holds `contract` up.
    tell(&served, &key, json!({ "instance": "two", "release": "mailer 1.2" })).await;
    let (status, problem) = ask(&served, "stop-old-writes", "contract", everything()).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("old-shape-needed")), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("`mailer 1.2`"), "{problem}");
    tell(&served, &key, json!({ "instance": "two", "release": "mailer 1.2", "state": "closing" })).await;
    let (status, problem) = ask(&served, "stop-old-writes", "contract", json!({ "forward_fix": "x" })).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("missing-evidence")), "{problem}");
    go(&served, &key, 5, "stop-old-writes").await;

    let (status, problem) = ask(&served, "contract", "stop-old-writes", everything()).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("phase-order")), "{problem}");
    let killed = served.kill("orders-v2").await;
    assert_eq!(
        killed["forward_fix"], "run `orders-repair`",
        "a kill goes all the same, and says that it is not enough"
    );
    let page = served.get("/migrations").await;
    assert_eq!(page["migrations"].as_array().unwrap().len(), 1, "{page}");
    assert_eq!(page["migrations"][0]["evidence"]["snapshot"], "s3://backups/1");
    assert_eq!(served.get("/chart/verify").await["status"], "verified");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_waits_for_clients() {
    let served = served().await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    let (browser, _) = served.key(json!({ "kind": "browser" })).await;
    let behind = json!({ "position": { "epoch": 1, "revision": 1, "kill_revision": 0 } });
    tell(&served, &key, behind.clone()).await;
    // Pages do not receive it.
    tell(&served, &browser, behind).await;
    let (status, problem) = ask(&served, "expand", "dual-write", json!({})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("fleet-behind")), "{problem}");
    assert!(problem["detail"].as_str().unwrap().starts_with("1 client has not acknowledged"), "{problem}");
    let view = served.get("/migrations/orders-v2").await;
    assert_eq!(view["forward"]["obstacles"][0]["code"], "fleet-behind", "{view}");
    tell(&served, &key, json!({})).await;
    let (status, view) = ask(&served, "expand", "dual-write", json!({})).await;
    assert_eq!((status, &view["phase"]), (StatusCode::OK, &json!("dual-write")));
    // Someone who has not seen that is told.
    let (status, problem) = ask(&served, "expand", "dual-write", json!({})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("changed-since")), "{problem}");

    // Whoever lands what was proposed is held to the same.
    let step = json!({ "type": "migrate", "step": { "flag": "orders-v2", "from": "dual-write", "to": "dual-write", "hold_for": "backfill" } });
    served.post("/proposals", json!({ "commands": [step], "reason": "on we go" })).await;
    served.post("/proposals/p-1/land", json!({})).await;
    let step = json!({ "type": "migrate", "step": { "flag": "orders-v2", "from": "dual-write", "to": "backfill" } });
    served.post("/proposals", json!({ "commands": [step], "reason": "on we go" })).await;
    let (status, problem) = served.admin(Method::POST, "/proposals/p-2/land", Some(json!({}))).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("fleet-behind")), "{problem}");
    tell(&served, &key, json!({})).await;
    served.post("/proposals/p-2/land", json!({})).await;
    assert_eq!(served.get("/migrations/orders-v2").await["phase"], "backfill");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_has_just_begun_waits_for_its_clients() {
    let served = Served::new().await;
    served.apply(&document(&[migration()])).await;
    let (status, problem) = ask(&served, "expand", "dual-write", json!({})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("fleet-behind")), "{problem}");
    assert!(problem["help"].as_str().unwrap().starts_with("try again in "), "{problem}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_clients_count_arrives() {
    let served = served().await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    let (browser, _) = served.key(json!({ "kind": "browser" })).await;
    for to in 1..=2 {
        go(&served, &key, to, "dual-write").await;
    }
    let counts = |mismatches: u64| {
        json!({ "migrations": [
            {
                "flag": "orders-v2", "phase": "backfill", "fallback": "dual-write", "compared": 100,
                "mismatches": mismatches, "read_old": { "calls": 100, "errors": 0, "ms": 250 },
                "read_new": { "calls": 100, "errors": 1, "ms": 150 },
            },
            { "flag": "checkout", "phase": "backfill", "fallback": "dual-write", "mismatches": 9 },
            { "flag": "nowhere", "phase": "backfill", "fallback": "dual-write", "mismatches": 9 },
        ] })
    };
    // Said twice, it counts once.
    for mismatches in [2, 2, 3] {
        assert_eq!(tell(&served, &key, counts(mismatches)).await, StatusCode::NO_CONTENT);
    }
    tell(
        &served,
        &browser,
        json!({ "migrations": [{
        "flag": "orders-v2", "phase": "backfill", "fallback": "dual-write", "compared": 5, "mismatches": 5,
    }] }),
    )
    .await;
    let view = served.get("/migrations/orders-v2").await;
    let found =
        |trust: &str| view["counts"].as_array().unwrap().iter().find(|each| each["trust"] == trust).unwrap().clone();
    let trusted = found("trusted");
    assert_eq!((&trusted["compared"], &trusted["mismatches"]), (&json!(100), &json!(3)), "{view}");
    assert_eq!(trusted["read_new"], json!({ "calls": 100, "errors": 1, "ms": 150 }));
    assert_eq!(found("claimed")["mismatches"], 5);

    let metrics = served.http.get(served.url("/metrics")).send().await.unwrap().text().await.unwrap();
    let labels = r#"environment="production",phase="backfill",trust="trusted""#;
    for line in [
        format!("downhaul_migration_mismatches_total{{{labels}}} 3"),
        format!("downhaul_migration_compared_total{{{labels}}} 100"),
        format!("downhaul_migration_call_errors_total{{{labels},call=\"read\",shape=\"new\"}} 1"),
        format!("downhaul_migration_calls_seconds_total{{{labels},call=\"read\",shape=\"old\"}} 0.25"),
    ] {
        assert!(metrics.contains(&line), "{line}\n{metrics}");
    }
    assert!(!metrics.contains("orders-v2"), "no label holds a flag's name");

    let (status, problem) = ask(&served, "backfill", "read-new", everything()).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("data-differs")), "{problem}");
    let mut accepted = everything();
    accepted["accepted"] = json!("repaired by job 2");
    let (status, view) = ask(&served, "backfill", "read-new", accepted).await;
    assert_eq!(status, StatusCode::OK, "{view}");

    for bad in [
        json!({ "migrations": [{ "flag": "orders-v2", "phase": "live", "fallback": "dual-write" }] }),
        json!({ "migrations": [{ "flag": "orders-v2", "phase": "expand", "fallback": "expand", "orders": ["A-1"] }] }),
        json!({ "migrations": [{ "flag": "orders-v2", "phase": "expand", "fallback": "expand", "compared": -1 }] }),
    ] {
        assert_eq!(tell(&served, &key, bad).await, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

/// A step is proposed as it is asked for: what it needs, and what clients have counted, the server knows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_is_proposed_approved_and_landed() {
    let served = served().await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    let policy = json!({ "policy": { "approvals": { "change": 1, "self": true } }, "reason": "two people" });
    let (status, answer) = served.admin(Method::PUT, "/policy", Some(policy)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    assert_eq!(tell(&served, &key, follows("expand")).await, StatusCode::NO_CONTENT);
    let (status, problem) = ask(&served, "expand", "dual-write", json!({})).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("needs-approval")), "{problem}");
    let draft = |from: &str, to: &str| {
        let step = json!({ "from": from, "to": to, "evidence": {}, "reason": "" });
        json!({ "migration": { "flag": "orders-v2", "step": step }, "reason": "on we go" })
    };
    // Where a kill would take a step back, the hold comes first.
    for (id, from, to, summary) in [
        ("p-1", "expand", "dual-write", "move `orders-v2` from expand to dual-write"),
        ("p-2", "dual-write", "backfill", "hold `orders-v2` at dual-write on the way to backfill"),
        ("p-3", "dual-write", "backfill", "move `orders-v2` from dual-write to backfill"),
    ] {
        let made = served.post("/proposals", draft(from, to)).await;
        let proposal = &made["proposal"];
        assert_eq!((&proposal["id"], &proposal["summary"]), (&json!(id), &json!(summary)), "{made}");
        let digest = made["now"]["digest"].clone();
        served.post(&format!("/proposals/{id}/approve"), json!({ "digest": digest, "reason": "looked at it" })).await;
        served.post(&format!("/proposals/{id}/land"), json!({})).await;
        assert_eq!(tell(&served, &key, follows("dual-write")).await, StatusCode::NO_CONTENT);
    }
    assert_eq!(served.get("/migrations/orders-v2").await["phase"], "backfill");
    let skip = Some(draft("backfill", "contract"));
    let (status, problem) = served.admin(Method::POST, "/proposals", skip).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("phase-order")), "{problem}");
}

/// A rollout of a data change's flag gives its phase to more and more, and no step overtakes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollout_of_a_data_change() {
    let served = served().await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    let cohort = json!({
        "from": "expand", "to": "dual-write", "tenants": ["acme"], "evidence": everything(), "reason": "a test",
    });
    assert_eq!(tell(&served, &key, follows("expand")).await, StatusCode::NO_CONTENT);
    served.post("/migrations/orders-v2/steps", cohort).await;
    let start = async |variant: &str| {
        let stages = json!([{ "percent": 10, "bake_seconds": 0 }, { "percent": 50, "bake_seconds": 3600 }]);
        let rollout = json!({ "flag": "orders-v2", "variant": variant, "stages": stages });
        served.admin(Method::POST, "/rollouts", Some(json!({ "rollout": rollout, "reason": "a test" }))).await
    };
    let (status, problem) = start("backfill").await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "a phase that nobody may be at: {problem}");
    let (status, view) = start("dual-write").await;
    assert_eq!(status, StatusCode::OK, "{view}");
    for _ in 0..600 {
        if served.get("/rollouts/ro-1").await["stage"] == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let view = served.get("/migrations/orders-v2").await;
    assert_eq!((&view["serving"], &view["complete"]), (&json!("2 rules, else expand"), &json!(false)), "{view}");
    assert_eq!(tell(&served, &key, follows("expand")).await, StatusCode::NO_CONTENT);
    let (status, problem) = ask(&served, "dual-write", "backfill", everything()).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("phase-order")), "{problem}");
    // Everyone at the same phase, past the rollout: it is held, and nothing that it would put overwrites that.
    let (status, view) = ask(&served, "dual-write", "dual-write", everything()).await;
    assert_eq!(status, StatusCode::OK, "{view}");
    assert_eq!(served.get("/rollouts/ro-1").await["standing"]["kind"], "held");
    served.post("/rollouts/ro-1/end", json!({ "reason": "the data change has overtaken it" })).await;
}
