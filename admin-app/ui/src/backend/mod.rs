//! The control plane as the console sees it. Nothing outside this folder knows HTTP.

pub mod api;
mod failure;
mod get;
mod http;
mod stream;
mod upload;

pub use failure::Failure;
pub use get::Get;
pub use http::Http;
pub use upload::{Cancel, Upload};

use downhaul_control::api::ConsoleEvent;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

/// A way to the control plane: HTTP in a browser, the window's own in a desktop app.
pub trait Backend {
    /// The body of a successful answer.
    fn request(&self, request: Request) -> Answer;

    /// The bytes at a path.
    fn bytes(&self, path: String) -> Bytes;

    /// The body of a successful answer to a file that is put at a path.
    fn upload(&self, path: String, upload: Upload) -> Answer;

    /// Listens to an environment until what is returned is dropped; comes back by itself after a loss.
    fn subscribe(&self, path: String, listener: Listener) -> Box<dyn Subscription>;
}

pub type Bytes = Pin<Box<dyn Future<Output = Result<Vec<u8>, Failure>>>>;
pub type Answer = Pin<Box<dyn Future<Output = Result<String, Failure>>>>;
pub type Listener = Rc<dyn Fn(StreamEvent)>;

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
