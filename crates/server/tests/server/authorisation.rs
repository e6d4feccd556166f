//! Who may ask for what: every route of the description, so that a new one cannot be forgotten.

use crate::support::people::{ROLES, STAGING, Tokens};
use crate::support::{Served, document, flag, sign, token};
use downhaul_control::api::Role;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Routes about one environment, and the role that each takes. With [`OTHERS`] all that the server describes.
/// docs/reference/people.md has the same.
const ROUTES: &[(Role, &str)] = &[
    (Role::Viewer, "GET E/chart"),
    (Role::Viewer, "GET E/chart/consistency"),
    (Role::Viewer, "GET E/chart/export"),
    (Role::Viewer, "GET E/chart/head"),
    (Role::Viewer, "GET E/chart/proof"),
    (Role::Viewer, "GET E/chart/verify"),
    (Role::Viewer, "GET E/chart/{revision}"),
    (Role::Viewer, "GET E/alarms"),
    // The signature of the key is the right.
    (Role::Viewer, "POST E/break-glass"),
    (Role::Viewer, "GET E/break-glass-keys"),
    (Role::Viewer, "GET E/breakers"),
    (Role::Viewer, "GET E/client-keys"),
    (Role::Viewer, "GET E/document"),
    (Role::Viewer, "GET E/drills"),
    (Role::Viewer, "GET E/drills/due"),
    (Role::Viewer, "GET E/drills/{id}"),
    (Role::Viewer, "GET E/events"),
    (Role::Viewer, "POST E/explain"),
    (Role::Viewer, "GET E/flags"),
    (Role::Viewer, "GET E/flags/{key}"),
    (Role::Viewer, "GET E/flags/{key}/asked"),
    (Role::Viewer, "GET E/flags/{key}/retirement"),
    (Role::Viewer, "GET E/fleet"),
    (Role::Viewer, "GET E/fleet/states"),
    (Role::Viewer, "GET E/freeze"),
    (Role::Viewer, "GET E/heartbeat"),
    (Role::Viewer, "GET E/kills"),
    (Role::Viewer, "GET E/kills/{id}"),
    (Role::Viewer, "GET E/kills/{id}/confirmed"),
    (Role::Viewer, "GET E/migrations"),
    (Role::Viewer, "GET E/migrations/{flag}"),
    (Role::Viewer, "GET E/guards"),
    (Role::Viewer, "GET E/guards/replay"),
    (Role::Viewer, "GET E/outcomes"),
    (Role::Viewer, "GET E/people"),
    (Role::Viewer, "POST E/plan"),
    (Role::Viewer, "PUT E/presence"),
    (Role::Viewer, "GET E/policy"),
    (Role::Viewer, "GET E/populations"),
    (Role::Viewer, "GET E/populations/{name}"),
    (Role::Viewer, "GET E/populations/{name}/content"),
    (Role::Viewer, "GET E/populations/{name}/values"),
    (Role::Viewer, "GET E/proposals"),
    (Role::Viewer, "GET E/proposals/{id}"),
    // The role that the change itself takes, which the body or the proposal says; to withdraw, its author.
    (Role::Viewer, "POST E/proposals"),
    (Role::Viewer, "POST E/proposals/{id}/amend"),
    (Role::Viewer, "POST E/proposals/{id}/land"),
    (Role::Viewer, "POST E/proposals/{id}/withdraw"),
    (Role::Viewer, "GET E/releases"),
    (Role::Viewer, "POST E/releases/check"),
    (Role::Viewer, "GET E/releases/{key}"),
    (Role::Viewer, "GET E/releases/{key}/rollback"),
    (Role::Viewer, "GET E/rollouts"),
    (Role::Viewer, "GET E/rollouts/{id}"),
    (Role::Viewer, "GET E/runs"),
    (Role::Viewer, "GET E/runs/{id}"),
    (Role::Viewer, "GET E/signing-keys"),
    (Role::Viewer, "GET E/stale"),
    (Role::Viewer, "GET E/tokens"),
    (Role::Editor, "POST E/apply"),
    (Role::Editor, "PUT E/flags/{key}"),
    (Role::Editor, "POST E/flags/{key}/retire"),
    (Role::Editor, "DELETE E/populations/{name}"),
    (Role::Editor, "PUT E/populations/{name}"),
    (Role::Editor, "PUT E/regions"),
    (Role::Editor, "PUT E/segments/{key}"),
    (Role::Editor, "POST E/segments/{key}/remove"),
    (Role::Editor, "PUT E/tenants/{tenant}"),
    (Role::Editor, "POST E/tenants/{tenant}/remove"),
    (Role::Editor, "PUT E/releases/{key}"),
    (Role::Editor, "POST E/releases/{key}/retire"),
    (Role::Editor, "POST E/rollouts"),
    (Role::Approver, "POST E/proposals/{id}/approve"),
    (Role::Approver, "POST E/proposals/{id}/reject"),
    (Role::Approver, "POST E/rollouts/{id}/approve"),
    (Role::Operator, "POST E/alarms/{id}/acknowledge"),
    (Role::Operator, "POST E/alarms/{id}/silence"),
    (Role::Operator, "POST E/drills"),
    (Role::Operator, "POST E/drills/attempts"),
    (Role::Operator, "POST E/drills/{id}/review"),
    (Role::Operator, "POST E/freeze"),
    (Role::Operator, "POST E/kills"),
    (Role::Operator, "POST E/kills/{id}/restore"),
    (Role::Operator, "POST E/migrations/{flag}/steps"),
    (Role::Operator, "POST E/releases/{key}/rollback"),
    (Role::Operator, "POST E/rollouts/{id}/{act}"),
    (Role::Operator, "POST E/runs/{id}/{act}"),
    (Role::Operator, "POST E/unfreeze"),
    (Role::Admin, "POST E/break-glass-keys"),
    (Role::Admin, "POST E/break-glass-keys/{id}/revoke"),
    (Role::Admin, "POST E/client-keys"),
    (Role::Admin, "DELETE E/client-keys/{id}"),
    (Role::Admin, "POST E/people"),
    (Role::Admin, "POST E/people/{actor}/erase"),
    (Role::Admin, "POST E/people/{actor}/grant"),
    (Role::Admin, "POST E/people/{actor}/revoke"),
    (Role::Admin, "PUT E/policy"),
    (Role::Admin, "POST E/signing-keys"),
    (Role::Admin, "POST E/signing-keys/{id}/revoke"),
    (Role::Admin, "POST E/signing-keys/{id}/use"),
    (Role::Admin, "POST E/tokens"),
    (Role::Admin, "POST E/tokens/{id}/revoke"),
];

