//! What the clients of an environment tell of the use of flags, on this process's clock. Kept in memory, as outcomes are.

use crate::outcomes::is_variant;
use downhaul_control::State;
use downhaul_control::api::{BreakerPage, IgnoredTelemetry, TelemetryBatch};
use downhaul_control::outcomes::Teller;
use downhaul_control::telemetry::{KEPT, Refused, Telemetry, Total};
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
    ) -> Result<IgnoredTelemetry, Refused> {
        let mut telemetry = self.locked();
        let before = telemetry.ignored();
        telemetry.take(teller, batch, is_variant(state), self.now())?;
        let after = telemetry.ignored();
        Ok(IgnoredTelemetry {
            unknown: after.unknown - before.unknown,
            repeated: after.repeated - before.repeated,
            late: after.late - before.late,
            limited: after.limited - before.limited,
        })
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
