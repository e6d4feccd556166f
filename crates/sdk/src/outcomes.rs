//! How what flags decide of went. Nothing here waits or sends by itself; counts go along with what is told anyway.

use downhaul_control::api::{OutcomeCount, OutcomeReport};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Of one acknowledgement; docs/reference/protocol.md.
const REPORTS: usize = 4;
const ENTRIES: usize = 64;
/// Flags and variants that are counted at a time; others are left out until some were told.
const COUNTED: usize = 256;

#[derive(Debug, Default)]
pub(crate) struct Outcomes(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// What was sent stays as it is until it has arrived: the control plane tells by its number whether it has it.
    sealed: Vec<Sealed>,
    open: BTreeMap<(String, String), (u64, u64)>,
    sequence: u64,
    first_ms: i64,
    last_ms: i64,
}

#[derive(Debug)]
struct Sealed {
    sequence: u64,
    first_ms: i64,
    last_ms: i64,
    counts: Vec<OutcomeCount>,
}

impl Outcomes {
    pub(crate) fn add(&self, flag: &str, variant: &str, ok: bool, now_ms: i64) {
        self.add_many(flag, variant, if ok { (1, 0) } else { (0, 1) }, (now_ms, now_ms));
    }

    /// Several that went well and that failed, and when the first and the last of them ended.
    pub(crate) fn add_many(
        &self,
        flag: &str,
        variant: &str,
        (ok, failed): (u64, u64),
        (first_ms, last_ms): (i64, i64),
    ) {
        let mut inner = self.lock();
        let key = (flag.to_owned(), variant.to_owned());
        if !inner.open.contains_key(&key) && inner.open.len() >= COUNTED {
            return;
        }
        let is_first = inner.open.is_empty();
        inner.first_ms = if is_first { first_ms } else { inner.first_ms.min(first_ms) };
        inner.last_ms = if is_first { last_ms } else { inner.last_ms.max(last_ms) };
        let counted = inner.open.entry(key).or_default();
        *counted = (counted.0 + ok, counted.1 + failed);
    }

    /// What is to be told now, the oldest first: the same again until it has arrived.
    pub(crate) fn pending(&self, now_ms: i64) -> Vec<OutcomeReport> {
        let mut inner = self.lock();
        inner.seal();
        let ago = |at: i64| u64::try_from(now_ms.saturating_sub(at)).unwrap_or(0);
        let report = |sealed: &Sealed| OutcomeReport {
            sequence: sealed.sequence,
            from_ms: ago(sealed.first_ms),
            to_ms: ago(sealed.last_ms),
            counts: sealed.counts.clone(),
        };
        inner.sealed.iter().map(report).collect()
    }

    /// The control plane has these.
    pub(crate) fn arrived(&self, told: &[OutcomeReport]) {
        let up_to = told.last().map_or(0, |report| report.sequence);
        self.lock().sealed.retain(|sealed| sealed.sequence > up_to);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn seal(&mut self) {
        let told: usize = self.sealed.iter().map(|sealed| sealed.counts.len()).sum();
        let room = ENTRIES.saturating_sub(told);
        if self.open.is_empty() || room == 0 || self.sealed.len() >= REPORTS {
            return;
        }
        let mut counts = Vec::new();
        while counts.len() < room
            && let Some(((flag, variant), (ok, failed))) = self.open.pop_first()
        {
            counts.push(OutcomeCount { flag, variant, ok, failed });
        }
        self.sequence += 1;
        let Inner { sequence, first_ms, last_ms, .. } = *self;
        self.sealed.push(Sealed { sequence, first_ms, last_ms, counts });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(reports: &[OutcomeReport]) -> Vec<(u64, usize)> {
        reports.iter().map(|report| (report.sequence, report.counts.len())).collect()
    }

    #[test]
    fn a_report_is_told_again_as_it_was_until_it_has_arrived() {
        let outcomes = Outcomes::default();
        assert!(outcomes.pending(0).is_empty());
        outcomes.add("a", "on", true, 100);
        outcomes.add("a", "on", false, 150);
        let first = outcomes.pending(200);
        assert_eq!((first[0].from_ms, first[0].to_ms), (100, 50));
        assert_eq!((first[0].counts[0].ok, first[0].counts[0].failed), (1, 1));
        outcomes.add("a", "on", true, 300);
        let both = outcomes.pending(300);
        assert_eq!(told(&both), [(1, 1), (2, 1)]);
        assert_eq!(both[0].counts, first[0].counts);
        outcomes.arrived(&first);
        assert_eq!(told(&outcomes.pending(300)), [(2, 1)]);
        outcomes.arrived(&both);
        assert!(outcomes.pending(300).is_empty());
    }

    #[test]
    fn so_many_entries_at_a_time() {
        let outcomes = Outcomes::default();
        for number in 0..300 {
            outcomes.add(&format!("f{number:03}"), "on", true, 0);
        }
        let mut all = 0;
        for sequence in 1..=4 {
            let reports = outcomes.pending(0);
            assert_eq!(told(&reports), [(sequence, 64)]);
            all += 64;
            outcomes.arrived(&reports);
        }
        assert_eq!((all, outcomes.pending(0).len()), (256, 0), "what is beyond was left out");
    }
}
