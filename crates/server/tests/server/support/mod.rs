//! A control plane on a port of its own, and clients that talk to it.
#![allow(dead_code, unreachable_pub, clippy::allow_attributes, reason = "each test file uses a part of it")]

pub mod people;
pub mod prometheus;
pub mod smtp;
pub mod stream;
pub mod target;

use downhaul_control::envelope::{Header, PublicKey, open};
use downhaul_server::{AppState, ServerOptions};
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running server. Dropping it ends it as a crash of the process would, but for the operating system's buffers.
pub struct Served {
    pub address: SocketAddr,
    pub admin_token: String,
    pub state: AppState,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<std::io::Result<()>>,
    pub http: reqwest::Client,
    _own_folder: Option<TempDir>,
}

pub const ENVIRONMENT: &str = "production";

impl Served {
    /// On a new data folder.
    pub async fn new() -> Served {
        Served::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut ServerOptions)) -> Served {
        let folder = TempDir::new().unwrap();
        let mut served = Served::at(folder.path(), change).await;
        served._own_folder = Some(folder);
        served
    }

    /// On a data folder that outlives it.
    pub async fn at(folder: &Path, change: impl FnOnce(&mut ServerOptions)) -> Served {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut options = options(folder, address);
        change(&mut options);
        let opened = downhaul_server::open(options).await.unwrap();
        let token_file = folder.join(downhaul_server::TOKEN_FILE);
        let admin_token = std::fs::read_to_string(token_file).unwrap().trim().to_owned();
        let (stop, stopped) = oneshot::channel::<()>();
        let state = opened.state.clone();
        let running = tokio::spawn(downhaul_server::run(listener, opened.state, async {
            let _ = stopped.await;
        }));
        Served { address, admin_token, state, stop: Some(stop), running, http: http(), _own_folder: None }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Closes it as Ctrl-C does, and waits for the end.
    pub async fn close(mut self) {
        self.stop.take().unwrap().send(()).unwrap();
        (&mut self.running).await.unwrap().unwrap();
    }

    /// Tells it to close and does not wait.
    pub fn begin_close(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// A request of the admin, below the environment.
    pub async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let url = self.url(&format!("/api/v1/environments/{ENVIRONMENT}{path}"));
        let mut request = self.http.request(method, url).bearer_auth(&self.admin_token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() })
    }

    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.admin(Method::GET, path, None).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, body) = self.admin(Method::POST, path, Some(body)).await;
        assert!(status.is_success(), "{path}: {status} {body}");
        body
    }

    /// Puts a policy.
    pub async fn policy(&self, policy: Value) {
        let body = json!({ "policy": policy, "reason": "a test" });
        let (status, answer) = self.admin(Method::PUT, "/policy", Some(body)).await;
        assert!(status.is_success(), "{answer:#}");
    }

    pub async fn apply(&self, document: &Value) -> Value {
        let source = json!({ "name": "flags.json", "text": document.to_string() });
        self.post("/apply", json!({ "sources": [source], "reason": "a test" })).await
    }

    pub async fn kill(&self, flag: &str) -> Value {
        self.post("/kills", json!({ "flag": flag, "scope": {}, "reason": "it burns" })).await
    }

    pub async fn restore(&self, id: &str) -> Value {
        self.post(&format!("/kills/{id}/restore"), json!({ "reason": "it is out" })).await
    }

    /// A new client key: what clients send, and what signs their context tokens.
    pub async fn key(&self, mut request: Value) -> (String, String) {
        request["name"] = json!("test");
        if request["kind"] == "browser" && request.get("origins").is_none() {
            request["origins"] = json!(["https://shop.example"]);
        }
        let made = self.post("/client-keys", request).await;
        (made["key"].as_str().unwrap().to_owned(), made["token_secret"].as_str().unwrap().to_owned())
    }

    pub fn client(&self, path: &str, key: &str) -> reqwest::RequestBuilder {
        self.http.get(self.url(path)).bearer_auth(key)
    }

    /// The keys that envelopes are verified with.
    pub async fn public_keys(&self, key: &str) -> Vec<PublicKey> {
        use base64::Engine;
        let answer: Value = self.client("/client/v1/keys", key).send().await.unwrap().json().await.unwrap();
        let one = |each: &Value| {
            let bytes = base64::engine::general_purpose::STANDARD.decode(each["public_key"].as_str().unwrap()).unwrap();
            PublicKey::from_bytes(&bytes.try_into().unwrap()).unwrap()
        };
        answer["keys"].as_array().unwrap().iter().map(one).collect()
    }

    /// The flag set that a client gets, verified.
    pub async fn flag_set(&self, key: &str, query: &str, token: Option<&str>) -> Received {
        let mut request = self.client(&format!("/client/v1/flag-set?formats=1{query}"), key);
        if let Some(token) = token {
            request = request.header("downhaul-context-token", token);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let tag = answer.headers()[header::ETAG].to_str().unwrap().to_owned();
        let bytes = answer.bytes().await.unwrap();
        Received { tag, ..Received::read(&bytes, &self.public_keys(key).await) }
    }

    pub async fn progress(&self, kill: &str) -> Value {
        self.get(&format!("/kills/{kill}")).await["progress"].clone()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.running.abort();
    }
}

pub fn options(folder: &Path, address: SocketAddr) -> ServerOptions {
    ServerOptions::new(folder.to_owned(), address, ENVIRONMENT.parse().unwrap())
}

pub fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().tcp_nodelay(true).timeout(Duration::from_secs(60)).build().unwrap()
}

/// A flag set as a client reads it.
#[derive(Debug, Clone)]
pub struct Received {
    pub header: Header,
    pub program: Vec<u8>,
    pub kills: Vec<u8>,
    /// All of it.
    pub bytes: Vec<u8>,
    pub tag: String,
}

impl Received {
    pub fn read(bytes: &[u8], keys: &[PublicKey]) -> Received {
        let opened = open(bytes, keys).unwrap();
        let (program, kills) = (opened.program.to_vec(), opened.kills.to_vec());
        Received { header: opened.header, program, kills, bytes: bytes.to_vec(), tag: String::new() }
    }
}

pub fn claimed(context: &Value) -> String {
    use base64::Engine;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(context.to_string())
}

/// Waits until the last task of the crashed server is gone.
pub async fn free(folder: &Path) {
    let lock = std::fs::File::open(folder.join("downhaul.lock")).unwrap();
    while lock.try_lock().is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    lock.unlock().unwrap();
}

/// A context token that ends in an hour.
pub fn token(secret: &str, attributes: Value) -> String {
    let exp = jiff::Timestamp::now().as_second() + 3600;
    sign(secret, &json!({ "aud": ENVIRONMENT, "exp": exp, "sub": "user-1", "attributes": attributes }))
}

pub fn sign(secret: &str, claims: &Value) -> String {
    let key = jsonwebtoken::EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), claims, &key).unwrap()
}

/// A flag for everyone, on.
pub fn flag(key: &str) -> Value {
    json!({
        "key": key, "description": "A flag", "owner": "payments", "kind": "release", "expires": "2099-01-31",
        "clients": ["browser", "edge", "server"], "variants": { "on": true, "off": false },
        "degraded": { "variant": "off", "meaning": "The old way" }, "default": "on"
    })
}

pub fn document(flags: &[Value]) -> Value {
    json!({ "schema": 1, "environment": ENVIRONMENT, "revision": 0, "flags": flags })
}
