use super::{HoldKind, Rollout, Stage};
use crate::proposal::Approval;
use crate::state::Touch;
use downhaul_core::document::Flag;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The rollouts of an environment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rollouts {
    /// By number, from 1: those that go on, and the last [`Rollouts::ENDED`] of the others.
    pub by_number: BTreeMap<u64, Arc<RolloutState>>,
    /// Those ever started.
    pub started: u64,
}

/// A rollout, and how far it has come.
#[derive(Debug, Clone, PartialEq)]
pub struct RolloutState {
    pub number: u64,
    /// With `by` and `salt` said outright.
    pub rollout: Rollout,
    pub started: Touch,
    /// Who started it, and who wrote the proposal that did.
    pub authors: BTreeSet<String>,
    /// The flag without the rollout.
    pub base: Flag,
    /// How many rules of `base` come before those of the rollout.
    pub at: usize,
    /// The flag as the rollout last left it.
    pub placed: Flag,
    /// The stage that it is at, from 1; 0 before the first.
    pub stage: usize,
    /// The change that brought it there.
    pub entered: Touch,
    /// RFC 3339: from when on the stage bakes, unless it is killed meanwhile.
    pub baking_since: String,
    pub phase: Phase,
    /// Of entering the next stage: the last word of each person, in order.
    pub approvals: Vec<Approval>,
    /// What has been charted as keeping it at this stage.
    pub held: Vec<Held>,
    /// Each stage that was entered, in order, those that were gone back to included.
    pub marks: Vec<Mark>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    Running,
    Paused(Touch),
    Ended(Outcome, Touch),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The last stage has baked.
    Complete,
    /// Nobody has it any more who had not before.
    RolledBack,
    /// Somebody ended it where it was.
    Ended,
}

/// Something that keeps it from going on, charted once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub kind: HoldKind,
    pub why: String,
    pub touch: Touch,
}

/// A stage that was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub stage: usize,
    pub touch: Touch,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Complete => "complete",
            Outcome::RolledBack => "rolled-back",
            Outcome::Ended => "ended",
        }
    }
}

impl Rollouts {
    /// Those that are over and still known; the chart has them all.
    pub const ENDED: usize = 200;

    /// A rollout by its id, such as `ro-7`.
    pub fn find(&self, id: &str) -> Option<&Arc<RolloutState>> {
        self.by_number.get(&id.strip_prefix("ro-")?.parse().ok()?)
    }

    /// The rollout of a flag that goes on.
    pub fn of_flag(&self, flag: &str) -> Option<&Arc<RolloutState>> {
        self.going_on().find(|rollout| rollout.rollout.flag.as_str() == flag)
    }

    /// Those that have not ended, paused ones included.
    pub fn going_on(&self) -> impl Iterator<Item = &Arc<RolloutState>> {
        self.by_number.values().filter(|rollout| !rollout.is_ended())
    }
}

impl RolloutState {
    /// `ro-7`
    pub fn id(&self) -> String {
        id(self.number)
    }

    pub fn is_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended(..))
    }

    /// The stage that it is at; `None` before the first.
    pub fn current(&self) -> Option<&Stage> {
        self.rollout.stages.get(self.stage.checked_sub(1)?)
    }

    /// The one that would be next; `None` at the last.
    pub fn next_stage(&self) -> Option<&Stage> {
        self.rollout.stages.get(self.stage)
    }
}

/// What to do first where a rollout of the flag stands in the way of taking the flag away.
pub(crate) fn end_first(id: &str) -> String {
    format!("end that first: `downhaul rollout end {id}` or `downhaul rollout roll-back {id}`")
}

/// `ro-7`
pub fn id(rollout: u64) -> String {
    format!("ro-{rollout}")
}
