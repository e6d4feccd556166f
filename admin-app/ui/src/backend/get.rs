use super::{Failure, Handle, Method, Request};
use serde::de::DeserializeOwned;
use std::marker::PhantomData;

/// Something that can be asked for again and again: a path, and what its answer is read as.
pub struct Get<T> {
    path: String,
    answer: PhantomData<fn() -> T>,
}

impl<T> Get<T> {
    pub fn new(path: String) -> Self {
        Get { path, answer: PhantomData }
    }

    pub fn path(&self) -> &str {
        &self.path
    }
}

impl<T: DeserializeOwned> Get<T> {
    pub async fn send(&self, backend: &Handle) -> Result<T, Failure> {
        let request = Request { method: Method::Get, path: self.path.clone(), body: None };
        Self::read(&backend.request(request).await?)
    }

    pub fn read(body: &str) -> Result<T, Failure> {
        serde_json::from_str(body).map_err(|error| Failure::Unreadable(error.to_string()))
    }
}

impl<T> Clone for Get<T> {
    fn clone(&self) -> Self {
        Get::new(self.path.clone())
    }
}

impl<T> PartialEq for Get<T> {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl<T> std::fmt::Debug for Get<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GET {}", self.path)
    }
}
