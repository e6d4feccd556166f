//! Which approvals of a proposal count now, and what is in its way.

use super::{Approval, Approved, Draft, Landed, Named, Needed, ProposalState, Reach};
use crate::api::Role;
use crate::refusal::{Refusal, RefusalCode};
use crate::state::{State, TokenState, Touch};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Longest list of what has changed, in words.
const TOLD: usize = 3;

/// An approval, and why it does not count, if it does not.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing<'a> {
    pub approval: &'a Approval,
    pub void: Option<Void>,
}

/// Why an approval does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Void {
    /// It is the author's own, or of someone who amended it, or of a machine whose token one of them made, and the policy
    /// does not let these count.
    Author,
    /// Whoever approved is not approver any more.
    LostRole,
    /// It was amended after the approval.
    Amended(Touch),
    /// What it would do is no longer what was approved; with what was touched since, where that is known.
    Changed(Vec<(Named, Touch)>),
}

impl Void {
    /// In words, such as `the segment `staff` was changed at revision 9 by a-2 (`new colleagues`)`.
    pub fn words(&self) -> String {
        match self {
            Void::Author => "whoever wrote a proposal does not approve it, by the policy".to_owned(),
            Void::LostRole => "who gave it is no longer approver".to_owned(),
            Void::Amended(touch) => format!("the proposal was amended after it {}", by(touch)),
            Void::Changed(touches) if touches.is_empty() => {
                "what it would do is no longer what was approved".to_owned()
            }
            Void::Changed(touches) => {
                let told = |(named, touch): &(Named, Touch)| format!("{named} was changed {}", by(touch));
                let mut words: Vec<String> = touches.iter().take(TOLD).map(told).collect();
                if touches.len() > TOLD {
                    words.push(format!("{} more parts were changed", touches.len() - TOLD));
                }
                words.join(", and ")
            }
        }
    }
}

fn by(touch: &Touch) -> String {
    format!("at revision {} by {} (`{}`)", touch.revision, touch.actor, touch.reason)
}

impl ProposalState {
    /// Each approval, and whether it counts. `reach` is what the proposal reaches now.
    pub fn standing(&self, state: &State, reach: &Reach, at: Timestamp) -> Vec<Standing<'_>> {
        standing_of(state, (&self.authors, self.amended.as_ref()), &self.approvals, reach, at)
    }

    /// Whether an actor wrote it, or is a machine whose token was made by someone who did.
    pub(crate) fn is_of(&self, state: &State, actor: &str) -> bool {
        is_of(state, &self.authors, actor)
    }

    /// What its landing records, if enough approvals count.
    ///
    /// # Errors
    /// Too few do; with what is the matter with the others.
    pub(crate) fn land(&self, state: &State, needed: &Needed, reach: &Reach, at: Timestamp) -> Result<Landed, Refusal> {
        let standing = self.standing(state, reach, at);
        let approved = |each: &Standing<'_>| {
            let Touch { actor, revision, .. } = &each.approval.touch;
            each.void.is_none().then(|| Approved { actor: actor.clone(), revision: *revision })
        };
        let approvals: Vec<Approved> = standing.iter().filter_map(approved).collect();
        let quorum = needed.quorum();
        if approvals.len() < usize::try_from(quorum).unwrap_or(usize::MAX) {
            let mut message = format!("{} has {} of {}", self.id(), approvals.len(), needed.words());
            for (each, void) in standing.iter().filter_map(|each| Some((each, each.void.as_ref()?))) {
                let Touch { actor, revision, .. } = &each.approval.touch;
                message.push_str(&format!(
                    "; the approval by {actor} at revision {revision} does not count: {}",
                    void.words()
                ));
            }
            let whom = if state.policy.approvals.by_author { "" } else { " and did not write it" };
            let help = format!(
                "someone who is approver{whom} looks at it with `downhaul proposals show {id}` and types `downhaul approve {id}`",
                id = self.id()
            );
            return Err(Refusal::new(RefusalCode::NeedsApproval, message, help));
        }
        Ok(Landed { proposal: self.number, author: self.author().to_owned(), approvals })
    }

    /// Other open proposals that name the same.
    pub fn rivals<'a>(&'a self, state: &'a State) -> impl Iterator<Item = (Named, &'a ProposalState)> {
        let names = self.draft.command.names();
        state.proposals.open().filter(|other| other.number != self.number).flat_map(move |other| {
            let shared: Vec<Named> = other.draft.command.names().intersection(&names).cloned().collect();
            shared.into_iter().map(move |named| (named, &**other))
        })
    }
}

/// Each approval of what these authors wrote, and last amended then, and whether it counts. `reach` is what it reaches now.
pub(crate) fn standing_of<'a>(
    state: &State,
    (authors, amended): (&BTreeSet<String>, Option<&Touch>),
    approvals: &'a [Approval],
    reach: &Reach,
    at: Timestamp,
) -> Vec<Standing<'a>> {
    let void = |approval: &Approval| {
        let actor = approval.touch.actor.as_str();
        if is_of(state, authors, actor) && !state.policy.approvals.by_author {
            return Some(Void::Author);
        }
        if !approval.root && !state.has_role(actor, Role::Approver, at) {
            return Some(Void::LostRole);
        }
        if approval.digest == reach.digest {
            return None;
        }
        let later = |touch: &&Touch| touch.revision > approval.touch.revision;
        Some(match amended.filter(later) {
            Some(touch) => Void::Amended(touch.clone()),
            None => Void::Changed(reach.touched_since(approval.touch.revision).cloned().collect()),
        })
    };
    approvals.iter().map(|approval| Standing { approval, void: void(approval) }).collect()
}

/// Whether an actor is one of these authors, or a machine whose token was made by one.
pub(crate) fn is_of(state: &State, authors: &BTreeSet<String>, actor: &str) -> bool {
    let made_by_author = |held: &TokenState| {
        held.token.actor == actor && held.token.roles.is_some() && authors.contains(&held.created.actor)
    };
    authors.contains(actor) || state.tokens.values().any(made_by_author)
}

impl Draft {
    /// What it names and others have defined since it began.
    pub fn overtaken<'a>(&self, state: &'a State) -> Vec<(Named, &'a Touch)> {
        let later = |named: Named| {
            let touch = state.defined(&named)?;
            (touch.revision > self.base).then_some((named, touch))
        };
        self.command.names().into_iter().filter_map(later).collect()
    }

    /// # Errors
    /// Something that it names was defined since; `what` it is that started from there, in words.
    pub(crate) fn check_base(&self, state: &State, what: &str, help: &str) -> Result<(), Refusal> {
        let overtaken = self.overtaken(state);
        if overtaken.is_empty() {
            return Ok(());
        }
        let told = |(named, touch): &(Named, &Touch)| format!("{named} was changed {}", by(touch));
        let words: Vec<String> = overtaken.iter().take(TOLD).map(told).collect();
        let message = format!("{}, after revision {}, which {what} started from", words.join(", and "), self.base);
        Err(Refusal::new(RefusalCode::ChangedSince, message, help))
    }
}
