use crate::guard::BreakerMove;
use crate::problem::Problem;
use crate::status::Status;
use downhaul_control::api::Position;
use std::time::Duration;
use tokio::sync::broadcast::{Receiver, error::RecvError};

/// What brought other values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Put,
    Patch,
    Kill,
    Restore,
    /// What was kept or given at the start.
    Kept,
    /// The control plane went silent, or is back.
    Stale,
}

impl Change {
    pub fn as_str(self) -> &'static str {
        match self {
            Change::Put => "put",
            Change::Patch => "patch",
            Change::Kill => "kill",
            Change::Restore => "restore",
            Change::Kept => "kept",
            Change::Stale => "stale",
        }
    }
}

/// What a client tells the application.
#[derive(Debug, Clone)]
pub enum Event {
    /// Values are there for the first time.
    Ready(Box<Status>),
    /// Another flag set or kill set is in use, for whichever context.
    Applied {
        change: Change,
        position: Position,
        /// From receipt of the bytes until reads gave the new values.
        applied_after: Duration,
    },
    /// Flags whose value, variant, reason or cause is another one now, for the client's own context
    /// ([`Options::context`](crate::Options::context)).
    Changed { keys: Vec<String>, change: Change },
    /// The control plane went silent or the flag set's validity is over, or both are well again.
    Stale { stale: bool, expired: bool },
    /// A [breaker](crate::guard) opened, closed, or tries whether all is well again.
    Breaker { flag: String, variant: String, step: BreakerMove },
    /// Something was refused or failed, and the client goes on with what it has.
    Problem(Problem),
    /// The client can't do its work: its key is refused. It keeps trying.
    Error(Problem),
    /// So many events came faster than they were taken, and are gone; the client's values are right all the same.
    Missed(u64),
}

/// Events from the moment it was made; see [`Client::events`](crate::Client::events).
#[derive(Debug)]
pub struct Events(pub(crate) Receiver<Event>);

/// Events that wait for a slow taker.
pub(crate) const WAITING: usize = 256;

impl Events {
    /// The next one; `None` once the client is closed and all were taken.
    pub async fn next(&mut self) -> Option<Event> {
        match self.0.recv().await {
            Ok(event) => Some(event),
            Err(RecvError::Lagged(count)) => Some(Event::Missed(count)),
            Err(RecvError::Closed) => None,
        }
    }
}
