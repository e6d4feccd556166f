//! Others whom the server asks: a webhook target, and what speaks as Prometheus does.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use downhaul_control::webhook::WebhookSecret;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A webhook that arrived.
#[derive(Debug, Clone)]
pub struct Arrived {
    pub id: String,
    pub path: String,
    pub body: Value,
}

/// How the target answers next.
#[derive(Debug, Clone, Copy)]
pub enum Answers {
    Status(u16),
    /// Not before so long.
    Slowly(u16, Duration),
    /// Elsewhere.
    Redirect,
}

#[derive(Debug, Default)]
struct Inner {
    arrived: Mutex<Vec<Arrived>>,
    answers: Mutex<VecDeque<Answers>>,
    value: Mutex<Option<f64>>,
    asked: Mutex<usize>,
    /// Whether queries are answered at all, and those that wait.
    hangs: watch::Sender<bool>,
    hanging: Mutex<usize>,
    news: Notify,
}

/// A target that checks every signature, and a Prometheus whose only value is set by hand.
#[derive(Debug, Clone)]
pub struct Target {
    pub address: SocketAddr,
    inner: Arc<Inner>,
    _serving: Arc<Serving>,
}

#[derive(Debug)]
struct Serving(JoinHandle<()>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Target {
    pub async fn start() -> Target {
        let inner = Arc::new(Inner::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/hooks/{name}", post(arrive))
            .route("/api/v1/query", get(query))
            .with_state(Arc::clone(&inner));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Target { address, inner, _serving: Arc::new(Serving(serving)) }
    }

    /// The targets file that names it as `deploy`, `cdn` and `pager`, and as Prometheus.
    pub fn targets(&self) -> Value {
        let hook = |name: &str| json!({ "url": format!("http://{}/hooks/{name}", self.address), "secret": SECRET, "allow_private": true });
        json!({
            "prometheus": { "url": format!("http://{}", self.address), "allow_private": true },
            "webhooks": { "deploy": hook("deploy"), "cdn": hook("cdn"), "pager": hook("pager") },
        })
    }

    pub fn answers(&self, answers: impl IntoIterator<Item = Answers>) {
        self.inner.answers.lock().unwrap().extend(answers);
    }

    /// What the metric gives from now on; nothing for `None`.
    pub fn reads(&self, value: Option<f64>) {
        *self.inner.value.lock().unwrap() = value;
    }

    /// How often the metric was asked for.
    pub fn asked(&self) -> usize {
        *self.inner.asked.lock().unwrap()
    }

    /// Whether queries hang from now on.
    pub fn hangs(&self, hangs: bool) {
        self.inner.hangs.send_replace(hangs);
    }

    /// Queries that hang now.
    pub fn hanging(&self) -> usize {
        *self.inner.hanging.lock().unwrap()
    }

    pub fn arrived(&self) -> Vec<Arrived> {
        self.inner.arrived.lock().unwrap().clone()
    }

    /// Waits for the first webhook of this path, such as `/hooks/deploy`.
    pub async fn first(&self, path: &str) -> Arrived {
        loop {
            let news = self.inner.news.notified();
            if let Some(arrived) = self.arrived().into_iter().find(|each| each.path == path) {
                return arrived;
            }
            let _ = tokio::time::timeout(Duration::from_millis(200), news).await;
        }
    }
}

async fn arrive(State(inner): State<Arc<Inner>>, uri: axum::http::Uri, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    let (id, seconds) = (header("webhook-id"), header("webhook-timestamp").parse::<i64>().unwrap());
    let signature = WebhookSecret::parse(SECRET).unwrap().sign(&id, seconds, &body);
    assert_eq!(header("webhook-signature"), signature);
    assert!((jiff::Timestamp::now().as_second() - seconds).abs() < 60);
    let body = serde_json::from_slice(&body).unwrap();
    inner.arrived.lock().unwrap().push(Arrived { id, path: uri.path().to_owned(), body });
    inner.news.notify_waiters();
    let answer = inner.answers.lock().unwrap().pop_front().unwrap_or(Answers::Status(202));
    match answer {
        Answers::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Answers::Slowly(status, after) => {
            tokio::time::sleep(after).await;
            StatusCode::from_u16(status).unwrap().into_response()
        }
        Answers::Redirect => (StatusCode::FOUND, [("location", "http://169.254.169.254/latest")]).into_response(),
    }
}

/// A query that hangs, until it is answered or given up.
struct Hanging<'a>(&'a Inner);

impl Drop for Hanging<'_> {
    fn drop(&mut self) {
        *self.0.hanging.lock().unwrap() -= 1;
    }
}

async fn query(State(inner): State<Arc<Inner>>) -> Response {
    {
        *inner.hanging.lock().unwrap() += 1;
        let _hanging = Hanging(&inner);
        inner.hangs.subscribe().wait_for(|hangs| !hangs).await.unwrap();
    }
    let value = *inner.value.lock().unwrap();
    *inner.asked.lock().unwrap() += 1;
    let result = value.map(|value| json!({ "metric": {}, "value": [1.0, value.to_string()] }));
    let result: Vec<Value> = result.into_iter().collect();
    axum::Json(json!({ "status": "success", "data": { "resultType": "vector", "result": result } })).into_response()
}
