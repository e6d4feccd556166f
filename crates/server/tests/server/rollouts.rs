//! Rollouts that the server takes on by itself: through gates, restarts and races.

use crate::support::target::Target;
use crate::support::{Served, document, flag, free};
use downhaul_core::read::Format;
use downhaul_server::Targets;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use tempfile::TempDir;

fn stages(percents: &[f64], bake_seconds: u32) -> Value {
    percents.iter().map(|percent| json!({ "percent": percent, "bake_seconds": bake_seconds })).collect()
}

fn rollout(stages: Value) -> Value {
    json!({ "rollout": { "flag": "checkout", "variant": "on", "stages": stages }, "reason": "the new checkout" })
}

fn off() -> Value {
    let mut flag = flag("checkout");
    flag["default"] = json!("off");
    document(&[flag])
}

async fn shop() -> Served {
    let served = Served::new().await;
    served.apply(&off()).await;
    served
}

/// Waits until the rollout is so.
async fn until(served: &Served, is: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..600 {
        let view = served.get("/rollouts/ro-1").await;
        if is(&view) {
            return view;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{:#}", served.get("/rollouts/ro-1").await)
}

fn standing<'a>(kind: &'a str) -> impl Fn(&Value) -> bool + 'a {
    move |view| view["standing"]["kind"] == kind
}

fn entered(view: &Value) -> Vec<u64> {
    view["entered"].as_array().unwrap().iter().map(|mark| mark["stage"].as_u64().unwrap()).collect()
}

/// What the chart says of rollouts, oldest first.
async fn charted(served: &Served) -> Vec<String> {
    let chart = served.get("/chart?limit=200").await;
    let changes = chart["changes"].as_array().unwrap().iter().rev();
    let of_rollouts = changes.filter(|change| change["type"].as_str().unwrap().ends_with("rollout"));
    of_rollouts.map(|change| change["summary"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn stage_after_stage_by_itself() {
    let served = shop().await;
    let started = served.post("/rollouts", rollout(stages(&[5.0, 25.5, 100.0], 0))).await;
    assert_eq!((started["id"].as_str(), started["stage"].as_u64()), (Some("ro-1"), Some(1)));
    let view = until(&served, standing("complete")).await;
    assert_eq!(entered(&view), [1, 2, 3]);
    assert_eq!(
        charted(&served).await,
        [
            "started ro-1, `on` of `checkout`: entered stage 1 of 3 (5 % of everyone)",
            "ro-1 of `checkout`: entered stage 2 of 3 (25.5 % of everyone)",
            "ro-1 of `checkout`: entered stage 3 of 3 (everyone)",
            "ro-1 of `checkout`: complete",
        ]
    );
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    let revision = view["entered"][2]["revision"].as_u64().unwrap();
    assert!(served.flag_set(&key, "", None).await.header.revision >= revision);
    let flag = served.get("/flags/checkout").await;
    assert_eq!(flag["summary"]["serving"], "on for everyone");
    assert_eq!(flag["summary"]["rollout"], Value::Null);
    // Each stage stands in the chart with whom it moved.
    let change = served.get(&format!("/chart/{}", view["entered"][1]["revision"])).await;
    assert_eq!(change["change"]["impact"]["moves"][0]["buckets"], 20_500, "{change:#}");
    assert_eq!(served.get("/chart/verify").await["status"], "verified");
}

#[tokio::test]
async fn two_that_drive_over_one_log_enter_each_stage_once() {
    let served = shop().await;
    // Another one of everything that works by itself, over the same log.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let other = tokio::spawn(downhaul_server::run(listener, served.state.clone(), std::future::pending()));
    let percents: Vec<f64> = (1..=20).map(|part| f64::from(part) * 5.0).collect();
    served.post("/rollouts", rollout(stages(&percents, 0))).await;
    let view = until(&served, standing("complete")).await;
    assert_eq!(entered(&view), (1..=20).collect::<Vec<_>>());
    let charted = charted(&served).await;
    assert_eq!(charted.len(), 21, "{charted:#?}");
    other.abort();
}

#[tokio::test]
async fn a_gate_holds_it_until_there_is_data_and_it_is_good() {
    let target = Target::start().await;
    let targets = Targets::of(&target.targets().to_string(), Format::Json).unwrap();
    let served = Served::with(|options| options.targets = targets).await;
    served.apply(&off()).await;
    target.reads(None);
    let mut stages = stages(&[5.0, 100.0], 0);
    stages[0]["gates"] = json!([{ "name": "errors", "query": "errors", "condition": "< 0.01", "for_seconds": 1 }]);
    served.post("/rollouts", rollout(stages)).await;
    let held = until(&served, |view| view["held"][0]["kind"] == "no-data").await;
    assert_eq!(held["standing"]["words"], "held: `errors`: the query gives no data");
    target.reads(Some(0.5));
    let held = until(&served, |view| view["held"][1]["kind"] == "not-holding").await;
    assert_eq!(held["standing"]["words"], "held: `errors` reads 0.5, which does not hold");
    assert_eq!((held["gates"][0]["value"].as_f64(), held["gates"][0]["holds"].as_bool()), (Some(0.5), Some(false)));
    // Once more of the same is no news.
    target.reads(None);
    until(&served, |view| view["gates"][0]["problem"].is_string()).await;
    assert_eq!(entered(&held), [1]);
    target.reads(Some(0.001));
    let view = until(&served, standing("complete")).await;
    assert_eq!(entered(&view), [1, 2]);
    assert_eq!(
        charted(&served).await[1..],
        [
            "ro-1 of `checkout`: held at stage 1 of 2 (5 % of everyone): `errors`: the query gives no data",
            "ro-1 of `checkout`: held at stage 1 of 2 (5 % of everyone): `errors` reads 0.5, and has to be < 0.01",
            "ro-1 of `checkout`: entered stage 2 of 2 (everyone)",
            "ro-1 of `checkout`: complete",
        ]
    );
    let change = served.get(&format!("/chart/{}", view["entered"][1]["revision"])).await;
    assert_eq!(change["change"]["reason"], "ro-1: stage 1 has baked for 0 s, errors read 0.001");
}

#[tokio::test]
async fn a_gate_is_read_on_while_others_are_asked() {
    let target = Target::start().await;
    let targets = Targets::of(&target.targets().to_string(), Format::Json).unwrap();
    let served = Served::with(|options| options.targets = targets).await;
    served.apply(&off()).await;
    served
        .admin(Method::PUT, "/policy", Some(json!({ "policy": { "approvals": { "self": true } }, "reason": "alone" })))
        .await;
    target.reads(Some(0.0));
    let mut stages = stages(&[5.0, 100.0], 0);
    stages[0]["gates"] = json!([{ "name": "errors", "query": "errors", "condition": "< 0.01", "for_seconds": 2 }]);
    stages[1]["approvals"] = json!(1);
    served.post("/rollouts", rollout(stages)).await;
    let view = until(&served, |view| view["gates"][0]["held_ms"].as_u64().is_some_and(|held| held >= 2000)).await;
    assert_eq!(view["standing"]["kind"], "approval");
    let approve = json!({ "digest": view["approval"]["digest"], "reason": "looks good" });
    served.post("/rollouts/ro-1/approve", approve).await;
    until(&served, standing("complete")).await;
}

#[tokio::test]
async fn without_prometheus_nothing_goes_on() {
    let served = shop().await;
    let mut stages = stages(&[5.0, 100.0], 0);
    stages[0]["gates"] = json!([{ "name": "errors", "query": "errors", "condition": "< 0.01" }]);
    served.post("/rollouts", rollout(stages)).await;
    let held = until(&served, |view| view["held"][0]["kind"] == "no-answer").await;
    assert!(held["standing"]["words"].as_str().unwrap().contains("knows no Prometheus"), "{held:#}");
    assert_eq!(entered(&held), [1]);
}

/// Ended as a power cut would end it, again and again.
#[tokio::test]
async fn it_goes_on_where_it_was_after_crashes() {
    let folder = TempDir::new().unwrap();
    let mut served = Served::at(folder.path(), |_| {}).await;
    served.apply(&off()).await;
    let percents: Vec<f64> = (1..=100).map(f64::from).collect();
    served.post("/rollouts", rollout(stages(&percents, 0))).await;
    for round in 0_u64..20 {
        tokio::time::sleep(Duration::from_millis((round * 37) % 90)).await;
        drop(served);
        free(folder.path()).await;
        served = Served::at(folder.path(), |_| {}).await;
        // A person is never faster than the server, but may be as it starts.
        if round % 5 == 4 {
            let paused = served.admin(Method::POST, "/rollouts/ro-1/pause", Some(json!({ "reason": "lunch" }))).await;
            if paused.0 == StatusCode::OK {
                drop(served);
                free(folder.path()).await;
                served = Served::at(folder.path(), |_| {}).await;
                let view = served.get("/rollouts/ro-1").await;
                assert_eq!(view["standing"]["words"], "paused by admin: lunch");
                let resume = json!({ "stage": view["stage"], "reason": "back" });
                served.post("/rollouts/ro-1/resume", resume).await;
            }
        }
    }
    let view = until(&served, standing("complete")).await;
    assert_eq!(entered(&view), (1..=100).collect::<Vec<_>>());
    assert_eq!(served.get("/chart/verify").await["status"], "verified");
}

#[tokio::test]
async fn what_people_do_with_it() {
    let served = shop().await;
    let (status, answer) = served.admin(Method::POST, "/rollouts", Some(rollout(json!([])))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(answer["diagnostics"][0]["code"], "stages", "{answer:#}");
    let mut stages = stages(&[5.0, 100.0], 3600);
    stages[1]["approvals"] = json!(1);
    served.post("/rollouts", rollout(stages.clone())).await;
    let (status, answer) = served.admin(Method::POST, "/rollouts", Some(rollout(stages.clone()))).await;
    assert_eq!((status, answer["code"].as_str()), (StatusCode::CONFLICT, Some("rollout-active")));
    let retire = json!({ "commands": [{ "type": "retire-flag", "key": "checkout" }], "reason": "old" });
    let (status, answer) = served.admin(Method::POST, "/proposals", Some(retire)).await;
    assert_eq!((status, answer["code"].as_str()), (StatusCode::CONFLICT, Some("rollout-active")));
    let act = async |act: &str, stage: Value| {
        let body = json!({ "reason": "so it is", "stage": stage });
        served.admin(Method::POST, &format!("/rollouts/ro-1/{act}"), Some(body)).await
    };
    assert_eq!(act("step-back", json!(2)).await.1["code"], "not-now");
    assert_eq!(act("advance", json!(1)).await.0, StatusCode::BAD_REQUEST);
    // Whoever started it does not approve it.
    let view = served.get("/rollouts/ro-1").await;
    let digest = view["approval"]["digest"].clone();
    let approve = json!({ "digest": digest, "reason": "looks good" });
    let (status, answer) = served.admin(Method::POST, "/rollouts/ro-1/approve", Some(approve)).await;
    assert_eq!((status, answer["code"].as_str()), (StatusCode::FORBIDDEN, Some("self-approval")));
    assert_eq!(act("step-back", json!(1)).await.1["standing"]["kind"], "paused");
    assert_eq!(act("roll-back", json!(0)).await.1["standing"]["kind"], "rolled-back");
    assert_eq!(act("pause", Value::Null).await.1["code"], "already-done");
    assert_eq!(served.admin(Method::GET, "/rollouts/ro-7", None).await.1["code"], "unknown-rollout");
    let list = served.get("/rollouts").await;
    assert_eq!(list["rollouts"].as_array().unwrap().len(), 1);
    assert_eq!(list["rollouts"][0]["stage_count"], 2);

    // Proposed, it starts when it lands.
    let draft = json!({ "rollout": rollout(stages)["rollout"], "reason": "the new checkout" });
    let proposal = served.post("/proposals", draft).await;
    assert_eq!(proposal["proposal"]["summary"], "roll `on` of `checkout` out in 2 stages");
    // Whoever looks at it sees whom it may move in the end, not only at first.
    let view = served.get("/proposals/p-1").await;
    let plan = &view["now"]["plan"]["flags"]["checkout"];
    assert_eq!(plan["status"], "changed", "{view:#}");
    assert_eq!(plan["regions"][1]["bucket"]["to"], 100_000, "{view:#}");
    served.post("/proposals/p-1/land", json!({})).await;
    assert_eq!(served.get("/rollouts/ro-2").await["stage"], 1);
    assert_eq!(served.get("/flags/checkout").await["summary"]["rollout"], "ro-2");
}

#[tokio::test]
async fn a_kill_holds_it_and_an_edit_does() {
    let served = shop().await;
    served.post("/rollouts", rollout(stages(&[5.0, 100.0], 1))).await;
    let killed = served.kill("checkout").await;
    let view = served.get("/rollouts/ro-1").await;
    assert_eq!((view["standing"]["held"].as_str(), view["stage"].as_u64()), (Some("killed"), Some(1)));
    served.restore(killed["id"].as_str().unwrap()).await;
    served.post("/freeze", json!({ "reason": "hands off" })).await;
    assert_eq!(served.get("/rollouts/ro-1").await["standing"]["held"], "frozen");
    served.post("/unfreeze", json!({ "reason": "go on" })).await;
    let mut other = flag("checkout");
    other["default"] = json!("off");
    other["rules"] = json!([{ "serve": "on" }]);
    let put = json!({ "flag": other, "reason": "my own way" });
    let (_, changed) = served.admin(Method::PUT, "/flags/checkout", Some(put)).await;
    assert_eq!(changed["warnings"][0]["code"], "rollout-active", "{changed:#}");
    let held = until(&served, standing("held")).await;
    assert_eq!(held["standing"]["held"], "edited");
    assert_eq!(served.get("/flags/checkout").await["flag"]["rules"], json!([{ "serve": "on" }]));
    served.post("/rollouts/ro-1/end", json!({ "reason": "not any more" })).await;
    assert_eq!(served.get("/flags/checkout").await["flag"]["rules"], json!([{ "serve": "on" }]));
}
