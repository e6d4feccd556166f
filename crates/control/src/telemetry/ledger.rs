use super::KEPT;
use super::quorum::{Failing, Quorum};
use super::standing::Standing;
use crate::api::{
    BreakerPage, BreakerReport, BreakerState, BreakerView, GuardReport, IgnoredTelemetry, LatencyReport,
    TelemetryBatch, TelemetryBucket, Trust,
};
use crate::outcomes::{Teller, Tellers};
use downhaul_core::document::ClientKind;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);
/// What is told apart in one minute, of trusted and of claimed telemetry each; and in the totals.
const OF_MINUTE: usize = 5000;
const OF_TOTALS: usize = 20_000;
/// Names of outcomes in one environment.
const NAMES: usize = 1000;
const REASONS: [&str; 9] =
    ["STATIC", "DEFAULT", "TARGETING_MATCH", "SPLIT", "DISABLED", "CACHED", "STALE", "ERROR", "PREREQUISITE_FAILED"];
const CAUSES: [&str; 4] = ["kill", "stale", "breaker", "crash-loop"];
/// What opens a breaker, or has one that is open try again; others' words are not shown.
const OPENERS: [&str; 8] = ["consecutive", "failures", "slow", "probe", "session", "crash-loop", "shared", "waited"];

/// Why a breaker moves; others' words are counted as `other`.
const CAUSES_OF_MOVES: [&str; 12] = [
    "consecutive",
    "failures",
    "slow",
    "probe",
    "session",
    "crash-loop",
    "kill",
    "restore",
    "probed",
    "waited",
    "changed",
    "shared",
];

/// What clients told.
#[derive(Debug, Clone)]
pub struct Telemetry {
    began: Duration,
    /// The oldest first, by number.
    minutes: VecDeque<(u64, Minute)>,
    totals: BTreeMap<Of, Sums>,
    names: BTreeSet<String>,
    tellers: Tellers,
    standing: Standing,
    ignored: IgnoredTelemetry,
}

/// Trusted and claimed apart, so that whoever fills the one leaves the other room.
#[derive(Debug, Clone, Default)]
struct Minute {
    trusted: BTreeMap<Of, Sums>,
    claimed: BTreeMap<Of, Sums>,
}

/// What is counted, and of which kind of client.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Of {
    pub kind: ClientKind,
    pub what: What,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// Code was given a variant.
    Exposure { flag: String, variant: String, reason: &'static str, cause: Option<&'static str> },
    /// Something happened; under a flag and variant, or under none.
    Outcome { name: String, under: Option<(String, String)> },
    /// Calls were guarded.
    Guard { flag: String, variant: String },
}

/// Counts of one thing. Exposures only have `ok`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sums {
    pub ok: u64,
    pub failed: u64,
    /// Of exposures: bucketing units that were new to the instance. In no total, as several instances may have the same one.
    pub units: u64,
    /// Guarded calls that went to the fallback without trying.
    pub degraded: u64,
    /// How often a breaker opened.
    pub opened: u64,
    /// Of guarded calls, those of half-open breakers.
    pub probes_ok: u64,
    pub probes_failed: u64,
    /// For how long breakers were open or half-open.
    pub open_ms: u64,
    /// From the first failure of a row to the opening, of those that told it.
    pub to_open_ms: u64,
    /// Moves of breakers: from, to and why.
    pub moves: BTreeMap<(&'static str, &'static str, &'static str), u64>,
    pub latency: Latency,
}

/// How long things took: counts by index of docs/reference/telemetry.md.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Latency {
    pub sum_ms: f64,
    pub counts: BTreeMap<u32, u64>,
}

/// Counts of one thing since the beginning.
#[derive(Debug, Clone, PartialEq)]
pub struct Total {
    pub of: Of,
    pub sums: Sums,
}

/// Why a batch was not taken, and comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("this instance, or its address, has told of too much within 5 s")]
    TooMuch,
}

