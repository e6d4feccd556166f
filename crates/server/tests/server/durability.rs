//! What is acknowledged stays, however the process ends.

use crate::support::stream::position;
use crate::support::{Served, document, flag, options};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::process::{Child, Command, Stdio};
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
        .args(["durability::serve_until_killed", "--exact"])
        .env(FOLDER, folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Where it listens, once it does.
async fn address(folder: &std::path::Path, child: &mut Child) -> String {
    loop {
        if let Ok(address) = std::fs::read_to_string(folder.join("address")) {
            return address;
        }
        assert!(child.try_wait().unwrap().is_none(), "the server ended by itself");
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_of_writes() {
    let folder = TempDir::new().unwrap();
    let mut acknowledged: Vec<(u64, String)> = Vec::new();
    let mut epochs = Vec::new();
    for round in 0..3 {
        let _ = std::fs::remove_file(folder.path().join("address"));
        let mut child = start(folder.path());
        let address = address(folder.path(), &mut child).await;
        let token = std::fs::read_to_string(folder.path().join("admin-token")).unwrap().trim().to_owned();
        let http = crate::support::http();
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

/// Someone who proposes, approves and lands, and asks again for whatever was cut off.
struct Approver {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Approver {
    /// The answer, and whether it was one; nothing where nobody answers any more.
    async fn ask(&self, path: &str, body: &Value) -> Option<(StatusCode, Value)> {
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.token).json(body);
        let answer = request.send().await.ok()?;
        let status = answer.status();
        Some((status, answer.json().await.ok()?))
    }

    /// As far as the process lives; proposals that are open already are taken further.
    async fn work(&self) -> Option<()> {
        loop {
            let get = self.http.get(format!("{}/proposals", self.url)).bearer_auth(&self.token);
            let page: Value = get.send().await.ok()?.json().await.ok()?;
            let all = page["proposals"].as_array()?.clone();
            let open = all.iter().find(|each| each["status"] == "open");
            let Some(open) = open else {
                let key = format!("proposed-{}", all.len());
                self.ask("/proposals", &json!({ "flag": flag(&key), "reason": "a test" })).await?;
                continue;
            };
            let path = format!("/proposals/{}", open["id"].as_str()?);
            let get = self.http.get(format!("{}{path}", self.url)).bearer_auth(&self.token);
            let view: Value = get.send().await.ok()?.json().await.ok()?;
            if view["now"]["counting"] == 0 {
                let approve = json!({ "digest": view["now"]["digest"], "reason": "a test" });
                self.ask(&format!("{path}/approve"), &approve).await?;
            } else {
                self.ask(&format!("{path}/land"), &json!({})).await?;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_of_a_rollout_and_of_approvals() {
    let folder = TempDir::new().unwrap();
    let served = Served::at(folder.path(), |_| {}).await;
    let mut rolled_out = flag("checkout");
    rolled_out["default"] = json!("off");
    served.apply(&document(&[rolled_out])).await;
    let stages: Value = (1..=100).map(|percent| json!({ "percent": percent, "bake_seconds": 0 })).collect();
    let rollout = json!({ "flag": "checkout", "variant": "on", "stages": stages });
    served.post("/rollouts", json!({ "rollout": rollout, "reason": "a test" })).await;
    served.post("/rollouts/ro-1/pause", json!({ "reason": "not yet" })).await;
    let policy = json!({ "approvals": { "change": 1, "self": true } });
    let put = json!({ "policy": policy, "reason": "a test" });
    assert_eq!(served.admin(reqwest::Method::PUT, "/policy", Some(put)).await.0, StatusCode::OK);
    served.close().await;

    // Anything from at once to long enough to get somewhere; the same instants each time, as far as a machine allows.
    for instant in [310, 35, 170, 90, 420, 5, 250, 130] {
        let _ = std::fs::remove_file(folder.path().join("address"));
        let mut child = start(folder.path());
        let address = address(folder.path(), &mut child).await;
        let token = std::fs::read_to_string(folder.path().join("admin-token")).unwrap().trim().to_owned();
        let url = format!("http://{address}/api/v1/environments/production");
        let approver = Approver { http: crate::support::http(), url, token };
        let begin = approver.ask("/rollouts/ro-1/resume", &json!({ "reason": "now" })).await;
        assert!(begin.is_some_and(|(status, _)| status == StatusCode::OK || status == StatusCode::CONFLICT));
        let work = tokio::spawn(async move { approver.work().await });
        tokio::time::sleep(std::time::Duration::from_millis(instant)).await;
        child.kill().unwrap();
        child.wait().unwrap();
        work.await.unwrap();
    }

    let served = Served::at(folder.path(), |_| {}).await;
    while served.get("/rollouts/ro-1").await["standing"]["kind"] != "complete" {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let verified = served.get("/chart/verify").await;
    assert_eq!(verified["status"], "verified", "{verified}");
    let export = served.http.get(served.url("/api/v1/environments/production/chart/export"));
    let export = export.bearer_auth(&served.admin_token).send().await.unwrap().text().await.unwrap();
    let (mut stages, mut said) = (Vec::new(), std::collections::BTreeMap::<String, u32>::new());
    for line in export.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let record = &line["record"];
        let command = &record["command"];
        match command["type"].as_str() {
            Some("start-rollout") => stages.push(1),
            Some("rollout") if command["event"]["event"] == "advance" => {
                stages.push(command["from"].as_u64().unwrap() + 1)
            }
            Some("rollout") if command["event"]["event"] == "finish" => {
                *said.entry("finish".to_owned()).or_default() += 1
            }
            Some(kind @ ("propose" | "approve")) => {
                *said.entry(format!("{kind} {}", command["proposal"])).or_default() += 1;
            }
            _ => {}
        }
        if let Some(landed) = record["landed"].as_object() {
            *said.entry(format!("land {}", landed["proposal"])).or_default() += 1;
        }
    }
    assert_eq!(stages, (1..=100).collect::<Vec<_>>(), "each stage is entered once, in order");
    assert!(said.values().all(|count| *count == 1), "{said:#?}");
    assert!(said.keys().any(|what| what.starts_with("land")), "{said:#?}");
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
    let http = crate::support::http();
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
    // Whoever has to do something about it can sign in.
    let session = format!("http://{address}/api/v1/session");
    for _ in 0..200 {
        let begun = http.post(&session).json(&json!({ "token": token })).send().await.unwrap();
        let cookie = begun.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let seen = http.get(&session).header("cookie", cookie).send().await.unwrap();
        assert_eq!(seen.status(), StatusCode::OK);
    }
    running.abort();
}
