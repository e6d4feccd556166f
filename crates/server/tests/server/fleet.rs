//! A kill, and who has gone dark.

use crate::support::stream::Client;
use crate::support::{Served, document, flag};
use serde_json::{Value, json};
use std::time::Instant;

const CLIENTS: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_clients_go_dark() {
    let served = Served::new().await;
    served.apply(&document(&[flag("checkout")])).await;
    let (browser, _) = served.key(json!({ "kind": "browser" })).await;
    let (server, _) = served.key(json!({ "kind": "server" })).await;
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let key = if number % 4 == 0 { &server } else { &browser };
        let mut client = Client::open(&served, key, "", None).await;
        let put = client.until("put").await;
        acknowledge(&served, key, number, &put.id, "live").await;
        clients.push((number, key.clone(), client));
    }
    let fleet = served.get("/fleet").await;
    assert_eq!((&fleet["live"], &fleet["trusted"], &fleet["claimed"]), (&json!(100), &json!(25), &json!(75)));

    let reading = clients.into_iter().map(|(number, key, mut client)| {
        let address = served.url("/client/v1/acknowledge");
        let http = served.http.clone();
        tokio::spawn(async move {
            let kill = client.until("kill").await;
            let arrived = Instant::now();
            post(&http, address, &key, number, &kill.id, "live").await;
            (arrived, client)
        })
    });
    let reading: Vec<_> = reading.collect();
    let began = Instant::now();
    let killed = served.kill("checkout").await;
    let mut slowest = began;
    for each in reading {
        slowest = slowest.max(each.await.unwrap().0);
    }
    let progress = served.progress(killed["id"].as_str().unwrap()).await;
    // Shown, not asserted: how long it takes is the machine's business. Run with `--nocapture`.
    println!(
        "kill to acknowledged, {CLIENTS} clients: p50 {} ms, p99 {} ms, slowest {} ms; last event after {:.1} ms",
        progress["p50_ms"],
        progress["p99_ms"],
        progress["slowest_ms"],
        (slowest - began).as_secs_f64() * 1000.0
    );
    assert_eq!(
        (&progress["live"], &progress["dark"], &progress["complete"]),
        (&json!(100), &json!(100), &json!(true)),
        "{progress}"
    );
    assert_eq!((&progress["trusted"]["dark"], &progress["claimed"]["dark"]), (&json!(25), &json!(75)));
    assert!(progress["p50_ms"].as_f64().unwrap() <= progress["slowest_ms"].as_f64().unwrap());
    let metrics = served.http.get(served.url("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("downhaul_time_to_disable_seconds_count 100"), "{metrics}");
}

/// Which states the fleet is in, once it is in as many.
async fn states(served: &Served, count: usize) -> Vec<String> {
    for _ in 0..400 {
        let page = served.get("/fleet/states").await;
        let found = page["states"].as_array().unwrap();
        if found.len() == count {
            return found.iter().map(|state| format!("{} {}", state["id"], state["words"]).replace('"', "")).collect();
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{:#}", served.get("/fleet/states").await)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn states_and_whether_a_kill_is_confirmed() {
    let served = Served::with(|options| options.fleet.settle = std::time::Duration::from_millis(1)).await;
    served.apply(&document(&[flag("checkout")])).await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    let position = |fleet: &Value| {
        let part = |name: &str| fleet["position"][name].as_u64().unwrap();
        format!("{}.{}.{}", part("epoch"), part("revision"), part("kill_revision"))
    };
    let first = position(&served.get("/fleet").await);
    acknowledge(&served, &key, 1, &first, "live").await;
    acknowledge(&served, &key, 2, &first, "live").await;
    assert_eq!(states(&served, 0).await, [""; 0]);
    let killed = served.kill("checkout").await;
    let id = killed["id"].as_str().unwrap().to_owned();
    let second = position(&killed);
    acknowledge(&served, &key, 1, &second, "live").await;
    let confirmed = async || {
        let (status, body) = served.admin(reqwest::Method::GET, &format!("/kills/{id}/confirmed"), None).await;
        assert_eq!(body["confirmed"], status == 200, "{body}");
        format!("{status} {}", body["words"].as_str().unwrap())
    };
    assert_eq!(confirmed().await, "503 Service Unavailable off in 1 of 2 live clients");
    assert_eq!(
        states(&served, 1).await,
        [format!("mixed-revisions 1 of 2 live is at an older revision than {}", killed["position"]["revision"])]
    );
    acknowledge(&served, &key, 2, &second, "live").await;
    assert_eq!(confirmed().await, "200 OK off in 2 of 2 live clients");
    assert_eq!(states(&served, 0).await, [""; 0]);
    served.restore(&id).await;
    assert!(confirmed().await.starts_with("503 Service Unavailable restored at "));
    let (status, body) = served.admin(reqwest::Method::GET, "/kills/k-99/confirmed", None).await;
    assert_eq!((status.as_u16(), body["code"].as_str()), (404, Some("unknown-kill")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_counted() {
    let served = Served::new().await;
    served.apply(&document(&[flag("checkout")])).await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    let body = |instance: &str| {
        json!({
            "instance": instance, "position": { "epoch": 1, "revision": 1, "kill_revision": 0 },
            "state": "live", "sdk": "test/1"
        })
    };
    for (body, status) in [
        (body("one"), 204),
        (body(""), 422),
        (body(&"x".repeat(500)), 422),
        (json!({ "instance": "one" }), 422),
        (json!({ "instance": "x".repeat(100_000) }), 413),
    ] {
        let answer = served.http.post(served.url("/client/v1/acknowledge")).bearer_auth(&key).json(&body).send().await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), status, "{}", answer.text().await.unwrap());
    }
    assert_eq!(served.get("/fleet").await["live"], 1);
}

async fn acknowledge(served: &Served, key: &str, number: usize, position: &str, state: &str) {
    post(&served.http, served.url("/client/v1/acknowledge"), key, number, position, state).await;
}

async fn post(http: &reqwest::Client, url: String, key: &str, number: usize, position: &str, state: &str) {
    let [epoch, revision, kill_revision] =
        <[u64; 3]>::try_from(position.split('.').map(|part| part.parse().unwrap()).collect::<Vec<u64>>()).unwrap();
    let body: Value = json!({
        "instance": format!("instance-{number}"), "state": state, "sdk": "test/1", "transport": "stream",
        "position": { "epoch": epoch, "revision": revision, "kill_revision": kill_revision },
    });
    let answer = http.post(url).bearer_auth(key).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 204);
}