impl Sums {
    fn add(&mut self, more: &Sums) {
        for (sum, more) in [
            (&mut self.ok, more.ok),
            (&mut self.failed, more.failed),
            (&mut self.degraded, more.degraded),
            (&mut self.opened, more.opened),
            (&mut self.probes_ok, more.probes_ok),
            (&mut self.probes_failed, more.probes_failed),
            (&mut self.open_ms, more.open_ms),
            (&mut self.to_open_ms, more.to_open_ms),
        ] {
            *sum = sum.saturating_add(more);
        }
        for (moved, count) in &more.moves {
            let sum = self.moves.entry(*moved).or_default();
            *sum = sum.saturating_add(*count);
        }
        // Both are finite; a sum that is not would spoil what is exported.
        let sum_ms = self.latency.sum_ms + more.latency.sum_ms;
        if sum_ms.is_finite() {
            self.latency.sum_ms = sum_ms;
        }
        for (index, count) in &more.latency.counts {
            let sum = self.latency.counts.entry(*index).or_default();
            *sum = sum.saturating_add(*count);
        }
    }

    fn is_nothing(&self) -> bool {
        let calls = [self.ok, self.failed, self.degraded, self.opened, self.open_ms];
        calls.iter().all(|count| *count == 0) && self.moves.is_empty()
    }
}

impl Telemetry {
    /// Nobody has told anything before `began`.
    pub fn new(began: Duration) -> Telemetry {
        Telemetry {
            began,
            minutes: VecDeque::new(),
            totals: BTreeMap::new(),
            names: BTreeSet::new(),
            tellers: Tellers::default(),
            standing: Standing::default(),
            ignored: IgnoredTelemetry::default(),
        }
    }

    /// Counts a batch, which [`super::check`] has passed, if it is new. `is_variant` says whether a flag has a variant.
    ///
    /// # Errors
    /// It comes too thick: nothing of it is counted, and it may come again.
    pub fn take(
        &mut self,
        teller: &Teller<'_>,
        batch: &TelemetryBatch,
        is_variant: impl Fn(&str, &str) -> bool,
        now: Duration,
    ) -> Result<(), Refused> {
        self.take_and(teller, batch, is_variant, now, &mut |_, _, _| {})
    }

    /// [`Telemetry::take`], which tells of each thing that was counted, what of it, and when it was.
    ///
    /// # Errors
    /// As there.
    pub fn take_and(
        &mut self,
        teller: &Teller<'_>,
        batch: &TelemetryBatch,
        is_variant: impl Fn(&str, &str) -> bool,
        now: Duration,
        tell: &mut impl FnMut(&Of, &Sums, Duration),
    ) -> Result<(), Refused> {
        let entries =
            batch.buckets.iter().map(|bucket| bucket.exposures.len() + bucket.outcomes.len() + bucket.guards.len());
        let asked = u64::try_from(entries.sum::<usize>() + batch.breakers.len() + 1).unwrap_or(u64::MAX);
        if self.tellers.allow(teller, asked, now) < asked {
            return Err(Refused::TooMuch);
        }
        if !self.tellers.is_new(teller, batch.batch, now) {
            self.ignored.repeated += 1;
            return Ok(());
        }
        for bucket in &batch.buckets {
            let ago = Duration::from_millis(bucket.to_ms);
            if ago > KEPT {
                self.ignored.late += 1;
            } else {
                self.count(teller.kind, bucket, &is_variant, [now.saturating_sub(ago), now], tell);
            }
        }
        let known = |breaker: &&BreakerReport| is_variant(&breaker.flag, &breaker.variant);
        let breakers: Vec<_> = batch.breakers.iter().filter(known).cloned().collect();
        self.ignored.unknown += (batch.breakers.len() - breakers.len()) as u64;
        self.standing.set(teller, [batch.region.clone(), batch.sdk.clone()], breakers, now);
        Ok(())
    }

