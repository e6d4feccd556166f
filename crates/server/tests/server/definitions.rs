//! Segments, tenants and regions one by one over the API, and who asks for a flag.

use crate::support::{Served, document, flag};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// A server with a flag that names a segment and a region.
async fn shop() -> Served {
    let served = Served::new().await;
    let mut checkout = flag("checkout");
    checkout["rules"] = json!([{ "when": [{ "segment": ["staff"] }, { "region": ["eu"] }], "serve": "on" }]);
    let mut all = document(&[checkout]);
    all["segments"] = json!({ "staff": { "include": ["user-1"] } });
    all["regions"] = json!({ "eu": {} });
    all["tenants"] = json!({ "acme": { "plan": "free" } });
    served.apply(&all).await;
    served
}

async fn put(served: &Served, path: &str, body: Value) -> (StatusCode, Value) {
    served.admin(Method::PUT, path, Some(body)).await
}

fn revision(answer: &Value) -> u64 {
    answer["position"]["revision"].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_is_put_and_removed_by_itself() {
    let served = shop().await;
    let start = revision(&served.get("/policy").await);
    let segment = json!({ "description": "Testers", "when": [{ "region": ["eu"] }] });
    for (path, member, value, pointer) in [
        ("/segments/beta%2Ftesters", "segment", segment, "/segments/beta~1testers"),
        ("/tenants/Globex%20Ltd", "attributes", json!({ "plan": "paid", "seats": 12 }), "/tenants/Globex Ltd"),
        ("/regions", "regions", json!({ "eu": { "eu-west": {} }, "us": {} }), "/regions"),
    ] {
        let (status, answer) = put(&served, path, json!({ member: value, "reason": "a test" })).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        assert_eq!(served.get("/document").await.pointer(pointer), Some(&value), "{path}");
        let (_, again) = put(&served, path, json!({ member: value, "reason": "a test" })).await;
        assert_eq!((revision(&again), &again["change"]), (revision(&answer), &Value::Null), "it is so already");
    }
    assert_eq!(revision(&served.get("/policy").await), start + 3);
    served.post("/segments/beta%2Ftesters/remove", json!({ "reason": "a test" })).await;
    served.post("/tenants/Globex%20Ltd/remove", json!({ "reason": "a test" })).await;
    let after = served.get("/document").await;
    assert_eq!((after["segments"].as_object().unwrap().len(), after["tenants"].as_object().unwrap().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_named_or_was_changed_is_refused() {
    let served = shop().await;
    let started = revision(&served.get("/policy").await);
    let remove = json!({ "reason": "a test" });
    let (status, problem) = served.admin(Method::POST, "/segments/staff/remove", Some(remove.clone())).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    assert_eq!(problem["diagnostics"][0]["place"]["pointer"], "/flags/0/rules/0/when/0/segment/0", "{problem}");
    let (status, problem) = put(&served, "/regions", json!({ "regions": { "us": {} }, "reason": "a test" })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    let (status, problem) = served.admin(Method::POST, "/segments/nobody/remove", Some(remove)).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{problem}");
    let (status, problem) = put(&served, "/segments/a%20b", json!({ "segment": {}, "reason": "a test" })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{problem}");
    let unreadable = json!({ "segment": { "when": [{ "regoin": ["eu"] }] }, "reason": "a test" });
    let (status, problem) = put(&served, "/segments/staff", unreadable).await;
    assert_eq!(
        (status, problem["help"].as_str().unwrap().contains("document.md")),
        (StatusCode::UNPROCESSABLE_ENTITY, true)
    );

    // Of two edits that started from the same revision the second is told of the first.
    for (path, member, first, second) in [
        ("/segments/staff", "segment", json!({ "include": ["user-2"] }), json!({ "include": ["user-3"] })),
        ("/tenants/acme", "attributes", json!({ "plan": "paid" }), json!({ "plan": "trial" })),
        ("/regions", "regions", json!({ "eu": {}, "us": {} }), json!({ "eu": {}, "asia": {} })),
    ] {
        let body = |value: &Value| json!({ member: value, "reason": "an edit", "expected_revision": started });
        assert_eq!(put(&served, path, body(&first)).await.0, StatusCode::OK, "{path}");
        let (status, problem) = put(&served, path, body(&second)).await;
        assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("changed-since")), "{path}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains("(`an edit`)"), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_for_a_flag_is_told() {
    let served = shop().await;
    assert_eq!(served.get("/flags/checkout/asked").await, json!({ "flag": "checkout", "asked": [] }));
    let (key, _) = served.key(json!({ "kind": "server" })).await;
    let position = served.get("/policy").await["position"].clone();
    let said = json!({
        "instance": "i-1", "position": position, "state": "live", "sdk": "s", "evaluated": ["checkout", "nothing"],
    });
    let answer = served.http.post(served.url("/client/v1/acknowledge")).bearer_auth(&key).json(&said);
    assert_eq!(answer.send().await.unwrap().status(), StatusCode::NO_CONTENT);
    let asked = served.get("/flags/checkout/asked").await;
    assert_eq!(asked["asked"][0]["kind"], "server", "{asked}");
    assert!(asked["asked"][0]["at"].as_str().unwrap().ends_with('Z'), "{asked}");
    let (status, problem) = served.admin(Method::GET, "/flags/nothing/asked", None).await;
    assert_eq!((status, &problem["code"]), (StatusCode::NOT_FOUND, &json!("unknown-flag")));
}
