use super::OutcomeMetric;
use super::ledger::{Counted, Outcomes};
use crate::api::Trust;
use std::fmt;
use std::time::Duration;

/// Fewer outcomes than these prove nothing.
pub const LEAST: u64 = 20;
/// For how long nobody may have told of any before the metric has no data: three heartbeats, or half of what it looks back.
const SILENCE: Duration = Duration::from_secs(45);

/// What a metric of outcomes gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OutcomeReading {
    /// The share that failed, from 0 to 1.
    pub share: f64,
    /// Of how many.
    pub outcomes: u64,
    /// How long ago the last of them was: of what came after it, the reading says nothing.
    pub age: Duration,
}

/// Why a metric of outcomes gives nothing. Its words stay the same for as long as that is so: each is charted once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoOutcomes {
    /// The server has not been there for as long as the metric looks back, and counts do not outlive it.
    Beginning { of: String, seconds: u32 },
    /// None at all, or too few. `claimed`: browsers told of some, which do not count.
    Few { of: String, any: bool, seconds: u32, claimed: bool },
    /// Clients told, and have fallen silent for so long.
    Silent { of: String, seconds: u64 },
}

impl fmt::Display for NoOutcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoOutcomes::Beginning { of, seconds } => {
                write!(f, "the server began less than {seconds} s ago, and knows of no outcome of `{of}` before")
            }
            NoOutcomes::Silent { of, seconds } => {
                write!(f, "clients have fallen silent: no outcome of `{of}` for more than {seconds} s")
            }
            NoOutcomes::Few { of, any, seconds, claimed } => {
                match any {
                    false => write!(f, "no client told of an outcome of `{of}` within {seconds} s")?,
                    true => write!(
                        f,
                        "clients told of fewer than {LEAST} outcomes of `{of}` within {seconds} s, which prove nothing"
                    )?,
                }
                f.write_str(if *claimed { "; what browsers claim counts only `with browsers`" } else { "" })
            }
        }
    }
}

impl Outcomes {
    /// What a metric gives at `now`.
    ///
    /// # Errors
    /// Why it gives nothing: that holds whatever waits for it.
    pub fn read(&self, metric: &OutcomeMetric, now: Duration) -> Result<OutcomeReading, NoOutcomes> {
        let (of, window) = (metric.named(), Duration::from_secs(u64::from(metric.seconds)));
        if self.listening(now) < window {
            return Err(NoOutcomes::Beginning { of, seconds: metric.seconds });
        }
        let (mut counting, mut claimed) = (Counted::default(), false);
        for ((flag, variant, kind), counted) in self.since(window, now) {
            if *flag != metric.flag || metric.variant.as_ref().is_some_and(|wanted| wanted != variant) {
                continue;
            }
            match Trust::of(*kind) {
                Trust::Claimed if !metric.browsers => claimed = true,
                Trust::Claimed | Trust::Trusted => counting.add(*counted),
            }
        }
        let (outcomes, age) = (counting.pair.all(), now.saturating_sub(counting.newest));
        let silence = SILENCE.max(window / 2);
        if outcomes > 0 && age > silence {
            return Err(NoOutcomes::Silent { of, seconds: silence.as_secs() });
        }
        if outcomes < LEAST {
            return Err(NoOutcomes::Few { of, any: outcomes > 0, seconds: metric.seconds, claimed });
        }
        Ok(OutcomeReading { share: counting.pair.share(), outcomes, age })
    }
}
