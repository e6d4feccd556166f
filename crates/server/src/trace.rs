use crate::error::Logged;
use crate::random;
use crate::state::AppState;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use std::time::Instant;
use tracing::Instrument;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives each request an id, counts it, and logs its end. Neither headers nor query are logged: they carry keys, tokens
/// and contexts.
pub(crate) async fn request(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = random::bytes::<8>().map_or(0, u64::from_le_bytes);
    let id = format!("{id:016x}");
    let method = request.method().to_string();
    // The pattern, not the path: a path holds names, and there are unboundedly many.
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let span = tracing::info_span!("request", id, method, route);
    let mut response = next.run(request).instrument(span.clone()).await;

    let took = began.elapsed();
    let status = response.status();
    state.metrics().request(&route, &method, status.as_u16(), took);
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    span.in_scope(|| log(status, took.as_secs_f64() * 1000.0, response.extensions().get::<Logged>()));
    response
}

fn log(status: StatusCode, took_ms: f64, error: Option<&Logged>) {
    let status = status.as_u16();
    match error {
        None => tracing::debug!(status, took_ms, "answered"),
        Some(Logged { code, detail, cause: None }) => tracing::info!(status, took_ms, code, detail, "refused"),
        Some(Logged { code, detail, cause: Some(cause) }) => {
            tracing::error!(status, took_ms, code, detail, cause, "failed");
        }
    }
}
