//! Flags that nobody needs: found from a chart that is months old and from what clients tell, and told of once.

use crate::support::target::{Answers, Target};
use crate::support::{ENVIRONMENT, Served, document, flag};
use downhaul_control::{Command, Decision, Request, State, decide, fold};
use downhaul_core::read::Format;
use downhaul_core::validate::validate;
use downhaul_server::Targets;
use downhaul_store::{ChangeLog, Effects, Options, SqliteLog};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

fn days_ago(days: i64) -> Timestamp {
    Timestamp::now().saturating_sub(SignedDuration::from_hours(24 * days)).unwrap()
}

fn with(key: &str, more: Value) -> Value {
    let mut flag = flag(key);
    flag.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    flag
}

fn put(flag: &Value) -> Command {
    Command::PutFlag { flag: Box::new(serde_json::from_value(flag.clone()).unwrap()) }
}

/// A data folder whose chart was written then.
async fn chart(folder: &Path, changes: Vec<(i64, Command)>) {
    let log = SqliteLog::open(folder, 1_764_000_000_000, &Options::default()).await.unwrap();
    let mut state = State::empty(ENVIRONMENT.parse().unwrap(), log.epoch());
    for (days, command) in changes {
        let valid = validate(state.flag_set.clone(), None).unwrap().0;
        let request = Request::by_server(command, "a-1", "a test", days_ago(days));
        let Decision::Change(decided) = decide(&state, &valid, request).unwrap() else { panic!("it is so already") };
        state = fold(state, &decided.record);
        log.append(&decided.record, &Effects::of(&state, &decided.record)).await.unwrap();
    }
    log.close().await;
}

async fn tell(served: &Served, key: &str, evaluated: Value) {
    let said = json!({
        "instance": "i-1", "position": { "epoch": 1, "revision": 1, "kill_revision": 0 }, "state": "live",
        "sdk": "downhaul-js/0.1.0", "evaluated": evaluated,
    });
    let sent = served.http.post(served.url("/client/v1/acknowledge")).bearer_auth(key).json(&said).send();
    assert_eq!(sent.await.unwrap().status(), StatusCode::NO_CONTENT);
}

fn found(page: &Value) -> Vec<String> {
    let words = |each: &Value| format!("{} {}", each["flag"].as_str().unwrap(), each["kind"].as_str().unwrap());
    page["stale"].as_array().unwrap().iter().map(words).collect()
}

/// What clients told is kept, and known after a restart.
#[tokio::test]
async fn flags_that_nobody_needs_are_found() {
    let folder = TempDir::new().unwrap();
    let ramp = json!({ "rules": [{ "split": { "slices": [["on", 50_000], ["off", 50_000]] } }] });
    let only_servers = json!({ "clients": ["server"], "rules": ramp["rules"] });
    let mut changes = vec![
        (90, put(&with("same", json!({})))),
        (90, put(&with("turned", json!({})))),
        (90, put(&with("idle", only_servers.clone()))),
        (90, put(&with("asked", only_servers))),
        (90, put(&with("ramped", ramp))),
        (40, put(&with("same", json!({ "description": "still on for everyone" })))),
        (10, put(&with("turned", json!({ "default": "off" })))),
        (5, put(&with("young", json!({ "clients": ["server"] })))),
    ];
    let killed = json!({ "id": "k-1", "flag": "ramped", "scope": {}, "reason": "r", "by": "a-1", "at": downhaul_control::time::to_text(days_ago(50)) });
    changes.insert(5, (50, Command::Kill { kill: serde_json::from_value(killed).unwrap() }));
    chart(folder.path(), changes).await;
    // As it was kept by a server that ran long ago.
    let log = SqliteLog::open(folder.path(), 0, &Options::default()).await.unwrap();
    let long_ago = days_ago(60).as_second();
    let usage = json!({ "since": { "server": long_ago }, "flags": { "idle": { "server": long_ago }, "asked": { "server": long_ago } } });
    log.put_setting("usage/production", usage.to_string().as_bytes()).await.unwrap();
    log.close().await;

    let served = Served::at(folder.path(), |_| {}).await;
    let (server, _) = served.key(json!({ "kind": "server" })).await;
    tell(&served, &server, json!(["asked", "no-such-flag"])).await;
    let page = served.get("/stale").await;
    assert_eq!(found(&page), ["same one-variant", "idle not-asked", "ramped long-killed"], "{page:#}");
    assert_eq!((&page["idle_days"], &page["one_variant_days"]), (&json!(30), &json!(30)));
    assert!(page["told_since"].get("browser").is_none(), "{page}");
    let longer = served.get("/stale?days=55").await;
    assert_eq!(found(&longer), ["same one-variant", "idle not-asked"]);
    assert_eq!(found(&served.get("/stale?days=120").await), Vec::<String>::new(), "the chart is younger");
    let (status, problem) = served.admin(Method::GET, "/stale?days=0", None).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("malformed-days")));

    let refused = served.admin(Method::POST, "/flags/asked/retire", Some(json!({ "reason": "tidy" }))).await;
    assert_eq!((refused.0, &refused.1["code"]), (StatusCode::CONFLICT, &json!("still-in-use")));
    served.close().await;

    let served = Served::at(folder.path(), |_| {}).await;
    assert_eq!(found(&served.get("/stale").await), ["same one-variant", "idle not-asked", "ramped long-killed"]);
    let (_, refused) = served.admin(Method::POST, "/flags/asked/retire", Some(json!({ "reason": "tidy" }))).await;
    assert!(refused["detail"].as_str().unwrap().contains("it was asked for by server clients"), "{refused}");
}

