use crate::auth::session::{self, Holder};
use crate::auth::{bearer, single};
use crate::environment::Environment;
use crate::error::{AppError, AppResult};
use crate::state::AppState;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use downhaul_control::{Authority, Roles, Secret, SecretKind};
use jiff::Timestamp;
use std::time::Instant;

/// The header that a page of another origin cannot send without being asked whether it may.
pub(crate) const CONSOLE: HeaderName = HeaderName::from_static("downhaul-console");

/// Who asks, by token or session, whatever they may in which environment. Only for routes that are about no environment;
/// see [`crate::auth::admin::Admin`] for all others.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// The opaque id that the chart records.
    pub(crate) actor: String,
    holds: Holds,
}

#[derive(Debug, Clone)]
enum Holds {
    /// The data folder's own token.
    Root,
    /// A token that the log of one environment holds.
    Token { id: String, environment: String },
    /// What was granted to a person who came from the provider.
    Grants,
}

impl FromRequestParts<AppState> for Identity {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> AppResult<Self> {
        if let Some(token) = bearer(&parts.headers) {
            return of_token(state, token).map(|(identity, _)| identity);
        }
        let holder = match cookie(&parts.headers) {
            Some(cookie) => state.sessions().holder(cookie, Instant::now()).await?,
            None => None,
        };
        let identity = match holder.ok_or_else(unauthorized)? {
            Holder::Token(id) => of_id(state, &id, |_| true).ok_or_else(unauthorized)?.0,
            Holder::Person(actor) => Identity::person(actor),
        };
        identity.check(state)?;
        let reads = parts.method == Method::GET || parts.method == Method::HEAD;
        if !reads && single(&parts.headers, &CONSOLE) != Some("1") {
            return Err(AppError::forbidden(
                "missing-console-header",
                "the request carries a session but not the header `Downhaul-Console: 1`",
                "send the header, or authenticate with `Authorization: Bearer` and a token",
            ));
        }
        Ok(identity)
    }
}

impl Identity {
    /// Someone for whom the provider vouched.
    pub(crate) fn person(actor: String) -> Identity {
        Identity { actor, holds: Holds::Grants }
    }

    /// By what right it asks in an environment.
    ///
    /// # Errors
    /// The token is another environment's.
    pub(crate) fn authority(&self, environment: &str) -> AppResult<Authority> {
        match &self.holds {
            Holds::Root => Ok(Authority::Root),
            Holds::Grants => Ok(Authority::Person),
            Holds::Token { id, environment: own } if own == environment => Ok(Authority::Token(id.clone())),
            Holds::Token { id, environment: own } => Err(AppError::forbidden(
                "other-environment",
                format!("the token `{id}` is for {own}, and this is about {environment}"),
                format!("name {own} as the environment, or ask an admin of {environment} for a token"),
            )),
        }
    }

    /// What it is in an environment, here and now.
    pub(crate) fn roles(&self, environment: &Environment) -> AppResult<Roles> {
        let authority = self.authority(environment.key().as_str())?;
        Ok(environment.current().state.roles_of(&authority, &self.actor, Timestamp::now())?)
    }

    /// Whether what it came with is still in force.
    fn check(&self, state: &AppState) -> AppResult<()> {
        match &self.holds {
            Holds::Root | Holds::Grants => Ok(()),
            Holds::Token { environment, .. } => match state.environment(environment) {
                Some(environment) => self.roles(environment).map(drop),
                None => Err(unauthorized()),
            },
        }
    }

    /// The actor's name if it is known, else its id.
    pub(crate) fn name(&self, state: &AppState) -> String {
        state.actors().get(&self.actor).unwrap_or(&self.actor).clone()
    }
}

/// Whom this text makes known, and the id that a session remembers.
///
/// # Errors
/// Nobody, and only to the holder of the secret why: revoked, or expired.
pub(crate) fn of_token(state: &AppState, token: &str) -> AppResult<(Identity, String)> {
    let secret = Secret::parse(token).ok().filter(|secret| secret.kind() == SecretKind::Admin);
    let secret = secret.ok_or_else(unauthorized)?;
    let (identity, id) = of_id(state, secret.id(), |known| match known {
        Known::Root(token) => token.is(&secret),
        Known::Token(token) => token.is(&secret),
    })
    .ok_or_else(unauthorized)?;
    identity.check(state)?;
    Ok((identity, id))
}

enum Known<'a> {
    Root(&'a downhaul_control::AdminToken),
    Token(&'a downhaul_control::Token),
}

fn of_id(state: &AppState, id: &str, is_it: impl Fn(Known<'_>) -> bool) -> Option<(Identity, String)> {
    if let Some(token) = state.admin_token(id) {
        let identity = Identity { actor: token.actor.clone(), holds: Holds::Root };
        return is_it(Known::Root(token)).then(|| (identity, id.to_owned()));
    }
    state.environments().find_map(|environment| {
        let current = environment.current();
        let token = &current.state.tokens.get(id)?.token;
        let holds = Holds::Token { id: id.to_owned(), environment: environment.key().to_string() };
        let identity = Identity { actor: token.actor.clone(), holds };
        is_it(Known::Token(token)).then(|| (identity, id.to_owned()))
    })
}

/// The session's cookie.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    cookie_named(headers, session::COOKIE)
}

pub(crate) fn cookie_named<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    single(headers, &header::COOKIE)?.split(';').find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == wanted).then_some(value)
    })
}

fn unauthorized() -> AppError {
    AppError::new(
        StatusCode::UNAUTHORIZED,
        "not-signed-in",
        "this needs a token or a session",
        "send `Authorization: Bearer` with a token, such as the one in `admin-token` of the data folder, or sign in at the console",
    )
}
