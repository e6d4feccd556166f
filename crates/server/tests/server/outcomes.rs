//! How what flags decide of went, from what clients tell to what rests on it: rollbacks, drills and rollouts.

use crate::support::{Served, document, flag, free};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio::time::sleep;

fn flags() -> Value {
    document(&[flag("checkout"), flag("cart")])
}

fn release(query: &str, for_seconds: u64) -> Value {
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    json!({
        "key": "checkout-2.4.1", "owner": "payments",
        "artifact": { "kind": "http", "reference": "https://shop.example/2.4.1.tgz", "digest": digest("a") },
        "data_change": "additive", "flags": ["checkout"],
        "recovery": [{ "name": "errors", "query": query, "condition": "< 0.05", "for_seconds": for_seconds }],
        "runbook": { "steps": [{ "kill": ["checkout"] }, { "verify": "errors" }] },
    })
}

async fn put(served: &Served, release: &Value) -> (StatusCode, Value) {
    let body = json!({ "release": release, "reason": "the new checkout" });
    served.admin(Method::PUT, "/releases/checkout-2.4.1", Some(body)).await
}

async fn shop(query: &str, for_seconds: u64) -> Served {
    let served = Served::new().await;
    served.apply(&flags()).await;
    let (status, answer) = put(&served, &release(query, for_seconds)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    served
}

/// Waits until what is at the path is so.
async fn until(served: &Served, path: &str, is: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..2400 {
        let found = served.get(path).await;
        if is(&found) {
            return found;
        }
        sleep(Duration::from_millis(25)).await;
    }
    panic!("{path}: {:#}", served.get(path).await)
}

/// Until the server has listened for as long as the metrics here look back.
async fn listening(served: &Served) {
    until(served, "/outcomes", |page| page["listening_seconds"].as_u64().unwrap() >= 15).await;
}

fn says(run: &Value, words: &str) -> bool {
    run["steps"][1]["detail"].as_str().unwrap_or_default().contains(words)
}

fn acknowledgement(instance: &str, position: &Value, outcomes: &Value) -> Value {
    json!({ "instance": instance, "position": position, "state": "live", "sdk": "test/1", "outcomes": outcomes })
}

fn report(sequence: u64, counts: &Value) -> Value {
    json!({ "sequence": sequence, "from_ms": 0, "to_ms": 0, "counts": counts })
}

/// Sends one acknowledgement with these reports. The instance `tab` is a page.
async fn tell(served: &Served, key: &str, instance: &str, reports: Value) -> (StatusCode, Value) {
    let position = served.get("/kills").await["position"].clone();
    let request = served.http.post(served.url("/client/v1/acknowledge")).bearer_auth(key);
    let request = if instance == "tab" { request.header("origin", "https://shop.example") } else { request };
    let answer = request.json(&acknowledgement(instance, &position, &reports)).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap_or_default())
}

