use crate::environment::Environment;
use crate::options::ServerOptions;
use downhaul_control::State;
use downhaul_control::api::{
    Acknowledgement, BreakerView, FleetState, FleetView, MigrationFleet, PhaseCounts, Position, Progress,
};
use downhaul_control::fleet::states::Around;
use downhaul_control::fleet::{Applied, Counted, Fleet, Limits, NotCounted, Sender};
use downhaul_core::document::{Flag, OnStale};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The roster of an environment on this process's clock.
#[derive(Debug)]
pub(crate) struct LiveFleet {
    began: Instant,
    /// Since when it misses nobody's words, since it began.
    whole_since: Mutex<Duration>,
    /// Where other replicas have clients too, by when each of these was heard of, or takes itself for stale.
    settles: Option<Duration>,
    /// What was counted here before something of another replica was.
    counted: Mutex<Vec<Counted>>,
    fleet: Mutex<Fleet>,
    /// Kills that were committed before this process began.
    anew: Mutex<BTreeSet<String>>,
    /// Counts what has happened, so that whoever shows it knows that it is out of date.
    happened: watch::Sender<u64>,
    /// The states that were found last, when, and at which position.
    states: Mutex<Option<Found>>,
    /// Live clients, as they were last counted.
    live: AtomicUsize,
}

/// States, when they were found, and at which position.
type Found = (Duration, Position, Arc<Vec<FleetState>>);

/// For how long states that were found are shown.
const LOOK: Duration = Duration::from_millis(250);

impl LiveFleet {
    /// `is_shared` where clients may be with other replicas.
    pub(crate) fn of(options: &ServerOptions, is_shared: bool) -> Self {
        // A replica that is cut off may leave its clients in their belief for so long.
        let stale = if is_shared { options.stale + options.cut_off } else { options.stale };
        let limits = Limits { stale, ..options.fleet.clone() };
        LiveFleet {
            began: Instant::now(),
            whole_since: Mutex::default(),
            settles: is_shared.then_some(stale),
            counted: Mutex::default(),
            fleet: Mutex::new(Fleet::new(limits)),
            anew: Mutex::default(),
            happened: watch::Sender::new(0),
            states: Mutex::default(),
            live: AtomicUsize::default(),
        }
    }

    /// Takes an acknowledgement in; gives the kills that this instance has now applied for the first time.
    pub(crate) fn acknowledge(&self, sender: &Sender, said: Acknowledgement) -> Result<Vec<Applied>, NotCounted> {
        let applied = self.locked().acknowledge(sender, said, self.began.elapsed())?;
        self.happened.send_modify(|count| *count += 1);
        Ok(applied)
    }

