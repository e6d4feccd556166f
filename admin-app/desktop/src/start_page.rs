//! The page on which a way to start is chosen. It needs no WebAssembly and no control plane.

use axum::body::Body;
use axum::http::{HeaderValue, Response, header};

/// Its address.
pub const PATH: &str = "/app/start.html";

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// One of its files.
pub fn file(path: &str) -> Option<Response<Body>> {
    let (kind, text) = match path {
        PATH => ("text/html; charset=utf-8", include_str!("../pages/start.html")),
        "/app/start.js" => ("text/javascript; charset=utf-8", include_str!("../pages/start.js")),
        "/app/tokens.css" => ("text/css; charset=utf-8", include_str!("../../ui/styles/tokens.css")),
        "/app/base.css" => ("text/css; charset=utf-8", include_str!("../../ui/styles/base.css")),
        "/app/controls.css" => ("text/css; charset=utf-8", include_str!("../../ui/styles/controls.css")),
        "/app/start.css" => ("text/css; charset=utf-8", include_str!("../pages/start.css")),
        _ => return None,
    };
    let mut response = Response::new(Body::from(text));
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-cache"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Some(response)
}
