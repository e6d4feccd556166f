//! A control plane that says what it is told to, right or wrong.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use downhaul_control::Hash;
use downhaul_control::api::Attributes;
use downhaul_control::envelope::{Audience, EnvelopeSigner, EnvelopeType, Header};
use downhaul_core::check::{Source, check};
use downhaul_core::compile::load;
use downhaul_core::document::ClientKind;
use downhaul_core::read::Format;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::UnboundedReceiverStream;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

pub struct Liar {
    pub url: String,
    pub said: Arc<Said>,
}

#[derive(Default)]
pub struct Said {
    /// What polls are answered with.
    pub envelope: Mutex<Vec<u8>>,
    keys: Mutex<Vec<String>>,
    key_requests: Mutex<usize>,
    acknowledged: Mutex<Vec<Value>>,
    /// Where the last stream is written to; none is held while `streams` is off.
    stream: Mutex<Option<mpsc::UnboundedSender<String>>>,
    streams: Mutex<usize>,
}

impl Liar {
    pub async fn new(signers: &[&EnvelopeSigner]) -> Liar {
        let said = Arc::new(Said::default());
        *said.keys.lock().unwrap() = signers.iter().map(|signer| public_key(signer)).collect();
        let router = Router::new()
            .route(
                "/client/v1/flag-set",
                get(|State(said): State<Arc<Said>>| async move {
                    let bytes = said.envelope.lock().unwrap().clone();
                    if bytes.is_empty() {
                        StatusCode::SERVICE_UNAVAILABLE.into_response()
                    } else {
                        bytes.into_response()
                    }
                }),
            )
            .route(
                "/client/v1/keys",
                get(|State(said): State<Arc<Said>>| async move {
                    *said.key_requests.lock().unwrap() += 1;
                    let keys: Vec<Value> =
                        said.keys.lock().unwrap().iter().map(|key| json!({ "id": "", "public_key": key })).collect();
                    json!({ "keys": keys }).to_string()
                }),
            )
            .route(
                "/client/v1/acknowledge",
                post(|State(said): State<Arc<Said>>, body: String| async move {
                    said.acknowledged.lock().unwrap().push(serde_json::from_str(&body).unwrap());
                    StatusCode::NO_CONTENT
                }),
            )
            .route(
                "/client/v1/stream",
                get(|State(said): State<Arc<Said>>| async move {
                    let (write, written) = mpsc::unbounded_channel();
                    *said.stream.lock().unwrap() = Some(write);
                    *said.streams.lock().unwrap() += 1;
                    Body::from_stream(UnboundedReceiverStream::new(written).map(Ok::<_, std::convert::Infallible>))
                }),
            )
            .with_state(Arc::clone(&said));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Liar { url, said }
    }

    /// Writes to the stream, once there is one.
    pub async fn stream(&self, text: &str) {
        crate::control_plane::within(async {
            loop {
                if let Some(stream) = &*self.said.stream.lock().unwrap() {
                    stream.send(text.to_owned()).unwrap();
                    return;
                }
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    pub fn streams(&self) -> usize {
        *self.said.streams.lock().unwrap()
    }

    /// Ends the stream.
    pub fn hang_up(&self) {
        self.said.stream.lock().unwrap().take();
    }

    pub fn key_requests(&self) -> usize {
        *self.said.key_requests.lock().unwrap()
    }

    pub fn acknowledged(&self) -> Vec<Value> {
        self.said.acknowledged.lock().unwrap().clone()
    }
}

pub fn hello(revision: u64, kill_revision: u64) -> String {
    let position = json!({ "epoch": 100, "revision": revision, "kill_revision": kill_revision });
    let hello = json!({ "position": position, "server_time": "2026-11-26T12:00:00.000Z", "ping_seconds": 60, "stale_seconds": 600 });
    event("hello", &hello.to_string())
}

pub fn event(name: &str, data: &str) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

pub fn sent(name: &str, envelope: &[u8]) -> String {
    event(name, &STANDARD.encode(envelope))
}

pub fn public_key(signer: &EnvelopeSigner) -> String {
    STANDARD.encode(signer.public_key().as_bytes())
}

pub fn document(flags: &[Value], kills: &[Value]) -> Value {
    json!({ "schema": 1, "environment": "test", "revision": 1, "flags": flags, "kills": kills })
}

/// Program and kill set of a document.
pub fn compiled(document: &Value, kill_revision: u64) -> (Vec<u8>, Vec<u8>) {
    let source = Source { name: "test".to_owned(), text: document.to_string(), format: Format::Json };
    let checked = check(&[source], None);
    let mut loaded = load(&checked.valid.unwrap_or_else(|| panic!("{:#?}", checked.diagnostics)));
    loaded.kill_set.kill_revision = kill_revision;
    (loaded.program.to_bytes(), loaded.kill_set.to_bytes().unwrap())
}

/// An envelope of a document at 100.1.0, unless the header is changed.
pub fn envelope(signer: &EnvelopeSigner, document: &Value, change: impl FnOnce(&mut Header)) -> Vec<u8> {
    let mut header = Header {
        kind: EnvelopeType::FlagSet,
        epoch: 100,
        environment: "test".to_owned(),
        audience: Audience { kind: ClientKind::Server, attributes: Attributes::new(), decided_for: None },
        revision: 1,
        kill_revision: 0,
        issued_at: "2026-11-26T12:00:00.000Z".to_owned(),
        valid_until: "2099-11-26T12:00:00.000Z".to_owned(),
        program_format: 1,
        program_length: 0,
        program_sha256: Hash::ZERO,
        kills_length: 0,
        kills_sha256: Hash::ZERO,
        document_digest: None,
        keys: None,
        break_glass: None,
        breakers: std::collections::BTreeMap::new(),
    };
    change(&mut header);
    let (program, kills) = compiled(document, header.kill_revision);
    let program = if header.kind == EnvelopeType::Kills { Vec::new() } else { program };
    signer.seal(&header, &program, &kills).unwrap().into_bytes()
}
