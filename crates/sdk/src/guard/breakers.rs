//! All breakers of a client, by flag and variant.

use super::machine::BreakerMove;
use super::settings::{Declared, Settings, observed};
use super::watched::{Moves, Untold, Watched};
use crate::snapshot::Snapshot;
use downhaul_control::api::{BreakerReport, GuardReport};
use downhaul_core::context::Prepared;
use downhaul_core::decision::Cause;
use downhaul_core::evaluate::evaluate;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

#[derive(Debug, Default)]
pub(crate) struct Breakers {
    flags: RwLock<BTreeMap<String, Arc<Of>>>,
    /// How many keep calls back; reads of flags look at nothing else while it is none.
    acting: AtomicUsize,
}

/// What is known of one flag.
#[derive(Debug)]
pub(super) struct Of {
    pub(super) flag: String,
    /// Whether this process has done what it leads to.
    begun: AtomicBool,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    declared: Option<Declared>,
    variants: Vec<Arc<Watched>>,
    /// Some guard of it is of what must not be done twice: nothing is tried again by itself.
    never: bool,
    disabled: bool,
    /// Starts under it have crashed too often: whatever variant it gives is held down.
    crashed: bool,
}

/// A step of a breaker, for whoever listens.
#[derive(Debug)]
pub(crate) struct Stepped {
    pub(crate) flag: String,
    pub(crate) variant: String,
    pub(crate) step: BreakerMove,
}

impl Breakers {
    /// What is known of a flag, which need not be in the flag set.
    pub(super) fn of(&self, flag: &str, snapshot: Option<&Snapshot>) -> Arc<Of> {
        if let Some(known) = self.flags().get(flag) {
            return Arc::clone(known);
        }
        let mut flags = self.flags.write().unwrap_or_else(PoisonError::into_inner);
        let made = flags.entry(flag.to_owned()).or_insert_with(|| Arc::new(Of::new(flag, snapshot)));
        Arc::clone(made)
    }

    pub(crate) fn is_used(&self) -> bool {
        !self.flags().is_empty()
    }

    /// Whether any of them keeps calls back.
    pub(crate) fn hold_back(&self) -> bool {
        self.acting.load(Ordering::Acquire) > 0
    }

    /// Counts what a breaker did, and gives it back for those who listen.
    pub(super) fn count(&self, watched: &Watched, Moves(moves): Moves) -> Vec<Stepped> {
        if moves.is_empty() {
            return Vec::new();
        }
        let held = self.every();
        let acting = held.iter().filter(|of| of.holds_back()).count();
        self.acting.store(acting, Ordering::Release);
        let stepped = |step| Stepped { flag: watched.flag.clone(), variant: watched.variant.clone(), step };
        moves.into_iter().map(stepped).collect()
    }

    /// Takes up what a flag set says of breakers, and which of its flags are killed.
    pub(crate) fn take_up(&self, snapshot: &Snapshot, crashes: impl Fn(&str, &str) -> u64, now: i64) -> Vec<Stepped> {
        let mut stepped = Vec::new();
        for of in self.every() {
            let flag = snapshot.flags.number(&of.flag);
            let killed =
                flag.and_then(|flag| snapshot.own_decision(flag, false)).map(|decision| decision.cause == Cause::Kill);
            let mut steps = of.take_up(snapshot, killed, now);
            if let Some(declared) = of.declared()
                && crashes(&of.flag, &declared.of) >= declared.settings.crash_loop
            {
                steps.extend(of.crashed(now));
            }
            for (watched, moves) in steps {
                stepped.extend(self.count(&watched, moves));
            }
            // Of a flag that crashed, no breaker is there yet that could be counted.
            if of.inner().crashed {
                self.acting.fetch_max(1, Ordering::AcqRel);
            }
        }
        stepped
    }

