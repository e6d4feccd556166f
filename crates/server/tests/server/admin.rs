//! What people can do, from sign-in to the chart.

use crate::support::{Served, document, flag};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_day() {
    let served = Served::new().await;
    let empty = served.get("/flags").await;
    assert_eq!((&empty["position"]["revision"], empty["flags"].as_array().unwrap().len()), (&json!(0), 0));

    let mut dependent = flag("cart");
    dependent["requires"] = json!([{ "flag": "checkout", "variants": ["on"] }]);
    let applied = served.apply(&document(&[flag("checkout"), dependent])).await;
    assert_eq!(applied["position"]["revision"], 1);
    assert_eq!(applied["items"].as_array().unwrap().len(), 2);
    assert!(applied["items"].as_array().unwrap().iter().all(|item| item["outcome"] == "created"));
    let again = served.apply(&document(&[flag("checkout")])).await;
    assert_eq!((&again["position"]["revision"], &again["dry_run"]), (&json!(1), &json!(false)), "nothing to do");

    // An edit, and one that started from an older revision.
    let mut edited = flag("checkout");
    edited["default"] = json!("off");
    let edit = json!({ "flag": edited, "reason": "careful", "expected_revision": 1 });
    let (status, changed) = served.admin(Method::PUT, "/flags/checkout", Some(edit.clone())).await;
    assert_eq!((status, &changed["position"]["revision"]), (StatusCode::OK, &json!(2)), "{changed}");
    edited["default"] = json!("on");
    let late = json!({ "flag": edited, "reason": "too late", "expected_revision": 1 });
    let (status, problem) = served.admin(Method::PUT, "/flags/checkout", Some(late)).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("changed-since")), "{problem}");

    let killed = served.kill("checkout").await;
    assert_eq!(killed["effect"], "The old way");
    assert_eq!(killed["by"], "admin");
    let id = killed["id"].as_str().unwrap();
    let view = served.get("/flags/checkout").await;
    assert_eq!((&view["summary"]["state"], &view["degrades_with"]), (&json!("killed"), &json!(["cart"])));
    // Putting a definition never undoes a kill.
    let mut other = flag("checkout");
    other["description"] = json!("Another description");
    let put = json!({ "flag": other, "reason": "wording" });
    let (status, _) = served.admin(Method::PUT, "/flags/checkout", Some(put)).await;
    assert_eq!(status, StatusCode::OK);
    served.apply(&document(&[flag("checkout")])).await;
    assert_eq!(served.get("/kills").await["kills"].as_array().unwrap().len(), 1);

    let xray = served.post("/explain", json!({ "flag": "checkout", "context": { "targetingKey": "u" } })).await;
    assert_eq!((&xray["xray"]["reason"], &xray["xray"]["cause"]), (&json!("DISABLED"), &json!("kill")));
    let past = json!({ "flag": "checkout", "context": { "targetingKey": "u" }, "revision": 1 });
    assert_eq!(served.post("/explain", past).await["xray"]["variant"], "on", "as it was");
    assert_eq!(served.get("/document?revision=2").await["flags"][0]["default"], "off");

    served.restore(id).await;
    let (status, problem) =
        served.admin(Method::POST, &format!("/kills/{id}/restore"), Some(json!({ "reason": "x" }))).await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("already-done")));
    let retired = served.post("/flags/cart/retire", json!({ "reason": "done with it" })).await;
    assert_eq!(retired["change"]["type"], "retire-flag");
    assert_eq!(served.get("/flags").await["retired"], json!(["cart"]));

    let chart = served.get("/chart?limit=3").await;
    let kinds: Vec<&str> =
        chart["changes"].as_array().unwrap().iter().map(|each| each["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["retire-flag", "restore", "apply"]);
    assert_eq!(chart["head"], chart["changes"][0]["hash"]);
    let next = served.get(&format!("/chart?before={}&flag=checkout", chart["next_before"])).await;
    assert!(
        next["changes"]
            .as_array()
            .unwrap()
            .iter()
            .all(|each| each["revision"].as_u64() < chart["next_before"].as_u64())
    );
    let verified = served.get("/chart/verify").await;
    assert_eq!((&verified["status"], &verified["head"]), (&json!("verified"), &chart["head"]));
}

/// A refusal says what is wrong and what to do, and changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals() {
    let served = Served::new().await;
    served.apply(&document(&[flag("checkout")])).await;
    let before = served.get("/chart").await["head"].clone();
    let mut broken = flag("broken");
    broken["default"] = json!("of");
    broken["degraded"] = Value::Null;
    let sources = json!([{ "name": "bad.json", "text": document(&[broken]).to_string() }]);
    for (method, path, body, status, code) in [
        (Method::POST, "/apply", json!({ "sources": sources, "reason": "x" }), 422, "invalid"),
        (
            Method::POST,
            "/apply",
            json!({ "sources": [{ "name": "a.yaml", "text": "a: [" }], "reason": "x" }),
            422,
            "invalid",
        ),
        (Method::POST, "/apply", json!({ "sources": [] }), 422, "malformed-body"),
        (Method::POST, "/kills", json!({ "flag": "checkout", "scope": {}, "reason": " " }), 422, "missing-reason"),
        (Method::POST, "/kills", json!({ "flag": "checkuot", "scope": {}, "reason": "x" }), 404, "unknown-flag"),
        (Method::POST, "/kills", json!({ "flag": "checkout", "reason": "x" }), 422, "malformed-body"),
        (
            Method::POST,
            "/kills",
            json!({ "flag": "checkout", "scope": { "tenants": [] }, "reason": "x" }),
            422,
            "malformed-body",
        ),
        (Method::POST, "/kills/nope/restore", json!({ "reason": "x" }), 404, "unknown-kill"),
        (Method::PUT, "/flags/other", json!({ "flag": flag("checkout"), "reason": "x" }), 422, "invalid"),
        (Method::PUT, "/flags/checkout", json!({ "flag": { "key": "checkout" }, "reason": "x" }), 422, "invalid"),
        (Method::POST, "/flags/none/retire", json!({ "reason": "x" }), 404, "unknown-flag"),
        (Method::POST, "/explain", json!({ "flag": "none", "context": {} }), 404, "unknown-flag"),
        (Method::POST, "/explain", json!({ "flag": "checkout", "context": [] }), 400, "invalid-context"),
        (Method::POST, "/client-keys", json!({ "name": "x", "kind": "browser" }), 422, "invalid"),
        (Method::DELETE, "/client-keys/none", Value::Null, 404, "unknown-key"),
        (Method::GET, "/document?revision=99", Value::Null, 404, "unknown-revision"),
        (Method::GET, "/document?revision=x", Value::Null, 400, "malformed-query"),
    ] {
        let body = (!body.is_null()).then_some(body);
        let (got, problem) = served.admin(method, path, body).await;
        assert_eq!((got.as_u16(), problem["code"].as_str()), (status, Some(code)), "{path}: {problem}");
        assert_eq!(problem["status"], status);
        for field in ["title", "detail", "help"] {
            assert!(
                problem[field].as_str().is_some_and(|text| !text.is_empty() && !text.contains('\n')),
                "{path}: {problem}"
            );
        }
    }
    let (_, problem) = served.admin(Method::POST, "/apply", Some(json!({ "sources": sources, "reason": "x" }))).await;
    let diagnostics = problem["diagnostics"].as_array().unwrap();
    assert!(diagnostics.len() >= 2, "all problems at once: {problem}");
    assert!(diagnostics.iter().all(|each| each["place"]["file"] == "bad.json"), "{problem}");
    assert_eq!(served.get("/chart").await["head"], before, "nothing has changed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rehearsal_changes_nothing() {
    let served = Served::new().await;
    let source = json!({ "name": "a.json", "text": document(&[flag("a")]).to_string() });
    let report = served.post("/apply", json!({ "sources": [source], "reason": "x", "dry_run": true })).await;
    assert_eq!((&report["dry_run"], &report["items"][0]["outcome"]), (&json!(true), &json!("created")));
    assert_eq!(served.get("/flags").await["flags"], json!([]));
    // What would be refused is refused now.
    let (status, _) =
        served.admin(Method::POST, "/apply", Some(json!({ "sources": [source], "reason": "", "dry_run": true }))).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions() {
    let folder = tempfile::TempDir::new().unwrap();
    let served = Served::at(folder.path(), |_| {}).await;
    let session = served.url("/api/v1/session");
    let wrong = served.http.post(&session).json(&json!({ "token": "dha_0000000000000000_x" })).send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    let begun = served.http.post(&session).json(&json!({ "token": served.admin_token })).send().await.unwrap();
    let cookie = begun.headers()["set-cookie"].to_str().unwrap().to_owned();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/api"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let who: Value = begun.json().await.unwrap();
    assert_eq!(
        (&who["name"], &who["roles"], &who["environments"]),
        (&json!("admin"), &json!({ "production": ["admin"] }), &json!(["production"]))
    );
    let cookie = cookie.split(';').next().unwrap().to_owned();
    served.close().await;
    let served = Served::at(folder.path(), |_| {}).await;
    let session = served.url("/api/v1/session");
    let get = || served.http.get(&session).header("cookie", &cookie).send();
    assert_eq!(get().await.unwrap().status(), StatusCode::OK, "a restart signs nobody out");
    let ended =
        served.http.delete(&session).header("cookie", &cookie).header("downhaul-console", "1").send().await.unwrap();
    assert_eq!(ended.status(), StatusCode::NO_CONTENT);
    assert_eq!(get().await.unwrap().status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_is_told_what_the_flags_of_its_environment_give() {
    let served = Served::with(|options| options.environment = "downhaul".parse().unwrap()).await;
    let post = |path: &str, body: Value| {
        let url = served.url(&format!("/api/v1/environments/downhaul{path}"));
        let request = served.http.post(url).bearer_auth(&served.admin_token).json(&body);
        async move {
            let answer = request.send().await.unwrap();
            assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
        }
    };
    let flags = || async {
        let who = served.http.get(served.url("/api/v1/session")).bearer_auth(&served.admin_token);
        who.send().await.unwrap().json::<Value>().await.unwrap()["flags"].clone()
    };
    assert_eq!(flags().await, Value::Null, "there are none");

    let mut hidden = flag("console.hidden");
    hidden["clients"] = json!(["server"]);
    let document = json!({
        "schema": 1, "environment": "downhaul", "revision": 0,
        "flags": [flag("console.presence"), hidden, flag("shop")],
    });
    let sources = json!([{ "name": "flags.json", "text": document.to_string() }]);
    post("/apply", json!({ "sources": sources, "reason": "a test" })).await;
    assert_eq!(flags().await, json!({ "console.presence": true }));
    post("/kills", json!({ "flag": "console.presence", "scope": {}, "reason": "the council asked" })).await;
    assert_eq!(flags().await, json!({ "console.presence": false }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_sees_what_happens() {
    use eventsource_stream::Eventsource;
    use futures_util::StreamExt;
    let served = Served::new().await;
    served.apply(&document(&[flag("checkout")])).await;
    let url = served.url("/api/v1/environments/production/events");
    let answer = served.http.get(url).bearer_auth(&served.admin_token).send().await.unwrap();
    let mut events = answer.bytes_stream().eventsource();
    let killed = served.kill("checkout").await;
    let mut seen = Vec::new();
    while !["change", "kill-progress", "fleet"].iter().all(|name| seen.iter().any(|seen| seen == name)) {
        let event = events.next().await.unwrap().unwrap();
        let data: Value = serde_json::from_str(&event.data).unwrap();
        assert_eq!(data["type"], event.event.as_str());
        if event.event == "kill-progress" {
            assert_eq!(data["kill"]["id"], killed["id"]);
        }
        seen.push(event.event);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_the_example_shop() {
    let folder = tempfile::TempDir::new().unwrap();
    let demo = |options: &mut downhaul_server::ServerOptions| {
        options.demo_keys = Some(downhaul_server::DemoKeys { origins: vec!["http://127.0.0.1:8791".to_owned()] });
    };
    let served = Served::at(folder.path(), demo).await;
    let path = folder.path().join(downhaul_server::DEMO_KEYS_FILE);
    let kept = std::fs::read_to_string(&path).unwrap();
    let keys: Value = serde_json::from_str(&kept).unwrap();
    for kind in ["browser", "edge", "server"] {
        let received = served.flag_set(keys[kind]["key"].as_str().unwrap(), "", None).await;
        assert_eq!(serde_json::to_value(received.header.audience.kind).unwrap(), kind);
    }
    #[cfg(unix)]
    for file in std::fs::read_dir(folder.path()).unwrap() {
        use std::os::unix::fs::PermissionsExt;
        let file = file.unwrap();
        if file.metadata().unwrap().len() == 0 {
            continue;
        }
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?} is for its owner only", file.path());
    }
    served.close().await;
    let _again = Served::at(folder.path(), demo).await;
    assert_eq!(std::fs::read_to_string(&path).unwrap(), kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_apply_that_expects_a_base_is_refused_on_another() {
    let served = Served::new().await;
    let first = document(&[flag("checkout")]);
    served.apply(&first).await;
    let digest = |document: Value| {
        let document = serde_json::from_value(document).unwrap();
        downhaul_core::seal::document_digest(&document).unwrap()
    };
    let base = digest(served.get("/document").await);
    let mut edited = flag("checkout");
    edited["default"] = json!("off");
    let request = |revision: u64, digest: &str, dry_run: bool| {
        let source = json!({ "name": "flags.json", "text": document(&[edited.clone()]).to_string() });
        json!({
            "sources": [source], "reason": "as reviewed", "dry_run": dry_run,
            "expected_revision": revision, "expected_digest": digest,
        })
    };
    for (revision, digest, word) in [(2, base.as_str(), "revision 2"), (1, &"0".repeat(64), "digest")] {
        for dry_run in [true, false] {
            let (status, problem) =
                served.admin(Method::POST, "/apply", Some(request(revision, digest, dry_run))).await;
            assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("changed-since")), "{problem}");
            assert!(problem["detail"].as_str().unwrap().contains(word), "{problem}");
        }
    }
    assert_eq!(served.get("/flags").await["position"]["revision"], 1, "nothing was changed");
    assert_eq!(served.post("/apply", request(1, &base, true)).await["dry_run"], true);
    assert_eq!(served.post("/apply", request(1, &base, false)).await["position"]["revision"], 2);
    // A kill moves the revision too: what was looked at is not what there is.
    let base = digest(served.get("/document").await);
    served.kill("checkout").await;
    let (status, _) = served.admin(Method::POST, "/apply", Some(request(2, &base, false))).await;
    assert_eq!(status, StatusCode::CONFLICT);
}