#[tokio::test]
async fn an_acknowledgement_that_names_too_much_counts_all_the_same() {
    let served = Served::new().await;
    let flags: Vec<Value> = (0..300).map(|n| flag(&format!("f-{n}"))).collect();
    served.apply(&document(&flags)).await;
    let (server, _) = served.key(json!({ "kind": "server" })).await;
    let keys: Vec<String> = (0..300).map(|n| format!("f-{n}")).collect();
    tell(&served, &server, json!(keys)).await;
    let codes = |view: &Value| view["obstacles"].as_array().unwrap().iter().map(|each| each["code"].clone()).collect();
    let first: Vec<Value> = codes(&served.get("/flags/f-0/retirement").await);
    assert_eq!(first, ["still-asked"]);
    let last: Vec<Value> = codes(&served.get("/flags/f-299/retirement").await);
    assert!(last.is_empty(), "more than 256 are passed over: {last:?}");
    assert_eq!(served.get("/fleet").await["live"], 1);
}

#[tokio::test]
async fn a_flag_is_retired_once_nothing_counts_on_it() {
    let served = Served::new().await;
    let above = with("above", json!({ "requires": [{ "flag": "base", "variants": ["on"] }] }));
    served.apply(&document(&[flag("base"), above, with("ops", json!({ "kind": "release" }))])).await;
    let view = served.get("/flags/base/retirement").await;
    assert_eq!((&view["sole"], &view["serves"]), (&json!("on"), &json!("on for everyone")));
    assert_eq!(view["obstacles"][0]["code"], "still-required");
    assert!(view["after"].as_str().unwrap().starts_with("everyone gets `on` now; whoever still asks"), "{view}");
    let retire = async |flag: &str, body: Value| {
        let (status, answer) = served.admin(Method::POST, &format!("/flags/{flag}/retire"), Some(body)).await;
        (status, answer["code"].as_str().unwrap_or_default().to_owned())
    };
    let conflict = |code: &str| (StatusCode::CONFLICT, code.to_owned());
    assert_eq!(retire("base", json!({ "reason": "tidy", "anyway": true })).await, conflict("still-in-use"));
    assert_eq!(retire("above", json!({ "reason": "tidy", "expected_revision": 0 })).await, conflict("changed-since"));
    assert_eq!(retire("above", json!({ "reason": "tidy" })).await.0, StatusCode::OK);
    assert_eq!(retire("above", json!({ "reason": "tidy" })).await, conflict("already-done"));
    assert_eq!(retire("base", json!({ "reason": "tidy" })).await.0, StatusCode::OK);
    assert_eq!(retire("nothing", json!({ "reason": "tidy" })).await.0, StatusCode::NOT_FOUND);
}

