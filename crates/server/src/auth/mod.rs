//! Who asks: people by token or session, clients by key, contexts by token; and under which name the server was reached.

pub(crate) mod admin;
pub(crate) mod claimed;
pub(crate) mod context_token;
pub(crate) mod host;
pub(crate) mod identity;
pub(crate) mod session;

use axum::http::{HeaderMap, HeaderName, header};

/// The header of a request as text; a header given twice is no header, because two readers could read it differently.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut all = headers.get_all(name).iter();
    match (all.next(), all.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// What stands after `Bearer` in `Authorization`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = single(headers, &header::AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
