//! How a proposal stands: what it would do now, who has approved that, and what is in its way.

use super::{People, after, freeze, impact, proposals};
use crate::api::Impact;
use crate::proposal::{Needed, ProposalState, Reach, Standing, Void};
use crate::refusal::Refusal;
use crate::state::State;
use downhaul_core::validate::Valid;
use jiff::Timestamp;
use std::collections::BTreeSet;

#[derive(Debug, Clone, PartialEq)]
pub struct Assessment<'a> {
    /// Absent where it could not be carried out at all.
    pub prospect: Option<Prospect<'a>>,
    /// Why it could not be landed now; absent where it could.
    pub blocked: Option<Refusal>,
}

/// What an open proposal would do.
#[derive(Debug, Clone, PartialEq)]
pub struct Prospect<'a> {
    pub reach: Reach,
    pub impact: Impact,
    pub needed: Needed,
    pub standing: Vec<Standing<'a>>,
}

impl Prospect<'_> {
    /// Approvals that count.
    pub fn counting(&self) -> usize {
        self.standing.iter().filter(|standing| standing.void.is_none()).count()
    }
}

/// Looks at an open proposal as things are; nothing is changed by it.
pub fn assess<'a>(
    state: &State,
    valid: &Valid,
    proposal: &'a ProposalState,
    at: Timestamp,
    people: Option<&People<'_>>,
) -> Assessment<'a> {
    match prospect(state, valid, proposal, at, people) {
        Err(refusal) => Assessment { prospect: None, blocked: Some(refusal) },
        Ok(prospect) => {
            let frozen = freeze::check(state, &proposal.draft.command);
            let landed = proposal.land(state, &prospect.needed, &prospect.reach, at);
            Assessment { blocked: frozen.err().or(landed.err()), prospect: Some(prospect) }
        }
    }
}

/// Those who approved an open proposal, and would have to look again: what it would do is another thing since. Nobody where
/// that cannot be told, as it could not be carried out at all.
pub fn lapsed(state: &State, valid: &Valid, proposal: &ProposalState, at: Timestamp) -> BTreeSet<String> {
    if proposal.approvals.is_empty() {
        return BTreeSet::new();
    }
    let Ok(reach) = proposals::check_draft(state, valid, &proposal.draft, Some(proposal), at) else {
        return BTreeSet::new();
    };
    let standing = proposal.standing(state, &reach, at);
    let actor = |each: &Standing<'_>| each.approval.touch.actor.clone();
    let counting: BTreeSet<String> = standing.iter().filter(|each| each.void.is_none()).map(actor).collect();
    let is_other = |each: &&Standing<'_>| matches!(each.void, Some(Void::Amended(_) | Void::Changed(_)));
    standing.iter().filter(is_other).map(actor).filter(|actor| !counting.contains(actor)).collect()
}

fn prospect<'a>(
    state: &State,
    valid: &Valid,
    proposal: &'a ProposalState,
    at: Timestamp,
    people: Option<&People<'_>>,
) -> Result<Prospect<'a>, Refusal> {
    let command = &proposal.draft.command;
    let reach = proposals::check_draft(state, valid, &proposal.draft, Some(proposal), at)?;
    let next = after(state, valid, command, at, None)?.ok_or_else(proposals::so_already)?;
    let impact = impact(state, command, [valid, &next.valid, next.most()], people)?;
    let needed = Needed::of(state, command, &impact, Some(&reach));
    let standing = proposal.standing(state, &reach, at);
    Ok(Prospect { reach, impact, needed, standing })
}
