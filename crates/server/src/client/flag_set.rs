use crate::client::caller::Caller;
use crate::client::slot::FlagSetIssue;
use crate::environment::Publication;
use crate::error::AppResult;
use crate::extract::Query;
use crate::issue::Asker;
use crate::state::AppState;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use downhaul_control::api::{FlagSetQuery, Problem};
use downhaul_control::envelope::MEDIA_TYPE;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// What of contexts is asked for: base64 of JSON.
pub(super) const SAMPLE: HeaderName = HeaderName::from_static("downhaul-sample");
/// Longest time that an answer is held.
const LONGEST_WAIT: u32 = 30;

/// The flag set for whoever the key, the context token and, for flags that name tenants, the claimed context say.
#[utoipa::path(
    get, path = "/client/v1/flag-set", tag = "client", params(FlagSetQuery), security(("client_key" = [])),
    responses(
        (status = 200, description = "an envelope", content_type = "application/vnd.downhaul.envelope", body = Vec<u8>),
        (status = 304, description = "nothing newer than `If-None-Match`"),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 406, body = Problem),
    )
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<FlagSetQuery>,
    headers: HeaderMap,
) -> AppResult<Response> {
    let asker = caller.asks(&query)?;
    let seconds = query.wait.unwrap_or(0).min(LONGEST_WAIT);
    let until = Instant::now() + Duration::from_secs(seconds.into());
    state.reach(&caller.environment, query.position.as_deref().and_then(|position| position.parse().ok())).await;
    let mut publications = caller.environment.publications();
    let mut closing = state.closing();
    loop {
        state.vouch()?;
        let publication = Arc::clone(&publications.borrow_and_update());
        let issue = newest(&state, &caller, &asker, publication).await?;
        let tag = issue.tag();
        if !matches(&headers, &tag) {
            return Ok(asking(&caller, envelope(&headers, &tag, &issue)));
        }
        let newer = async {
            tokio::select! {
                changed = publications.changed() => changed.is_ok(),
                _ = closing.wait_for(|closing| *closing) => false,
            }
        };
        // A closing server lets go of whoever waits.
        if !timeout_at(until, newer).await.unwrap_or(false) {
            state.vouch()?;
            return Ok(asking(&caller, not_modified(&tag)));
        }
    }
}

/// Says with an answer what of contexts is asked for, if anything is.
fn asking(caller: &Caller, mut response: Response) -> Response {
    let told = caller.environment.live().instruction();
    if let Some(value) = told.and_then(|told| HeaderValue::from_str(&STANDARD.encode(told.as_bytes())).ok()) {
        response.headers_mut().insert(SAMPLE, value);
    }
    response
}

async fn newest(
    state: &AppState,
    caller: &Caller,
    asker: &Asker,
    publication: Arc<Publication>,
) -> AppResult<Arc<FlagSetIssue>> {
    let slot = caller.environment.slots().of(&publication, asker, state.issuer())?;
    slot.flag_set(publication).await
}

/// Whether `If-None-Match` names what there is.
pub(super) fn matches(headers: &HeaderMap, tag: &str) -> bool {
    headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').any(|each| {
            let each = each.trim();
            each == "*" || each.strip_prefix("W/").unwrap_or(each).trim_matches('"') == tag
        })
    })
}

pub(super) fn not_modified(tag: &str) -> Response {
    (StatusCode::NOT_MODIFIED, caching(tag)).into_response()
}

fn envelope(headers: &HeaderMap, tag: &str, issue: &FlagSetIssue) -> Response {
    let zip = accepts_gzip(headers);
    let body = if zip { issue.gzip() } else { issue.bytes.clone() };
    let mut response = (caching(tag), Body::from(body)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    if zip {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// Private: what one client gets is not for another one. To be asked for again each time.
pub(super) fn caching(tag: &str) -> [(HeaderName, String); 3] {
    [
        (header::ETAG, format!("\"{tag}\"")),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
        (header::VARY, "authorization, downhaul-context-token, accept-encoding".to_owned()),
    ]
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value.split(',').any(|coding| {
            let mut parts = coding.split(';').map(str::trim);
            let refused = |quality: &str| quality.trim_start_matches("q=").trim_end_matches(['0', '.']).is_empty();
            parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip")) && !parts.any(refused)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codings() {
        for (value, expected) in [
            ("gzip", true),
            ("br, gzip;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip; q=0.0", false),
            ("br", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            assert_eq!(accepts_gzip(&headers), expected, "{value}");
        }
    }

    #[test]
    fn entity_tags() {
        let mut headers = HeaderMap::new();
        assert!(!matches(&headers, "1.2.3.a.b"));
        headers.insert(header::IF_NONE_MATCH, HeaderValue::from_static("\"x\", W/\"1.2.3.a.b\""));
        assert!(matches(&headers, "1.2.3.a.b"));
        assert!(!matches(&headers, "1.2.3.a.c"));
    }
}
