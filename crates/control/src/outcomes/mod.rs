//! How what flags decide of went, as clients tell: counts by flag, variant and kind of client over the last minutes, and the
//! share that failed as a metric for releases and rollouts.
//!
//! Times are monotonic, since any moment that the caller chooses and keeps.

mod ledger;
mod metric;
mod read;
mod report;
mod tellers;

pub use ledger::{Outcomes, Total};
pub use metric::{NotAnOutcomeMetric, OutcomeMetric};
pub(crate) use metric::{malformed, misplaced};
pub use read::{LEAST, NoOutcomes, OutcomeReading};
pub use report::{NotAReport, check};
pub use tellers::Teller;
pub(crate) use tellers::Tellers;

use std::time::Duration;

/// How far back outcomes are kept.
pub const KEPT: Duration = Duration::from_secs(900);

#[cfg(test)]
mod tests;
