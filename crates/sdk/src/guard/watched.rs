//! A flag under one of its variants: its breaker, and what is counted of it.

use super::machine::{BreakerCause, BreakerMove, Ended, Machine};
use super::settings::Settings;
use crate::host::random;
use crate::latencies::Latencies;
use downhaul_control::api::{self, BreakerReport, BreakerState, GuardReport};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

#[derive(Debug)]
pub(super) struct Watched {
    pub(super) flag: String,
    pub(super) variant: String,
    /// Whether every call goes through: what is asked before anything else.
    passing: AtomicBool,
    generation: AtomicU64,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    machine: Machine,
    tally: Tally,
    /// Ended calls that no acknowledgement has told of.
    untold: Untold,
}

/// Calls that went well and that failed, and when the first and the last of them ended.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Untold {
    pub(crate) ok: u64,
    pub(crate) failed: u64,
    pub(crate) first_ms: i64,
    pub(crate) last_ms: i64,
}

/// What was counted since telemetry last took it.
#[derive(Debug, Default)]
struct Tally {
    ok: u64,
    failed: u64,
    timed_out: u64,
    slow: u64,
    ignored: u64,
    degraded: u64,
    probes_ok: u64,
    probes_failed: u64,
    moves: BTreeMap<BreakerMove, u64>,
    open_ms: i64,
    open_since: Option<i64>,
    latencies: Latencies,
}

/// How a guarded call went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    Failed,
    TimedOut,
    /// It says nothing of the path.
    Ignored,
}

/// What a breaker did while somebody had it in hand, to be told once nothing is locked any more.
#[must_use]
#[derive(Debug)]
pub(super) struct Moves(pub(super) Vec<BreakerMove>);

impl Watched {
    pub(super) fn new(flag: &str, variant: &str, settings: Settings, now: i64) -> Watched {
        let machine = Machine::new(flag, settings, now);
        Watched {
            flag: flag.to_owned(),
            variant: variant.to_owned(),
            passing: AtomicBool::new(true),
            generation: AtomicU64::new(0),
            inner: Mutex::new(Inner { machine, tally: Tally::default(), untold: Untold::default() }),
        }
    }

    pub(super) fn is_passing(&self) -> bool {
        self.passing.load(Ordering::Acquire)
    }

    /// Under which a call that begins now is counted.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Does something with the breaker.
    pub(super) fn with<T>(&self, now: i64, act: impl FnOnce(&mut Machine) -> T) -> (T, Moves) {
        let mut inner = self.lock();
        let given = act(&mut inner.machine);
        let moves = self.settle(&mut inner, now);
        (given, moves)
    }

    /// Whether a call for this unit may go through.
    pub(super) fn admits(&self, unit: &str, now: i64) -> (bool, Moves) {
        self.with(now, |machine| machine.admits(unit, now))
    }

    pub(super) fn went_well(&self, generation: u64, took_ms: Option<f64>, now: i64) -> Moves {
        let mut inner = self.lock();
        inner.untold.add(true, now);
        let Inner { machine, tally, .. } = &mut *inner;
        tally.ok += 1;
        tally.latencies.add_some(took_ms);
        let is_slow = took_ms.zip(machine.settings().slow_ms).is_some_and(|(took, slow)| took > slow);
        tally.slow += u64::from(is_slow);
        tally.probes_ok += u64::from(!is_slow && machine.is_probing(generation));
        machine.ended(generation, if is_slow { Ended::Slow } else { Ended::Ok }, now, random);
        self.settle(&mut inner, now)
    }

    pub(super) fn went_wrong(&self, generation: u64, wrong: Wrong, took_ms: Option<f64>, now: i64) -> Moves {
        let mut inner = self.lock();
        let Inner { machine, tally, untold } = &mut *inner;
        match wrong {
            Wrong::Ignored => {
                tally.ignored += 1;
                return Moves(Vec::new());
            }
            Wrong::Failed => tally.failed += 1,
            Wrong::TimedOut => tally.timed_out += 1,
        }
        untold.add(false, now);
        tally.latencies.add_some(took_ms);
        tally.probes_failed += u64::from(machine.is_probing(generation));
        machine.ended(generation, Ended::Failed, now, random);
        self.settle(&mut inner, now)
    }

