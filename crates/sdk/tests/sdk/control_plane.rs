//! A control plane on a port of its own, behind a way that can be cut.

use downhaul_sdk::{Client, Event, Events, Options, Position, Status};
use downhaul_server::ServerOptions;
use reqwest::Method;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::{AbortHandle, JoinSet};

pub const ENVIRONMENT: &str = "production";

pub struct ControlPlane {
    address: SocketAddr,
    token: String,
    http: reqwest::Client,
    _stop: oneshot::Sender<()>,
    _folder: TempDir,
    way: Way,
}

impl ControlPlane {
    pub async fn new() -> ControlPlane {
        ControlPlane::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut ServerOptions)) -> ControlPlane {
        let folder = TempDir::new().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut options = ServerOptions::new(folder.path().to_owned(), address, ENVIRONMENT.parse().unwrap());
        change(&mut options);
        let opened = downhaul_server::open(options).await.unwrap();
        let token_file = folder.path().join(downhaul_server::TOKEN_FILE);
        let token = std::fs::read_to_string(token_file).unwrap().trim().to_owned();
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(downhaul_server::run(listener, opened.state, async {
            let _ = stopped.await;
        }));
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        ControlPlane { address, token, http, _stop: stop, _folder: folder, way: Way::to(address).await }
    }

    /// Options of a client that comes by the way.
    pub fn options(&self, key: &str) -> Options {
        Options::new(format!("http://{}", self.way.address), key).http(http()).release("shop 1.0.0")
    }

    pub fn start(&self, key: &str) -> Client {
        self.options(key).start().unwrap()
    }

    /// Where the control plane is, by the way.
    pub fn url(&self) -> String {
        format!("http://{}", self.way.address)
    }

    pub async fn metrics(&self) -> String {
        let url = format!("http://{}/metrics", self.address);
        self.http.get(url).bearer_auth(&self.token).send().await.unwrap().text().await.unwrap()
    }

    /// Nothing gets through, and what was open is closed.
    pub fn cut(&self) {
        self.way.open.send_replace(false);
    }

    pub fn mend(&self) {
        self.way.open.send_replace(true);
    }

    pub async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let url = format!("http://{}/api/v1/environments/{ENVIRONMENT}{path}", self.address);
        let mut request = self.http.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or_default()
    }

    pub async fn get(&self, path: &str) -> Value {
        self.admin(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.admin(Method::POST, path, Some(body)).await
    }

    pub async fn apply(&self, flags: &[Value]) {
        let document = json!({ "schema": 1, "environment": ENVIRONMENT, "revision": 0, "flags": flags });
        let source = json!({ "name": "flags.json", "text": document.to_string() });
        self.post("/apply", json!({ "sources": [source], "reason": "a test" })).await;
    }

    /// Gives the id of the kill.
    pub async fn kill(&self, flag: &str) -> String {
        let kill = self.post("/kills", json!({ "flag": flag, "scope": {}, "reason": "it burns" })).await;
        kill["id"].as_str().unwrap().to_owned()
    }

    pub async fn restore(&self, id: &str) {
        self.post(&format!("/kills/{id}/restore"), json!({ "reason": "it is out" })).await;
    }

    /// Hands in what a break-glass key has signed.
    pub async fn report(&self, object: &[u8]) -> Value {
        let url = format!("http://{}/api/v1/environments/{ENVIRONMENT}/break-glass", self.address);
        let answer = self.http.post(url).bearer_auth(&self.token).body(object.to_vec()).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub async fn key(&self) -> String {
        self.key_with(json!({ "kind": "server" })).await
    }

    pub async fn key_with(&self, mut request: Value) -> String {
        request["name"] = json!("test");
        self.post("/client-keys", request).await["key"].as_str().unwrap().to_owned()
    }

    /// Waits until what is at this path is as it should be.
    pub async fn until(&self, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
        within(async {
            loop {
                let now = self.get(path).await;
                if fits(&now) {
                    return now;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await
    }

    pub async fn public_key(&self, key: &str) -> String {
        let url = format!("http://{}/client/v1/keys", self.address);
        let answer: Value = self.http.get(url).bearer_auth(key).send().await.unwrap().json().await.unwrap();
        answer["keys"][0]["public_key"].as_str().unwrap().to_owned()
    }

    /// A way of somebody's own, which is cut apart from the others.
    pub async fn another_way(&self) -> Way {
        Way::to(self.address).await
    }

    /// Its own address, past the way that can be cut.
    pub fn direct(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The kills alone, as they are fetched.
    pub async fn kill_object(&self, key: &str) -> Vec<u8> {
        let url = format!("http://{}/client/v1/kills", self.address);
        self.http.get(url).bearer_auth(key).send().await.unwrap().bytes().await.unwrap().to_vec()
    }

    /// The flag set, as it is fetched.
    pub async fn envelope(&self, key: &str) -> Vec<u8> {
        let url = format!("http://{}/client/v1/flag-set?formats=1", self.address);
        self.http.get(url).bearer_auth(key).send().await.unwrap().bytes().await.unwrap().to_vec()
    }
}

/// Passes connections on, as long as it is not cut.
pub struct Way {
    address: SocketAddr,
    open: watch::Sender<bool>,
    running: AbortHandle,
}

impl Way {
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn cut(&self) {
        self.open.send_replace(false);
    }

    pub fn mend(&self) {
        self.open.send_replace(true);
    }

    async fn to(target: SocketAddr) -> Way {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let open = watch::Sender::new(true);
        let opened = open.subscribe();
        let running = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let Ok((mut from, _)) = listener.accept().await else { continue };
                let mut opened = opened.clone();
                connections.spawn(async move {
                    if !*opened.borrow_and_update() {
                        return;
                    }
                    let Ok(mut to) = TcpStream::connect(target).await else { return };
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut from, &mut to) => {}
                        _ = opened.wait_for(|open| !open) => {}
                    }
                });
            }
        });
        Way { address, open, running: running.abort_handle() }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// Of a client: nothing between it and loopback.
pub fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

/// A flag for everyone, on.
pub fn flag(key: &str) -> Value {
    json!({
        "key": key, "description": "A flag", "owner": "payments", "kind": "release", "expires": "2099-01-31",
        "clients": ["edge", "server"], "variants": { "on": true, "off": false },
        "degraded": { "variant": "off", "meaning": "The old way" }, "default": "on"
    })
}

/// Waits, and gives up long after a test of a loaded machine would be through.
pub async fn within<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(90), work).await.expect("it comes in time")
}

/// The next event that fits; those before it are passed over.
pub async fn next_event<T>(events: &mut Events, fits: impl Fn(Event) -> Option<T>) -> T {
    within(async {
        loop {
            let event = events.next().await.expect("the client goes on");
            if let Some(found) = fits(event) {
                return found;
            }
        }
    })
    .await
}

/// Waits until the client stands as it should.
pub async fn until(client: &Client, fits: impl Fn(&Status) -> bool) -> Status {
    let client = Arc::new(client.clone());
    within(async {
        loop {
            let status = client.status();
            if fits(&status) {
                return status;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
}

pub fn revision(status: &Status) -> u64 {
    status.position.map_or(0, |Position { revision, .. }| revision)
}
