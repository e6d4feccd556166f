//! What clients tell of the use of flags: exposures, named outcomes, guarded calls and the states of breakers, by the minute
//! over the last hour, and in total.
//!
//! Times are monotonic, since any moment that the caller chooses and keeps; a client's clock is never read.

mod check;
mod ledger;
mod quorum;
mod standing;

pub use check::{NotABatch, check};
pub use ledger::{Latency, Of, Refused, Sums, Telemetry, Total, What};
pub use quorum::{Failing, Quorum};

use std::time::Duration;

/// How far back minutes are kept.
pub const KEPT: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests;
