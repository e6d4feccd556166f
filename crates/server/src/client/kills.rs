use crate::client::caller::Caller;
use crate::client::flag_set::{caching, matches, not_modified};
use crate::error::AppResult;
use crate::extract::Query;
use crate::state::AppState;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use downhaul_control::api::{FlagSetQuery, Problem};
use downhaul_control::envelope::MEDIA_TYPE;

/// The kills alone: small, and on a path of its own.
#[utoipa::path(
    get, path = "/client/v1/kills", tag = "client", params(FlagSetQuery), security(("client_key" = [])),
    responses(
        (status = 200, description = "an envelope without a program", content_type = "application/vnd.downhaul.envelope", body = Vec<u8>),
        (status = 304, description = "nothing newer than `If-None-Match`"),
        (status = 401, body = Problem), (status = 403, body = Problem),
    )
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    caller: Caller,
    Query(query): Query<FlagSetQuery>,
    headers: HeaderMap,
) -> AppResult<Response> {
    let asker = caller.asks(&query)?;
    state.vouch()?;
    let publication = caller.environment.current();
    let slot = caller.environment.slots().of(&publication, &asker, state.issuer())?;
    let kills = slot.kills(&publication)?;
    let tag = format!("{}.{}", kills.position, slot.audience().digest().short());
    if matches(&headers, &tag) {
        return Ok(not_modified(&tag));
    }
    let mut response = (caching(&tag), Body::from(kills.envelope.clone())).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    Ok(response)
}