    /// Takes in what another replica heard, so long ago. What is counted with it is that one's to tell.
    pub(crate) fn heard(&self, sender: &Sender, said: Acknowledgement, ago: Duration) {
        let mut fleet = self.locked();
        let ours = fleet.newly_counted();
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).extend(ours);
        // What is not taken here was not taken there, but for limits that are reached with all of them together.
        let _ = fleet.acknowledge(sender, said, self.began.elapsed().saturating_sub(ago));
        drop(fleet.newly_counted());
        drop(fleet);
        self.happened.send_modify(|count| *count += 1);
    }

    /// Words of clients of other replicas may have been missed until now.
    pub(crate) fn begin_anew(&self) {
        *self.whole_since.lock().unwrap_or_else(PoisonError::into_inner) = self.began.elapsed();
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

    /// For how long nobody's words were missed.
    pub(crate) fn age(&self) -> Duration {
        let since = *self.whole_since.lock().unwrap_or_else(PoisonError::into_inner);
        self.began.elapsed().saturating_sub(since)
    }

    /// What has been counted of data changes since this was last asked.
    pub(crate) fn newly_counted(&self) -> Vec<Counted> {
        let mut counted = std::mem::take(&mut *self.counted.lock().unwrap_or_else(PoisonError::into_inner));
        counted.extend(self.locked().newly_counted());
        counted
    }

    /// The clients that a data change concerns, and what they have counted. `changed` is when its flag last changed.
    pub(crate) fn migration(&self, flag: &Flag, changed: Position) -> (MigrationFleet, Vec<PhaseCounts>) {
        let (fleet, now) = (self.locked(), self.began.elapsed());
        (fleet.migration(flag, changed, now, self.age()), fleet.counts(flag.key.as_str()))
    }

    /// Forgets who has not been heard of for long; gives how many are live. To be called every few seconds.
    pub(crate) fn tick(&self) -> usize {
        let mut fleet = self.locked();
        let now = self.began.elapsed();
        fleet.tick(now);
        let live = fleet.live(now);
        self.live.store(live, Ordering::Relaxed);
        live
    }

    pub(crate) fn live(&self) -> usize {
        self.locked().live(self.began.elapsed())
    }

    /// How many were live at the last tick: many ask, and every client would be looked at for each.
    pub(crate) fn lately_live(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }

    /// A position is the newest from now on.
    pub(crate) fn published(&self, position: Position) {
        self.locked().published(position, self.began.elapsed());
    }

    /// Live clients that run a release.
    pub(crate) fn running(&self, release: &str) -> usize {
        self.locked().running(release, self.began.elapsed())
    }

    pub(crate) fn view(&self, position: Position) -> FleetView {
        self.locked().view(position, self.began.elapsed())
    }

    /// All who look share what was found within the last moment, since every client is looked at.
    fn states(&self, state: &State, breakers: impl FnOnce() -> Vec<BreakerView>) -> Arc<Vec<FleetState>> {
        let mut found = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.began.elapsed();
        if let Some((at, position, states)) = &*found
            && *position == state.position()
            && now.saturating_sub(*at) < LOOK
        {
            return Arc::clone(states);
        }
        let around = Around { state, breakers: &breakers(), now, at: Timestamp::now() };
        let states = Arc::new(self.locked().states(&around));
        *found = Some((now, state.position(), Arc::clone(&states)));
        states
    }

    /// How far a kill has come; `None` where this process has not watched it.
    pub(crate) fn progress(&self, kill: &str) -> Option<Progress> {
        let mut progress = self.locked().progress(kill, self.began.elapsed())?;
        // Before that there may be clients of other replicas that nobody here knows of.
        progress.complete &= self.settles.is_none_or(|settles| self.age() >= settles);
        Some(progress)
    }

    /// Changes whenever something has happened.
    pub(crate) fn happened(&self) -> watch::Receiver<u64> {
        self.happened.subscribe()
    }

    fn locked(&self) -> MutexGuard<'_, Fleet> {
        self.fleet.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Minutes of guarded calls that are looked at with the breakers; where these stand now counts.
const MINUTES: u32 = 5;

/// The states that the fleet of an environment is in.
pub(crate) fn states(environment: &Environment) -> Arc<Vec<FleetState>> {
    let current = environment.current();
    environment.fleet().states(&current.state, || environment.telemetry().breakers(None, MINUTES).breakers)
}

/// Watches kills that were committed before this process began.
pub(crate) fn watch_anew(environment: &Environment, kills: &[String]) {
    let current = environment.current();
    for kill in kills.iter().filter(|kill| environment.fleet().progress(kill).is_none()) {
        let Some(made) = current.state.kill(kill) else { continue };
        let flag = current.state.flag_set.flag(made.kill.flag.as_str());
        let degrades = flag.is_some_and(|flag| flag.on_stale == OnStale::Degraded);
        environment.fleet().watch_anew(kill, current.state.position_of(made), degrades);
    }
}

/// How far kills have come, as far as clients were heard for long enough: after a start of the server nobody is there yet,
/// and whoever was has come back, or is past the stale deadline, by then.
pub(crate) fn settled_progress(environment: &Environment, stale: Duration) -> impl Fn(&str) -> Option<Progress> + '_ {
    move |kill| {
        watch_anew(environment, &[kill.to_owned()]);
        let fleet = environment.fleet();
        let settles = if fleet.saw_commit(kill) { Duration::ZERO } else { stale };
        fleet.progress(kill).filter(|_| fleet.age() >= settles)
    }
}
