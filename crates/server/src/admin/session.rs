use crate::auth::identity::{Identity, cookie, of_token};
use crate::auth::session::{self, COOKIE, Holder};
use crate::client::ofrep;
use crate::error::AppResult;
use crate::extract::Json;
use crate::state::AppState;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use downhaul_control::api::{Problem, Role, SessionRequest, Whoami};
use downhaul_core::document::ClientKind;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::time::Instant;

/// Sign in with a token; the answer sets the session's cookie.
#[utoipa::path(
    post, path = "/api/v1/session", tag = "session", request_body = SessionRequest,
    responses((status = 200, body = Whoami), (status = 401, body = Problem), (status = 403, body = Problem))
)]
pub(crate) async fn begin(
    State(state): State<AppState>,
    headers: HeaderMap,
    Json(request): Json<SessionRequest>,
) -> AppResult<([(HeaderName, String); 1], Json<Whoami>)> {
    let (identity, token) = of_token(&state, request.token.trim())?;
    let id = state.sessions().begin(Holder::Token(token), Instant::now()).await?;
    // A page that was loaded over TLS never sends its cookie in the clear.
    let is_secure = headers.get(header::ORIGIN).is_some_and(|origin| origin.as_bytes().starts_with(b"https://"));
    Ok(([(header::SET_COOKIE, session::cookie(&id, is_secure))], Json(whoami(&state, &identity).await)))
}

/// Who am I.
#[utoipa::path(
    get, path = "/api/v1/session", tag = "session",
    responses((status = 200, body = Whoami), (status = 401, body = Problem))
)]
pub(crate) async fn get(State(state): State<AppState>, identity: Identity) -> Json<Whoami> {
    Json(whoami(&state, &identity).await)
}

/// Sign out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", responses((status = 204), (status = 401, body = Problem)))]
pub(crate) async fn end(
    State(state): State<AppState>,
    _identity: Identity,
    headers: HeaderMap,
) -> AppResult<(StatusCode, [(HeaderName, String); 1])> {
    if let Some(cookie) = cookie(&headers) {
        state.sessions().end(cookie).await?;
    }
    let cookie = format!("{COOKIE}=; Path=/api; HttpOnly; SameSite=Strict; Max-Age=0");
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookie)]))
}

async fn whoami(state: &AppState, identity: &Identity) -> Whoami {
    let roles: BTreeMap<String, Vec<Role>> = state
        .environments()
        .filter_map(|each| Some((each.key().to_string(), identity.roles(each).ok()?.iter().collect())))
        .collect();
    Whoami {
        actor: identity.actor.clone(),
        name: identity.name(state),
        environments: roles.keys().cloned().collect(),
        roles,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        flags: console_flags(state, identity).await,
    }
}

/// The environment whose flags decide what the console shows, where there is one; see docs/guide/operating.md.
const OF_CONSOLE: &str = "downhaul";
/// How their keys begin: the environment may have others.
const CONSOLE: &str = "console.";

async fn console_flags(state: &AppState, identity: &Identity) -> Map<String, Value> {
    let Some(environment) = state.environment(OF_CONSOLE) else { return Map::new() };
    let context = Map::from_iter([("targetingKey".to_owned(), Value::from(identity.actor.as_str()))]);
    match ofrep::decided(environment, ClientKind::Browser, &context).await {
        Ok(flags) => {
            let told = flags.into_iter().filter(|flag| flag.key.starts_with(CONSOLE));
            told.map(|flag| (flag.key, flag.value)).collect()
        }
        Err(error) => {
            tracing::warn!(?error, "the flags of the console could not be decided; it shows what it shows without");
            Map::new()
        }
    }
}
