use super::{Release, ReleaseKey};
use crate::runbook::Run;
use crate::state::Touch;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The releases of an environment, and the runs of their runbooks.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Releases {
    /// By key, retired ones included.
    pub by_key: BTreeMap<ReleaseKey, Arc<ReleaseState>>,
    /// By number, from 1.
    pub runs: BTreeMap<u64, Arc<Run>>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseState {
    pub release: Release,
    /// The first put.
    pub created: Touch,
    /// The last put.
    pub touched: Touch,
    pub retired: Option<Touch>,
}

impl Releases {
    pub fn release(&self, key: &str) -> Option<&ReleaseState> {
        self.by_key.get(key).map(|release| &**release)
    }

    /// A run by its id, such as `r-7`.
    pub fn run(&self, id: &str) -> Option<&Arc<Run>> {
        self.runs.get(&id.strip_prefix("r-")?.parse().ok()?)
    }

    /// The run of a release that has not ended.
    pub fn active(&self, release: &str) -> Option<&Arc<Run>> {
        self.runs.values().rev().find(|run| run.subject.is_release(release) && !run.is_ended())
    }

    /// The number of the next run.
    pub fn next_run(&self) -> u64 {
        self.runs.keys().next_back().copied().unwrap_or(0) + 1
    }
}
