use super::KEPT;
use super::tellers::{Teller, Tellers};
use crate::api::{IgnoredOutcomes, OutcomeReport, OutcomeView, Trust};
use downhaul_core::document::ClientKind;
use downhaul_core::ids::{FlagKey, VariantKey};
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// Outcomes of the same five seconds are added up.
const BUCKET: Duration = Duration::from_secs(5);
/// Flags, variants and kinds of one bucket, of trusted and of claimed outcomes each; and of the totals.
const OF_BUCKET: usize = 2000;
const OF_TOTALS: usize = 20_000;
/// A report that was collected for longer is counted as of its first outcome: what is old proves nothing of now.
const COLLECTED: Duration = Duration::from_secs(60);

/// What clients told.
#[derive(Debug, Clone)]
pub struct Outcomes {
    pub(super) began: Duration,
    /// The oldest first, by number. What lies before the beginning is there too: times have [`KEPT`] added.
    buckets: VecDeque<(u64, Bucket)>,
    tellers: Tellers,
    totals: BTreeMap<Of, Pair>,
    ignored: IgnoredOutcomes,
}

/// Trusted and claimed apart, so that whoever fills the one leaves the other room.
#[derive(Debug, Clone, Default)]
struct Bucket {
    trusted: BTreeMap<Of, Counted>,
    claimed: BTreeMap<Of, Counted>,
}

pub(super) type Of = (FlagKey, VariantKey, ClientKind);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) ok: u64,
    pub(super) failed: u64,
}

impl Pair {
    pub(super) fn add(&mut self, more: Pair) {
        self.ok = self.ok.saturating_add(more.ok);
        self.failed = self.failed.saturating_add(more.failed);
    }

    pub(super) fn all(self) -> u64 {
        self.ok.saturating_add(self.failed)
    }

    /// The share that failed; 0 of none.
    #[expect(clippy::cast_precision_loss, reason = "a share, not a count")]
    pub(super) fn share(self) -> f64 {
        if self.failed == 0 { 0.0 } else { self.failed as f64 / self.all() as f64 }
    }

    /// The same share of fewer.
    fn scaled(self, part: u64, whole: u64) -> Pair {
        let scale = |count: u64| {
            let scaled = u128::from(count) * u128::from(part) / u128::from(whole.max(1));
            u64::try_from(scaled).unwrap_or(count)
        };
        Pair { ok: scale(self.ok), failed: scale(self.failed) }
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    pub(super) pair: Pair,
    /// When the last of them was.
    pub(super) newest: Duration,
}

impl Counted {
    pub(super) fn add(&mut self, more: Counted) {
        self.pair.add(more.pair);
        self.newest = self.newest.max(more.newest);
    }
}

/// Outcomes of a flag, a variant and a kind of client since the beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    pub flag: FlagKey,
    pub variant: VariantKey,
    pub kind: ClientKind,
    pub ok: u64,
    pub failed: u64,
}

impl Outcomes {
    /// Nobody has told anything before `began`.
    pub fn new(began: Duration) -> Outcomes {
        Outcomes {
            began,
            buckets: VecDeque::new(),
            tellers: Tellers::default(),
            totals: BTreeMap::new(),
            ignored: IgnoredOutcomes::default(),
        }
    }

    /// Counts what is new of the reports of an instance, which [`super::check`] has passed. `is_variant` says whether a flag has
    /// a variant. Gives what was passed over.
    pub fn take(
        &mut self,
        teller: &Teller<'_>,
        reports: &[OutcomeReport],
        is_variant: impl Fn(&str, &str) -> bool,
        now: Duration,
    ) -> IgnoredOutcomes {
        self.take_and(teller, reports, is_variant, now, &mut |_, _, _| {})
    }

    /// [`Outcomes::take`], which tells of each flag and variant how many were counted, ok and failed, and when they were.
    pub fn take_and(
        &mut self,
        teller: &Teller<'_>,
        reports: &[OutcomeReport],
        is_variant: impl Fn(&str, &str) -> bool,
        now: Duration,
        tell: &mut impl FnMut([&str; 2], [u64; 2], Duration),
    ) -> IgnoredOutcomes {
        let before = self.ignored;
        for report in reports {
            let entries = u64::try_from(report.counts.len()).unwrap_or(u64::MAX);
            let Some(at) = when(report, now) else {
                self.ignored.late += entries;
                continue;
            };
            if self.tellers.is_new(teller, report.sequence, now) {
                self.count(teller, report, &is_variant, [at, now], tell);
            } else {
                self.ignored.repeated += entries;
            }
        }
        difference(self.ignored, before)
    }

