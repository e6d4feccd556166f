use crate::auth::{bearer, session, single};
use crate::error::{AppError, AppResult};
use crate::state::AppState;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use downhaul_control::api::Role;
use downhaul_control::{AdminToken, Secret, SecretKind};
use std::time::Instant;

/// The header that a page of another origin cannot send without being asked whether it may.
pub(crate) const CONSOLE: HeaderName = HeaderName::from_static("downhaul-console");

/// A person, known by token or session. Taking it as an argument is what makes a handler closed to others.
#[derive(Debug, Clone)]
pub(crate) struct Admin {
    /// The opaque id that the chart records.
    pub(crate) actor: String,
    pub(crate) role: Role,
}

impl FromRequestParts<AppState> for Admin {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> AppResult<Self> {
        if let Some(token) = bearer(&parts.headers) {
            return Ok(Admin::of(admin_token(state, token)?));
        }
        let holder = cookie(&parts.headers).and_then(|cookie| state.sessions().holder(cookie, Instant::now()));
        let token = holder.and_then(|id| state.admin_token(&id)).ok_or_else(unauthorized)?;
        let reads = parts.method == Method::GET || parts.method == Method::HEAD;
        if !reads && single(&parts.headers, &CONSOLE) != Some("1") {
            return Err(AppError::forbidden(
                "missing-console-header",
                "the request carries a session but not the header `Downhaul-Console: 1`",
                "send the header, or authenticate with `Authorization: Bearer` and an admin token",
            ));
        }
        Ok(Admin::of(token))
    }
}

impl Admin {
    pub(crate) fn of(token: &AdminToken) -> Self {
        Admin { actor: token.actor.clone(), role: token.role }
    }

    /// Refuses those who may only look, or only carry out what others wrote.
    pub(crate) fn may_edit(&self) -> AppResult<()> {
        match self.role {
            Role::Editor | Role::Admin => Ok(()),
            Role::Viewer | Role::Operator | Role::Approver => Err(AppError::forbidden(
                "role-too-small",
                format!("this needs the role editor, and the token has the role {}", self.role.as_str()),
                "ask someone with the role editor or admin",
            )),
        }
    }

    /// The actor's name if it is known, else its id.
    pub(crate) fn name(&self, state: &AppState) -> String {
        state.actors().get(&self.actor).unwrap_or(&self.actor).clone()
    }
}

/// The kept token that this text is.
pub(crate) fn admin_token<'a>(state: &'a AppState, token: &str) -> AppResult<&'a AdminToken> {
    let secret = Secret::parse(token).ok().filter(|secret| secret.kind() == SecretKind::Admin);
    let known = secret.and_then(|secret| state.admin_token(secret.id()).filter(|known| known.is(&secret)));
    known.ok_or_else(unauthorized)
}

/// The session's cookie.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    single(headers, &header::COOKIE)?.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == session::COOKIE).then_some(value)
    })
}

fn unauthorized() -> AppError {
    AppError::new(
        StatusCode::UNAUTHORIZED,
        "not-signed-in",
        "this needs an admin token or a session",
        "send `Authorization: Bearer` with the token in `admin-token` of the data folder, or sign in at the console",
    )
}