    /// Why the client itself holds flags down, by flag, over what it does so for already; `None` where breakers add nothing.
    pub(crate) fn overrides(
        &self,
        snapshot: &Snapshot,
        prepared: &mut Prepared,
        unit: &str,
        before: &[u8],
        now: i64,
    ) -> (Option<Box<[u8]>>, Vec<Stepped>) {
        let mut stepped = Vec::new();
        let mut added: Option<Box<[u8]>> = None;
        // Only what is held back has to be decided a second time.
        for of in self.every().into_iter().filter(|of| of.holds_back()) {
            let Some(flag) = snapshot.flags.number(&of.flag) else { continue };
            // Contexts that were prepared natively have all their texts.
            let Ok(decision) = evaluate(&snapshot.loaded, before, prepared, flag) else { continue };
            let Some(variant) = snapshot.flags.variant(flag, &decision) else { continue };
            let Some((watched, crashed)) = of.acting_on(&variant.key, now) else { continue };
            let (admitted, moves) = watched.admits(unit, now);
            stepped.extend(self.count(&watched, moves));
            if admitted {
                continue;
            }
            let count = snapshot.loaded.program.flag_count() as usize;
            let causes = added.get_or_insert_with(|| {
                let mut causes = before.to_vec();
                causes.resize(count, Cause::None as u8);
                causes.into()
            });
            if let Some(cause) = causes.get_mut(flag as usize)
                && *cause == Cause::None as u8
            {
                *cause = if crashed { Cause::CrashLoop as u8 } else { Cause::Breaker as u8 };
            }
        }
        prepared.forget();
        (added, stepped)
    }

    /// Ended calls that no acknowledgement has told of, by flag and variant.
    pub(crate) fn take_untold(&self) -> Vec<(String, String, Untold)> {
        let taken = self.all().into_iter().map(|each| (each.flag.clone(), each.variant.clone(), each.take_untold()));
        taken.filter(|(_, _, untold)| untold.ok + untold.failed > 0).collect()
    }

    /// Where each breaker stands.
    pub(crate) fn reports(&self, now: i64) -> Vec<BreakerReport> {
        self.all().iter().map(|watched| watched.report(now)).collect()
    }

    /// What went through guarded calls since this was last asked.
    pub(crate) fn take_tallies(&self, now: i64) -> Vec<GuardReport> {
        self.all().iter().filter_map(|watched| watched.take_tally(now)).collect()
    }

    fn all(&self) -> Vec<Arc<Watched>> {
        self.every().iter().flat_map(|of| of.inner().variants.clone()).collect()
    }

    fn every(&self) -> Vec<Arc<Of>> {
        self.flags().values().cloned().collect()
    }

