//! A host that gives everybody one file, with an entity tag, and knows nothing.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use downhaul_control::Hash;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

#[derive(Default)]
struct Kept {
    file: Option<Vec<u8>>,
    /// Of each request: whether it carried a client key, and the status of the answer.
    asked: Vec<(bool, u16)>,
}

pub struct StaticHost {
    url: String,
    kept: Arc<Mutex<Kept>>,
}

impl StaticHost {
    pub async fn new() -> StaticHost {
        let kept = Arc::new(Mutex::new(Kept::default()));
        let router = Router::new().route("/production.kills", get(answer)).with_state(Arc::clone(&kept));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/production.kills", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        StaticHost { url, kept }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn put(&self, file: Vec<u8>) {
        self.kept.lock().unwrap().file = Some(file);
    }

    pub fn asked(&self) -> Vec<(bool, u16)> {
        self.kept.lock().unwrap().asked.clone()
    }
}

async fn answer(State(kept): State<Arc<Mutex<Kept>>>, headers: HeaderMap) -> Response {
    let mut kept = kept.lock().unwrap();
    let response = match &kept.file {
        None => StatusCode::NOT_FOUND.into_response(),
        Some(file) => {
            let tag = format!("\"{}\"", Hash::of(file).short());
            if headers.get("if-none-match").is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
                StatusCode::NOT_MODIFIED.into_response()
            } else {
                ([("etag", tag)], file.clone()).into_response()
            }
        }
    };
    let told = (headers.contains_key("authorization"), response.status().as_u16());
    kept.asked.push(told);
    response
}