    fn count(
        &mut self,
        kind: ClientKind,
        bucket: &TelemetryBucket,
        is_variant: &impl Fn(&str, &str) -> bool,
        [at, now]: [Duration; 2],
        tell: &mut impl FnMut(&Of, &Sums, Duration),
    ) {
        let mut put = |this: &mut Self, of: Of, sums: Sums| {
            if this.put(&of, &sums, at, now) {
                tell(&of, &sums, at);
            }
        };
        for exposure in &bucket.exposures {
            let reason = REASONS.iter().find(|reason| **reason == exposure.reason);
            let cause = exposure.cause.as_ref().map(|cause| CAUSES.iter().find(|known| *known == cause));
            let (Some(reason), None | Some(Some(_)), true) =
                (reason, cause, is_variant(&exposure.flag, &exposure.variant))
            else {
                self.ignored.unknown += 1;
                continue;
            };
            let (flag, variant) = (exposure.flag.clone(), exposure.variant.clone());
            let what = What::Exposure { flag, variant, reason, cause: cause.flatten().copied() };
            put(self, Of { kind, what }, Sums { ok: exposure.count, units: exposure.units, ..Sums::default() });
        }
        for outcome in &bucket.outcomes {
            let under = outcome.flag.as_ref().zip(outcome.variant.as_ref());
            if under.is_some_and(|(flag, variant)| !is_variant(flag, variant)) {
                self.ignored.unknown += 1;
                continue;
            }
            if !self.names.contains(&outcome.name) {
                if self.names.len() >= NAMES {
                    self.ignored.limited += 1;
                    continue;
                }
                self.names.insert(outcome.name.clone());
            }
            let under = under.map(|(flag, variant)| (flag.clone(), variant.clone()));
            let what = What::Outcome { name: outcome.name.clone(), under };
            let ok = outcome.count.saturating_sub(outcome.failed);
            let latency = latency_of(outcome.latency.as_ref());
            put(self, Of { kind, what }, Sums { ok, failed: outcome.failed, latency, ..Sums::default() });
        }
        for guard in &bucket.guards {
            if !is_variant(&guard.flag, &guard.variant) {
                self.ignored.unknown += 1;
                continue;
            }
            let what = What::Guard { flag: guard.flag.clone(), variant: guard.variant.clone() };
            put(self, Of { kind, what }, sums_of(guard));
        }
    }

    /// Whether it was counted.
    fn put(&mut self, of: &Of, sums: &Sums, at: Duration, now: Duration) -> bool {
        if sums.is_nothing() {
            return false;
        }
        while self.minutes.front().is_some_and(|(oldest, _)| *oldest < minute_of(now.saturating_sub(KEPT))) {
            self.minutes.pop_front();
        }
        let number = minute_of(at);
        let place = self.minutes.partition_point(|(other, _)| *other < number);
        if self.minutes.get(place).is_none_or(|(other, _)| *other != number) {
            self.minutes.insert(place, (number, Minute::default()));
        }
        let Some((_, minute)) = self.minutes.get_mut(place) else { return false };
        let part = match Trust::of(of.kind) {
            Trust::Trusted => &mut minute.trusted,
            Trust::Claimed => &mut minute.claimed,
        };
        if part.len() >= OF_MINUTE && !part.contains_key(of) {
            self.ignored.limited += 1;
            return false;
        }
        part.entry(of.clone()).or_default().add(sums);
        if self.totals.len() < OF_TOTALS || self.totals.contains_key(of) {
            self.totals.entry(of.clone()).or_default().add(sums);
        }
        true
    }

    /// What the breakers of the fleet do, and what went through them within so many minutes.
    pub fn breakers(&self, flag: Option<&str>, minutes: u32, now: Duration) -> BreakerPage {
        let mut views: BTreeMap<(String, String, ClientKind), BreakerView> = BTreeMap::new();
        for (kind, report, silent) in self.standing.reports(now) {
            let view = view_of(&mut views, &report.flag, &report.variant, kind);
            view.instances += 1;
            if matches!(report.state, BreakerState::Open | BreakerState::HalfOpen) {
                let silent_ms = u64::try_from(silent.as_millis()).unwrap_or(u64::MAX);
                view.open_for_ms = view.open_for_ms.max(Some(report.since_ms.saturating_add(silent_ms)));
                if let Some(cause) = OPENERS.iter().find(|known| report.cause.as_deref() == Some(known)) {
                    *view.causes.entry((*cause).to_owned()).or_default() += 1;
                }
            }
            *match report.state {
                BreakerState::Closed => &mut view.closed,
                BreakerState::Open => &mut view.open,
                BreakerState::HalfOpen => &mut view.half_open,
                BreakerState::ForcedOpen => &mut view.forced_open,
                BreakerState::Disabled => &mut view.disabled,
                BreakerState::Observing => &mut view.observing,
            } += 1;
        }
        let oldest = minute_of(now.saturating_sub(MINUTE * minutes.saturating_sub(1)));
        for (of, sums) in self
            .minutes
            .iter()
            .filter(|(number, _)| *number >= oldest)
            .flat_map(|(_, minute)| minute.trusted.iter().chain(&minute.claimed))
        {
            let What::Guard { flag, variant } = &of.what else { continue };
            let view = view_of(&mut views, flag, variant, of.kind);
            view.ok = view.ok.saturating_add(sums.ok);
            view.failed = view.failed.saturating_add(sums.failed);
            view.degraded = view.degraded.saturating_add(sums.degraded);
            view.opened = view.opened.saturating_add(sums.opened);
        }
        let mut breakers: Vec<BreakerView> = views.into_values().collect();
        breakers.retain(|view| flag.is_none_or(|flag| flag == view.flag));
        for view in &mut breakers {
            view.open_share = share(view.open + view.half_open, view.instances);
        }
        let listening_seconds = now.saturating_sub(self.began).as_secs();
        BreakerPage {
            minutes,
            listening_seconds,
            breakers,
            ignored: self.ignored,
            fleet: Vec::new(),
            panic: None,
            withheld: Vec::new(),
            automatic_left: 0,
        }
    }

