//! What a client tells beside what it applied: which flags are asked for, what counts of data changes, and a context now and
//! then.

use super::Shared;
use crate::asked::Asked;
use crate::host::milliseconds;
use crate::migration::Counter;
use downhaul_control::api::{SampledContext, Sampling};
use downhaul_core::phase::Phase;
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Debug, Default)]
pub(super) struct Sampled {
    asked: Option<Sampling>,
    due_ms: i64,
}

impl Shared {
    pub(crate) fn hears_sampling(&self, asked: Option<Sampling>) {
        self.wants_context.store(asked.is_some(), Ordering::Relaxed);
        self.sampling().asked = asked;
    }

    /// Keys that the application asked for and that are due to be told.
    pub(crate) fn take_asked(&self) -> Vec<String> {
        let mut asked = self.asked();
        if let Some(snapshot) = self.snapshot.load_full() {
            snapshot.flags.take_asked(&snapshot.loaded.program, |key| asked.add(key));
        }
        asked.take(self.clock.now_ms())
    }

    /// A context to tell of, where one is due.
    pub(crate) fn sample(&self) -> Option<SampledContext> {
        let now = self.clock.now_ms();
        let mut sampling = self.sampling();
        let asked = sampling.asked.clone()?;
        if now < sampling.due_ms {
            return None;
        }
        sampling.due_ms = now + milliseconds(Duration::from_secs(u64::from(asked.period_seconds)));
        let who = self.seen.swap(None);
        self.wants_context.store(true, Ordering::Relaxed);
        let context = who.as_deref().unwrap_or(&self.settings.who.context);
        crate::sampler::sampled(&asked, context, &self.instance)
    }

    /// What counts of a data change, and whether it is the first of its flag: each flag is told of once.
    pub(crate) fn counter(&self, flag: &str, fallback: Phase) -> (Arc<Counter>, bool) {
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = tallies.iter().find(|counter| counter.flag() == flag) {
            return (Arc::clone(known), false);
        }
        let counter = Arc::new(Counter::new(flag, fallback));
        tallies.push(Arc::clone(&counter));
        (counter, true)
    }

    pub(crate) fn tallies(&self) -> Vec<Arc<Counter>> {
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sampling(&self) -> MutexGuard<'_, Sampled> {
        self.sampling.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