/// All others.
const OTHERS: &[&str] = &[
    "DELETE /api/v1/session",
    "GET /api/v1/backup",
    "GET /api/v1/environments",
    "GET /api/v1/session",
    "GET /client/v1/flag-set",
    "GET /client/v1/keys",
    "GET /client/v1/kills",
    "GET /client/v1/stream",
    "GET /healthz",
    "GET /metrics",
    "GET /readyz",
    "GET /sign-in/v1",
    "GET /sign-in/v1/return",
    "GET /sign-in/v1/start",
    "POST /api/v1/session",
    "POST /callback/v1/{token}",
    "POST /client/v1/acknowledge",
    "POST /client/v1/telemetry",
    "POST /ofrep/v1/evaluate/flags",
    "POST /ofrep/v1/evaluate/flags/{key}",
];

/// `GET E/flags` in full.
fn in_full(route: &str) -> String {
    route.replacen(" E/", " /api/v1/environments/{environment}/", 1)
}

/// A path that can be asked for.
fn filled(path: &str) -> String {
    path.replace("{environment}", "production")
        .replace("{key}", "checkout")
        .replace("{id}", "k-1")
        .replace("{actor}", "a-9")
        .replace("{name}", "default")
        .replace("{tenant}", "acme")
        .replace("{flag}", "orders-v2")
        .replace("{revision}", "1")
        .replace("{act}", "abort")
        .replace("/chart/proof", "/chart/proof?revision=1")
        .replace("/chart/consistency", "/chart/consistency?old=1")
}

