//! Holds the stream; polls while there is none; keeps trying to come back.

use crate::backoff::{Returning, backoff, retry_after, spread};
use crate::events::Change;
use crate::holding::FORMATS;
use crate::host::random;
use crate::keys::read_key;
use crate::problem::ProblemCode;
use crate::shared::Shared;
use crate::sse::{Parser, StreamEvent};
use crate::status::Transport;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use downhaul_control::api::{ByeEvent, HelloEvent, PatchEvent, PingEvent, PublicKeys, Sampling};
use downhaul_control::envelope::{PublicKey, SIZE_LIMIT};
use jiff::Timestamp;
use reqwest::header::{ETAG, IF_NONE_MATCH, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use std::error::Error as _;
use std::fmt::Display;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout, timeout_at};

const HELLO: Duration = Duration::from_secs(10);
/// Where the control plane does not say: three of its pings unheard.
const SILENCE: Duration = Duration::from_secs(30);
const WAIT_SECONDS: u64 = 25;
const POLL: Duration = Duration::from_secs(30);
/// Of a request beyond the time for which the answer may be held.
const TIMEOUT: Duration = Duration::from_secs(30);
const SAMPLE: &str = "downhaul-sample";

impl Shared {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.authorised(self.http.request(method, format!("{}{path}", self.settings.url)))
    }

    pub(crate) fn authorised(&self, request: RequestBuilder) -> RequestBuilder {
        let request = request.bearer_auth(&self.settings.key);
        match &self.settings.context_token {
            Some(token) => request.header("downhaul-context-token", token),
            None => request,
        }
    }
}

