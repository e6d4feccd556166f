//! The live sample, from a policy to the population `live`: what is asked, what is kept, and what never is.

use crate::support::stream::Client;
use crate::support::{Served, document, flag};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use downhaul_blast::population::{Limits, Population};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use std::path::Path;
use tempfile::TempDir;

/// A hash as a client would make it; what it is of does not matter here.
fn hash(number: u32) -> String {
    format!("{number:032x}")
}

async fn allow(served: &Served, sample: Value) {
    let policy = if sample.is_null() { json!({}) } else { json!({ "sample": sample }) };
    let asked = json!({ "policy": policy, "reason": "a test" });
    let (status, answer) = served.admin(Method::PUT, "/policy", Some(asked)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

async fn acknowledge(served: &Served, key: &str, instance: &str, sample: Value) {
    let body = json!({
        "instance": instance, "position": { "epoch": 1, "revision": 1, "kill_revision": 0 }, "state": "live", "sdk": "test/1",
        "sample": sample
    });
    let request = served.http.post(served.url("/client/v1/acknowledge")).bearer_auth(key).json(&body);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::NO_CONTENT, "an acknowledgement counts whatever its sample is");
}

/// What a client that asks for its flag set is asked for.
async fn asked(served: &Served, key: &str) -> Value {
    let answer = served.client("/client/v1/flag-set?formats=1", key).send().await.unwrap();
    match answer.headers().get("downhaul-sample") {
        None => Value::Null,
        Some(value) => serde_json::from_slice(&STANDARD.decode(value).unwrap()).unwrap(),
    }
}

/// The rows of the live population.
async fn rows(served: &Served) -> Vec<Value> {
    let url = served.url("/api/v1/environments/production/populations/live/content");
    let answer = served.http.get(url).bearer_auth(&served.admin_token).send().await.unwrap();
    if answer.status() == StatusCode::NOT_FOUND {
        return Vec::new();
    }
    let read = Population::from_sample_bytes(&answer.bytes().await.unwrap(), &Limits::default()).unwrap();
    (0..read.rows()).map(|row| Value::Object(read.context(row))).collect()
}

fn by_account() -> Value {
    let mut flag = flag("checkout");
    flag["rules"] = json!([{ "split": { "by": "account", "slices": [["on", 100]] } }]);
    flag
}

/// Whether the bytes stand anywhere in the folder.
fn stands_in(folder: &Path, text: &str) -> bool {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.into_iter().any(|file| {
        let bytes = std::fs::read(file).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_asked_and_nothing_kept_unless_the_policy_allows_it() {
    let served = Served::new().await;
    served.apply(&document(&[by_account()])).await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    assert_eq!(asked(&served, &key).await, Value::Null);
    acknowledge(
        &served,
        &key,
        "a",
        json!({ "attributes": { "tenant": "acme" }, "hashed": { "targetingKey": hash(1) } }),
    )
    .await;
    assert_eq!(rows(&served).await, [] as [Value; 0]);

    allow(&served, json!({ "attributes": ["tenant", "app.version"], "rows": 10 })).await;
    let told = asked(&served, &key).await;
    assert_eq!(told["attributes"], json!(["app.version", "tenant"]));
    assert_eq!(told["hashed"], json!(["account", "targetingKey"]));
    assert_eq!((&told["rate"], &told["period_seconds"]), (&json!(1.0), &json!(3600)));
    allow(&served, Value::Null).await;
    assert_eq!(asked(&served, &key).await, Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_are_told_and_told_again_when_the_policy_changes() {
    let served = Served::new().await;
    served.apply(&document(&[by_account()])).await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    let mut silent = Client::open(&served, &key, "", None).await;
    allow(&served, json!({ "attributes": ["tenant"] })).await;
    let event = silent.until("sample").await;
    assert_eq!(serde_json::from_str::<Value>(&event.data).unwrap()["attributes"], json!(["tenant"]));
    let mut late = Client::open(&served, &key, "", None).await;
    late.until("sample").await;
    allow(&served, Value::Null).await;
    for stream in [&mut silent, &mut late] {
        assert_eq!(stream.until("sample").await.data, "null");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_clients_tell_is_the_population_live() {
    let folder = TempDir::new().unwrap();
    let served = Served::at(folder.path(), |_| {}).await;
    served.apply(&document(&[by_account()])).await;
    let (trusted, _) = served.key(json!({ "kind": "server" })).await;
    let (browser, _) = served.key(json!({ "kind": "browser" })).await;
    allow(&served, json!({ "attributes": ["tenant"], "rows": 100 })).await;

    for number in 0..6 {
        let key = if number < 2 { &trusted } else { &browser };
        let sample = json!({ "attributes": { "tenant": "acme" }, "hashed": { "targetingKey": hash(number), "account": hash(77) } });
        acknowledge(&served, key, &format!("tab-{number}"), sample).await;
    }
    // The same person elsewhere, and the same tab again.
    acknowledge(
        &served,
        &trusted,
        "tab-9",
        json!({ "attributes": { "tenant": "acme" }, "hashed": { "targetingKey": hash(0), "account": hash(77) } }),
    )
    .await;
    acknowledge(
        &served,
        &trusted,
        "tab-0",
        json!({ "attributes": { "tenant": "acme" }, "hashed": { "targetingKey": hash(50) } }),
    )
    .await;
    // More than was asked for: all of it is left.
    for (at, refused) in [
        json!({ "attributes": { "email": "maya@example.com" }, "hashed": { "targetingKey": hash(60) } }),
        json!({ "attributes": { "tenant": "acme" }, "hashed": { "targetingKey": "user-4711" } }),
        json!({ "attributes": { "targetingKey": "user-4711" } }),
        json!({ "attributes": { "tenant": "x".repeat(1000) } }),
    ]
    .into_iter()
    .enumerate()
    {
        acknowledge(&served, &trusted, &format!("odd-{at}"), refused).await;
    }
    // Who has no targetingKey counts as their tab.
    acknowledge(&served, &browser, "nobody", json!({ "attributes": { "tenant": "globex" } })).await;

    let kept = rows(&served).await;
    assert_eq!(kept.len(), 7);
    assert_eq!(kept.iter().filter(|row| row["downhaul.trust"] == "trusted").count(), 2);
    assert!(kept.iter().all(|row| row["downhaul.day"].as_i64().unwrap() > 20_000));
    let accounts: std::collections::BTreeSet<String> = kept.iter().map(|row| row["account"].to_string()).collect();
    assert_eq!(accounts.len(), 2, "one account, and none: {accounts:?}");
    let view = served.get("/populations/live").await;
    assert_eq!((&view["rows"], &view["live"]["units"]), (&json!(7), &json!(7)));
    assert_eq!((&view["live"]["trusted"], &view["live"]["claimed"]), (&json!(2), &json!(5)));
    assert!(view["source"].as_str().unwrap().starts_with("live sample, 7 units since 2"), "{view}");
    // It is planned over as any other.
    let plan =
        served.post("/plan", json!({ "flag": flag("checkout"), "population": "live", "by": ["downhaul.trust"] })).await;
    assert_eq!(plan["population"]["rows"], 7);
    // It can be removed, and not put.
    let metrics = served.http.get(served.url("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("downhaul_sampled_contexts_total{outcome=\"taken\"} 8"), "{metrics}");

    // What was told outlives the process; what a client sent as its hash is nowhere.
    served.close().await;
    for secret in [hash(1), hash(77), "user-4711".to_owned(), "maya@example.com".to_owned()] {
        assert!(!stands_in(folder.path(), &secret), "{secret}");
    }
    assert!(stands_in(folder.path(), "globex"), "this is how what is kept would be found");
    let served = Served::at(folder.path(), |_| {}).await;
    assert_eq!(rows(&served).await, kept);
    acknowledge(
        &served,
        &browser,
        "tab-x",
        json!({ "attributes": { "tenant": "acme" }, "hashed": { "targetingKey": hash(1) } }),
    )
    .await;
    acknowledge(
        &served,
        &browser,
        "tab-y",
        json!({ "attributes": { "tenant": "acme" }, "hashed": { "targetingKey": hash(90) } }),
    )
    .await;
    assert_eq!(rows(&served).await.len(), 8, "one of them was known, under the same pseudonym");

    // More may leave: all stays. Less: all is forgotten.
    allow(&served, json!({ "attributes": ["tenant", "plan"], "rows": 100 })).await;
    assert_eq!(rows(&served).await.len(), 8);
    allow(&served, json!({ "attributes": ["plan"], "rows": 100 })).await;
    assert_eq!(rows(&served).await, [] as [Value; 0]);
    let (status, _) = served.admin(Method::GET, "/populations/live", None).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_rows_than_the_policy_says_and_gone_when_removed() {
    let served = Served::new().await;
    served.apply(&document(&[flag("checkout")])).await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    allow(&served, json!({ "attributes": ["tenant"], "rows": 5 })).await;
    for number in 0..40 {
        let sample = json!({ "attributes": { "tenant": "acme" }, "hashed": { "targetingKey": hash(number) } });
        acknowledge(&served, &key, &format!("tab-{number}"), sample).await;
    }
    let before = rows(&served).await;
    assert_eq!(before.len(), 5);
    let (status, _) = served.admin(Method::DELETE, "/populations/live", None).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(rows(&served).await, [] as [Value; 0]);
    let told = json!({ "attributes": { "tenant": "globex" }, "hashed": { "targetingKey": hash(1) } });
    acknowledge(&served, &key, "another", told).await;
    assert_eq!(rows(&served).await.len(), 1);
    allow(&served, Value::Null).await;
    assert_eq!(rows(&served).await, [] as [Value; 0]);
}
