//! The console's files, and the headers that fence in every page this server gives out.

use crate::error::AppError;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use std::path::Path;
use tower::ServiceExt;
use tower_http::services::{ServeDir, ServeFile};

/// The last resort of the kill control, a page of its own.
const KILL_PAGE: &str = "/kill";

/// Nothing from elsewhere, no inline script; the console is WebAssembly.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";

/// The viewer of the API draws with inline styles and shows its pictures from data.
const VIEWER_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                             img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; \
                             form-action 'none'; frame-ancestors 'none'";

/// The kill page needs no WebAssembly, and asks for as little as a page can that talks to its server.
const KILL_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                           base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                           require-trusted-types-for 'script'; trusted-types 'none'";

/// The files of the console alone, fenced in, for a program that shows them in a window of its own.
pub fn console_files(folder: &Path) -> Router {
    files(Some(folder)).layer(from_fn(fence))
}

/// What is not answered by an API: the console's files if there are any, and its page for every other path, which the
/// console reads itself.
pub(crate) fn files<S: Clone + Send + Sync + 'static>(folder: Option<&Path>) -> Router<S> {
    let Some(folder) = folder else { return Router::new().fallback(without_console) };
    let page = ServeFile::new(folder.join("index.html")).precompressed_br().precompressed_gzip();
    let files = ServeDir::new(folder).precompressed_br().precompressed_gzip().append_index_html_on_directories(true);
    Router::new().fallback(move |request: Request| {
        let (files, page) = (files.clone(), page.clone());
        async move { serve(files, page, request).await }
    })
}

async fn serve(files: ServeDir, page: ServeFile, request: Request) -> Response {
    let path = request.uri().path();
    if is_api(path) {
        return unknown_path().into_response();
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let is_page = is_page(path);
    let (mut parts, _) = request.into_parts();
    if parts.uri.path() == KILL_PAGE {
        parts.uri = Uri::from_static("/kill.html");
    }
    let again = || Request::from_parts(parts.clone(), Body::empty());
    let mut response = match files.oneshot(again()).await {
        Ok(response) if response.status() == StatusCode::NOT_FOUND && is_page => {
            page.oneshot(again()).await.map(|response| response.map(Body::new)).unwrap_or_default()
        }
        Ok(response) => response.map(Body::new),
        Err(never) => match never {},
    };
    let cache = HeaderValue::from_static(cache_control(parts.uri.path()));
    response.headers_mut().insert(header::CACHE_CONTROL, cache);
    response
}

/// Whether the console itself reads this path. Those of an environment end with names of flags, which may have dots.
fn is_page(path: &str) -> bool {
    path.starts_with("/e/") || !path.rsplit('/').next().unwrap_or_default().contains('.')
}

/// Files with a digest in their name never change; everything else is asked for again each time, and mostly not changed.
fn cache_control(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_digest = |part: &str| part.len() >= 8 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if name.split(['-', '.', '_']).any(is_digest) { "public, max-age=31536000, immutable" } else { "no-cache" }
}

async fn without_console(request: Request) -> Response {
    if is_api(request.uri().path()) {
        return unknown_path().into_response();
    }
    AppError::not_found(
        "no-console",
        "this server was started without a console",
        "start it with `--console` and the folder of the built console; the API is described at /api/docs",
    )
    .into_response()
}

fn is_api(path: &str) -> bool {
    path.starts_with("/api/") || path.starts_with("/client/")
}

pub(crate) fn unknown_path() -> AppError {
    AppError::not_found("unknown-path", "there is nothing at this path", "see /api/docs for what there is")
}

/// Headers of every answer.
pub(crate) async fn fence(request: Request, next: Next) -> Response {
    let policy = match request.uri().path() {
        KILL_PAGE | "/kill.html" => KILL_POLICY,
        path if path.starts_with("/api/docs") => VIEWER_POLICY,
        _ => POLICY,
    };
    let mut response = next.run(request).await;
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::{cache_control, is_page};

    #[test]
    fn paths_of_the_console() {
        for path in ["/", "/e/production/flags", "/e/production/flags/checkout.v2", "/sign-in"] {
            assert!(is_page(path), "{path}");
        }
        for path in ["/console.js", "/fonts/a.woff2"] {
            assert!(!is_page(path), "{path}");
        }
    }

    #[test]
    fn only_named_by_digest_is_kept() {
        assert!(cache_control("/console-1a2b3c4d5e6f.wasm").contains("immutable"));
        for path in ["/", "/index.html", "/console.wasm", "/deadbeef/x.css"] {
            assert_eq!(cache_control(path), "no-cache", "{path}");
        }
    }
}
