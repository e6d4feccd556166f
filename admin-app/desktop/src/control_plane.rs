//! The control plane behind the window: one in this process, or a remote one.

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, header};
use downhaul_control::Secret;
use downhaul_core::ids::EnvironmentKey;
use downhaul_server::{ClientAddress, Holder, ServerOptions};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tower::ServiceExt;

/// What may be asked, and answers. Whoever asks says nothing of who they are: the token stays on this side.
#[derive(Debug)]
pub struct ControlPlane {
    place: Place,
    /// What is sent with each request.
    token: Mutex<String>,
}

#[derive(Debug)]
enum Place {
    Inside { router: Router, running: Mutex<Option<Running>> },
    Remote { client: reqwest::Client, base: String },
}

/// What a control plane inside does by itself.
#[derive(Debug)]
struct Running {
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

/// A request of a page, without what a page has no business to say.
#[derive(Debug, Clone)]
pub struct Asked {
    pub method: Method,
    /// Path and query.
    pub path: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Why there is no control plane.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct NoControlPlane {
    pub what: String,
    /// What to do about it.
    pub help: String,
}

/// What a page may say of its request.
const PASSED: [HeaderName; 3] = [header::ACCEPT, header::CONTENT_TYPE, HeaderName::from_static("downhaul-console")];

impl ControlPlane {
    /// Opens a data folder, made at the first start with one environment, whose user is whoever sits at this machine.
    pub async fn inside(data: &Path, environment: &str, token: Secret, name: &str) -> Result<Self, NoControlPlane> {
        let environment: EnvironmentKey = environment.parse().map_err(|why| failed(&format!("{why}"), ""))?;
        // No socket: the address only says which names are its own.
        let nowhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        let mut options = ServerOptions::new(data.to_owned(), nowhere, environment);
        let revealed = token.reveal();
        options.holder = Some(Holder { token, name: name.to_owned() });
        let runtime = tokio::runtime::Handle::current();
        // On a thread of its own, as it is for one that stays on its thread.
        let opening = tokio::task::spawn_blocking(move || runtime.block_on(downhaul_server::open(options)));
        let opened = opening.await.map_err(|why| failed(&why.to_string(), "start it again"))?;
        let opened = opened.map_err(|why| failed(&why.to_string(), why.help()))?;
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(downhaul_server::attend(opened.state.clone(), async move {
            // A sender that is gone means the same.
            let _ = stopped.await;
        }));
        let router = downhaul_server::router(opened.state);
        let running = Mutex::new(Some(Running { stop, ended }));
        Ok(ControlPlane { place: Place::Inside { router, running }, token: Mutex::new(revealed) })
    }

    /// The one at this address.
    pub fn remote(address: &str, token: String) -> Result<Self, NoControlPlane> {
        let base = base(address)?;
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().map_err(|why| {
            failed(&format!("no connection can be made: {why}"), "look at the certificates of this machine")
        })?;
        Ok(ControlPlane { place: Place::Remote { client, base }, token: Mutex::new(token) })
    }

    /// Answers as soon as the head of the answer is there.
    pub async fn ask(&self, asked: Asked) -> Result<Response<Body>, NoControlPlane> {
        let mut headers = HeaderMap::new();
        for name in &PASSED {
            if let Some(value) = asked.headers.get(name) {
                headers.insert(name, value.clone());
            }
        }
        let bearer = HeaderValue::try_from(format!("Bearer {}", self.token())).map_err(|_| {
            failed("the token holds signs that none has", "choose the way to start again, and paste it whole")
        })?;
        headers.insert(header::AUTHORIZATION, bearer);
        match &self.place {
            Place::Inside { router, .. } => {
                let mut request = Request::new(Body::from(asked.body));
                *request.method_mut() = asked.method;
                *request.uri_mut() = asked.path.parse::<Uri>().map_err(|why| failed(&why.to_string(), ""))?;
                headers.insert(header::HOST, HeaderValue::from_static("localhost"));
                *request.headers_mut() = headers;
                request.extensions_mut().insert(ConnectInfo(ClientAddress(IpAddr::V4(Ipv4Addr::LOCALHOST))));
                match router.clone().oneshot(request).await {
                    Ok(response) => Ok(response),
                    Err(never) => match never {},
                }
            }
            Place::Remote { client, base } => {
                let request = client.request(asked.method, format!("{base}{}", asked.path)).headers(headers);
                let response = request.body(asked.body).send().await.map_err(|why| {
                    failed(
                        &format!("{base} cannot be reached: {}", innermost(&why)),
                        "check the address and the network; the console keeps trying",
                    )
                })?;
                Ok(Response::from(response).map(Body::new))
            }
        }
    }

    /// Sends another token from now on.
    pub fn use_token(&self, token: String) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
    }

    fn token(&self) -> String {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ends what runs inside; what was acknowledged is on the disk then.
    pub async fn close(&self) {
        let Place::Inside { running, .. } = &self.place else { return };
        let running = running.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Running { stop, ended }) = running {
            let _ = stop.send(());
            let _ = ended.await;
        }
    }
}

/// The address without its last slash, if it is one to ask.
fn base(address: &str) -> Result<String, NoControlPlane> {
    let wrong = |what: String| failed(&what, "write it as `https://flags.example`");
    let url: tauri::Url = address.trim().parse().map_err(|why| wrong(format!("`{address}` is no address: {why}")))?;
    let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => {}
        "http" if is_here => {}
        "http" => return Err(wrong("the token would travel in the clear over `http`".to_owned())),
        other => return Err(wrong(format!("`{other}` is not what a control plane speaks"))),
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("an address has no user, query or fragment here".to_owned()));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

pub fn failed(what: &str, help: &str) -> NoControlPlane {
    NoControlPlane { what: what.to_owned(), help: help.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::base;

    #[test]
    fn addresses_of_a_control_plane() {
        for (address, expected) in [
            ("https://flags.example/", "https://flags.example"),
            (" https://flags.example/a/ ", "https://flags.example/a"),
            ("http://127.0.0.1:8790", "http://127.0.0.1:8790"),
            ("http://localhost:8790/", "http://localhost:8790"),
        ] {
            assert_eq!(base(address).unwrap(), expected);
        }
        for (address, part) in [
            ("http://flags.example", "in the clear"),
            ("flags.example", "no address"),
            ("ftp://flags.example", "not what a control plane speaks"),
            ("https://maya:secret@flags.example", "no user"),
            ("https://flags.example/?a=b", "no user, query"),
        ] {
            let why = base(address).unwrap_err();
            assert!(why.what.contains(part), "{address}: {why}");
        }
    }
}
