//! Sign-in with OpenID Connect: the authorization code with PKCE, at the provider that the targets file names.

mod page;
mod pending;
mod person;
mod provider;

pub(crate) use pending::Pending;

use crate::auth::identity::cookie_named;
use crate::auth::session::{self, Holder};
use crate::error::{AppError, AppResult};
use crate::extract::{Json, Query};
use crate::state::AppState;
use crate::targets::SignIn;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use downhaul_control::Hash;
use downhaul_control::api::SignInView;
use provider::Begun;
use serde::Deserialize;
use std::time::Instant;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Where the provider sends people back to, below the public address.
pub(crate) const RETURN: &str = "/sign-in/v1/return";
/// Holds the id of an attempt, from leaving for the provider to coming back.
const COOKIE: &str = "downhaul_sign_in";

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get)).routes(routes!(start)).routes(routes!(come_back))
}

/// With whom one can sign in.
#[utoipa::path(get, path = "/sign-in/v1", tag = "session", security(()), responses((status = 200, body = SignInView)))]
async fn get(State(state): State<AppState>) -> Json<SignInView> {
    Json(SignInView { name: state.options().targets.sign_in.as_ref().map(|config| config.name.clone()) })
}

/// Go to the provider to sign in; for browsers.
#[utoipa::path(
    get, path = "/sign-in/v1/start", tag = "session", security(()),
    responses((status = 303, description = "to the provider"), (status = 404, content_type = "text/html", body = String), (status = 502, content_type = "text/html", body = String))
)]
async fn start(State(state): State<AppState>) -> Response {
    begin(&state).await.unwrap_or_else(page::of)
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
struct Returned {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
    error_description: Option<String>,
}

/// Come back from the provider; sets the session's cookie.
#[utoipa::path(
    get, path = "/sign-in/v1/return", tag = "session", security(()), params(Returned),
    responses((status = 303, description = "to the console"), (status = 401, content_type = "text/html", body = String), (status = 403, content_type = "text/html", body = String), (status = 502, content_type = "text/html", body = String))
)]
async fn come_back(State(state): State<AppState>, headers: HeaderMap, Query(returned): Query<Returned>) -> Response {
    end(&state, &headers, returned).await.unwrap_or_else(page::of)
}

async fn begin(state: &AppState) -> AppResult<Response> {
    let config = configured(state)?;
    let Begun { url, attempt } = provider::begin(config).await?;
    let id = state.pending().begin(attempt, Instant::now()).await?;
    // Lax: it has to come along when the provider sends the browser back.
    let cookie = format!(
        "{COOKIE}={id}; Path=/sign-in; HttpOnly; SameSite=Lax; Max-Age={}{}",
        pending::LIMIT.as_secs(),
        secure(config)
    );
    with_cookies(Redirect::to(url.as_str()).into_response(), &[cookie])
}

async fn end(state: &AppState, headers: &HeaderMap, returned: Returned) -> AppResult<Response> {
    let config = configured(state)?;
    let attempt = match cookie_named(headers, COOKIE) {
        Some(id) => state.pending().take(id, Instant::now()).await?,
        None => None,
    };
    let attempt = attempt.ok_or_else(|| {
        refused("sign-in-lost", "this browser began no sign-in, or more than ten minutes ago", "begin again")
    })?;
    let given = returned.state.unwrap_or_default();
    if !Hash::of(given.as_bytes()).matches(&Hash::of(attempt.state.secret().as_bytes())) {
        let why = "what came back belongs to another sign-in";
        return Err(refused("sign-in-mixed-up", why, "begin again, in this browser alone"));
    }
    if let Some(error) = returned.error {
        let why = returned.error_description.unwrap_or(error);
        let why = format!("{} refused: {why}", config.name);
        return Err(refused("sign-in-refused", &why, "ask whoever runs the provider"));
    }
    let claims = provider::end(config, attempt, returned.code.unwrap_or_default()).await?;
    let actor = person::of(state, config, &claims).await?;
    let session = state.sessions().begin(Holder::Person(actor), Instant::now()).await?;
    let over = format!("{COOKIE}=; Path=/sign-in; HttpOnly; SameSite=Lax; Max-Age=0");
    with_cookies(Redirect::to("/").into_response(), &[session::cookie(&session, !secure(config).is_empty()), over])
}

fn configured(state: &AppState) -> AppResult<&SignIn> {
    state.options().targets.sign_in.as_ref().ok_or_else(|| {
        AppError::not_found("no-sign-in", "this server knows no provider to sign in with", "sign in with a token")
    })
}

fn secure(config: &SignIn) -> &'static str {
    if config.return_to.scheme() == "https" { "; Secure" } else { "" }
}

fn refused(code: &str, why: &str, help: &str) -> AppError {
    AppError::new(StatusCode::UNAUTHORIZED, code, why, help)
}

fn with_cookies(mut response: Response, cookies: &[String]) -> AppResult<Response> {
    for cookie in cookies {
        let value = HeaderValue::from_str(cookie).map_err(AppError::internal)?;
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