    /// How many instances say that the breaker of a variant is open, of those heard of within `times.0`; what opened more than
    /// `times.1` ago does not count.
    pub fn quorum(&self, of: (&str, &str), quorum: Quorum, times: (Duration, Duration), now: Duration) -> Quorum {
        super::quorum::count(&self.standing, of, quorum, times, now)
    }

    /// Which of the flags that are guarded fail.
    pub fn failing(&self, within: Duration, now: Duration) -> Failing {
        super::quorum::failing(&self.standing, within, now)
    }

    /// All that was counted of what is still a variant, since the beginning.
    pub fn totals(&self, is_variant: impl Fn(&str, &str) -> bool) -> Vec<Total> {
        let is_still = |what: &What| match what {
            What::Exposure { flag, variant, .. } | What::Guard { flag, variant } => is_variant(flag, variant),
            What::Outcome { under, .. } => under.as_ref().is_none_or(|(flag, variant)| is_variant(flag, variant)),
        };
        let still = self.totals.iter().filter(|(of, _)| is_still(&of.what));
        still.map(|(of, sums)| Total { of: of.clone(), sums: sums.clone() }).collect()
    }

    /// What was passed over since the beginning.
    pub fn ignored(&self) -> IgnoredTelemetry {
        self.ignored
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize, usize) {
        let entries = self.minutes.iter().map(|(_, minute)| minute.trusted.len() + minute.claimed.len());
        (self.minutes.len(), entries.max().unwrap_or(0), self.totals.len())
    }
}

fn view_of<'a>(
    views: &'a mut BTreeMap<(String, String, ClientKind), BreakerView>,
    flag: &str,
    variant: &str,
    kind: ClientKind,
) -> &'a mut BreakerView {
    views.entry((flag.to_owned(), variant.to_owned(), kind)).or_insert_with(|| BreakerView {
        flag: flag.to_owned(),
        variant: variant.to_owned(),
        kind,
        trust: Trust::of(kind),
        instances: 0,
        closed: 0,
        open: 0,
        half_open: 0,
        forced_open: 0,
        disabled: 0,
        observing: 0,
        open_share: 0.0,
        open_for_ms: None,
        causes: BTreeMap::new(),
        ok: 0,
        failed: 0,
        degraded: 0,
        opened: 0,
    })
}

fn sums_of(guard: &GuardReport) -> Sums {
    let mut moves = BTreeMap::new();
    for moved in &guard.moves {
        let cause = CAUSES_OF_MOVES.iter().find(|known| **known == moved.cause).copied().unwrap_or("other");
        let sum: &mut u64 = moves.entry((moved.from.name(), moved.to.name(), cause)).or_default();
        *sum = sum.saturating_add(moved.count);
    }
    let opened = guard.moves.iter().filter(|moved| moved.to == BreakerState::Open);
    Sums {
        ok: guard.ok,
        failed: guard.failed.saturating_add(guard.timed_out),
        units: 0,
        probes_ok: guard.probes_ok,
        probes_failed: guard.probes_failed,
        open_ms: guard.open_ms,
        to_open_ms: guard.to_open_ms.unwrap_or(0),
        moves,
        degraded: guard.degraded,
        opened: opened.fold(0, |sum: u64, moved| sum.saturating_add(moved.count)),
        latency: latency_of(guard.latency.as_ref()),
    }
}

fn latency_of(report: Option<&LatencyReport>) -> Latency {
    report.map_or_else(Latency::default, |report| Latency {
        sum_ms: report.sum_ms,
        counts: report.buckets.iter().copied().collect(),
    })
}

#[expect(clippy::cast_precision_loss, reason = "a share, not a count")]
fn share(part: u64, whole: u64) -> f64 {
    if part == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn minute_of(at: Duration) -> u64 {
    at.as_secs() / MINUTE.as_secs()
}
