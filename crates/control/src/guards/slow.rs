//! What counts as slow.

use super::Watch;
use super::minutes::FlagMinute;
use super::watch::counts;
use downhaul_core::document::{Guard, Quantile};
use std::collections::BTreeMap;

/// Fewer timed outcomes of control say nothing of any quantile, and fewer than so many beyond it nothing of that one.
const LEAST: u64 = 200;
const BEYOND: u64 = 10;

/// What counts as slow: nothing, a time that the document names, or a quantile of control, which is found out before the
/// first bucket that is judged by it and stays. A limit that rests on the counts that it judges would void the promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slow {
    Not,
    /// What is beyond this index of docs/reference/telemetry.md.
    Beyond(u32),
    Learning(Quantile, BTreeMap<u32, u64>),
}

impl Slow {
    pub fn of(guard: &Guard) -> Slow {
        match (guard.slower_than_ms, guard.slower_than) {
            (Some(ms), _) => Slow::Beyond(index_of(ms)),
            (None, Some(quantile)) => Slow::Learning(quantile, BTreeMap::new()),
            (None, None) => Slow::Not,
        }
    }

    pub(super) fn limit(&self) -> Option<u32> {
        match self {
            Slow::Beyond(index) => Some(*index),
            Slow::Not | Slow::Learning(..) => None,
        }
    }

    pub fn is_learning(&self) -> bool {
        matches!(self, Slow::Learning(..))
    }

    /// How many timed outcomes of control are known, and how many it takes.
    pub fn learnt(&self) -> Option<(u64, u64)> {
        match self {
            Slow::Learning(quantile, counts) => Some((counts.values().sum(), needed(*quantile))),
            Slow::Not | Slow::Beyond(_) => None,
        }
    }

    /// Learns from the next bucket of control; gives how many timed outcomes it had.
    pub fn learn<'a>(&mut self, watch: &Watch, parts: impl IntoIterator<Item = &'a FlagMinute>) -> u64 {
        let Slow::Learning(quantile, counts_of) = self else { return 0 };
        let cells = parts.into_iter().flat_map(|part| &part.cells).filter(|cell| counts(watch, cell));
        let mut told = 0_u64;
        for cell in cells.filter(|cell| watch.against.as_deref() == Some(cell.variant.as_str())) {
            for (index, count) in &cell.latency {
                let sum = counts_of.entry(*index).or_default();
                *sum = sum.saturating_add(*count);
                told = told.saturating_add(*count);
            }
        }
        let all = counts_of.values().fold(0, |sum: u64, count| sum.saturating_add(*count));
        if all >= needed(*quantile) {
            // The lowest index beyond which there is at most the share that the quantile leaves.
            let mut beyond = all;
            let limit = counts_of.iter().find_map(|(index, count)| {
                beyond = beyond.saturating_sub(*count);
                (beyond.saturating_mul(quantile.one_in()) <= all).then_some(*index)
            });
            if let Some(limit) = limit {
                *self = Slow::Beyond(limit);
            }
        }
        told
    }

    /// What is slow takes at least this long, in microseconds.
    pub fn microseconds(&self) -> Option<u64> {
        self.limit().map(|index| begins(index.saturating_add(1)))
    }
}

fn needed(quantile: Quantile) -> u64 {
    LEAST.max(BEYOND * quantile.one_in())
}

/// The index of a time in docs/reference/telemetry.md.
fn index_of(ms: u32) -> u32 {
    let u = u64::from(ms).saturating_mul(1000).clamp(1, u64::from(u32::MAX));
    let highest = u.ilog2();
    if u < 8 {
        u32::try_from(u).unwrap_or(0)
    } else {
        8 * (highest - 3) + u32::try_from(u >> (highest - 3)).unwrap_or(0)
    }
}

/// Where an index begins, in microseconds.
fn begins(index: u32) -> u64 {
    if index < 8 { u64::from(index) } else { u64::from(8 + index % 8) << (index / 8 - 1).min(40) }
}
