//! How what flags decide of went, as the clients of an environment tell, on this process's clock. Kept in memory: a metric
//! gives nothing before this process has listened for as long as it looks back, so that a start only ever makes others wait.

use crate::minutes::LiveMinutes;
use downhaul_control::State;
use downhaul_control::api::{IgnoredOutcomes, OutcomePage, OutcomeReport};
use downhaul_control::guards::{Counted, Entry};
use downhaul_control::outcomes::{KEPT, LEAST, NoOutcomes, OutcomeMetric, OutcomeReading, Outcomes, Teller, Total};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub(crate) struct LiveOutcomes {
    began: Instant,
    outcomes: Mutex<Outcomes>,
}

impl LiveOutcomes {
    pub(crate) fn new() -> LiveOutcomes {
        LiveOutcomes { began: Instant::now(), outcomes: Mutex::new(Outcomes::new(KEPT)) }
    }

    /// What clients of other replicas told may have been missed until now.
    pub(crate) fn begin_anew(&self) {
        let now = self.now();
        *self.locked() = Outcomes::new(now);
    }

    /// Counts what is new of an instance's reports, as told to this process, and keeps it for guards; gives what was passed
    /// over.
    pub(crate) fn take_here(
        &self,
        teller: &Teller<'_>,
        release: Option<&str>,
        reports: &[OutcomeReport],
        state: &State,
        minutes: &LiveMinutes,
    ) -> IgnoredOutcomes {
        let now = self.now();
        let mut keep = |[flag, variant]: [&str; 2], [ok, failed]: [u64; 2], at: Duration| {
            let all = ok.saturating_add(failed);
            let entry = Entry { flag, variant, counted: Counted::Outcomes, all, failed, latency: None };
            minutes.add(state, teller, release, &entry, now.saturating_sub(at));
        };
        self.locked().take_and(teller, reports, is_variant(state), now, &mut keep)
    }

    /// The same of what another process was told, which keeps it.
    pub(crate) fn take(&self, teller: &Teller<'_>, reports: &[OutcomeReport], state: &State) -> IgnoredOutcomes {
        self.locked().take(teller, reports, is_variant(state), self.now())
    }

    pub(crate) fn read(&self, metric: &OutcomeMetric) -> Result<OutcomeReading, NoOutcomes> {
        self.locked().read(metric, self.now())
    }

    pub(crate) fn page(&self, flag: Option<&str>, seconds: u32) -> OutcomePage {
        let (outcomes, now) = (self.locked(), self.now());
        OutcomePage {
            seconds,
            listening_seconds: outcomes.listening(now).as_secs(),
            least: LEAST,
            outcomes: outcomes.view(flag, Duration::from_secs(u64::from(seconds)), now),
            ignored: outcomes.ignored(),
        }
    }

    /// All that was counted of what is still a variant.
    pub(crate) fn totals(&self, state: &State) -> Vec<Total> {
        self.locked().totals(is_variant(state))
    }

    /// Since when others can have told, and before.
    fn now(&self) -> Duration {
        KEPT + self.began.elapsed()
    }

    fn locked(&self) -> MutexGuard<'_, Outcomes> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a flag has a variant.
pub(crate) fn is_variant(state: &State) -> impl Fn(&str, &str) -> bool + '_ {
    |flag, variant| {
        let variants = state.flag_set.flag(flag).map(|flag| &flag.variants);
        variants.is_some_and(|variants| variants.iter().any(|(key, _)| key.as_str() == variant))
    }
}
