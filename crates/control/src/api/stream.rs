use super::{FleetView, KillView, Position, PresenceView};
use crate::fleet::spread;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Data of the first event of a client's stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HelloEvent {
    pub position: Position,
    pub server_time: String,
    pub ping_seconds: u32,
    pub stale_seconds: u32,
    #[serde(default)]
    pub within_ms: Within,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PingEvent {
    pub position: Position,
    pub server_time: String,
    #[serde(default)]
    pub within_ms: Within,
}

/// Within how long clients do what all of them would do at once, as there are so many of them now; in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Within {
    /// A client says that it applied something.
    pub acknowledge: u32,
    /// A client whose stream was cut comes back.
    #[serde(rename = "return")]
    pub come_back: u32,
}

impl Within {
    pub fn of(clients: usize) -> Within {
        let whole = |time: Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
        Within {
            acknowledge: whole(spread::acknowledge_within(clients)),
            come_back: whole(spread::return_within(clients)),
        }
    }
}

/// As among few.
impl Default for Within {
    fn default() -> Within {
        Within::of(0)
    }
}

/// The server is closing; come back after that long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ByeEvent {
    pub retry_ms: u64,
}

/// A program as a difference from another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PatchEvent {
    /// Digest of the program that it applies to.
    pub base: String,
    /// Base64 of the envelope up to and including the header.
    pub header: String,
    /// Base64 of the kill set.
    pub kills: String,
    /// In order; what they give, one after another, is the new program.
    pub ops: Vec<PatchOp>,
}

/// A run copied from the base, `[offset, length]`, or bytes to insert, in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum PatchOp {
    Copy(u64, u64),
    Insert(String),
}

/// What `E/events` sends to the console; the event's name is the `type`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum ConsoleEvent {
    Change {
        position: Position,
        change: Box<super::ChangeView>,
    },
    KillProgress {
        kill: Box<KillView>,
    },
    Fleet {
        fleet: Box<FleetView>,
    },
    /// How many alarms go on, and how many of them nobody has, whenever something of any has changed: `GET E/alarms` says what.
    Alarms {
        open: usize,
        unattended: usize,
    },
    /// Somebody came to a flag in the console, left it, or began to edit it.
    Presence(PresenceView),
    /// Nothing happened, and the server lives.
    Ping {
        server_time: String,
    },
}

impl ConsoleEvent {
    /// The event's name on the stream.
    pub fn name(&self) -> &'static str {
        match self {
            ConsoleEvent::Change { .. } => "change",
            ConsoleEvent::KillProgress { .. } => "kill-progress",
            ConsoleEvent::Fleet { .. } => "fleet",
            ConsoleEvent::Alarms { .. } => "alarms",
            ConsoleEvent::Presence(_) => "presence",
            ConsoleEvent::Ping { .. } => "ping",
        }
    }
}
