//! OpenFeature's remote evaluation, as its specification words it.

use crate::support::{Served, document, flag, token};
use reqwest::{Response, header};
use serde_json::{Value, json};

const ALL: &str = "/ofrep/v1/evaluate/flags";

/// Two flags, one by plan and tenant, and one that pages do not get.
async fn served() -> Served {
    let served = Served::new().await;
    let mut checkout = flag("checkout");
    checkout["default"] = json!("off");
    checkout["rules"] = json!([
        { "when": [{ "attribute": "plan", "op": "in", "values": ["pro"] }], "serve": "on" },
        { "when": [{ "tenant": ["acme"] }], "serve": "on" },
    ]);
    let mut hidden = flag("hidden");
    hidden["clients"] = json!(["server"]);
    served.apply(&document(&[checkout, hidden])).await;
    served
}

async fn key(served: &Served, request: Value) -> String {
    served.key(request).await.0
}

async fn ask(served: &Served, key: &str, path: &str, body: Value) -> Response {
    served.http.post(served.url(path)).bearer_auth(key).json(&body).send().await.unwrap()
}

async fn body(response: Response) -> (u16, Value) {
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_flag() {
    let served = served().await;
    let key = key(&served, json!({ "kind": "server" })).await;
    let one = |flag: &str| format!("{ALL}/{flag}");
    let found =
        ask(&served, &key, &one("checkout"), json!({ "context": { "targetingKey": "u", "plan": "pro" } })).await;
    let expected = json!({
        "key": "checkout", "value": true, "variant": "on", "reason": "TARGETING_MATCH", "metadata": { "ruleIndex": 0 }
    });
    assert_eq!(body(found).await, (200, expected));
    let none = ask(&served, &key, &one("checkout"), json!({})).await;
    assert_eq!(body(none).await.1["value"], false);

    let missing = body(ask(&served, &key, &one("nothing"), json!({ "context": {} })).await).await;
    assert_eq!(
        (missing.0, missing.1["errorCode"].as_str(), missing.1["key"].as_str()),
        (404, Some("FLAG_NOT_FOUND"), Some("nothing"))
    );

    served.kill("checkout").await;
    let killed = body(ask(&served, &key, &one("checkout"), json!({ "context": { "plan": "pro" } })).await).await.1;
    assert_eq!(
        (&killed["value"], &killed["reason"], &killed["metadata"]["cause"]),
        (&json!(false), &json!("DISABLED"), &json!("kill"))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_refused_in_the_protocols_words() {
    let served = served().await;
    let key = key(&served, json!({ "kind": "server" })).await;
    let deep = format!("{{\"context\":{}1{}}}", "[".repeat(500), "]".repeat(500));
    for (text, code) in [
        ("{", "PARSE_ERROR"),
        ("[]", "PARSE_ERROR"),
        ("\"x\"", "PARSE_ERROR"),
        (deep.as_str(), "PARSE_ERROR"),
        ("{\"context\": []}", "INVALID_CONTEXT"),
        ("{\"context\": \"u\"}", "INVALID_CONTEXT"),
    ] {
        for path in [ALL.to_owned(), format!("{ALL}/checkout")] {
            let request = served.http.post(served.url(&path)).bearer_auth(&key).body(text.to_owned());
            let (status, found) = body(request.send().await.unwrap()).await;
            assert_eq!((status, found["errorCode"].as_str()), (400, Some(code)), "{text}");
            assert_eq!(found["key"].as_str(), path.ends_with("checkout").then_some("checkout"));
            assert!(found["errorDetails"].as_str().is_some_and(|details| !details.is_empty()));
        }
    }
    let large = json!({ "context": { "targetingKey": "x".repeat(70_000) } });
    assert_eq!(ask(&served, &key, ALL, large).await.status(), 413);
    assert_eq!(ask(&served, "dhk_no", ALL, json!({})).await.status(), 401);
    let request = served.http.post(served.url(ALL)).header("x-api-key", &key);
    assert_eq!(request.send().await.unwrap().status(), 200, "the key in OFREP's other header, and no body at all");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_flag_and_its_entity_tag() {
    let served = served().await;
    let key = key(&served, json!({ "kind": "server" })).await;
    let context = |plan: &str| json!({ "context": { "targetingKey": "u", "plan": plan } });
    let tag = |response: &Response| response.headers()[header::ETAG].to_str().unwrap().to_owned();
    let again = async |tag: &str, plan: &str| {
        let request = served.http.post(served.url(ALL)).bearer_auth(&key).header(header::IF_NONE_MATCH, tag);
        request.json(&context(plan)).send().await.unwrap()
    };

    let first = ask(&served, &key, ALL, context("pro")).await;
    let pro = tag(&first);
    let (_, all) = body(first).await;
    let keys: Vec<&str> = all["flags"].as_array().unwrap().iter().map(|flag| flag["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["checkout", "hidden"]);
    assert_eq!(all["metadata"]["environment"], "production");

    let unchanged = again(&pro, "pro").await;
    assert_eq!((unchanged.status().as_u16(), tag(&unchanged)), (304, pro.clone()));
    // Who is somebody else is answered anew, also where all decisions are the same.
    let other = again(&pro, "enterprise").await;
    assert_eq!(other.status(), 200);
    let enterprise = tag(&other);
    assert_ne!(enterprise, tag(&ask(&served, &key, ALL, context("free")).await));

    served.kill("checkout").await;
    let killed = again(&pro, "pro").await;
    assert_eq!(killed.status(), 200);
    assert_ne!(tag(&killed), pro);
    assert_eq!(body(killed).await.1["flags"][0]["reason"], "DISABLED");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_gets_what_its_key_and_token_allow() {
    let served = served().await;
    let (page, secret) = served.key(json!({ "kind": "browser", "pinned": { "plan": "free" } })).await;
    let ask = |context: Value, token: Option<String>| {
        let request = served.http.post(served.url(ALL)).bearer_auth(&page).header("origin", "https://shop.example");
        let request = token.into_iter().fold(request, |request, token| request.header("downhaul-context-token", token));
        request.json(&json!({ "context": context })).send()
    };
    let response = ask(json!({ "plan": "pro" }), None).await.unwrap();
    assert_eq!(response.headers()["access-control-allow-origin"], "https://shop.example");
    let flags = body(response).await.1["flags"].clone();
    let expected =
        json!([{ "key": "checkout", "value": false, "variant": "off", "reason": "DEFAULT", "metadata": {} }]);
    assert_eq!(flags, expected, "pinned is not overridden by what is claimed, and `hidden` is not for pages");

    let vouched = ask(json!({ "tenant": "globex" }), Some(token(&secret, json!({ "tenant": "acme" })))).await.unwrap();
    let flags = body(vouched).await.1["flags"].clone();
    assert_eq!((&flags[0]["value"], &flags[0]["metadata"]), (&json!(true), &json!({})), "no place of a rule either");

    let preflight = served.http.request(reqwest::Method::OPTIONS, served.url(ALL));
    let preflight = preflight.header("origin", "https://shop.example").send().await.unwrap();
    assert!(preflight.headers()["access-control-allow-headers"].to_str().unwrap().contains("x-api-key"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_asked_for_is_not_stale() {
    let served = served().await;
    let key = key(&served, json!({ "kind": "server" })).await;
    ask(&served, &key, &format!("{ALL}/checkout"), json!({})).await;
    let retired = json!({ "reason": "tidy" });
    let (status, refused) = served.admin(reqwest::Method::POST, "/flags/checkout/retire", Some(retired.clone())).await;
    assert_eq!(status, 409);
    assert!(refused["detail"].as_str().unwrap().contains("it was asked for by server clients"), "{refused}");
    let (status, found) = served.admin(reqwest::Method::POST, "/flags/hidden/retire", Some(retired)).await;
    assert_eq!(status, 200, "{found}");
}