    fn count(
        &mut self,
        teller: &Teller<'_>,
        report: &OutcomeReport,
        is_variant: &impl Fn(&str, &str) -> bool,
        [at, now]: [Duration; 2],
        tell: &mut impl FnMut([&str; 2], [u64; 2], Duration),
    ) {
        let mut known: Vec<(Of, Pair)> = Vec::new();
        for count in &report.counts {
            let names = (count.flag.parse(), count.variant.parse());
            let pair = Pair { ok: count.ok, failed: count.failed };
            match names {
                (Ok(flag), Ok(variant)) if is_variant(&count.flag, &count.variant) => {
                    known.push(((flag, variant, teller.kind), pair));
                }
                _ => self.ignored.unknown += 1,
            }
        }
        let asked = known.iter().fold(0, |sum: u64, (_, pair)| sum.saturating_add(pair.all()));
        let allowed = self.tellers.allow(teller, asked, now);
        for (of, pair) in known {
            let taken = if allowed < asked { pair.scaled(allowed, asked) } else { pair };
            let fits = taken.all() == 0 || self.put(of.clone(), Counted { pair: taken, newest: at }, now);
            if fits {
                tell([of.0.as_str(), of.1.as_str()], [taken.ok, taken.failed], at);
            }
            if !fits || taken != pair {
                self.ignored.limited += 1;
            }
        }
    }

    /// Whether there was room.
    fn put(&mut self, of: Of, counted: Counted, now: Duration) -> bool {
        while self.buckets.front().is_some_and(|(oldest, _)| *oldest + 1 < number_of(now.saturating_sub(KEPT))) {
            self.buckets.pop_front();
        }
        let number = number_of(counted.newest);
        let at = self.buckets.partition_point(|(other, _)| *other < number);
        if self.buckets.get(at).is_none_or(|(other, _)| *other != number) {
            self.buckets.insert(at, (number, Bucket::default()));
        }
        let Some((_, bucket)) = self.buckets.get_mut(at) else { return false };
        let part = match Trust::of(of.2) {
            Trust::Trusted => &mut bucket.trusted,
            Trust::Claimed => &mut bucket.claimed,
        };
        if part.len() >= OF_BUCKET && !part.contains_key(&of) {
            return false;
        }
        part.entry(of.clone()).or_default().add(counted);
        if self.totals.len() < OF_TOTALS || self.totals.contains_key(&of) {
            self.totals.entry(of).or_default().add(counted.pair);
        }
        true
    }

    /// What was counted within so long before `now`, to the five seconds.
    pub(super) fn since(&self, back: Duration, now: Duration) -> impl Iterator<Item = (&Of, &Counted)> {
        let oldest = number_of(now.saturating_sub(back));
        let buckets = self.buckets.iter().filter(move |(number, _)| *number >= oldest);
        buckets.flat_map(|(_, bucket)| bucket.trusted.iter().chain(&bucket.claimed))
    }

    /// What clients told within so long, by flag, variant and kind.
    pub fn view(&self, flag: Option<&str>, back: Duration, now: Duration) -> Vec<OutcomeView> {
        let mut sums: BTreeMap<&Of, Counted> = BTreeMap::new();
        for (of, counted) in self.since(back, now).filter(|(of, _)| flag.is_none_or(|flag| flag == of.0.as_str())) {
            sums.entry(of).or_default().add(*counted);
        }
        let view = |((flag, variant, kind), counted): (&Of, Counted)| OutcomeView {
            flag: flag.to_string(),
            variant: variant.to_string(),
            kind: *kind,
            trust: Trust::of(*kind),
            ok: counted.pair.ok,
            failed: counted.pair.failed,
            share: counted.pair.share(),
            last_seconds: now.saturating_sub(counted.newest).as_secs(),
        };
        sums.into_iter().map(view).collect()
    }

    /// All that was counted of what is still a variant, since the beginning.
    pub fn totals(&self, is_variant: impl Fn(&str, &str) -> bool) -> Vec<Total> {
        let still = self.totals.iter().filter(|((flag, variant, _), _)| is_variant(flag.as_str(), variant.as_str()));
        let total = |((flag, variant, kind), pair): (&Of, &Pair)| Total {
            flag: flag.clone(),
            variant: variant.clone(),
            kind: *kind,
            ok: pair.ok,
            failed: pair.failed,
        };
        still.map(total).collect()
    }

    /// What was passed over since the beginning.
    pub fn ignored(&self) -> IgnoredOutcomes {
        self.ignored
    }

    /// For how long it has been told.
    pub fn listening(&self, now: Duration) -> Duration {
        now.saturating_sub(self.began)
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> (usize, usize, usize) {
        let entries = self.buckets.iter().map(|(_, bucket)| bucket.trusted.len() + bucket.claimed.len());
        (self.buckets.len(), entries.max().unwrap_or(0), self.tellers.remembered())
    }
}

/// When the outcomes of a report count as told; `None` where that is too long ago.
fn when(report: &OutcomeReport, now: Duration) -> Option<Duration> {
    let (from, to) = (Duration::from_millis(report.from_ms), Duration::from_millis(report.to_ms));
    let ago = if from.saturating_sub(to) > COLLECTED { from } else { to };
    (ago <= KEPT).then(|| now.saturating_sub(ago))
}

fn number_of(at: Duration) -> u64 {
    at.as_secs() / BUCKET.as_secs()
}

fn difference(now: IgnoredOutcomes, before: IgnoredOutcomes) -> IgnoredOutcomes {
    IgnoredOutcomes {
        unknown: now.unknown - before.unknown,
        repeated: now.repeated - before.repeated,
        late: now.late - before.late,
        limited: now.limited - before.limited,
    }
}
