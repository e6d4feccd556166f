//! The control plane as the console sees it. Nothing outside this folder knows HTTP, or in what kind of window this is.

pub mod api;
mod event_source;
mod failure;
mod get;
mod hands;
mod http;
mod stream;
mod upload;
mod window;
mod worker;

pub use failure::Failure;
pub use get::Get;
pub use hands::{Hands, People, Telling, Told, hands};
pub use http::Http;
pub use upload::{Cancel, Upload};
pub use window::Window;

use downhaul_control::api::ConsoleEvent;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

/// A way to the control plane: HTTP in a browser, the window's own in a desktop app.
pub trait Backend {
    /// The body of a successful answer.
    fn request(&self, request: Request) -> Answer;

    /// Sends something whose answer nobody waits for; it goes out also where the page ends with it.
    fn leave_word(&self, request: Request);

    /// The bytes at a path.
    fn bytes(&self, path: String) -> Bytes;

    /// The body of a successful answer to a file that is put at a path.
    fn upload(&self, path: String, upload: Upload) -> Answer;

    /// Has a person keep what is at a path as a file; says whether they did, where that is known.
    fn save(&self, path: String, name: String) -> Saving;

    /// Listens to an environment until what is returned is dropped; comes back by itself after a loss.
    fn subscribe(&self, path: String, listener: Listener) -> Box<dyn Subscription>;

    /// Where another control plane is chosen. A browser has the one that its page came from.
    fn start_page(&self) -> Option<&'static str> {
        None
    }

    /// Does what is asked for outside the page, until what is returned is dropped. Nobody asks in a browser.
    fn obey(&self, _orders: Orders) -> Option<Box<dyn Subscription>> {
        None
    }
}

/// What the tray, the global shortcut, a link or a notification asks the page for.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// To open the kill control, of the flag that is looked at if there is one.
    Kill,
    /// To go to a page, by its path.
    Go(String),
    /// To show a short report.
    Say { title: String, detail: String },
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq)]
pub enum Saved {
    /// The browser asks and reports by itself.
    ByBrowser,
    At(String),
    /// The person did not choose a place.
    No,
}

pub type Bytes = Pin<Box<dyn Future<Output = Result<Vec<u8>, Failure>>>>;
pub type Answer = Pin<Box<dyn Future<Output = Result<String, Failure>>>>;
pub type Taking = Pin<Box<dyn Future<Output = Result<(), Failure>>>>;
pub type Saving = Pin<Box<dyn Future<Output = Result<Saved, Failure>>>>;
pub type Listener = Rc<dyn Fn(StreamEvent)>;
pub type Orders = Rc<dyn Fn(Order)>;

/// Ends when it is dropped.
pub trait Subscription {}

#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    pub method: Method,
    /// From `/api/v1` on, its parts encoded.
    pub path: String,
    /// JSON.
    pub body: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    /// As HTTP writes it.
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum StreamEvent {
    Opened,
    Lost,
    Event(Box<ConsoleEvent>),
}

/// The backend, to be handed around.
#[derive(Clone)]
pub struct Handle(Rc<dyn Backend>);

impl Handle {
    /// The way that there is where the console runs.
    pub fn here() -> Self {
        match Window::here() {
            Some(window) => Handle::new(window),
            None => Handle::new(Http),
        }
    }

    pub fn new(backend: impl Backend + 'static) -> Self {
        Handle(Rc::new(backend))
    }
}

impl std::ops::Deref for Handle {
    type Target = dyn Backend;
    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl PartialEq for Handle {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handle")
    }
}
