//! What the clients of an environment tell of the use of flags, on this process's clock. Kept in memory, as outcomes are.

use crate::minutes::LiveMinutes;
use crate::outcomes::is_variant;
use downhaul_control::State;
use downhaul_control::api::{BreakerPage, IgnoredTelemetry, TelemetryBatch};
use downhaul_control::guards::{Counted, Entry};
use downhaul_control::outcomes::Teller;
use downhaul_control::telemetry::{Failing, KEPT, Of, Quorum, Refused, Sums, Telemetry, Total, What};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(crate) struct LiveTelemetry {
    began: Instant,
    telemetry: Mutex<Telemetry>,
}

impl LiveTelemetry {
    pub(crate) fn new() -> LiveTelemetry {
        LiveTelemetry { began: Instant::now(), telemetry: Mutex::new(Telemetry::new(KEPT)) }
    }

    /// Counts a batch; gives what was passed over of it.
    ///
    /// # Errors
    /// It comes too thick.
    pub(crate) fn take(
        &self,
        teller: &Teller<'_>,
        batch: &TelemetryBatch,
        state: &State,
        minutes: &LiveMinutes,
    ) -> Result<IgnoredTelemetry, Refused> {
        let mut telemetry = self.locked();
        let before = telemetry.ignored();
        let now = self.now();
        let mut keep = |of: &Of, sums: &Sums, at: Duration| {
            if let What::Exposure { flag, variant, reason, .. } = &of.what {
                minutes.add_units(state, teller, (flag, variant, reason), sums.units, now.saturating_sub(at));
            }
            let (flag, variant, counted) = match &of.what {
                What::Exposure { flag, variant, .. } => (flag, variant, Counted::Exposures),
                What::Outcome { name, under: Some((flag, variant)) } => (flag, variant, Counted::Named(name.clone())),
                What::Outcome { under: None, .. } | What::Guard { .. } => return,
            };
            let (all, latency) = (sums.ok.saturating_add(sums.failed), Some(&sums.latency));
            let entry = Entry { flag, variant, counted, all, failed: sums.failed, latency };
            minutes.add(state, teller, batch.release.as_deref(), &entry, now.saturating_sub(at));
        };
        telemetry.take_and(teller, batch, is_variant(state), now, &mut keep)?;
        let after = telemetry.ignored();
        Ok(IgnoredTelemetry {
            unknown: after.unknown - before.unknown,
            repeated: after.repeated - before.repeated,
            late: after.late - before.late,
            limited: after.limited - before.limited,
        })
    }

    /// How many instances say that the breaker of a variant is open; see [`Telemetry::quorum`].
    pub(crate) fn quorum(&self, of: (&str, &str), quorum: Quorum, times: (Duration, Duration)) -> Quorum {
        self.locked().quorum(of, quorum, times, self.now())
    }

    /// Which of the flags that are guarded fail, by those heard of within so long.
    pub(crate) fn failing(&self, within: Duration) -> Failing {
        self.locked().failing(within, self.now())
    }

    pub(crate) fn breakers(&self, flag: Option<&str>, minutes: u32) -> BreakerPage {
        self.locked().breakers(flag, minutes, self.now())
    }

    /// All that was counted of what is still a variant.
    pub(crate) fn totals(&self, state: &State) -> Vec<Total> {
        self.locked().totals(is_variant(state))
    }

    /// Since when others can have told, and before.
    fn now(&self) -> Duration {
        KEPT + self.began.elapsed()
    }

    fn locked(&self) -> MutexGuard<'_, Telemetry> {
        self.telemetry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
