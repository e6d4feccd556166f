use super::{Draft, Landed};
use crate::change::Change;
use crate::command::Command;
use crate::fold::touch;
use crate::hash::Hash;
use crate::state::Touch;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The proposals of an environment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Proposals {
    /// By number, from 1: those that are open, and the last [`Proposals::CLOSED`] of the others.
    pub by_number: BTreeMap<u64, Arc<ProposalState>>,
    /// Those ever made.
    pub made: u64,
}

/// A proposal, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ProposalState {
    pub number: u64,
    pub draft: Draft,
    /// By its author.
    pub made: Touch,
    /// The last time that it was amended.
    pub amended: Option<Touch>,
    /// Its author, and whoever amended it.
    pub authors: BTreeSet<String>,
    /// One for each person: the last word of each, in order.
    pub approvals: Vec<Approval>,
    pub outcome: Outcome,
}

/// Someone's word for exactly what has this digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    pub touch: Touch,
    pub digest: Hash,
    /// By the holder of the data folder, whose right no environment's log holds.
    pub root: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    Open,
    /// Carried out, by this change.
    Landed(Touch),
    Rejected(Touch),
    Withdrawn(Touch),
}

impl Proposals {
    /// Those that are over and still known; the chart has them all.
    pub const CLOSED: usize = 500;

    /// A proposal by its id, such as `p-7`.
    pub fn find(&self, id: &str) -> Option<&Arc<ProposalState>> {
        self.by_number.get(&id.strip_prefix("p-")?.parse().ok()?)
    }

    pub fn open(&self) -> impl Iterator<Item = &Arc<ProposalState>> {
        self.by_number.values().filter(|proposal| proposal.is_open())
    }

    /// The number of the next.
    pub fn next(&self) -> u64 {
        self.made + 1
    }

    /// What a change says about proposals. Never refuses.
    pub(crate) fn fold(&mut self, command: &Command, change: &Change) {
        match command {
            Command::Propose { proposal, draft } => {
                let made = ProposalState {
                    number: *proposal,
                    draft: (**draft).clone(),
                    made: touch(change),
                    amended: None,
                    authors: BTreeSet::from([change.actor.clone()]),
                    approvals: Vec::new(),
                    outcome: Outcome::Open,
                };
                self.made = self.made.max(*proposal);
                self.by_number.insert(*proposal, Arc::new(made));
            }
            Command::Amend { proposal, draft } => self.change(*proposal, |known| {
                known.draft = (**draft).clone();
                known.amended = Some(touch(change));
                known.authors.insert(change.actor.clone());
            }),
            Command::Approve { proposal, digest, root } => self.change(*proposal, |known| {
                known.approvals.retain(|approval| approval.touch.actor != change.actor);
                known.approvals.push(Approval { touch: touch(change), digest: *digest, root: *root });
            }),
            Command::Reject { proposal } => self.close(*proposal, Outcome::Rejected(touch(change))),
            Command::Withdraw { proposal } => self.close(*proposal, Outcome::Withdrawn(touch(change))),
            _ => {}
        }
        if let Some(Landed { proposal, .. }) = &change.landed {
            self.close(*proposal, Outcome::Landed(touch(change)));
        }
    }

    fn change(&mut self, number: u64, change: impl FnOnce(&mut ProposalState)) {
        if let Some(known) = self.by_number.get_mut(&number) {
            change(Arc::make_mut(known));
        }
    }

    fn close(&mut self, number: u64, outcome: Outcome) {
        self.change(number, |known| known.outcome = outcome);
        let closed: Vec<u64> =
            self.by_number.iter().filter(|(_, known)| !known.is_open()).map(|(number, _)| *number).collect();
        for number in closed.iter().take(closed.len().saturating_sub(Proposals::CLOSED)) {
            self.by_number.remove(number);
        }
    }
}

impl ProposalState {
    /// `p-7`
    pub fn id(&self) -> String {
        super::id(self.number)
    }

    pub fn is_open(&self) -> bool {
        self.outcome == Outcome::Open
    }

    pub fn author(&self) -> &str {
        &self.made.actor
    }
}
