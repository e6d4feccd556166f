use crate::auth::single;
use crate::error::AppError;
use crate::state::AppState;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses requests for another host and from other origins, on loopback too: a page on the web can make a name of its
/// own point at this machine (DNS rebinding), and then its requests arrive here with a browser behind them.
pub(crate) async fn check(State(state): State<AppState>, request: Request, next: Next) -> Response {
    match allowed(&state, &request) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

fn allowed(state: &AppState, request: &Request) -> Result<(), AppError> {
    let headers = request.headers();
    // HTTP/2 carries the host in the request's target.
    let host = single(headers, &header::HOST).or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    let Some(host) = host else {
        return Err(AppError::bad_request("missing-host", "the request names no host", "send the header `Host`"));
    };
    if !state.allows_host(name_of(host)) {
        return Err(AppError::forbidden(
            "host-not-allowed",
            format!("`{}` is not a name of this server", name_of(host)),
            "use an address that the server listens on, or start it with `--allowed-host` and this name",
        ));
    }
    same_origin(headers, host)
}

fn same_origin(headers: &HeaderMap, host: &str) -> Result<(), AppError> {
    let refused = || {
        AppError::forbidden(
            "origin-not-allowed",
            "the request comes from a page of another origin",
            "the admin API answers only pages that this server serves itself",
        )
    };
    if headers.contains_key(header::ORIGIN) {
        let origin = single(headers, &header::ORIGIN).ok_or_else(refused)?;
        let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        if !authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host)) {
            return Err(refused());
        }
    }
    match single(headers, &SEC_FETCH_SITE) {
        Some("cross-site" | "same-site") if !is_navigation(headers) => Err(refused()),
        _ => Ok(()),
    }
}

/// Following a link to the console is no request of the other page.
fn is_navigation(headers: &HeaderMap) -> bool {
    single(headers, &HeaderName::from_static("sec-fetch-mode")) == Some("navigate")
}

/// The host without its port, and an IPv6 address without its brackets.
pub(crate) fn name_of(host: &str) -> &str {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.split_once(']').map_or(rest, |(address, _)| address);
    }
    host.rsplit_once(':').map_or(host, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::name_of;

    #[test]
    fn names_of_hosts() {
        for (host, name) in [
            ("127.0.0.1:8790", "127.0.0.1"),
            ("localhost", "localhost"),
            ("[::1]:8790", "::1"),
            ("[::1]", "::1"),
            ("flags.example:443", "flags.example"),
        ] {
            assert_eq!(name_of(host), name);
        }
    }
}
