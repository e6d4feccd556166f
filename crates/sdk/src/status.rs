use crate::events::Change;
use crate::problem::ProblemCode;
use downhaul_control::api::Position;
use std::time::{Duration, SystemTime};

/// How a client stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    pub state: State,
    pub transport: Transport,
    pub source: Source,
    /// Absent before the first flag set.
    pub position: Option<Position>,
    pub environment: Option<String>,
    /// Of the flag set in use, RFC 3339.
    pub valid_until: Option<String>,
    /// Silent for longer than the stale deadline: flags with `on_stale: degraded` are degraded.
    pub stale: bool,
    /// Past `valid_until` by the server's clock: every read's reason is `STALE`.
    pub expired: bool,
    /// Since the control plane was last heard of, by a clock that never jumps; absent before the first time.
    pub silent: Option<Duration>,
    /// What last brought another position.
    pub last_change: Option<LastChange>,
    /// Codes of what was refused or failed since everything was well, in order.
    pub problems: Vec<ProblemCode>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// No flag set has come yet: reads give the caller's defaults.
    Connecting,
    /// The control plane is heard of.
    Ready,
    /// Past the stale deadline, or past the validity of the flag set.
    Stale,
    /// There are values, but no connection as yet or any more.
    Offline,
    Closed,
}

/// How the client hears of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    Stream,
    Poll,
    None,
}

/// Where the values come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Network,
    /// From disk, or given at the start, and not confirmed since.
    Kept,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LastChange {
    pub change: Change,
    /// From receipt of the bytes until reads gave the new values.
    pub applied_after: Duration,
    pub at: SystemTime,
}
