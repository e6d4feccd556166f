use downhaul_control::api::{Acknowledgement, FleetView, MigrationFleet, PhaseCounts, Position, Progress};
use downhaul_control::fleet::{Counted, Fleet, Limits, NotCounted, Sender};
use downhaul_core::document::Flag;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The roster of an environment on this process's clock.
#[derive(Debug)]
pub(crate) struct LiveFleet {
    began: Instant,
    fleet: Mutex<Fleet>,
    /// Kills that were committed before this process began.
    anew: Mutex<BTreeSet<String>>,
    /// Counts what has happened, so that whoever shows it knows that it is out of date.
    happened: watch::Sender<u64>,
}

impl LiveFleet {
    pub(crate) fn new(limits: Limits) -> Self {
        LiveFleet {
            began: Instant::now(),
            fleet: Mutex::new(Fleet::new(limits)),
            anew: Mutex::default(),
            happened: watch::Sender::new(0),
        }
    }

    /// Takes an acknowledgement in; gives the kills that this instance has now applied for the first time.
    pub(crate) fn acknowledge(&self, sender: &Sender, said: Acknowledgement) -> Result<Vec<String>, NotCounted> {
        let applied = self.locked().acknowledge(sender, said, self.began.elapsed())?;
        self.happened.send_modify(|count| *count += 1);
        Ok(applied)
    }

    /// A kill was committed just now.
    pub(crate) fn killed(&self, id: &str, position: Position, degrades_when_stale: bool) {
        self.locked().killed(id, position, degrades_when_stale, self.began.elapsed());
        self.happened.send_modify(|count| *count += 1);
    }

    /// A kill that was committed before this process began is watched from now on.
    pub(crate) fn watch_anew(&self, id: &str, position: Position, degrades_when_stale: bool) {
        self.locked().killed(id, position, degrades_when_stale, self.began.elapsed());
        self.anew.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
    }

    /// Whether this process was running when the kill was committed.
    pub(crate) fn saw_commit(&self, id: &str) -> bool {
        !self.anew.lock().unwrap_or_else(PoisonError::into_inner).contains(id)
    }

    /// A kill is over, and watched no longer; how long after its commit each acknowledgement came, in milliseconds.
    pub(crate) fn end_watch(&self, kill: &str) -> Vec<f64> {
        self.locked().end_watch(kill)
    }

    /// Since when this process counts.
    pub(crate) fn age(&self) -> Duration {
        self.began.elapsed()
    }

    /// What has been counted of data changes since this was last asked.
    pub(crate) fn newly_counted(&self) -> Vec<Counted> {
        self.locked().newly_counted()
    }

    /// The clients that a data change concerns, and what they have counted. `changed` is when its flag last changed.
    pub(crate) fn migration(&self, flag: &Flag, changed: Position) -> (MigrationFleet, Vec<PhaseCounts>) {
        let (fleet, age) = (self.locked(), self.began.elapsed());
        (fleet.migration(flag, changed, age, age), fleet.counts(flag.key.as_str()))
    }

    pub(crate) fn tick(&self) {
        self.locked().tick(self.began.elapsed());
    }

    pub(crate) fn live(&self) -> usize {
        self.locked().live(self.began.elapsed())
    }

    pub(crate) fn view(&self, position: Position) -> FleetView {
        self.locked().view(position, self.began.elapsed())
    }

    /// How far a kill has come; `None` where this process has not watched it.
    pub(crate) fn progress(&self, kill: &str) -> Option<Progress> {
        self.locked().progress(kill, self.began.elapsed())
    }

    /// Changes whenever something has happened.
    pub(crate) fn happened(&self) -> watch::Receiver<u64> {
        self.happened.subscribe()
    }

    fn locked(&self) -> MutexGuard<'_, Fleet> {
        self.fleet.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
