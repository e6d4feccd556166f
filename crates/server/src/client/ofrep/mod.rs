//! OpenFeature's remote evaluation protocol: the server decides for a context that it is sent.
//!
//! For clients that cannot run the evaluation themselves: they hear of a kill when they ask again, and are in no count of
//! clients dark.

mod decide;

pub(crate) use decide::Programs;

use crate::client::caller::Caller;
use crate::client::flag_set::{caching, matches, not_modified};
use crate::environment::{Environment, Publication};
use crate::error::{AppError, AppResult};
use crate::extract::Path;
use crate::state::AppState;
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use downhaul_control::Hash;
use downhaul_control::api::{OfrepFailure, OfrepFlag, OfrepFlags, OfrepSetMetadata, Problem};
use downhaul_core::document::ClientKind;
use downhaul_core::seal::canonical_bytes;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::sync::Arc;

/// One flag, decided for the context in the body: `{ "context": { "targetingKey": …, … } }`.
#[utoipa::path(
    post, path = "/ofrep/v1/evaluate/flags/{key}", tag = "ofrep", params(("key" = String, Path)),
    request_body = Object, security(("client_key" = [])),
    responses(
        (status = 200, body = OfrepFlag), (status = 400, body = OfrepFailure), (status = 404, body = OfrepFailure),
        (status = 401, body = Problem), (status = 403, body = Problem),
    )
)]
pub(crate) async fn one(
    State(state): State<AppState>,
    caller: Caller,
    Path(key): Path<String>,
    body: Bytes,
) -> AppResult<Response> {
    state.vouch()?;
    let context = match context(&caller, &body) {
        Ok(context) => context,
        Err(failure) => return Ok(refuse(StatusCode::BAD_REQUEST, OfrepFailure { key: Some(key), ..failure })),
    };
    let publication = caller.environment.current();
    let programs = caller.environment.programs().of(&publication).await?;
    let Some(flag) = decide::one(&programs, &publication, caller.key.kind, &context, &key)? else {
        let error_details = format!("there is no flag `{key}` for this client key");
        let failure = OfrepFailure { key: Some(key), error_code: "FLAG_NOT_FOUND".to_owned(), error_details };
        return Ok(refuse(StatusCode::NOT_FOUND, failure));
    };
    told(&state, &caller, std::slice::from_ref(&flag));
    Ok(Json(flag).into_response())
}

/// Every flag that clients of this kind may see, as it is decided now.
pub(crate) async fn decided(
    environment: &Environment,
    kind: ClientKind,
    context: &Map<String, Value>,
) -> AppResult<Vec<OfrepFlag>> {
    decided_by(environment, &environment.current(), kind, context).await
}

async fn decided_by(
    environment: &Environment,
    publication: &Arc<Publication>,
    kind: ClientKind,
    context: &Map<String, Value>,
) -> AppResult<Vec<OfrepFlag>> {
    let programs = environment.programs().of(publication).await?;
    decide::all(&programs, publication, kind, context)
}

/// Every flag that the client key may see, decided for the context in the body. The entity tag depends on the context and
/// on the decisions.
#[utoipa::path(
    post, path = "/ofrep/v1/evaluate/flags", tag = "ofrep", request_body = Object, security(("client_key" = [])),
    responses(
        (status = 200, body = OfrepFlags), (status = 304, description = "the same as `If-None-Match` names"),
        (status = 400, body = OfrepFailure), (status = 401, body = Problem), (status = 403, body = Problem),
    )
)]
pub(crate) async fn all(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> AppResult<Response> {
    state.vouch()?;
    let context = match context(&caller, &body) {
        Ok(context) => context,
        Err(failure) => return Ok(refuse(StatusCode::BAD_REQUEST, failure)),
    };
    let publication = caller.environment.current();
    let flags = decided_by(&caller.environment, &publication, caller.key.kind, &context).await?;
    told(&state, &caller, &flags);
    let digest = |bytes: Result<Vec<u8>, _>| bytes.map(|bytes| Hash::of(&bytes).short()).map_err(AppError::internal);
    let tag = format!("{}.{}", digest(canonical_bytes(&context))?, digest(canonical_bytes(&flags))?);
    if matches(&headers, &tag) {
        return Ok(not_modified(&tag));
    }
    let environment = caller.environment.key().to_string();
    let metadata = OfrepSetMetadata { environment, revision: publication.position().revision };
    Ok((caching(&tag), Json(OfrepFlags { flags, metadata })).into_response())
}

/// What is decided for: the context of the body, and over it what the key pins and the token says.
fn context(caller: &Caller, body: &[u8]) -> Result<Map<String, Value>, OfrepFailure> {
    let failure = |error_code: &str, error_details: &str| OfrepFailure {
        key: None,
        error_code: error_code.to_owned(),
        error_details: error_details.to_owned(),
    };
    let body: Value = if body.is_empty() {
        Value::Object(Map::new())
    } else {
        serde_json::from_slice(body)
            .map_err(|error| failure("PARSE_ERROR", &format!("the body is not JSON: {error}")))?
    };
    let Value::Object(mut body) = body else {
        return Err(failure("PARSE_ERROR", "the body is not an object with a member `context`"));
    };
    let mut context = match body.remove("context") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(context)) => context,
        Some(_) => return Err(failure("INVALID_CONTEXT", "`context` is not an object")),
    };
    for (name, value) in caller.attributes() {
        context.insert(name.clone(), value.clone());
    }
    Ok(context)
}

/// What is asked for here is not stale.
fn told(state: &AppState, caller: &Caller, flags: &[OfrepFlag]) {
    let keys: Vec<String> = flags.iter().map(|flag| flag.key.clone()).collect();
    let current = caller.environment.current();
    caller.environment.usage().told(caller.key.kind, &keys, &current.state, Timestamp::now());
    if let Some(replica) = state.replica() {
        replica.evaluated(caller.environment.key().as_str(), caller.key.kind, keys);
    }
}

fn refuse(status: StatusCode, failure: OfrepFailure) -> Response {
    (status, Json(failure)).into_response()
}