/// A client that does the flag's work all the time, under the variant that it has, and tells how it went. Of a hundred,
/// `failing` fail: under `on` half of them always do.
struct Working {
    failing: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Working {
    fn begin(served: &Served, key: &str) -> Working {
        let failing = Arc::new(AtomicU64::new(0));
        let (http, key, failing_now) = (served.http.clone(), key.to_owned(), Arc::clone(&failing));
        let said = served.url("/client/v1/acknowledge");
        let (kills, token) = (served.url("/api/v1/environments/production/kills"), served.admin_token.clone());
        let task = tokio::spawn(async move {
            for sequence in 1.. {
                let Ok(answer) = http.get(&kills).bearer_auth(&token).send().await else { return };
                let answer: Value = answer.json().await.unwrap();
                let is_killed = !answer["kills"].as_array().unwrap().is_empty();
                let failed = if is_killed { failing_now.load(Ordering::SeqCst) } else { 50 };
                let variant = if is_killed { "off" } else { "on" };
                let counts = json!([{ "flag": "checkout", "variant": variant, "ok": 100 - failed, "failed": failed }]);
                let body = acknowledgement("i-1", &answer["position"], &json!([report(sequence, &counts)]));
                if http.post(&said).bearer_auth(&key).json(&body).send().await.is_err() {
                    return;
                }
                sleep(Duration::from_millis(200)).await;
            }
        });
        Working { failing, task }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn a_rollback_is_proved_once_outcomes_are_well_for_their_time() {
    let served = shop("outcomes of checkout over 15s", 2).await;
    let (key, _) = served.key(json!({ "kind": "server", "reason": "a test" })).await;
    let client = Working::begin(&served, &key);
    client.failing.store(40, Ordering::SeqCst);
    served.post("/releases/checkout-2.4.1/rollback", json!({ "reason": "payments fail" })).await;
    let run = until(&served, "/runs/r-1", |run| run["steps"][1]["state"] == "running" && says(run, "held: ")).await;
    assert!(
        says(&run, "held: the server began less than 15 s ago, and knows of no outcome of `checkout` before"),
        "{run:#}"
    );
    // Killed, and the old way fails as well: that is no recovery.
    let run = until(&served, "/runs/r-1", |run| says(run, "read 0.")).await;
    assert_eq!(run["phase"], "running", "{run:#}");
    client.failing.store(1, Ordering::SeqCst);
    let run = until(&served, "/runs/r-1", |run| run["phase"] == "ended").await;
    assert_eq!(run["verdict"], "done", "{run:#}");
    let page = served.get("/outcomes?flag=checkout&seconds=900").await;
    let row = |variant: &str| {
        let rows = page["outcomes"].as_array().unwrap();
        rows.iter().find(|row| row["variant"] == variant).unwrap_or_else(|| panic!("{page:#}")).clone()
    };
    assert_eq!((&row("on")["share"], &row("on")["trust"]), (&json!(0.5), &json!("trusted")));
    assert!(row("off")["ok"].as_u64() > row("off")["failed"].as_u64(), "{page:#}");
}

/// The window is still full of good outcomes when clients fall silent: they prove nothing of what came after them.
#[tokio::test]
async fn clients_that_fall_silent_prove_nothing() {
    let served = shop("outcomes of checkout over 15s", 5).await;
    let (key, _) = served.key(json!({ "kind": "server", "reason": "a test" })).await;
    listening(&served).await;
    served.post("/releases/checkout-2.4.1/rollback", json!({ "reason": "payments fail" })).await;
    let good = json!([{ "flag": "checkout", "variant": "off", "ok": 1000, "failed": 1 }]);
    until(&served, "/runs/r-1", |run| says(run, "no client told of an outcome of `checkout` within 15 s")).await;
    tell(&served, &key, "i-1", json!([report(1, &good)])).await;
    let run = until(&served, "/runs/r-1", |run| !says(run, "held: ")).await;
    assert_eq!(run["phase"], "running", "{run:#}");
    let run = until(&served, "/runs/r-1", |run| run["phase"] == "ended" || says(run, "held: ")).await;
    assert!(says(&run, "no client told of an outcome of `checkout` within 15 s"), "{run:#}");
    assert_eq!(run["steps"][1]["state"], "running", "{run:#}");
    // What browsers claim does not count unless the metric says so.
    let (page, _) = served.key(json!({ "kind": "browser", "reason": "a test" })).await;
    assert_eq!(tell(&served, &page, "tab", json!([report(1, &good)])).await.0, StatusCode::NO_CONTENT);
    let shown = served.get("/outcomes?seconds=15").await;
    assert_eq!((&shown["outcomes"][0]["kind"], &shown["outcomes"][0]["trust"]), (&json!("browser"), &json!("claimed")));
    assert_eq!(served.get("/runs/r-1").await["phase"], "running");
    let why = served.post("/releases/check", json!({ "release": release("outcomes of checkout over 15s", 5) })).await;
    let finding =
        why["findings"].as_array().unwrap().iter().find(|each| each["code"] == "metric-without-data").unwrap();
    assert_eq!(
        (finding["message"].as_str().unwrap(), finding["help"].as_str().unwrap()),
        (
            "it gives no number now: no client told of an outcome of `checkout` within 15 s; what browsers claim counts only `with browsers`",
            "count outcomes in the application and see `downhaul outcomes checkout`; a metric without data proves nothing"
        )
    );
    let claimed = release("outcomes of checkout over 15s with browsers", 5);
    let checked = served.post("/releases/check", json!({ "release": claimed })).await;
    let codes: Vec<&Value> = checked["findings"].as_array().unwrap().iter().map(|each| &each["code"]).collect();
    assert!(!codes.iter().any(|code| code.as_str().unwrap().starts_with("metric-")), "{checked:#}");
}

#[tokio::test]
async fn a_server_that_starts_again_waits_for_outcomes_anew() {
    let folder = TempDir::new().unwrap();
    let served = Served::at(folder.path(), |options| options.stale = Duration::from_millis(50)).await;
    served.apply(&flags()).await;
    put(&served, &release("outcomes of checkout over 15s", 60)).await;
    let (key, _) = served.key(json!({ "kind": "server", "reason": "a test" })).await;
    let client = Working::begin(&served, &key);
    served.post("/releases/checkout-2.4.1/rollback", json!({ "reason": "payments fail" })).await;
    until(&served, "/runs/r-1", |run| run["steps"][1]["state"] == "running" && says(run, "read ")).await;
    drop(client);
    drop(served);
    free(folder.path()).await;
    let served = Served::at(folder.path(), |options| options.stale = Duration::from_millis(50)).await;
    let run = until(&served, "/runs/r-1", |run| says(run, "held: ")).await;
    assert!(
        says(&run, "held: the server began less than 15 s ago, and knows of no outcome of `checkout` before"),
        "{run:#}"
    );
    assert_eq!(run["phase"], "running", "{run:#}");
}

#[tokio::test]
async fn a_drill_verifies_by_outcomes_and_a_rollout_waits_for_them() {
    let served = shop("outcomes of checkout=off over 15s", 1).await;
    let mut flag = flag("cart");
    flag["default"] = json!("off");
    let put = json!({ "flag": flag, "reason": "not yet" });
    assert_eq!(served.admin(Method::PUT, "/flags/cart", Some(put)).await.0, StatusCode::OK);
    let (key, _) = served.key(json!({ "kind": "server", "reason": "a test" })).await;
    let _client = Working::begin(&served, &key);
    served.post("/drills", json!({ "name": "checkout-2.4.1", "reason": "practice" })).await;
    served.post("/runs/r-1/go", json!({ "step": 1 })).await;
    let gate = |condition: &str| json!([{ "name": "errors", "query": "outcomes of cart=on over 15s", "condition": condition, "for_seconds": 1 }]);
    let stages = json!([{ "percent": 5, "bake_seconds": 0, "gates": gate("< 0.02") }, { "bake_seconds": 0 }]);
    let rollout = json!({ "flag": "cart", "variant": "on", "stages": stages });
    served.post("/rollouts", json!({ "rollout": rollout, "reason": "the new cart" })).await;
    let drill = until(&served, "/drills/r-1", |drill| drill["outcome"] != "under-way").await;
    assert_eq!(drill["outcome"], "passed", "{drill:#}");
    let held = until(&served, "/rollouts/ro-1", |view| {
        view["gates"][0]["problem"] == "no client told of an outcome of `cart=on` within 15 s"
    })
    .await;
    assert_eq!((held["stage"].as_u64(), held["held"][0]["kind"].as_str()), (Some(1), Some("no-data")), "{held:#}");
    for sequence in 1.. {
        let counts = json!([{ "flag": "cart", "variant": "on", "ok": 99, "failed": 1 }]);
        tell(&served, &key, "i-2", json!([report(sequence, &counts)])).await;
        if served.get("/rollouts/ro-1").await["standing"]["kind"] == "complete" {
            break;
        }
        assert!(sequence < 600, "{:#}", served.get("/rollouts/ro-1").await);
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn what_is_told_is_counted_once_and_what_cannot_be_is_refused() {
    let served = Served::new().await;
    served.apply(&flags()).await;
    let (server, _) = served.key(json!({ "kind": "server", "reason": "a test" })).await;
    let (browser, _) = served.key(json!({ "kind": "browser", "reason": "a test" })).await;
    let counts = |failed: u64| json!([{ "flag": "checkout", "variant": "on", "ok": 1, "failed": failed }]);
    for (reports, words) in [
        (json!([report(0, &counts(1))]), "`outcomes/0/sequence`"),
        (json!([report(1, &counts(u64::MAX))]), "`outcomes/0/counts/0/failed`: 18446744073709551615 is more"),
        (json!([report(1, &json!([{ "flag": "checkout", "variant": "on", "failed": -1 }]))]), "-1"),
        (json!([report(1, &json!([{ "flag": "checkout", "variant": "on", "failed": 0.5 }]))]), "0.5"),
        (json!([report(1, &json!([{ "flag": "checkout", "variant": "on", "failed": "NaN" }]))]), "NaN"),
    ] {
        let (status, answer) = tell(&served, &server, "i-1", reports).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
        assert!(answer.to_string().contains(words), "{words}: {answer}");
    }
    assert_eq!(served.get("/outcomes").await["outcomes"], json!([]), "nothing of these was counted");
    let strange = json!([{ "flag": "chekout", "variant": "on", "ok": 7 }, { "flag": "checkout", "variant": "blue", "failed": 7 }]);
    for (key, instance, reports) in [
        (&server, "i-1", json!([report(1, &counts(2))])),
        (&server, "i-1", json!([report(1, &counts(2)), report(2, &counts(3))])),
        (&server, "i-2", json!([report(1, &strange)])),
        (&browser, "tab", json!([report(1, &counts(1 << 53))])),
    ] {
        let (status, answer) = tell(&served, key, instance, reports).await;
        assert_eq!(status, StatusCode::NO_CONTENT, "{answer}");
    }
    let page = served.get("/outcomes").await;
    let rows: Vec<String> = page["outcomes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| format!("{} {} {} {}", row["variant"], row["trust"], row["ok"], row["failed"]))
        .collect();
    assert_eq!(rows, ["\"on\" \"claimed\" 0 999", "\"on\" \"trusted\" 2 5"], "{page:#}");
    assert_eq!(page["ignored"], json!({ "unknown": 2, "repeated": 1, "late": 0, "limited": 1 }));
    assert_eq!(served.get("/outcomes?flag=cart").await["outcomes"], json!([]));
    for (query, status) in [("seconds=0", 400), ("seconds=901", 400), ("flag=chekout", 404)] {
        let (refused, _) = served.admin(Method::GET, &format!("/outcomes?{query}"), None).await;
        assert_eq!(refused.as_u16(), status, "{query}");
    }

    // Flags are named only to those who may see them.
    let figures = async |token: Option<&str>| {
        let request = served.http.get(served.url("/metrics"));
        let request = match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        };
        let answer = request.send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    let (status, open) = figures(None).await;
    assert_eq!(status, StatusCode::OK);
    assert!(!open.contains("checkout"), "{open}");
    let ignored = r#"downhaul_outcomes_ignored_total{environment="production",kind="server",why="unknown"} 2"#;
    assert!(open.contains(ignored), "{open}");
    let (_, closed) = figures(Some(&served.admin_token)).await;
    let labels = r#"environment="production",flag="checkout",variant="on",kind="server""#;
    for line in [
        format!("downhaul_flag_outcomes_total{{{labels},outcome=\"ok\"}} 2"),
        format!("downhaul_flag_outcomes_total{{{labels},outcome=\"failed\"}} 5"),
    ] {
        assert!(closed.contains(&line), "{line}\n{closed}");
    }
    assert!(
        closed.contains(ignored) && closed.ends_with("# EOF\n") && closed.matches("# EOF").count() == 1,
        "{closed}"
    );
    assert_eq!(figures(Some("dha_no_token")).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_metric_that_can_have_no_data_is_refused_where_it_is_written() {
    let served = Served::new().await;
    let mut page = flag("banner");
    page["clients"] = json!(["browser"]);
    served.apply(&document(&[flag("checkout"), page])).await;
    for (query, code, words) in [
        ("outcomes of checkout over 5s", "malformed-metric", "is no metric of outcomes"),
        ("outcomes of chekout over 60s", "unknown-flag", "there is no flag `chekout`"),
        ("outcomes of checkout=of over 60s", "unknown-variant", "`checkout` has no variant `of`"),
        ("outcomes of banner over 60s", "counts-nobody", "only browsers are given `banner`"),
    ] {
        let (status, answer) = put(&served, &release(query, 1)).await;
        let diagnostic = &answer["diagnostics"][0];
        assert_eq!((status, diagnostic["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some(code)), "{answer}");
        assert_eq!(diagnostic["place"]["pointer"], "/recovery/0/query", "{answer}");
        assert!(diagnostic["message"].as_str().unwrap().contains(words), "{answer}");
        let gates = json!([{ "name": "errors", "query": query, "condition": "< 0.02" }]);
        let stages = json!([{ "percent": 5, "bake_seconds": 0, "gates": gates }, { "bake_seconds": 0 }]);
        let rollout = json!({ "flag": "checkout", "variant": "on", "stages": stages });
        let (status, answer) =
            served.admin(Method::POST, "/rollouts", Some(json!({ "rollout": rollout, "reason": "more" }))).await;
        let diagnostic = &answer["diagnostics"][0];
        assert_eq!((status, diagnostic["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some(code)), "{answer}");
        assert_eq!(diagnostic["place"]["pointer"], "/stages/0/gates/0/query", "{answer}");
    }
    // The way back is not closed by a metric whose flag changed meanwhile: it is held where that would prove it.
    let (status, answer) = put(&served, &release("outcomes of banner=on over 60s with browsers", 1)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let retired =
        served.admin(Method::POST, "/flags/banner/retire", Some(json!({ "reason": "gone", "anyway": true }))).await;
    assert_eq!(retired.0, StatusCode::OK, "{}", retired.1);
    served.post("/releases/checkout-2.4.1/rollback", json!({ "reason": "payments fail" })).await;
    until(&served, "/kills", |kills| kills["kills"].as_array().unwrap().len() == 1).await;
    let checked = served.post("/releases/check", json!({ "release": release("outcomes of banner over 60s", 1) })).await;
    let codes: Vec<&str> =
        checked["findings"].as_array().unwrap().iter().map(|each| each["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"unknown-flag"), "{codes:?}");
}
