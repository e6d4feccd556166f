use crate::auth::{bearer, claimed, context_token, single};
use crate::environment::Environment;
use crate::error::{AppError, AppResult};
use crate::issue::Asker;
use crate::state::AppState;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use downhaul_control::api::FlagSetQuery;
use downhaul_control::{ClientKey, Secret};
use std::sync::Arc;

/// A client, known by its key, and by its context token if it has one.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) environment: Arc<Environment>,
    pub(crate) key: ClientKey,
    /// What the key pins and the token says.
    attributes: downhaul_control::api::Attributes,
    /// When the context token ends, in seconds since 1970.
    pub(crate) until: Option<u64>,
}

/// Formats of programs that this server writes, newest last.
const FORMATS: [u32; 1] = [1];

impl Caller {
    /// What the key pins and the context token says.
    pub(crate) fn attributes(&self) -> &downhaul_control::api::Attributes {
        &self.attributes
    }

    /// Whom a flag set is for that this client asks for.
    pub(crate) fn asks(&self, query: &FlagSetQuery) -> AppResult<Asker> {
        check_formats(query.formats.as_deref())?;
        Ok(Asker {
            kind: self.key.kind,
            known: self.attributes.clone(),
            claimed: claimed::read(query.context.as_deref())?,
        })
    }
}

/// The header that OFREP's clients may carry the key in.
const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

impl FromRequestParts<AppState> for Caller {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> AppResult<Self> {
        let known = match client_key(state, &parts.headers) {
            None if let Some(replica) = state.replica() => {
                replica.look(state).await;
                client_key(state, &parts.headers)
            }
            known => known,
        };
        let (environment, key) = known.ok_or_else(unknown_key)?;
        if let Some(origin) = parts.headers.get(header::ORIGIN)
            && !origin.to_str().is_ok_and(|origin| key.allows_origin(origin))
        {
            return Err(refuse_origin(&key, origin.to_str().unwrap_or("?")));
        }
        let mut attributes = key.pinned.clone();
        let mut until = None;
        if parts.headers.contains_key(context_token::HEADER) {
            let token = single(&parts.headers, &context_token::HEADER).unwrap_or_default();
            let secret = state.token_secret(&key.id);
            let claims = context_token::check(token, &key, &secret, environment.key().as_str())?;
            attributes.extend(claims.attributes);
            until = Some(claims.exp);
        }
        Ok(Caller { environment, key, attributes, until })
    }
}

/// The key that a request carries, if it is one that was not revoked.
pub(crate) fn client_key(state: &AppState, headers: &HeaderMap) -> Option<(Arc<Environment>, ClientKey)> {
    let secret = Secret::parse(bearer(headers).or_else(|| single(headers, &API_KEY))?).ok()?;
    state.client_key(secret.id()).filter(|(_, key)| key.is(&secret))
}

/// Without a list, the client reads the first format.
fn check_formats(formats: Option<&str>) -> AppResult<()> {
    let Some(formats) = formats else { return Ok(()) };
    let reads: Option<Vec<u32>> = formats.split(',').map(|format| format.trim().parse().ok()).collect();
    let help = "name the formats that the client reads, as `formats=1`";
    let Some(reads) = reads else {
        let detail = "`formats` is not a list of numbers";
        return Err(AppError::bad_request("formats-malformed", detail, help));
    };
    if reads.iter().any(|format| FORMATS.contains(format)) {
        return Ok(());
    }
    let detail = format!("this server writes program formats {FORMATS:?}, and the client reads none of them");
    Err(AppError::new(StatusCode::NOT_ACCEPTABLE, "no-common-format", detail, "use a client and a server that fit"))
}

fn unknown_key() -> AppError {
    AppError::new(
        StatusCode::UNAUTHORIZED,
        "unknown-client-key",
        "this needs a client key that is in force",
        "send `Authorization: Bearer` with a client key; make one with `downhaul keys` or in the console",
    )
}

fn refuse_origin(key: &ClientKey, origin: &str) -> AppError {
    let help = if key.origins.is_empty() {
        "this key is for edge or server; give pages a browser key"
    } else {
        "add the origin to a browser key of this environment"
    };
    AppError::forbidden("origin-not-allowed", format!("the client key is not for pages of `{origin}`"), help)
}
