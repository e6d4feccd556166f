//! Tokens, people and sessions: what they open, until when, and what is left of them.

use crate::support::people::{EDITOR, ROLES, STAGING, Tokens};
use crate::support::{Served, document, flag};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

struct World {
    served: Served,
    tokens: Tokens,
    folder: TempDir,
}

impl World {
    async fn new() -> World {
        let folder = TempDir::new().unwrap();
        let tokens = Tokens::plant(folder.path()).await;
        World { served: Served::at(folder.path(), |_| {}).await, tokens, folder }
    }

    /// By the token of this name, below production.
    async fn ask(&self, token: &str, method: Method, path: &str, body: Value) -> (u16, Value) {
        let url = self.served.url(&format!("/api/v1/environments/production{path}"));
        self.send(self.served.http.request(method, url).bearer_auth(self.tokens.of(token)).json(&body)).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() })
    }

    async fn sign_in(&self, token: &str) -> (u16, String, Value) {
        let request = self.served.http.post(self.served.url("/api/v1/session")).json(&json!({ "token": token }));
        let answer = request.send().await.unwrap();
        let cookie = answer.headers().get("set-cookie").map(|value| value.to_str().unwrap().to_owned());
        let cookie = cookie.unwrap_or_default().split(';').next().unwrap().to_owned();
        (answer.status().as_u16(), cookie, answer.json().await.unwrap())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_is_told_what_it_is_where() {
    let world = World::new().await;
    let (status, _, root) = world.sign_in(&world.served.admin_token).await;
    assert_eq!((status, &root["name"]), (200, &json!("admin")));
    assert_eq!(root["environments"], json!(["production", "staging"]));
    assert_eq!(root["roles"], json!({ "production": ["admin"], "staging": ["admin"] }));
    for role in ROLES {
        let (status, _, who) = world.sign_in(world.tokens.of(role.as_str())).await;
        assert_eq!((status, &who["environments"]), (200, &json!(["production"])), "{who}");
        assert_eq!(who["roles"], json!({ "production": [role] }));
    }
    let (_, _, person) = world.sign_in(world.tokens.of("person")).await;
    assert_eq!((&person["actor"], &person["roles"]), (&json!(EDITOR), &json!({ "production": ["editor"] })));
    let listed = |token: &str| {
        let request = world.served.http.get(world.served.url("/api/v1/environments")).bearer_auth(token);
        let answer = world.send(request);
        async move {
            let (_, body) = answer.await;
            let all = body["environments"].as_array().unwrap();
            all.iter().map(|each| each["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        }
    };
    assert_eq!(listed(&world.served.admin_token).await, ["production", "staging"]);
    assert_eq!(listed(world.tokens.of(STAGING)).await, ["staging"], "the name of another is nobody's business");
    for (token, code) in [("expired", "token-expired"), ("revoked", "token-revoked")] {
        let (status, cookie, problem) = world.sign_in(world.tokens.of(token)).await;
        assert_eq!((status, cookie.as_str(), &problem["code"]), (401, "", &json!(code)), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_first_is_told_by_name() {
    let world = World::new().await;
    let made =
        world.ask("admin", Method::POST, "/tokens", json!({ "name": "Ada Lovelace", "roles": ["editor"] })).await;
    let put = json!({ "flag": flag("checkout"), "reason": "first", "expected_revision": 0 });
    let url = world.served.url("/api/v1/environments/production/flags/checkout");
    let first = world.served.http.put(&url).bearer_auth(made.1["token"].as_str().unwrap()).json(&put);
    assert_eq!(world.send(first).await.0, 200);
    let second = json!({ "flag": flag("checkout"), "reason": "second", "expected_revision": 0 });
    let (status, problem) = world.ask("admin", Method::PUT, "/flags/checkout", second).await;
    assert_eq!((status, &problem["code"]), (409, &json!("changed-since")), "{problem}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("by Ada Lovelace (`first`)"), "{detail}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ends_with_its_token() {
    let world = World::new().await;
    let made = world.ask("admin", Method::POST, "/tokens", json!({ "name": "kiosk", "roles": ["operator"] })).await;
    assert_eq!(made.0, 200, "{made:?}");
    let (_, cookie, _) = world.sign_in(made.1["token"].as_str().unwrap()).await;
    let url = |path: &str| world.served.url(path);
    let whoami = || world.send(world.served.http.get(url("/api/v1/session")).header("cookie", &cookie));
    assert_eq!(whoami().await.0, 200);
    let events = world.served.http.get(url("/api/v1/environments/production/events")).header("cookie", &cookie);
    let events = events.send().await.unwrap();
    assert_eq!(events.status(), StatusCode::OK);

    let id = made.1["view"]["id"].as_str().unwrap();
    let (status, view) = world.ask("admin", Method::POST, &format!("/tokens/{id}/revoke"), json!({})).await;
    assert_eq!(status, 200, "{view}");
    assert!(view["revoked_at"].is_string(), "{view}");
    let (status, problem) = whoami().await;
    assert_eq!((status, &problem["code"]), (401, &json!("token-revoked")), "{problem}");
    // Reading it ends, since the stream does.
    events.bytes().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_shown_once_and_kept_nowhere() {
    let world = World::new().await;
    let asked =
        json!({ "name": "deploy pipeline", "roles": ["editor"], "expires_at": "2099-01-01T00:00:00Z", "reason": "ci" });
    let (status, made) = world.ask("admin", Method::POST, "/tokens", asked).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(made["view"]["expires_at"], "2099-01-01T00:00:00.000Z");
    let token = made["token"].as_str().unwrap().to_owned();
    let secret = token.rsplit('_').next().unwrap();
    let (_, listed) = world.ask("viewer", Method::GET, "/tokens", Value::Null).await;
    let found = listed["tokens"].as_array().unwrap().iter().find(|each| each["id"] == made["view"]["id"]).unwrap();
    assert_eq!((&found["is_person"], &found["roles"]), (&json!(false), &json!(["editor"])));
    let (_, chart) = world.ask("viewer", Method::GET, "/chart", Value::Null).await;
    for body in [&listed, &chart] {
        assert!(!body.to_string().contains(secret));
    }
    let summary = &chart["changes"][0]["summary"];
    assert_eq!(summary, "created the token `deploy pipeline`: editor");

    // What it does is charted under the name of the token.
    let source = json!({ "name": "flags.json", "text": document(&[flag("checkout")]).to_string() });
    let apply = world.served.http.post(world.served.url("/api/v1/environments/production/apply")).bearer_auth(&token);
    let (status, applied) = world.send(apply.json(&json!({ "sources": [source], "reason": "ci" }))).await;
    assert_eq!(status, 200, "{applied}");
    let (_, chart) = world.ask("viewer", Method::GET, "/chart", Value::Null).await;
    assert_eq!(chart["changes"][0]["actor_name"], "deploy pipeline");

    let folder = world.folder.path().to_owned();
    world.served.close().await;
    for file in std::fs::read_dir(&folder).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "on the disk");
    }
    let served = Served::at(&folder, |_| {}).await;
    let flags = served.http.get(served.url("/api/v1/environments/production/flags")).bearer_auth(&token);
    assert_eq!(flags.send().await.unwrap().status(), 200, "after a restart");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_token_is_refused_and_leaves_nothing() {
    let world = World::new().await;
    for body in [
        json!({ "name": "a" }),
        json!({ "name": "a", "roles": [] }),
        json!({ "name": "a", "roles": ["editor"], "person": EDITOR }),
        json!({ "name": "", "roles": ["editor"] }),
        json!({ "name": "a", "roles": ["editor"], "expires_at": "2020-01-01T00:00:00Z" }),
        json!({ "name": "a", "person": "a-nobody" }),
    ] {
        let (status, problem) = world.ask("admin", Method::POST, "/tokens", body.clone()).await;
        assert_eq!((status, &problem["code"]), (422, &json!("invalid")), "{body}: {problem}");
        assert!(!problem["help"].as_str().unwrap().is_empty());
    }
    let (status, problem) =
        world.ask("admin", Method::POST, "/people", json!({ "name": " ", "role": "viewer", "reason": "r" })).await;
    assert_eq!(status, 422, "{problem}");
    let (status, problem) =
        world.ask("admin", Method::POST, "/people", json!({ "name": "Nobody Stays", "role": "viewer" })).await;
    assert_eq!((status, &problem["code"]), (422, &json!("missing-reason")));
    let folder = world.folder.path().to_owned();
    world.served.close().await;
    assert!(!holds(&folder, "Nobody Stays"), "a person who was not added is forgotten");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_comes_and_goes() {
    let world = World::new().await;
    let ask = |token: &'static str, path: String, body: Value| {
        let world = &world;
        async move { world.ask(token, Method::POST, &path, body).await }
    };
    let (status, ada) =
        ask("admin", "/people".into(), json!({ "name": "Ada Lovelace", "role": "editor", "reason": "new here" })).await;
    assert_eq!(status, 200, "{ada}");
    let id = ada["actor"].as_str().unwrap().to_owned();
    let made = ask("admin", "/tokens".into(), json!({ "name": "laptop", "person": id })).await.1;
    let token = made["token"].as_str().unwrap().to_owned();
    let http = |method: Method, path: &str| {
        let url = world.served.url(&format!("/api/v1/environments/production{path}"));
        world.served.http.request(method, url).bearer_auth(&token)
    };
    world.served.apply(&document(&[flag("checkout")])).await;
    let kill = || http(Method::POST, "/kills").json(&json!({ "flag": "checkout", "scope": {}, "reason": "it burns" }));
    let (status, problem) = world.send(kill()).await;
    assert_eq!((status, &problem["code"]), (403, &json!("not-permitted")));
    assert_eq!(problem["detail"], "this takes the role operator, and Ada Lovelace is editor in production");

    let (status, view) =
        ask("admin", format!("/people/{id}/grant"), json!({ "role": "operator", "reason": "on call" })).await;
    assert_eq!((status, &view["roles"]), (200, &json!(["editor", "operator"])), "{view}");
    assert_eq!(view["tokens"], json!([made["view"]["id"]]));
    let (status, killed) = world.send(kill()).await;
    assert_eq!((status, &killed["by"]), (200, &json!("Ada Lovelace")), "the same token, from now on");
    let (status, problem) =
        ask("admin", "/people/a-nobody/grant".into(), json!({ "role": "operator", "reason": "r" })).await;
    assert_eq!((status, &problem["code"]), (404, &json!("unknown-person")));

    let (status, problem) = ask("admin", format!("/people/{id}/erase"), json!({})).await;
    assert_eq!((status, &problem["code"]), (403, &json!("not-permitted")), "staging has a say: {problem}");
    let path = format!("/people/{id}/erase");
    let erase = || world.served.admin(Method::POST, &path, None);
    assert_eq!(erase().await.1["code"], "still-permitted");
    for role in ["editor", "operator"] {
        let (status, _) = ask("admin", format!("/people/{id}/revoke"), json!({ "role": role, "reason": "gone" })).await;
        assert_eq!(status, 200);
    }
    let (status, problem) = world.send(http(Method::GET, "/flags")).await;
    assert_eq!((status, &problem["detail"]), (403, &json!("Ada Lovelace has no role in production")));
    assert_eq!(erase().await.0, StatusCode::NO_CONTENT);
    assert_eq!(erase().await.1["code"], "unknown-person");
    let (_, chart) = world.ask("viewer", Method::GET, "/chart", Value::Null).await;
    assert!(!chart.to_string().contains("Lovelace") && chart.to_string().contains(&id));
    assert_eq!(world.served.get("/chart/verify").await["status"], "verified");
    let folder = world.folder.path().to_owned();
    world.served.close().await;
    assert!(!holds(&folder, "Lovelace"), "not even free pages of the database hold it");
}

/// Whether any file of the folder holds a text.
fn holds(folder: &std::path::Path, text: &str) -> bool {
    let files = std::fs::read_dir(folder).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    files.into_iter().any(|bytes| bytes.windows(text.len()).any(|window| window == text.as_bytes()))
}