/// `apply` with `prune` retires flags too, and has the same in its way.
#[tokio::test]
async fn what_a_document_leaves_out_is_retired_once_nothing_counts_on_it() {
    let served = Served::new().await;
    let several = with("several", json!({ "rules": [{ "when": [{ "tenant": ["acme"] }], "serve": "off" }] }));
    let above = with("above", json!({ "requires": [{ "flag": "base", "variants": ["on"] }] }));
    served.apply(&document(&[flag("stays"), flag("base"), above.clone(), several.clone()])).await;
    let prune = async |path: &str, flags: &[Value], more: Value| {
        let source = json!({ "name": "flags.json", "text": document(flags).to_string() });
        let mut body = json!({ "sources": [source], "prune": true, "reason": "tidy" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        served.admin(Method::POST, path, Some(body)).await
    };
    let alone = json!({ "reason": "tidy" });
    let (_, alone) = served.admin(Method::POST, "/flags/several/retire", Some(alone)).await;
    let without = [flag("stays"), flag("base"), above];
    for (path, more) in [("/apply", json!({})), ("/apply", json!({ "dry_run": true })), ("/proposals", json!({}))] {
        let (status, problem) = prune(path, &without, more).await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("still-in-use")), "{problem}");
        assert_eq!((&problem["detail"], &problem["help"]), (&alone["detail"], &alone["help"]), "{problem}");
    }
    assert_eq!(served.get("/flags").await["flags"].as_array().unwrap().len(), 4, "nothing was changed");
    let (status, answer) = prune("/proposals", &without, json!({ "anyway": true })).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    // `above` goes with what it requires.
    let (status, answer) = prune("/apply", &[flag("stays"), several], json!({})).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    served.kill("several").await;
    let (status, problem) = prune("/apply", &[flag("stays")], json!({ "anyway": true })).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("still-in-use")), "{problem}");
    assert!(problem["detail"].as_str().unwrap().contains("it is killed by"), "{problem}");
}

/// What has arrived of reminders, by flag or release and what it is about.
fn told(target: &Target) -> Vec<String> {
    let arrived = target.arrived().into_iter();
    let words = arrived.map(|each| {
        assert_eq!((each.path.as_str(), &each.body["type"]), ("/hooks/pager", &json!("downhaul.reminder")));
        let data = &each.body["data"];
        assert_eq!((&data["environment"], &data["owner"]), (&json!("production"), &json!("payments")));
        let subject = data.get("flag").or(data.get("release")).unwrap();
        format!("{} {}", subject.as_str().unwrap(), data["about"].as_str().unwrap())
    });
    let mut words: Vec<String> = words.collect();
    words.sort();
    words
}

async fn until(target: &Target, count: usize) {
    for _ in 0..400 {
        if target.arrived().len() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{} of {count} came: {:?}", target.arrived().len(), told(target));
}

#[tokio::test]
async fn each_occasion_is_told_of_once_whatever_is_restarted() {
    let target = Target::start().await;
    let folder = TempDir::new().unwrap();
    let start = async |folder: &Path| {
        let targets = Targets::of(&target.targets().to_string(), Format::Json).unwrap();
        Served::at(folder, |options| {
            options.targets = targets;
            options.remind_every = Duration::from_millis(40);
        })
        .await
    };
    let served = start(folder.path()).await;
    let day = |days: i64| downhaul_control::time::day(days_ago(days));
    let critical = with("critical", json!({ "critical": true }));
    served
        .apply(&document(&[
            with("old", json!({ "expires": day(3) })),
            with("soon", json!({ "expires": day(-5) })),
            critical,
        ]))
        .await;
    // Nobody is told before the policy says whom; then the first try fails, and is repeated.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(target.arrived().is_empty());
    target.answers([Answers::Status(503), Answers::Status(400)]);
    let policy = json!({ "policy": { "hygiene": { "webhook": "pager" } }, "reason": "owners want to know" });
    let (status, answer) = served.admin(Method::PUT, "/policy", Some(policy)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let all = ["critical drill-due", "old expired", "soon expires-soon"];
    until(&target, 5).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut ids: Vec<String> = target.arrived().into_iter().map(|each| each.id).collect();
    assert_eq!(ids.len(), 5, "three, and two tries that were not taken: {:?}", told(&target));
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3, "the same id for each try");
    let mut once = told(&target);
    once.dedup();
    assert_eq!(once, all);
    served.close().await;

    let served = start(folder.path()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(target.arrived().len(), 5, "nothing is told twice: {:?}", told(&target));
    // Another date is another occasion.
    let body = json!({ "flag": with("soon", json!({ "expires": day(-6) })), "reason": "a day more" });
    served.admin(Method::PUT, "/flags/soon", Some(body)).await;
    until(&target, 6).await;
    assert_eq!(target.arrived().last().unwrap().body["data"]["flag"], "soon");
}