fn formats() -> String {
    FORMATS.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

/// The connection of a client, for as long as it lives.
pub(crate) async fn run(shared: Arc<Shared>) {
    if shared.settings.polls {
        poll_loop(shared).await;
    } else {
        stream_loop(shared).await;
    }
}

/// Polling that ends with whoever holds it.
struct Polling(AbortHandle);

impl Polling {
    fn start(shared: &Arc<Shared>) -> Polling {
        Polling(tokio::spawn(poll_loop(Arc::clone(shared))).abort_handle())
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn stream_loop(shared: Arc<Shared>) {
    let mut returning = Returning::default();
    let mut polling = None;
    loop {
        let end = {
            let once = stream_once(&shared, &mut polling);
            tokio::select! {
                end = once => Some(end),
                () = shared.restart.notified() => None,
            }
        };
        let Some(StreamEnd { greeted, wait }) = end else {
            forget_etag(&shared);
            if polling.is_some() {
                polling = Some(Polling::start(&shared));
            }
            continue;
        };
        let lasted = greeted.map(|greeted| greeted.elapsed());
        let next = returning.after(lasted, wait, shared.return_within(), random());
        if polling.is_none() {
            shared.hears_by(Transport::None);
        }
        if greeted.is_none() {
            polling.get_or_insert_with(|| Polling::start(&shared));
        }
        tokio::select! {
            () = sleep(next) => {}
            () = shared.restart.notified() => forget_etag(&shared),
        }
    }
}

struct StreamEnd {
    /// When, if it was.
    greeted: Option<Instant>,
    wait: Option<Duration>,
}

async fn stream_once(shared: &Arc<Shared>, polling: &mut Option<Polling>) -> StreamEnd {
    let mut end = StreamEnd { greeted: None, wait: None };
    let base =
        shared.base().map(|(digest, position)| format!("&base={digest}&position={position}")).unwrap_or_default();
    let path = format!("/client/v1/stream?formats={}{base}", formats());
    let hello_until = Instant::now() + HELLO;
    let sent = timeout_at(hello_until, shared.request(Method::GET, &path).header("accept", "text/event-stream").send());
    let mut response = match sent.await {
        Ok(Ok(response)) if response.status().is_success() => response,
        Ok(Ok(response)) => {
            end.wait = refused(shared, response).await;
            return end;
        }
        Ok(Err(error)) => {
            failed(shared, "the stream can't be opened", &chain(error));
            return end;
        }
        Err(_) => {
            failed(shared, "the stream can't be opened", &format!("no answer within {} s", HELLO.as_secs()));
            return end;
        }
    };
    let mut parser = Parser::new();
    let mut silence = HELLO;
    loop {
        let chunk = match timeout(silence, response.chunk()).await {
            Ok(Ok(Some(chunk))) => chunk,
            Ok(Ok(None)) => return end,
            Ok(Err(error)) => {
                failed(shared, "the stream broke off", &chain(error));
                return end;
            }
            Err(_) => {
                failed(shared, "the stream broke off", &format!("nothing came for {} s", silence.as_secs_f64()));
                return end;
            }
        };
        shared.heard();
        let received_ms = shared.clock.now_ms();
        let mut events = match parser.feed(&chunk) {
            Ok(events) => events,
            Err(error) => {
                failed(shared, "the stream broke off", &error);
                return end;
            }
        };
        // The way down goes first: a kill never stands behind the put that came in the same bytes.
        events.sort_by_key(|event| !matches!(event.name.as_str(), "kill" | "restore"));
        for event in events {
            match event.name.as_str() {
                "hello" => {
                    if let Some(hello) = read::<HelloEvent>(shared, &event) {
                        end.greeted = Some(Instant::now());
                        silence = match hello.ping_seconds {
                            0 => SILENCE,
                            seconds => Duration::from_millis(u64::from(seconds) * 2500),
                        };
                        *polling = None;
                        shared.hears_by(Transport::Stream);
                        shared.hears_stale_seconds(hello.stale_seconds);
                        // What follows a greeting says what is asked now.
                        shared.hears_sampling(None);
                        shared.hears_within(hello.within_ms);
                        position(shared, hello.position, &hello.server_time);
                    }
                }
                "bye" => {
                    end.wait = read::<ByeEvent>(shared, &event).map(|bye| Duration::from_millis(bye.retry_ms));
                    return end;
                }
                _ => dispatch(shared, event, received_ms).await,
            }
        }
    }
}

async fn dispatch(shared: &Arc<Shared>, event: StreamEvent, received_ms: i64) {
    let change = match event.name.as_str() {
        "put" => Change::Put,
        "kill" => Change::Kill,
        "restore" => Change::Restore,
        "patch" => {
            let Some(patch) = read::<PatchEvent>(shared, &event) else { return };
            if !shared.receive_patch(patch, received_ms).await {
                fetch_missing(shared);
            }
            return;
        }
        "ping" => {
            if let Some(ping) = read::<PingEvent>(shared, &event) {
                shared.hears_within(ping.within_ms);
                position(shared, ping.position, &ping.server_time);
            }
            return;
        }
        "sample" => {
            if let Some(sampling) = read::<Option<Sampling>>(shared, &event) {
                shared.hears_sampling(sampling);
            }
            return;
        }
        // Events of a later control plane, and what was broken off.
        _ => return,
    };
    match STANDARD.decode(&event.data) {
        Ok(bytes) => {
            shared.receive(bytes, change, received_ms).await;
        }
        Err(_) => unreadable(shared, &event),
    }
}

fn position(shared: &Arc<Shared>, position: downhaul_control::api::Position, server_time: &str) {
    if shared.hears_position(position, server_time) {
        fetch_missing(shared);
    }
}

fn fetch_missing(shared: &Arc<Shared>) {
    let shared = Arc::clone(shared);
    tokio::spawn(async move { poll(&shared, 0).await });
}

fn read<'a, T: Deserialize<'a>>(shared: &Shared, event: &'a StreamEvent) -> Option<T> {
    let read = serde_json::from_str(&event.data);
    if read.is_err() {
        unreadable(shared, event);
    }
    read.ok()
}

fn unreadable(shared: &Shared, event: &StreamEvent) {
    shared.report(ProblemCode::EnvelopeMalformed.problem(
        format!("the event `{}` of the stream can't be read", event.name),
        "something between here and the control plane changes answers",
    ));
}

async fn poll_loop(shared: Arc<Shared>) {
    let mut failures = 0;
    let mut wait = 0;
    loop {
        let began = Instant::now();
        let answer = tokio::select! {
            answer = poll(&shared, wait) => answer,
            () = shared.restart.notified(), if shared.settings.polls => {
                forget_etag(&shared);
                continue;
            }
        };
        match answer {
            Answer::Failed { wait } => {
                if shared.settings.polls {
                    shared.hears_by(Transport::None);
                }
                sleep(pause(wait, failures)).await;
                failures += 1;
            }
            Answer::Done { changed } => {
                failures = 0;
                shared.hears_by(Transport::Poll);
                // Something between us may not hold answers, or gives what can't be taken: then this is an ordinary poll.
                let held = wait == 0 || changed || began.elapsed() > Duration::from_secs(1);
                wait = WAIT_SECONDS;
                if !held {
                    sleep(POLL.mul_f64(0.5 + random())).await;
                }
            }
        }
    }
}

pub(crate) enum Answer {
    /// `changed`: something came that was taken over.
    Done {
        changed: bool,
    },
    Failed {
        wait: Option<Duration>,
    },
}

/// One request for the flag set.
pub(crate) async fn poll(shared: &Arc<Shared>, wait: u64) -> Answer {
    let waiting = if wait > 0 { format!("&wait={wait}") } else { String::new() };
    let path = format!("/client/v1/flag-set?formats={}{waiting}", formats());
    let mut request = shared.request(Method::GET, &path).timeout(Duration::from_secs(wait) + TIMEOUT);
    if let Some(tag) = &*shared.etag.lock().unwrap_or_else(PoisonError::into_inner) {
        request = request.header(IF_NONE_MATCH, tag);
    }
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) => {
            failed(shared, "the flag set could not be fetched", &chain(error));
            return Answer::Failed { wait: None };
        }
    };
    let status = response.status();
    if status.is_success() || status == StatusCode::NOT_MODIFIED {
        let sampling = response.headers().get(SAMPLE).and_then(|value| STANDARD.decode(value.as_bytes()).ok());
        shared.hears_sampling(sampling.and_then(|json| serde_json::from_slice(&json).ok()));
    }
    if status == StatusCode::NOT_MODIFIED {
        shared.heard();
        return Answer::Done { changed: false };
    }
    if !status.is_success() {
        return Answer::Failed { wait: refused(shared, response).await };
    }
    let tag = response.headers().get(ETAG).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let bytes = match limited(response, SIZE_LIMIT).await {
        Ok(bytes) => bytes,
        Err(why) => {
            failed(shared, "the flag set could not be fetched", &why);
            return Answer::Failed { wait: None };
        }
    };
    shared.heard();
    let received_ms = shared.clock.now_ms();
    // Only what was taken over may be left out of the next answer.
    let changed = shared.receive(bytes, Change::Put, received_ms).await;
    if changed {
        *shared.etag.lock().unwrap_or_else(PoisonError::into_inner) = tag;
    }
    Answer::Done { changed }
}

/// The keys that the control plane names; `None` where it can't be asked now.
pub(crate) async fn fetch_keys(shared: &Shared) -> Option<Vec<PublicKey>> {
    let response = shared.request(Method::GET, "/client/v1/keys").timeout(TIMEOUT).send().await.ok()?;
    if !response.status().is_success() {
        return None;
    }
    let answer: PublicKeys = serde_json::from_slice(&limited(response, 1024 * 1024).await.ok()?).ok()?;
    Some(answer.keys.iter().filter_map(|key| read_key(&key.public_key)).collect())
}

pub(crate) async fn limited(mut response: Response, limit: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(chain)? {
        if bytes.len() + chunk.len() > limit {
            return Err(format!("an answer of more than {limit} bytes"));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// What of problem JSON is for people.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Refusal {
    title: Option<String>,
    detail: Option<String>,
}

/// Reports a refusal; gives how long to wait where the server says so.
async fn refused(shared: &Shared, response: Response) -> Option<Duration> {
    let status = response.status();
    let asked = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let wait = asked.and_then(|value| retry_after(value, Timestamp::now()));
    let said = timeout(TIMEOUT, limited(response, 64 * 1024)).await.ok().and_then(Result::ok).unwrap_or_default();
    let said: Refusal = serde_json::from_slice(&said).unwrap_or_default();
    let reason =
        said.detail.or(said.title).unwrap_or_else(|| status.canonical_reason().unwrap_or("no reason").to_owned());
    let (code, help) = if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        (
            ProblemCode::Unauthorized,
            "check the client key, its kind, and whether it was revoked; the client keeps trying",
        )
    } else {
        (ProblemCode::ConnectionFailed, KEEPS_TRYING)
    };
    shared.report(code.problem(format!("the control plane answered {}: {reason}", status.as_u16()), help));
    wait
}

fn failed(shared: &Shared, what: &str, why: &dyn Display) {
    shared.report(ProblemCode::ConnectionFailed.problem(format!("{what}: {why}"), KEEPS_TRYING));
}

const KEEPS_TRYING: &str = "the client keeps trying, and goes on with what it has";

fn pause(asked: Option<Duration>, failures: u32) -> Duration {
    match asked {
        Some(asked) => spread(asked, random()),
        None => backoff(failures, random()),
    }
}

fn forget_etag(shared: &Shared) {
    *shared.etag.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// An error with what is behind it, and without the address, which everybody knows and which is long.
pub(crate) fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