    fn flags(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, Arc<Of>>> {
        self.flags.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Of {
    fn new(flag: &str, snapshot: Option<&Snapshot>) -> Of {
        let declared = snapshot.and_then(|snapshot| declared(snapshot, flag));
        let inner = Inner { declared, variants: Vec::new(), never: false, disabled: false, crashed: false };
        Of { flag: flag.to_owned(), begun: AtomicBool::new(false), inner: Mutex::new(inner) }
    }

    pub(super) fn declared(&self) -> Option<Declared> {
        self.inner().declared.clone()
    }

    /// How long a call may take, as far as the flag set says, in milliseconds.
    pub(super) fn timeout_ms(&self) -> Option<f64> {
        self.inner().declared.as_ref()?.settings.timeout_ms
    }

    /// The degraded variant, as far as the flag set says.
    pub(super) fn fallback_is(&self, variant: &str) -> bool {
        self.inner().declared.as_ref().is_some_and(|declared| declared.fallback == variant)
    }

    /// True the first time.
    pub(super) fn begins(&self) -> bool {
        !self.begun.load(Ordering::Relaxed) && !self.begun.swap(true, Ordering::AcqRel)
    }

    /// A call that goes to the fallback, since the flag does: counted where a breaker holds it down.
    pub(super) fn went_instead(&self) {
        if let Some(held_down) = self.inner().variants.iter().find(|watched| !watched.is_passing()) {
            held_down.went_instead();
        }
    }

    /// Whether some variant of it may be held down.
    fn holds_back(&self) -> bool {
        let inner = self.inner();
        inner.crashed || inner.variants.iter().any(|watched| !watched.is_passing())
    }

    pub(super) fn watch(&self, variant: &str, now: i64) -> (Arc<Watched>, Moves) {
        let mut inner = self.inner();
        if let Some(known) = inner.variants.iter().find(|watched| watched.variant == variant) {
            return (Arc::clone(known), Moves(Vec::new()));
        }
        let watched = Arc::new(Watched::new(&self.flag, variant, inner.settings(), now));
        let is_fallback = inner.declared.as_ref().is_some_and(|declared| declared.fallback == variant);
        let latches = inner.crashed && inner.declared.is_some() && !is_fallback;
        let disabled = inner.disabled;
        let ((), moves) = watched.with(now, |machine| {
            machine.disable(disabled, now);
            if latches {
                machine.latch(now);
            }
        });
        inner.variants.push(Arc::clone(&watched));
        (watched, moves)
    }

    /// The breaker that may keep calls of this variant back, and whether it does so for crashes.
    fn acting_on(&self, variant: &str, now: i64) -> Option<(Arc<Watched>, bool)> {
        let (known, crashed) = {
            let inner = self.inner();
            let declared = inner.declared.as_ref()?;
            if declared.fallback == variant {
                return None;
            }
            (inner.variants.iter().find(|watched| watched.variant == variant).cloned(), inner.crashed)
        };
        // Of a flag that crashed, no variant is known yet.
        let watched = match known {
            None if crashed => self.watch(variant, now).0,
            None => return None,
            Some(watched) => watched,
        };
        let (state, cause) = watched.state();
        let acts = !watched.is_passing() && state != downhaul_control::api::BreakerState::ForcedOpen;
        acts.then_some((watched, cause == Some(super::BreakerCause::CrashLoop)))
    }

    /// A guard of what must not be done twice.
    pub(super) fn never(&self, now: i64) -> Vec<(Arc<Watched>, Moves)> {
        let mut inner = self.inner();
        if inner.never {
            return Vec::new();
        }
        inner.never = true;
        inner.configure(true, now)
    }

    pub(super) fn disable(&self, disabled: bool, now: i64) -> Vec<(Arc<Watched>, Moves)> {
        let mut inner = self.inner();
        inner.disabled = disabled;
        inner
            .variants
            .iter()
            .map(|each| (Arc::clone(each), each.with(now, |machine| machine.disable(disabled, now)).1))
            .collect()
    }

    /// Starts under its present definition have crashed too often.
    pub(super) fn crashed(&self, now: i64) -> Vec<(Arc<Watched>, Moves)> {
        let mut inner = self.inner();
        inner.crashed = true;
        let Some(fallback) = inner.declared.as_ref().map(|declared| declared.fallback.clone()) else {
            return Vec::new();
        };
        let others = inner.variants.iter().filter(|each| each.variant != fallback);
        others.map(|each| (Arc::clone(each), each.with(now, |machine| machine.latch(now)).1)).collect()
    }

    fn take_up(&self, snapshot: &Snapshot, killed: Option<bool>, now: i64) -> Vec<(Arc<Watched>, Moves)> {
        let mut inner = self.inner();
        let next = declared(snapshot, &self.flag);
        let mut steps = Vec::new();
        if next != inner.declared {
            let of = |declared: &Option<Declared>| declared.as_ref().map(|declared| declared.of.clone());
            let same = inner.declared.is_none() || of(&inner.declared) == of(&next);
            inner.declared = next;
            if !same {
                // What crashed was another flag.
                inner.crashed = false;
            }
            steps = inner.configure(same, now);
        }
        let kill_revision = snapshot.position.kill_revision;
        let synchronised = inner.variants.iter().map(|each| {
            let ((), moves) = each.with(now, |machine| match killed {
                Some(true) => machine.force(kill_revision, now),
                Some(false) => machine.release(kill_revision, now),
                None => {}
            });
            (Arc::clone(each), moves)
        });
        steps.extend(synchronised);
        steps
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn settings(&self) -> Settings {
        let declared = self.declared.as_ref().map_or_else(observed, |declared| declared.settings.clone());
        Settings { probes: declared.probes && !self.never, ..declared }
    }

    fn configure(&mut self, same: bool, now: i64) -> Vec<(Arc<Watched>, Moves)> {
        let settings = self.settings();
        let configured = self.variants.iter().map(|each| {
            let ((), moves) = each.with(now, |machine| machine.configure(settings.clone(), same, now));
            (Arc::clone(each), moves)
        });
        configured.collect()
    }
}

fn declared(snapshot: &Snapshot, flag: &str) -> Option<Declared> {
    snapshot.header.breakers.get(flag).and_then(|value: &Value| Declared::read(value))
}
