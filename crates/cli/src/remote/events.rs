use crate::exit::Failure;
use downhaul_control::api::ConsoleEvent;
use eventsource_stream::{Event, EventStreamError, Eventsource};
use futures_util::stream::{BoxStream, StreamExt};
use reqwest::Response;

/// The stream `E/events`.
pub(crate) struct Events {
    events: BoxStream<'static, Result<Event, EventStreamError<reqwest::Error>>>,
    server: String,
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Events {
    pub(super) fn new(response: Response, server: String) -> Self {
        Events { events: response.bytes_stream().eventsource().boxed(), server }
    }

    /// The next event, or `None` where the server closed the stream. Events that this version does not know are passed
    /// over: a newer server may send more.
    pub(crate) async fn next(&mut self) -> Result<Option<ConsoleEvent>, Failure> {
        loop {
            match self.events.next().await {
                None => return Ok(None),
                Some(Ok(event)) => {
                    if let Ok(event) = serde_json::from_str(&event.data) {
                        return Ok(Some(event));
                    }
                }
                Some(Err(error)) => {
                    let message = format!("the stream from `{}` broke off: {error}", self.server);
                    return Err(Failure::could_not_run("stream-broken", message).help("run the same command again"));
                }
            }
        }
    }
}
