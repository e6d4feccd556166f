//! Server-sent events of the control plane, carried over a channel: the window's protocol cannot stream.

use crate::control_plane::Asked;
use crate::desk::{Desk, Standing};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use eventsource_stream::Eventsource;
use futures_util::StreamExt;
use serde::Serialize;
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager};

/// What comes over the channel, one JSON text each; the console's `backend/window.rs` reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Word {
    Opened,
    /// The data of one event.
    Event(String),
    /// Nothing more comes; the page asks again.
    Lost,
}

/// Carries events until there are no more, or nobody listens.
pub async fn carry(app: AppHandle, path: String, channel: Channel<String>) {
    let _ =
        events(&app, &path, |word| serde_json::to_string(&word).ok().and_then(|text| channel.send(text).ok())).await;
    if let Ok(text) = serde_json::to_string(&Word::Lost) {
        let _ = channel.send(text);
    }
}

async fn events(app: &AppHandle, path: &str, say: impl Fn(Word) -> Option<()>) -> Option<()> {
    let Standing::Open { plane, .. } = app.state::<Desk>().standing().await else { return None };
    let mut events = listen(&plane, path).await?;
    say(Word::Opened)?;
    while let Some(data) = events.next().await {
        say(Word::Event(data))?;
    }
    Some(())
}

/// The data of the events at a path.
pub async fn listen(
    plane: &crate::control_plane::ControlPlane,
    path: &str,
) -> Option<impl futures_util::Stream<Item = String> + Send + Unpin + use<>> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("text/event-stream"));
    let asked = Asked { method: Method::GET, path: path.to_owned(), headers, body: Vec::new() };
    let answer = plane.ask(asked).await.ok().filter(|answer| answer.status().is_success())?;
    let events = answer.into_body().into_data_stream().eventsource();
    let data = events.take_while(|event| std::future::ready(event.is_ok()));
    Some(Box::pin(data.filter_map(|event| std::future::ready(event.ok().map(|event| event.data)))))
}