async fn described(served: &Served) -> Vec<(Method, String)> {
    let description: Value =
        served.http.get(served.url("/api/openapi.json")).send().await.unwrap().json().await.unwrap();
    let mut routes = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            routes.push((method.to_uppercase().parse().unwrap(), path.clone()));
        }
    }
    routes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_description_is_complete() {
    let served = Served::new().await;
    let mut routes: Vec<String> =
        described(&served).await.iter().map(|(method, path)| format!("{method} {path}")).collect();
    routes.sort();
    let named = ROUTES.iter().map(|(_, route)| in_full(route));
    let mut expected: Vec<String> = named.chain(OTHERS.iter().map(ToString::to_string)).collect();
    expected.sort();
    assert_eq!(routes, expected);
    let page = served.http.get(served.url("/api/docs/")).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && policy.contains("connect-src 'self'"), "{policy}");
    let html = page.text().await.unwrap();
    assert!(html.contains("swagger-ui-bundle.js") && !html.contains("https://"), "{html}");
    assert_eq!(served.http.get(served.url("/api/docs/swagger-ui-bundle.js")).send().await.unwrap().status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_admin_route_is_closed() {
    let served = Served::new().await;
    let begun = served.http.post(served.url("/api/v1/session")).json(&json!({ "token": served.admin_token }));
    let cookie =
        begun.send().await.unwrap().headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let routes = described(&served).await;
    let people = routes.iter().filter(|(_, path)| path.starts_with("/api/v1"));
    for (method, path) in people {
        let path = filled(path);
        let is_sign_in = (method, path.as_str()) == (&Method::POST, "/api/v1/session");
        let ask = || served.http.request(method.clone(), served.url(&path)).json(&json!({ "token": "x" }));
        let other_host = format!("evil.example:{}", served.address.port());
        let bearer = || ask().bearer_auth(&served.admin_token);
        let mut cases = vec![
            ("nobody", ask(), 401),
            ("a wrong token", ask().bearer_auth("dha_0000000000000000_AAAA"), 401),
            ("a wrong session", ask().header("cookie", "downhaul_session=x").header("downhaul-console", "1"), 401),
            ("another host", bearer().header("host", &other_host), 403),
            ("another origin", bearer().header("origin", "https://evil.example"), 403),
            ("no origin at all", bearer().header("origin", "null"), 403),
            ("another site", bearer().header("sec-fetch-site", "cross-site"), 403),
        ];
        if method != Method::GET && !is_sign_in {
            cases.push(("a session without the header", ask().header("cookie", &cookie), 403));
        }
        for (who, request, status) in cases {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status().as_u16(), status, "{method} {path} as {who}");
            assert!(!answer.headers().contains_key("access-control-allow-origin"), "no CORS");
            let problem: Value = answer.json().await.unwrap();
            assert!(problem["help"].as_str().is_some_and(|help| !help.is_empty()), "{problem}");
        }
        // The console's own page.
        if method == Method::GET && path != "/api/v1/environments/production/events" {
            let own = served.http.get(served.url(&path)).header("cookie", &cookie);
            let status = own.header("origin", served.url("")).send().await.unwrap().status();
            assert!(status.is_success() || status == StatusCode::NOT_FOUND, "{path}: {status}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_takes_its_role() {
    let folder = tempfile::TempDir::new().unwrap();
    let tokens = Tokens::plant(folder.path()).await;
    let served = Served::at(folder.path(), |_| {}).await;
    let before = served.get("/flags").await["position"].clone();
    let ask = |route: &str, token: &str| {
        let route = in_full(route);
        let (method, path) = route.split_once(' ').unwrap();
        let request = served.http.request(method.parse().unwrap(), served.url(&filled(path))).bearer_auth(token);
        // Of no body's form: whoever may ask is told so, and nothing is done.
        let answer = request.json(&json!({ "token": "x" })).send();
        async move {
            let answer = answer.await.unwrap();
            let status = answer.status().as_u16();
            let is_stream = status == 200;
            (status, if is_stream { Value::Null } else { answer.json::<Value>().await.unwrap_or_default() })
        }
    };
    for (needed, route) in ROUTES {
        for role in ROLES {
            let (status, problem) = ask(route, tokens.of(role.as_str())).await;
            let is_allowed = *needed == Role::Viewer || role == *needed || role == Role::Admin;
            // The name is that of all environments, and these admins are of one.
            let needs_all = *route == "POST E/people/{actor}/erase";
            if is_allowed && !needs_all {
                assert!(!matches!(status, 401 | 403 | 500), "{route} as {}: {status} {problem}", role.as_str());
                continue;
            }
            assert_eq!((status, &problem["code"]), (403, &json!("not-permitted")), "{route} as {}", role.as_str());
            if !needs_all || role != Role::Admin {
                let (name, needed) = (role.as_str(), needed.as_str());
                let detail = format!("this takes the role {needed}, and m-{name} is {name} in production");
                assert_eq!(problem["detail"], detail, "{route}");
            }
        }
        let (status, _) = ask(route, &served.admin_token).await;
        assert!(!matches!(status, 401 | 403 | 500), "{route} with the data folder's own token: {status}");
        let (status, _) = ask(route, tokens.of("person")).await;
        let is_allowed = matches!(needed, Role::Viewer | Role::Editor);
        assert_eq!(status != 403, is_allowed, "{route} as a person who is editor: {status}");

        let (status, problem) = ask(route, tokens.of(STAGING)).await;
        assert_eq!((status, &problem["code"]), (403, &json!("other-environment")), "{route}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("is for staging") && detail.contains("about production"), "{detail}");
        for (token, code) in [("expired", "token-expired"), ("revoked", "token-revoked")] {
            let (status, problem) = ask(route, tokens.of(token)).await;
            assert_eq!((status, &problem["code"]), (401, &json!(code)), "{route}");
        }
        // Who has not the whole token learns nothing about it.
        let guessed = tokens.of("revoked").rsplit_once('_').unwrap().0.to_owned();
        let guessed = format!("{guessed}_{}", "A".repeat(43));
        assert_eq!(ask(route, &guessed).await.1["code"], "not-signed-in", "{route}");
    }
    assert_eq!(served.get("/flags").await["position"], before, "all these requests changed nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_client_route_is_closed() {
    let served = Served::new().await;
    served.apply(&document(&[flag("checkout")])).await;
    let (browser, secret) = served.key(json!({ "kind": "browser", "pinned": { "plan": "pro" } })).await;
    let (server, other_secret) = served.key(json!({ "kind": "server" })).await;
    let now = jiff::Timestamp::now().as_second();
    let good = token(&secret, json!({ "tenant": "acme" }));
    let attributes = json!({ "tenant": "acme" });
    let tokens = [
        ("of another key", token(&other_secret, attributes.clone())),
        ("past its end", sign(&secret, &json!({ "aud": "production", "exp": now - 100, "attributes": attributes }))),
        ("without an end", sign(&secret, &json!({ "aud": "production", "attributes": attributes }))),
        (
            "for another environment",
            sign(&secret, &json!({ "aud": "staging", "exp": now + 100, "attributes": attributes })),
        ),
        ("against the pin", token(&secret, json!({ "plan": "free" }))),
        ("unsigned", format!("{}.", good.rsplit_once('.').unwrap().0)),
        ("of nothing", "x".to_owned()),
    ];
    let (kept, last) = browser.split_at(browser.len() - 1);
    let mistyped = format!("{kept}{}", if last == "A" { "E" } else { "A" });
    for (method, path) in
        described(&served).await.iter().filter(|(_, path)| path.starts_with("/client/") || path.starts_with("/ofrep/"))
    {
        // An acknowledgement, and a batch of telemetry: each passes over what is of the other.
        let body = json!({
            "instance": "i", "position": { "epoch": 1, "revision": 1, "kill_revision": 0 }, "state": "live", "sdk": "s",
            "telemetry": 1, "batch": 1, "buckets": [],
        });
        let ask = || {
            let request = served.http.request(method.clone(), served.url(&filled(path)));
            if method == Method::POST { request.json(&body) } else { request }
        };
        let status = |request: reqwest::RequestBuilder| async { request.send().await.unwrap().status().as_u16() };
        assert_eq!(status(ask()).await, 401, "{path} as nobody");
        assert_eq!(status(ask().bearer_auth(&served.admin_token)).await, 401, "{path} as a person");
        assert_eq!(status(ask().bearer_auth(&mistyped)).await, 401, "{path} with a mistyped key");
        let evil = ask().bearer_auth(&browser).header("origin", "https://evil.example").send().await.unwrap();
        assert_eq!(evil.status(), 403, "{path} from another origin");
        assert!(!evil.headers().contains_key("access-control-allow-origin"));
        assert_eq!(
            status(ask().bearer_auth(&server).header("origin", "https://shop.example")).await,
            403,
            "a server key in a page"
        );
        for (what, token) in &tokens {
            let answer = ask().bearer_auth(&browser).header("downhaul-context-token", token).send().await.unwrap();
            assert_eq!(answer.status(), 401, "{path} with a token {what}");
        }
        let request = ask().bearer_auth(&browser).header("origin", "https://shop.example");
        let answer = request.header("downhaul-context-token", &good).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        assert_eq!(answer.headers()["access-control-allow-origin"], "https://shop.example");
        let vary: Vec<_> = answer.headers().get_all("vary").iter().map(|value| value.to_str().unwrap()).collect();
        assert!(vary.join(",").contains("origin"), "{vary:?}");
    }
    let preflight = |origin: &'static str| {
        let request = served.http.request(Method::OPTIONS, served.url("/client/v1/flag-set")).header("origin", origin);
        request.header("access-control-request-method", "GET").send()
    };
    let allowed = preflight("https://shop.example").await.unwrap();
    assert!(allowed.headers()["access-control-allow-headers"].to_str().unwrap().contains("downhaul-context-token"));
    assert!(!allowed.headers().contains_key("access-control-allow-credentials"));
    assert_eq!(preflight("https://evil.example").await.unwrap().status(), 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_and_files() {
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("index.html"), "<p>console</p>").unwrap();
    std::fs::write(folder.path().join("kill.html"), "<p>kill</p>").unwrap();
    std::fs::write(folder.path().join("console-0123456789abcdef.wasm"), b"\0asm").unwrap();
    let served = Served::with(|options| {
        options.console = Some(folder.path().to_owned());
        options.allowed_hosts = vec!["flags.example".to_owned()];
    })
    .await;
    for (host, status) in
        [("localhost:1", 401), ("flags.example", 401), ("[::1]:9", 401), ("10.0.0.1", 403), ("x", 403)]
    {
        let answer = served.http.get(served.url("/api/v1/session")).header("host", host).send().await.unwrap();
        assert_eq!(answer.status(), status, "{host}");
    }
    let get = |path: &'static str| served.http.get(served.url(path)).send();
    for path in ["/", "/flags/checkout", "/index.html"] {
        let page = get(path).await.unwrap();
        assert_eq!(page.status(), 200, "{path}");
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        assert!(
            policy.contains("script-src 'self' 'wasm-unsafe-eval'") && !policy.contains("unsafe-inline"),
            "{policy}"
        );
        assert_eq!(page.headers()["cache-control"], "no-cache");
        assert_eq!(page.text().await.unwrap(), "<p>console</p>");
    }
    // The last resort is no page of the console, and runs no WebAssembly.
    for path in ["/kill", "/kill.html"] {
        let page = get(path).await.unwrap();
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("script-src 'self'; ") && policy.contains("form-action 'none'"), "{policy}");
        assert!(!policy.contains("wasm") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(page.text().await.unwrap(), "<p>kill</p>");
    }
    let wasm = get("/console-0123456789abcdef.wasm").await.unwrap();
    assert_eq!(wasm.headers()["content-type"], "application/wasm");
    assert!(wasm.headers()["cache-control"].to_str().unwrap().contains("immutable"));
    for path in ["/missing.js", "/api/v1/nothing", "/client/v2/flag-set", "/../Cargo.toml"] {
        assert_eq!(get(path).await.unwrap().status(), 404, "{path}");
    }
    assert_eq!(get("/healthz").await.unwrap().status(), 200);
    assert_eq!(get("/readyz").await.unwrap().status(), 200);
}
