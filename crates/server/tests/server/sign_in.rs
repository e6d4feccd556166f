//! Sign-in at a real OpenID provider (npm `oidc-provider`), as a browser goes through it.

use crate::support::{Served, document, flag};
use downhaul_core::read::Format;
use downhaul_server::Targets;
use reqwest::redirect::Policy;
use reqwest::{Method, Response, StatusCode, Url, header};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

/// A provider in a process of its own.
struct Provider {
    process: Child,
    /// Kept open: it ends where it cannot write its notices.
    _notices: BufReader<ChildStdout>,
    issuer: String,
}

impl Provider {
    fn start(server: SocketAddr) -> Provider {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oidc");
        assert!(folder.join("node_modules/oidc-provider").exists(), "run `cargo xtask setup --tests` first");
        let mut process = Command::new("node")
            .arg(folder.join("provider.mjs"))
            .arg(format!("http://{server}/sign-in/v1/return"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut issuer = String::new();
        let mut notices = BufReader::new(process.stdout.take().unwrap());
        notices.read_line(&mut issuer).unwrap();
        Provider { process, _notices: notices, issuer: issuer.trim().to_owned() }
    }

    fn stop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Members of `on-call` are operators of production.
async fn served() -> (Served, Provider) {
    let mut provider = None;
    let served = Served::with(|options| {
        let started = Provider::start(options.listen);
        let targets = json!({
            "public_url": format!("http://{}", options.listen),
            "sign_in": {
                "name": "Harbour", "issuer": started.issuer, "client_id": "downhaul",
                "client_secret": "a secret of the tests", "scopes": ["profile", "groups"], "allow_private": true,
                "roles": [{ "group": "on-call", "environment": "production", "role": "operator" }],
            },
        });
        options.targets = Targets::of(&targets.to_string(), Format::Json).unwrap();
        provider = Some(started);
    })
    .await;
    (served, provider.unwrap())
}

/// Cookies by server and name, and redirects one at a time.
struct Browser {
    http: reqwest::Client,
    cookies: BTreeMap<(String, String), String>,
}

impl Browser {
    fn new() -> Browser {
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        Browser { http, cookies: BTreeMap::new() }
    }

    fn cookies_of(&self, server: &str) -> String {
        let all = self.cookies.iter().filter(|((of, _), _)| of == server);
        all.map(|((_, name), value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    async fn get(&mut self, url: &Url) -> Response {
        let server = url.authority().to_owned();
        let request = self.http.get(url.clone()).header("cookie", self.cookies_of(&server));
        let answer = request.header("sec-fetch-site", "cross-site").header("sec-fetch-mode", "navigate");
        let answer = answer.send().await.unwrap();
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            let key = (server.clone(), name.to_owned());
            if value.is_empty() {
                self.cookies.remove(&key)
            } else {
                self.cookies.insert(key, value.to_owned())
            };
        }
        answer
    }

    /// Follows redirects until one leads to an address that contains `end`, and gives it; or the answer that is none.
    async fn follow(&mut self, mut url: Url, end: &str) -> Result<Url, (StatusCode, String)> {
        loop {
            let answer = self.get(&url).await;
            let Some(next) = answer.headers().get(header::LOCATION) else {
                return Err((answer.status(), answer.text().await.unwrap()));
            };
            url = url.join(next.to_str().unwrap()).unwrap();
            if url.as_str().contains(end) {
                return Ok(url);
            }
        }
    }

    /// From the button to the console.
    async fn sign_in(&mut self, served: &Served) -> Result<(), (StatusCode, String)> {
        let back = self.until_return(served).await;
        let answer = self.get(&back).await;
        if answer.status() != StatusCode::SEE_OTHER {
            return Err((answer.status(), answer.text().await.unwrap()));
        }
        assert_eq!(answer.headers()[header::LOCATION], "/");
        Ok(())
    }

    /// Up to the address that the provider sends the browser back to.
    async fn until_return(&mut self, served: &Served) -> Url {
        let start = served.url("/sign-in/v1/start").parse().unwrap();
        self.follow(start, "/sign-in/v1/return?").await.unwrap()
    }

    async fn ask(&self, served: &Served, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = served.url(&format!("/api/v1{path}"));
        let request = self.http.request(method, url).header("cookie", self.cookies_of(&served.address.to_string()));
        let request = request.header("downhaul-console", "1");
        let answer = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = answer.send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap_or_default())
    }
}

async fn account(provider: &Provider, account: Value) {
    let http = crate::support::http();
    let answer = http.post(format!("{}/account", provider.issuer)).body(account.to_string()).send().await.unwrap();
    assert!(answer.status().is_success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_gives_a_role_and_takes_it() {
    let (served, provider) = served().await;
    served.apply(&document(&[flag("checkout")])).await;
    account(&provider, json!({ "sub": "ada", "name": "Ada Lovelace", "groups": ["on-call", "staff"] })).await;
    let mut ada = Browser::new();
    ada.sign_in(&served).await.unwrap();
    let (_, who) = ada.ask(&served, Method::GET, "/session", None).await;
    assert_eq!((&who["name"], &who["roles"]), (&json!("Ada Lovelace"), &json!({ "production": ["operator"] })));
    let kill = json!({ "flag": "checkout", "scope": {}, "reason": "it burns" });
    let (status, killed) = ada.ask(&served, Method::POST, "/environments/production/kills", Some(kill.clone())).await;
    assert_eq!((status, &killed["by"]), (200, &json!("Ada Lovelace")), "{killed}");
    let url = served.url("/api/v1/environments/production/kills");
    let forged = ada.http.post(url).header("cookie", ada.cookies_of(&served.address.to_string())).json(&kill);
    assert_eq!(forged.send().await.unwrap().status(), 403, "without the header that another page cannot send");
    let (status, _) = ada.ask(&served, Method::PUT, "/environments/production/policy", Some(json!({}))).await;
    assert_eq!(status, 403);
    let chart = served.get("/chart").await;
    let (granted, actor) = (&chart["changes"][1], who["actor"].as_str().unwrap());
    assert_eq!(granted["summary"], "granted Ada Lovelace the role operator", "by name, as the people are listed");
    assert_eq!(granted["reason"], "a group of the sign-in gives it");
    assert!(!chart.to_string().contains("\"ada\""), "the account is not in the chart");

    // Married, and no longer on call.
    account(&provider, json!({ "sub": "ada", "name": "Ada King", "groups": [] })).await;
    let (status, page) = Browser::new().sign_in(&served).await.unwrap_err();
    assert_eq!(status, 403);
    assert!(page.contains(&format!("Ada King ({actor}) has no role in any environment")), "{page}");
    let (status, problem) = ada.ask(&served, Method::GET, "/environments/production/flags", None).await;
    assert_eq!((status, &problem["code"]), (403, &json!("not-permitted")), "the session from before opens nothing");

    // What an admin grants, no group takes.
    served.post(&format!("/people/{actor}/grant"), json!({ "role": "editor", "reason": "writes flags" })).await;
    let mut again = Browser::new();
    again.sign_in(&served).await.unwrap();
    let (_, who) = again.ask(&served, Method::GET, "/session", None).await;
    assert_eq!((&who["actor"], &who["roles"]), (&json!(actor), &json!({ "production": ["editor"] })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_back_has_to_fit_what_went_out() {
    let (served, provider) = served().await;
    account(&provider, json!({ "sub": "eve", "name": "Eve", "groups": ["on-call"] })).await;
    let (mut ada, mut eve) = (Browser::new(), Browser::new());
    let back = ada.until_return(&served).await;
    let of_eve = eve.until_return(&served).await;
    let refused = async |browser: &mut Browser, url: &Url| {
        let answer = browser.get(url).await;
        let status = answer.status().as_u16();
        assert!(
            !answer
                .headers()
                .get_all(header::SET_COOKIE)
                .iter()
                .any(|each| each.to_str().unwrap().contains("session="))
        );
        (status, answer.text().await.unwrap())
    };
    // Eve would have Ada signed in as Eve.
    let (status, page) = refused(&mut Browser::new(), &of_eve).await;
    assert!(status == 401 && page.contains("this browser began no sign-in"), "{page}");
    let (status, page) = refused(&mut ada, &of_eve).await;
    assert!(status == 401 && page.contains("belongs to another sign-in"), "{page}");
    let (status, page) = refused(&mut ada, &back).await;
    assert!(status == 401 && page.contains("began no sign-in"), "an attempt is over with the first return: {page}");

    // A code that was made for another attempt: the verifier does not fit it.
    let mut ada = Browser::new();
    let mut mine = ada.until_return(&served).await;
    let part = |url: &Url, name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    let (code, state) = (part(&of_eve, "code"), part(&mine, "state"));
    mine.query_pairs_mut().clear().append_pair("code", &code).append_pair("state", &state);
    let (status, page) = refused(&mut ada, &mine).await;
    assert!(status == 502 && page.contains("Harbour cannot be relied on now"), "{page}");

    let mut ada = Browser::new();
    let mut mine = ada.until_return(&served).await;
    let state = part(&mine, "state");
    let why = "<b>no</b>";
    mine.query_pairs_mut().clear().append_pair("error", "access_denied").append_pair("error_description", why);
    mine.query_pairs_mut().append_pair("state", &state);
    let (status, page) = refused(&mut ada, &mine).await;
    assert!(status == 401 && page.contains("Harbour refused: &lt;b&gt;no&lt;/b&gt;"), "{page}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_session_is_for_this_server_alone() {
    let (served, provider) = served().await;
    account(&provider, json!({ "sub": "ada", "name": "Ada", "groups": "on-call" })).await;
    let mut ada = Browser::new();
    let to = ada.get(&served.url("/sign-in/v1/start").parse().unwrap()).await;
    let to: Url = to.headers()[header::LOCATION].to_str().unwrap().parse().unwrap();
    let asked: BTreeMap<String, String> = to.query_pairs().into_owned().collect();
    assert_eq!((asked["response_type"].as_str(), asked["code_challenge_method"].as_str()), ("code", "S256"));
    assert!(asked["scope"].contains("openid") && !asked["state"].is_empty() && !asked["nonce"].is_empty());
    let back = ada.follow(to, "/sign-in/v1/return?").await.unwrap();
    let answer = ada.get(&back).await;
    let cookies: Vec<_> =
        answer.headers().get_all(header::SET_COOKIE).iter().map(|each| each.to_str().unwrap()).collect();
    let session = cookies.iter().find(|cookie| cookie.starts_with("downhaul_session=")).unwrap();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/api"] {
        assert!(session.contains(part), "{session}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_provider_a_token_still_works() {
    let (served, mut provider) = served().await;
    let offered = |served: &Served| served.http.get(served.url("/sign-in/v1")).send();
    assert_eq!(offered(&served).await.unwrap().json::<Value>().await.unwrap(), json!({ "name": "Harbour" }));
    account(&provider, json!({ "sub": "ada", "name": "Ada", "groups": ["on-call"] })).await;
    let mut ada = Browser::new();
    let back = ada.until_return(&served).await;
    provider.stop();
    for url in [back, served.url("/sign-in/v1/start").parse().unwrap()] {
        let answer = ada.get(&url).await;
        assert_eq!(answer.status(), StatusCode::BAD_GATEWAY);
        let page = answer.text().await.unwrap();
        assert!(page.contains("Harbour cannot be relied on now") && page.contains("a token works"), "{page}");
    }
    let token = json!({ "token": served.admin_token });
    let begun = served.http.post(served.url("/api/v1/session")).json(&token).send().await.unwrap();
    assert_eq!(begun.status(), StatusCode::OK);

    let plain = Served::new().await;
    assert_eq!(offered(&plain).await.unwrap().json::<Value>().await.unwrap(), json!({}));
    let start = plain.http.get(plain.url("/sign-in/v1/start")).send().await.unwrap();
    assert_eq!(start.status(), StatusCode::NOT_FOUND);
}

#[test]
fn a_provider_is_described_whole_and_safely() {
    let of = |members: Value| {
        let mut sign_in = json!({ "name": "Harbour", "issuer": "https://id.example", "client_id": "downhaul" });
        sign_in.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let file = json!({ "public_url": "https://flags.example", "sign_in": sign_in });
        Targets::of(&file.to_string(), Format::Json).map(drop).map_err(|problem| problem.code.to_string())
    };
    assert_eq!(of(json!({})), Ok(()));
    assert_eq!(of(json!({ "issuer": "http://id.example" })), Err("malformed-url".to_owned()), "keys in the clear");
    assert_eq!(of(json!({ "issuer": "https://127.0.0.1" })), Err("private-address".to_owned()));
    assert_eq!(of(json!({ "issuer": "http://127.0.0.1:9", "allow_private": true })), Ok(()));
    assert_eq!(of(json!({ "secret": "x" })), Err("malformed-targets".to_owned()));
    let role = json!([{ "group": "g", "environment": "production", "role": "owner" }]);
    assert_eq!(of(json!({ "roles": role })), Err("malformed-targets".to_owned()));
    let alone = json!({ "sign_in": { "name": "a", "issuer": "https://id.example", "client_id": "b" } });
    assert!(Targets::of(&alone.to_string(), Format::Json).is_err(), "nowhere to come back to");
}
