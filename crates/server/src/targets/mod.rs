//! Where the server itself asks others: webhook targets, Prometheus and the provider of sign-ins, as its configuration
//! names them.

mod address;
mod config;
mod mail;
mod otlp;
mod prometheus;
mod webhook;

pub(crate) use config::{KillFile, Prometheus, SignIn};
pub use config::{Targets, TargetsError};
pub(crate) use mail::{Letter, mail};
pub(crate) use otlp::{Exported, export};
pub(crate) use prometheus::{Answer, ask, series_at};
pub(crate) use webhook::{Sent, send};

use address::PublicOnly;
use reqwest::redirect::Policy;
use std::sync::Arc;
use std::time::Duration;

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(10);
/// What is read of an answer, in bytes.
const BODY: usize = 64 * 1024;

/// A client that follows no redirect, uses no proxy, and, unless private addresses are allowed, connects to public ones
/// only, whatever a name resolves to at that moment.
fn client(allow_private: bool) -> reqwest::Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT)
        .timeout(ANSWER)
        .user_agent(concat!("downhaul/", env!("CARGO_PKG_VERSION")));
    let builder = if allow_private { builder } else { builder.dns_resolver(Arc::new(PublicOnly)) };
    builder.build()
}

/// The beginning of an answer's body; more than [`BODY`] is not read.
async fn beginning(answer: reqwest::Response) -> reqwest::Result<Vec<u8>> {
    up_to(BODY, answer).await
}

async fn up_to(most: usize, mut answer: reqwest::Response) -> reqwest::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await? {
        let room = most.saturating_sub(body.len());
        body.extend_from_slice(part.get(..room).unwrap_or(&part));
        if body.len() >= most {
            break;
        }
    }
    Ok(body)
}

/// What a server answers to a request, its body up to [`BODY`]; else why it did not.
pub(crate) async fn read_answer(
    client: &reqwest::Client,
    request: reqwest::Request,
) -> Result<axum::http::Response<Vec<u8>>, String> {
    let answer = client.execute(request).await.map_err(why)?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = axum::http::Response::new(beginning(answer).await.map_err(why)?);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

/// What went wrong, without the address, which may hold a secret.
fn why(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", ANSWER.as_secs());
    }
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