    /// A call went to the fallback without trying.
    pub(super) fn went_instead(&self) {
        self.lock().tally.degraded += 1;
    }

    pub(super) fn state(&self) -> (BreakerState, Option<BreakerCause>) {
        let inner = self.lock();
        (inner.machine.state, inner.machine.cause)
    }

    pub(super) fn report(&self, now: i64) -> BreakerReport {
        let inner = self.lock();
        let Machine { state, cause, since, .. } = &inner.machine;
        BreakerReport {
            flag: self.flag.clone(),
            variant: self.variant.clone(),
            state: *state,
            cause: cause.map(|cause| cause.as_str().to_owned()),
            since_ms: elapsed(now - since),
        }
    }

    pub(super) fn take_untold(&self) -> Untold {
        std::mem::take(&mut self.lock().untold)
    }

    /// What was counted since it was last taken; `None` where nothing was.
    pub(super) fn take_tally(&self, now: i64) -> Option<GuardReport> {
        let mut inner = self.lock();
        let tally = &mut inner.tally;
        let open_since = tally.open_since.map(|since| {
            tally.open_ms += now - since;
            now
        });
        let Tally { ok, failed, timed_out, ignored, degraded, .. } = *tally;
        if ok + failed + timed_out + ignored + degraded == 0 && tally.moves.is_empty() && tally.open_ms == 0 {
            return None;
        }
        let mut taken = std::mem::replace(tally, Tally { open_since, ..Tally::default() });
        let opened = taken.moves.keys().any(|step| step.to == BreakerState::Open);
        let to_open = inner.machine.to_open_ms;
        let moves = taken.moves.into_iter().map(|(BreakerMove { from, to, cause }, count)| api::BreakerMove {
            from,
            to,
            cause: cause.as_str().to_owned(),
            count,
        });
        Some(GuardReport {
            flag: self.flag.clone(),
            variant: self.variant.clone(),
            ok,
            failed,
            timed_out,
            slow: taken.slow,
            ignored,
            degraded,
            probes_ok: taken.probes_ok,
            probes_failed: taken.probes_failed,
            moves: moves.collect(),
            open_ms: elapsed(taken.open_ms),
            to_open_ms: to_open.filter(|_| opened).map(elapsed),
            latency: taken.latencies.take(),
        })
    }

    /// What the machine did is counted, and seen by whoever asks without the lock.
    fn settle(&self, inner: &mut Inner, now: i64) -> Moves {
        let moves = inner.machine.take_moves();
        if !moves.is_empty() {
            for step in &moves {
                inner.tally.moved(*step, now);
            }
            self.generation.store(inner.machine.generation, Ordering::Release);
            self.passing.store(inner.machine.is_passing(), Ordering::Release);
        }
        Moves(moves)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Untold {
    fn add(&mut self, ok: bool, now: i64) {
        if self.ok + self.failed == 0 {
            self.first_ms = now;
        }
        self.last_ms = now;
        *(if ok { &mut self.ok } else { &mut self.failed }) += 1;
    }
}

impl Tally {
    fn moved(&mut self, step: BreakerMove, now: i64) {
        *self.moves.entry(step).or_default() += 1;
        let is_open = matches!(step.to, BreakerState::Open | BreakerState::HalfOpen);
        match (is_open, self.open_since) {
            (true, None) => self.open_since = Some(now),
            (false, Some(since)) => {
                self.open_ms += now - since;
                self.open_since = None;
            }
            (true, Some(_)) | (false, None) => {}
        }
    }
}

fn elapsed(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0)
}
