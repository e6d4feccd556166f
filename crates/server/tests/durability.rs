//! What is acknowledged stays, however the process ends.
#![allow(
    clippy::allow_attributes,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

mod support;

use reqwest::StatusCode;
use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
use support::stream::position;
use support::{Served, document, flag, options};
use tempfile::TempDir;

const FOLDER: &str = "DOWNHAUL_TEST_FOLDER";

/// Not a test of its own: the process that the next test kills. Without the variable it does nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn serve_until_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let folder = std::path::PathBuf::from(folder);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let opened = downhaul_server::open(options(&folder, address)).await.unwrap();
    std::fs::write(folder.join("address.part"), address.to_string()).unwrap();
    std::fs::rename(folder.join("address.part"), folder.join("address")).unwrap();
    downhaul_server::run(listener, opened.state, std::future::pending()).await.unwrap();
}

fn start(folder: &std::path::Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["serve_until_killed", "--exact"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_of_writes() {
    let folder = TempDir::new().unwrap();
    let mut acknowledged: Vec<(u64, String)> = Vec::new();
    let mut epochs = Vec::new();
    for round in 0..3 {
        let _ = std::fs::remove_file(folder.path().join("address"));
        let mut child = start(folder.path());
        let address = loop {
            if let Ok(address) = std::fs::read_to_string(folder.path().join("address")) {
                break address;
            }
            assert!(child.try_wait().unwrap().is_none(), "the server ended by itself");
            tokio::task::yield_now().await;
        };
        let token = std::fs::read_to_string(folder.path().join("admin-token")).unwrap().trim().to_owned();
        let http = support::http();
        let url = format!("http://{address}/api/v1/environments/production");
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        for writer in 0..4 {
            let (http, url, token, told) = (http.clone(), url.clone(), token.clone(), told.clone());
            tokio::spawn(async move {
                for number in 0_u64.. {
                    let key = format!("flag-{round}-{writer}-{number}");
                    let body = json!({ "flag": flag(&key), "reason": "a test" });
                    let answer = http.put(format!("{url}/flags/{key}")).bearer_auth(&token).json(&body).send().await;
                    let Ok(answer) = answer else { return };
                    if !answer.status().is_success() {
                        continue;
                    }
                    let Ok(changed) = answer.json::<Value>().await else { return };
                    let position = &changed["position"];
                    let revision = changed["change"]["revision"].as_u64().unwrap();
                    if told.send((position["epoch"].as_u64().unwrap(), revision, key)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(told);
        for _ in 0..25 {
            let (epoch, revision, key) = heard.recv().await.unwrap();
            epochs.push(epoch);
            acknowledged.push((revision, key));
        }
        // SIGKILL, while others are on their way.
        child.kill().unwrap();
        child.wait().unwrap();
        while let Ok((_, revision, key)) = heard.try_recv() {
            acknowledged.push((revision, key));
        }
    }
    let served = Served::at(folder.path(), |_| {}).await;
    let verified = served.get("/chart/verify").await;
    assert_eq!(verified["status"], "verified", "{verified}");
    let document = served.get("/document").await;
    let keys: Vec<&str> =
        document["flags"].as_array().unwrap().iter().map(|flag| flag["key"].as_str().unwrap()).collect();
    for (revision, key) in &acknowledged {
        assert!(keys.contains(&key.as_str()), "revision {revision} ({key}) was acknowledged");
    }
    assert!(verified["changes"].as_u64().unwrap() >= acknowledged.len() as u64);
    epochs.push(served.get("/flags").await["position"]["epoch"].as_u64().unwrap());
    epochs.dedup();
    assert_eq!(epochs.len(), 1, "the epoch stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_outlive_a_restart_and_a_wiped_folder_has_a_higher_epoch() {
    let folder = TempDir::new().unwrap();
    let served = Served::at(folder.path(), |_| {}).await;
    served.apply(&document(&[flag("checkout")])).await;
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    let killed = served.kill("checkout").await;
    let before = served.flag_set(&key, "", None).await;
    served.close().await;

    let served = Served::at(folder.path(), |_| {}).await;
    let after = served.flag_set(&key, "", None).await;
    assert_eq!((&after.kills, &after.program), (&before.kills, &before.program));
    assert_eq!(after.tag, before.tag);
    assert_eq!(served.get("/kills").await["kills"][0]["id"], killed["id"]);
    let epoch = after.header.epoch;
    served.close().await;

    let wiped = TempDir::new().unwrap();
    let served = Served::at(wiped.path(), |_| {}).await;
    assert!(served.get("/flags").await["position"]["epoch"].as_u64().unwrap() > epoch);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_and_breaks_nothing() {
    let folder = TempDir::new().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let store = downhaul_store::Options { page_limit: Some(64) };
    let opened = downhaul_server::open_with(options(folder.path(), address), &store).await.unwrap();
    let token = opened.admin_token.unwrap();
    let running = tokio::spawn(downhaul_server::run(listener, opened.state, std::future::pending()));
    let http = support::http();
    let url = format!("http://{address}/api/v1/environments/production");
    let mut made = 0;
    let refused = loop {
        let key = format!("flag-{made}");
        let mut flag = flag(&key);
        flag["description"] = json!("x".repeat(4000));
        let body = json!({ "flag": flag, "reason": "a test" });
        let answer = http.put(format!("{url}/flags/{key}")).bearer_auth(&token).json(&body).send().await.unwrap();
        if !answer.status().is_success() {
            break answer;
        }
        made += 1;
        assert!(made < 1000, "the limit is reached some time");
    };
    assert_eq!(refused.status(), StatusCode::INSUFFICIENT_STORAGE);
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["code"], "log-full", "{problem}");
    assert!(problem["help"].as_str().unwrap().contains("free space"), "{problem}");
    let get = |path: &'static str| http.get(format!("{url}{path}")).bearer_auth(&token).send();
    let flags: Value = get("/flags").await.unwrap().json().await.unwrap();
    assert_eq!(flags["flags"].as_array().unwrap().len(), made, "nothing half-written");
    assert_eq!(position(&flags), format!("{}.{made}.0", flags["position"]["epoch"]));
    let verified: Value = get("/chart/verify").await.unwrap().json().await.unwrap();
    assert_eq!((&verified["status"], &verified["changes"]), (&json!("verified"), &json!(made)));
    let ready = http.get(format!("http://{address}/readyz")).send().await.unwrap();
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    running.abort();
}
