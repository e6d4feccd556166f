//! The protocol by which the window has its pages and asks the control plane: no port is open.

use crate::commands;
use crate::control_plane::{Asked, ControlPlane, NoControlPlane};
use crate::desk::{Desk, Standing};
use crate::start_page;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderValue, Method, Request, Response, StatusCode, header};
use downhaul_control::api::{Problem, SessionRequest};
use std::sync::Arc;
use tauri::{AppHandle, Manager, UriSchemeResponder, Url};
use tower::ServiceExt;

/// What the addresses of the window's pages begin with.
pub const SCHEME: &str = "console";

/// An answer is held in memory: the protocol carries whole bodies only.
const LARGEST: usize = 1 << 30;

/// The address of a page.
pub fn address(path: &str) -> Result<Url, tauri::Error> {
    // Windows knows no schemes of one's own, so there it is a host of its own.
    let base = if cfg!(windows) { format!("http://{SCHEME}.localhost") } else { format!("{SCHEME}://localhost") };
    base.parse::<Url>().and_then(|base| base.join(path)).map_err(tauri::Error::InvalidUrl)
}

/// Whether the window may go there.
pub fn is_own(url: &Url) -> bool {
    if cfg!(windows) {
        url.host_str() == Some("console.localhost")
    } else {
        url.scheme() == SCHEME && url.host_str() == Some("localhost")
    }
}

pub fn answer(app: &AppHandle, request: Request<Vec<u8>>, responder: UriSchemeResponder) {
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        let (mut parts, body) = to_page(&app, request).await.into_parts();
        // A part that cannot be read any more is like a connection that broke.
        match to_bytes(body, LARGEST).await {
            Ok(body) => responder.respond(Response::from_parts(parts, body.to_vec())),
            Err(_) => {
                parts.status = StatusCode::BAD_GATEWAY;
                responder.respond(Response::from_parts(parts, Vec::new()));
            }
        }
    });
}

async fn to_page(app: &AppHandle, request: Request<Vec<u8>>) -> Response<Body> {
    let path = request.uri().path().to_owned();
    if let Some(file) = start_page::file(&path) {
        return fenced(file);
    }
    if is_of_control_plane(&path) {
        return fenced(control_plane(app, request).await);
    }
    let console = app.state::<Desk>().console.clone();
    let (mut parts, _) = request.into_parts();
    // By its path alone: the host is this window's own.
    if let Some(path) = parts.uri.path_and_query().and_then(|path| path.as_str().parse().ok()) {
        parts.uri = path;
    }
    match console.oneshot(Request::from_parts(parts, Body::empty())).await {
        Ok(response) => fenced(response),
        Err(never) => match never {},
    }
}

/// What no page of the console is: answers of the control plane.
fn is_of_control_plane(path: &str) -> bool {
    path.starts_with("/api/")
}

async fn control_plane(app: &AppHandle, request: Request<Vec<u8>>) -> Response<Body> {
    let desk = app.state::<Desk>();
    let (parts, body) = request.into_parts();
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let asked = Asked { method: parts.method, path, headers: parts.headers, body };
    match desk.standing().await {
        Standing::Open { way, plane } => {
            let session = (asked.path == "/api/v1/session").then(|| (asked.method.clone(), asked.body.clone()));
            let answer = match plane.ask(asked).await {
                Ok(answer) => answer,
                Err(why) => return no_answer(&why),
            };
            match session {
                Some((Method::DELETE, _)) if answer.status().is_success() => commands::choose_again(app),
                Some((Method::POST, body)) if answer.status().is_success() => signed_in(app, &way, &plane, &body).await,
                _ => {}
            }
            answer
        }
        Standing::Choosing(why) => no_answer(&why.unwrap_or_else(|| NoControlPlane {
            what: "no way to start is chosen".to_owned(),
            help: "choose one in the window".to_owned(),
        })),
        Standing::Opening => no_answer(&NoControlPlane { what: "it is not open yet".to_owned(), help: String::new() }),
    }
}

/// Another token was typed into the page, and is good: it is sent from now on. The page's session would be a cookie, which
/// no window of this kind keeps.
async fn signed_in(app: &AppHandle, way: &crate::way::Way, plane: &Arc<ControlPlane>, body: &[u8]) {
    let Ok(SessionRequest { token }) = serde_json::from_slice(body) else { return };
    let token = token.trim().to_owned();
    if let Err(why) = crate::way::keep_token(way, &token).await {
        commands::say_no_keychain(app, &why);
    }
    plane.use_token(token);
}

/// As if the network were down: the console keeps trying.
fn no_answer(why: &NoControlPlane) -> Response<Body> {
    let problem = Problem::new(503, "Service Unavailable", "no-control-plane", &why.what, &why.help);
    let mut response = Response::new(Body::from(serde_json::to_vec(&problem).unwrap_or_default()));
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    response
}

/// The server's own policy, and besides it the way into this process, which takes the commands that the window may call.
fn fenced(mut response: Response<Body>) -> Response<Body> {
    let policy = response.headers().get(header::CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    let policy = policy.unwrap_or("default-src 'none'; connect-src 'self'");
    let policy = policy.replace("connect-src 'self'", "connect-src 'self' ipc: http://ipc.localhost");
    if let Ok(policy) = HeaderValue::try_from(policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response.headers_mut().remove(header::SET_COOKIE);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_goes_nowhere_else() {
        assert!(is_own(&address("/e/production/flags").unwrap()));
        for foreign in ["https://flags.example/", "console://other/", "file:///etc/passwd", "data:text/html,x"] {
            assert!(!is_own(&foreign.parse().unwrap()), "{foreign}");
        }
    }

    #[test]
    fn every_answer_is_fenced_in() {
        let policy = |response: Response<Body>| {
            fenced(response).headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned()
        };
        let mut served = Response::new(Body::empty());
        let own = "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none'";
        served.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(own));
        let given = policy(served);
        assert!(given.contains("script-src 'self'; connect-src 'self' ipc: http://ipc.localhost; base-uri"), "{given}");
        assert!(policy(Response::new(Body::empty())).starts_with("default-src 'none'"));
    }
}
