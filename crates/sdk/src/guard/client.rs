//! What breakers have to do with the rest of a client.

use super::breakers::{Of, Stepped};
use super::watched::Untold;
use crate::events::Event;
use crate::shared::Shared;
use crate::snapshot::Snapshot;
use downhaul_core::context::Prepared;
use std::sync::Arc;
use std::time::Duration;

impl Shared {
    /// A flag set is in use: takes up what it says of breakers, what is killed, and what crashed under it before.
    pub(crate) fn take_up_breakers(&self, snapshot: &Snapshot) {
        let now = self.clock.now_ms();
        for flag in self.starts.iter().flat_map(|starts| starts.flags()) {
            // Known before any of its code runs.
            let _ = self.breakers.of(&flag, Some(snapshot));
        }
        if !self.breakers.is_used() {
            return;
        }
        let crashes = |flag: &str, of: &str| self.starts.as_ref().map_or(0, |starts| starts.crashes(flag, of));
        let stepped = self.breakers.take_up(snapshot, crashes, now);
        self.stepped(stepped);
    }

    /// Why the client itself holds flags down for this unit, over what it does so for already.
    pub(crate) fn held_back(
        &self,
        snapshot: &Snapshot,
        prepared: &mut Prepared,
        unit: &str,
        stale: bool,
    ) -> Option<Box<[u8]>> {
        if !self.breakers.hold_back() {
            return None;
        }
        let before = snapshot.overrides(stale);
        let (held, stepped) = self.breakers.overrides(snapshot, prepared, unit, before, self.clock.now_ms());
        self.stepped(stepped);
        held
    }

    /// Tells of what breakers did.
    pub(crate) fn stepped(&self, stepped: Vec<Stepped>) {
        for Stepped { flag, variant, step } in stepped {
            let (from, to) = (step.from.name(), step.to.name());
            tracing::info!(flag, variant, from, to, cause = step.cause.as_str(), "a breaker moved");
            self.emit(Event::Breaker { flag, variant, step });
            self.breaker_moved.notify_one();
        }
    }

    /// The process is about to do for the first time what a flag leads to.
    pub(super) fn starts(self: &Arc<Self>, of: &Arc<Of>) {
        if !of.begins() {
            return;
        }
        let (Some(starts), Some(declared)) = (&self.starts, of.declared()) else { return };
        if !starts.begins(&of.flag, &declared.of) {
            return;
        }
        let (shared, flag) = (Arc::downgrade(self), of.flag.clone());
        let healthy = Duration::try_from_secs_f64(declared.settings.healthy_ms / 1000.0).unwrap_or(Duration::MAX);
        self.runtime.spawn(async move {
            tokio::time::sleep(healthy).await;
            if let Some(starts) = shared.upgrade().as_deref().and_then(|shared| shared.starts.as_ref()) {
                starts.came_through(&flag);
            }
        });
    }

    /// The process ends in good order: a start that ends early has not crashed.
    pub(crate) fn leave(&self) {
        if let Some(starts) = &self.starts {
            starts.leave();
        }
    }

    /// Guarded calls count as outcomes of their flag, with what is told next.
    pub(crate) fn count_guarded(&self) {
        for (flag, variant, Untold { ok, failed, first_ms, last_ms }) in self.breakers.take_untold() {
            self.outcomes.add_many(&flag, &variant, (ok, failed), (first_ms, last_ms));
        }
    }
}
