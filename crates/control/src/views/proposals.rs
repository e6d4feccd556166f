//! Proposals, and how they stand.

use super::Names;
use crate::api::{
    ActView, ApprovalView, Blocked, ConflictView, GroundView, ProposalNow, ProposalPage, ProposalStatus,
    ProposalSummary, ProposalView,
};
use crate::decide::{Assessment, Prospect, lapsed};
use crate::describe;
use crate::proposal::{Ground, Named, Outcome, ProposalState, Standing};
use crate::state::{State, Touch};
use downhaul_core::validate::Valid;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Newest first, as they stand at a time.
pub fn proposals(state: &State, valid: &Valid, at: Timestamp, names: &Names) -> ProposalPage {
    let standing = |each: &ProposalState| {
        let mut summary = summary(state, each, names);
        if each.outcome == Outcome::Open {
            summary.lapsed = lapsed(state, valid, each, at).into_iter().collect();
        }
        summary
    };
    let all = state.proposals.by_number.values().rev();
    ProposalPage { position: state.position(), proposals: all.map(|each| standing(each)).collect() }
}

/// `assessment` is of an open one.
pub fn proposal(
    state: &State,
    proposal: &ProposalState,
    assessment: Option<&Assessment<'_>>,
    names: &Names,
) -> ProposalView {
    let prospect = assessment.and_then(|assessment| assessment.prospect.as_ref());
    let approval = |approval: &crate::proposal::Approval| {
        let standing = prospect.and_then(|prospect| {
            prospect.standing.iter().find(|standing| standing.approval.touch.revision == approval.touch.revision)
        });
        let void = |standing: &Standing<'_>| standing.void.as_ref().map(crate::proposal::Void::words);
        ApprovalView {
            act: act(&approval.touch, names),
            counts: standing.map(|standing| standing.void.is_none()),
            void: standing.and_then(void),
        }
    };
    ProposalView {
        position: state.position(),
        proposal: summary(state, proposal, names),
        command: proposal.draft.command.clone(),
        now: assessment.map(|assessment| now(state, proposal, assessment, names)),
        approvals: proposal.approvals.iter().map(approval).collect(),
    }
}

fn now(state: &State, proposal: &ProposalState, assessment: &Assessment<'_>, names: &Names) -> ProposalNow {
    let prospect = assessment.prospect.as_ref();
    let ground = |Ground { kind, quorum, why }: &Ground| GroundView {
        kind: kind.as_str().to_owned(),
        quorum: *quorum,
        why: why.clone(),
    };
    let rival = |(what, other): (Named, &ProposalState)| ConflictView {
        what: what.to_string(),
        proposal: Some(other.id()),
        change: None,
    };
    let overtaken = |(what, touch): (Named, &Touch)| ConflictView {
        what: what.to_string(),
        proposal: None,
        change: Some(act(touch, names)),
    };
    let conflicts = proposal.draft.overtaken(state).into_iter().map(overtaken).chain(proposal.rivals(state).map(rival));
    ProposalNow {
        digest: prospect.map(|prospect| prospect.reach.digest.to_string()),
        blocked: assessment.blocked.as_ref().map(|refusal| Blocked {
            code: refusal.code.as_str().to_owned(),
            detail: refusal.message.clone(),
            help: refusal.help.clone(),
        }),
        quorum: prospect.map_or(0, |prospect| prospect.needed.quorum()),
        counting: prospect.map_or(0, |prospect| u32::try_from(prospect.counting()).unwrap_or(u32::MAX)),
        grounds: prospect.iter().flat_map(|prospect| &prospect.needed.grounds).map(ground).collect(),
        reaches: prospect
            .iter()
            .flat_map(|prospect: &&Prospect<'_>| &prospect.reach.flags)
            .map(ToString::to_string)
            .collect(),
        conflicts: conflicts.collect(),
        impact: prospect.map(|prospect| prospect.impact.clone()),
        plan: None,
    }
}

fn summary(state: &State, proposal: &ProposalState, names: &Names) -> ProposalSummary {
    let (status, closed) = match &proposal.outcome {
        Outcome::Open => (ProposalStatus::Open, None),
        Outcome::Landed(touch) => (ProposalStatus::Landed, Some(touch)),
        Outcome::Rejected(touch) => (ProposalStatus::Rejected, Some(touch)),
        Outcome::Withdrawn(touch) => (ProposalStatus::Withdrawn, Some(touch)),
    };
    let approvers: BTreeSet<&str> = proposal.approvals.iter().map(|approval| approval.touch.actor.as_str()).collect();
    ProposalSummary {
        id: proposal.id(),
        status,
        summary: describe::draft(state, &proposal.draft.command),
        author: proposal.author().to_owned(),
        author_name: names.get(proposal.author()).cloned(),
        made_at: proposal.made.at.clone(),
        reason: proposal.made.reason.clone(),
        amended: proposal.amended.as_ref().map(|touch| act(touch, names)),
        base: proposal.draft.base,
        names: proposal.draft.command.names().iter().map(ToString::to_string).collect(),
        approvals: proposal.approvals.len(),
        approved_by: approvers.into_iter().map(str::to_owned).collect(),
        lapsed: Vec::new(),
        closed: closed.map(|touch| act(touch, names)),
    }
}

pub(super) fn act(touch: &Touch, names: &Names) -> ActView {
    ActView {
        at: touch.at.clone(),
        actor: touch.actor.clone(),
        actor_name: names.get(&touch.actor).cloned(),
        reason: touch.reason.clone(),
        revision: touch.revision,
    }
}
