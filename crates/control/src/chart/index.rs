//! What is known of a chart without reading it again.

use super::merkle::{Tree, leaf};
use crate::change::Record;
use crate::state::State;
use crate::time;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Its tree, when each change was made, and the state from time to time.
#[derive(Debug, Clone, Default)]
pub struct Index {
    tree: Tree,
    /// Of each change in epoch milliseconds, and never less than of the one before: clocks are set back.
    times: Vec<i64>,
    snapshots: Snapshots,
}

impl Index {
    /// Takes the next change; `after` is the state that it makes.
    pub fn push(&mut self, record: &Record, after: &State) {
        let newest = self.times.last().copied().unwrap_or(i64::MIN);
        let at = time::from_text(&record.change().at).map_or(newest, Timestamp::as_millisecond);
        self.times.push(at.max(newest));
        self.tree.push(leaf(record.bytes()));
        self.snapshots.offer(after);
    }

    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The newest revision that was made at `at` or before; 0 where there is none.
    pub fn revision_at(&self, at: Timestamp) -> u64 {
        let at = at.as_millisecond();
        self.times.partition_point(|time| *time <= at) as u64
    }

    /// When a revision was made.
    pub fn time_of(&self, revision: u64) -> Option<Timestamp> {
        let at = usize::try_from(revision.checked_sub(1)?).ok()?;
        Timestamp::from_millisecond(*self.times.get(at)?).ok()
    }

    /// The newest state that is kept of `revision` or before: from there on changes have to be folded.
    pub fn snapshot(&self, revision: u64) -> Option<Arc<State>> {
        self.snapshots.kept.range(..=revision).next_back().map(|(_, state)| Arc::clone(state))
    }
}

/// States that are kept, evenly over the chart, so that no revision is far from one.
#[derive(Debug, Clone)]
struct Snapshots {
    kept: BTreeMap<u64, Arc<State>>,
    /// Every how many revisions one is kept.
    every: u64,
    /// Bytes of the flags in them, as they are written.
    bytes: usize,
}

/// Snapshots of one environment; twice as many, and every other one is given up.
const SNAPSHOTS: usize = 64;
/// Bytes of flags, as they are written, in the snapshots of one environment.
const BYTES: usize = 32 * 1024 * 1024;

impl Default for Snapshots {
    fn default() -> Self {
        Snapshots { kept: BTreeMap::new(), every: 256, bytes: 0 }
    }
}

impl Snapshots {
    fn offer(&mut self, state: &State) {
        let revision = state.flag_set.revision;
        if !revision.is_multiple_of(self.every) {
            return;
        }
        let mut kept = state.clone();
        kept.forget_past();
        self.bytes += kept.flag_set.flags.written_len();
        self.kept.insert(revision, Arc::new(kept));
        while self.kept.len() > SNAPSHOTS || (self.bytes > BYTES && self.kept.len() > 1) {
            self.every *= 2;
            let every = self.every;
            self.kept.retain(|revision, _| revision.is_multiple_of(every));
            self.bytes = self.kept.values().map(|state| state.flag_set.flags.written_len()).sum();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn snapshots_are_few_and_even() {
        let mut state = State::empty("production".parse().unwrap(), 1);
        let mut snapshots = Snapshots::default();
        for revision in 1..=1_000_000 {
            state.flag_set.revision = revision;
            snapshots.offer(&state);
        }
        assert!(snapshots.kept.len() <= SNAPSHOTS && snapshots.kept.len() * 2 > SNAPSHOTS, "{}", snapshots.kept.len());
        assert_eq!(snapshots.every, 16_384);
        assert!(snapshots.kept.keys().all(|revision| revision.is_multiple_of(snapshots.every)));
    }
}
