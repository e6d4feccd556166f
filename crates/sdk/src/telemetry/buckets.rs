//! Counts, in bounded memory: what does not fit is only counted as left out.

use crate::latencies::Latencies;
use downhaul_control::api::{Exposure, GuardReport, NamedOutcome, TelemetryBucket};
use std::collections::{BTreeMap, VecDeque};

/// docs/reference/telemetry.md.
const LONGEST_MS: i64 = 60_000;
const MOST_BUCKETS: usize = 16;
const MOST_ENTRIES: usize = 256;
const MOST_NAMES: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Buckets {
    from: Option<i64>,
    /// How often, and of how many units for the first time.
    exposures: BTreeMap<Exposed, (u64, u64)>,
    happened: BTreeMap<Under, Happened>,
    sealed: VecDeque<Bucket>,
    left_out: u64,
}

/// What was counted in one stretch of time, as it leaves but for its times.
#[derive(Debug, Clone)]
pub(super) struct Bucket {
    from: i64,
    to: i64,
    exposures: Vec<Exposure>,
    outcomes: Vec<NamedOutcome>,
    guards: Vec<GuardReport>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Exposed {
    pub(super) flag: String,
    pub(super) variant: String,
    pub(super) reason: &'static str,
    pub(super) cause: Option<&'static str>,
}

/// A name, and the flag and variant that it happened under.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Under {
    pub(super) name: String,
    pub(super) of: Option<(String, String)>,
}

#[derive(Debug, Default)]
struct Happened {
    count: u64,
    failed: u64,
    latencies: Latencies,
}

impl Buckets {
    /// `is_new`: the unit had not been exposed to the flag before.
    pub(super) fn expose(&mut self, exposed: Exposed, is_new: bool, now: i64) {
        self.begin(now);
        if self.exposures.len() >= MOST_ENTRIES && !self.exposures.contains_key(&exposed) {
            self.left_out += 1;
            return;
        }
        let (count, units) = self.exposures.entry(exposed).or_default();
        *count += 1;
        *units += u64::from(is_new);
    }

    pub(super) fn happen(&mut self, under: Under, failed: bool, took_ms: Option<f64>, now: i64) {
        self.begin(now);
        if self.happened.len() >= MOST_NAMES && !self.happened.contains_key(&under) {
            self.left_out += 1;
            return;
        }
        let known = self.happened.entry(under).or_default();
        known.count += 1;
        known.failed += u64::from(failed);
        known.latencies.add_some(took_ms);
    }

    /// Ends the bucket that is open; guards are counted since the last one.
    pub(super) fn seal(&mut self, mut guards: Vec<GuardReport>, now: i64) {
        if self.from.is_none() && guards.is_empty() {
            return;
        }
        self.left_out += guards.len().saturating_sub(MOST_NAMES) as u64;
        guards.truncate(MOST_NAMES);
        let exposures = std::mem::take(&mut self.exposures).into_iter().map(|(exposed, (count, units))| {
            let Exposed { flag, variant, reason, cause } = exposed;
            Exposure { flag, variant, reason: reason.to_owned(), cause: cause.map(str::to_owned), count, units }
        });
        let outcomes = std::mem::take(&mut self.happened).into_iter().map(|(Under { name, of }, mut happened)| {
            let (flag, variant) = of.unzip();
            let Happened { count, failed, .. } = happened;
            NamedOutcome { name, flag, variant, count, failed, latency: happened.latencies.take() }
        });
        let (exposures, outcomes) = (exposures.collect(), outcomes.collect());
        self.sealed.push_back(Bucket { from: self.from.take().unwrap_or(now), to: now, exposures, outcomes, guards });
        while self.sealed.len() > MOST_BUCKETS {
            let Some(gone) = self.sealed.pop_front() else { break };
            self.left_out += (gone.exposures.len() + gone.outcomes.len() + gone.guards.len()) as u64;
        }
    }

    /// Those that wait to be told, and how much is left out.
    pub(super) fn take(&mut self) -> (Vec<Bucket>, u64) {
        (std::mem::take(&mut self.sealed).into(), std::mem::take(&mut self.left_out))
    }

    /// Something that can't be told.
    pub(super) fn leave_out(&mut self) {
        self.left_out += 1;
    }

    fn is_due(&self, now: i64) -> bool {
        self.from.is_some_and(|from| now - from >= LONGEST_MS)
    }

    fn begin(&mut self, now: i64) {
        if self.is_due(now) {
            let end = self.from.map_or(now, |from| from + LONGEST_MS);
            self.seal(Vec::new(), end);
        }
        self.from.get_or_insert(now);
    }
}

impl Bucket {
    /// As it leaves now.
    pub(super) fn told(&self, now: i64) -> TelemetryBucket {
        let ago = |at: i64| u64::try_from(now - at).unwrap_or(0);
        TelemetryBucket {
            from_ms: ago(self.from),
            to_ms: ago(self.to),
            exposures: self.exposures.clone(),
            outcomes: self.outcomes.clone(),
            guards: self.guards.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn under(name: &str) -> Under {
        Under { name: name.to_owned(), of: None }
    }

    fn exposed(flag: &str) -> Exposed {
        Exposed { flag: flag.to_owned(), variant: "on".to_owned(), reason: "STATIC", cause: None }
    }

    #[test]
    fn a_bucket_is_a_minute_at_most() {
        let mut buckets = Buckets::default();
        buckets.happen(under("paid"), false, Some(12.0), 1_000);
        buckets.happen(under("paid"), true, None, 61_500);
        buckets.seal(Vec::new(), 62_000);
        let (taken, left_out) = buckets.take();
        let told: Vec<_> = taken.iter().map(|bucket| bucket.told(62_000)).collect();
        assert_eq!((told.len(), left_out), (2, 0));
        assert_eq!((told[0].from_ms, told[0].to_ms), (61_000, 1_000));
        assert_eq!((told[0].outcomes[0].count, told[0].outcomes[0].failed), (1, 0));
        assert_eq!((told[1].from_ms, told[1].to_ms), (500, 0));
        assert_eq!((told[1].outcomes[0].count, told[1].outcomes[0].failed), (1, 1));
        assert_eq!(told[1].outcomes[0].latency, None);
    }

    #[test]
    fn memory_is_bounded_and_what_does_not_fit_is_counted() {
        let mut buckets = Buckets::default();
        for number in 0..300 {
            buckets.expose(exposed(&format!("flag-{number}")), true, 0);
            buckets.happen(under(&format!("name-{number}")), false, None, 0);
        }
        buckets.expose(exposed("flag-1"), false, 0);
        let guards = vec![GuardReport::default(); 70];
        buckets.seal(guards, 10);
        for minute in 1..=16 {
            buckets.expose(exposed("flag-1"), false, minute * 100_000);
            buckets.seal(Vec::new(), minute * 100_000 + 1);
        }
        let (taken, left_out) = buckets.take();
        assert_eq!(taken.len(), 16);
        assert_eq!(left_out, 44 + 236 + 6 + (256 + 64 + 64), "beyond what a bucket holds, and the oldest bucket");
        assert_eq!(buckets.take().1, 0);
    }
}
