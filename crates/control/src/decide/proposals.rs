//! What is said about proposals: made, amended, approved, rejected, withdrawn, carried out.

use super::{after, unknown};
use crate::api::Role;
use crate::command::Command;
use crate::proposal::{Approval, Draft, Outcome, ProposalState, Reach, id};
use crate::refusal::{Refusal, RefusalCode};
use crate::role::Authority;
use crate::state::State;
use downhaul_core::validate::Valid;
use jiff::Timestamp;

/// Open proposals of an environment.
const OPEN: usize = 200;

/// Who says it, by what right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) actor: &'a str,
    pub(super) authority: &'a Authority,
    pub(super) at: Timestamp,
}

/// Of a command that is about proposals.
pub(super) fn check(state: &State, valid: &Valid, command: &Command, asker: Asker<'_>) -> Result<(), Refusal> {
    match command {
        Command::Propose { proposal, draft } => {
            if *proposal != state.proposals.next() {
                let message = format!("the next proposal is {}, not {}", id(state.proposals.next()), id(*proposal));
                return Err(Refusal::new(RefusalCode::TakenId, message, "try again"));
            }
            if state.proposals.open().count() >= OPEN {
                return Err(Refusal::new(
                    RefusalCode::TooManyProposals,
                    format!("{OPEN} proposals are open, which is the limit"),
                    "land, reject or withdraw some: `downhaul proposals list`",
                ));
            }
            check_draft(state, valid, draft, None, asker.at).map(drop)
        }
        Command::Amend { proposal, draft } => {
            open(state, *proposal)?;
            check_draft(state, valid, draft, None, asker.at).map(drop)
        }
        Command::Approve { proposal, digest, .. } => {
            let known = open(state, *proposal)?;
            check_not_author(state, known, asker.actor)?;
            let reach = check_draft(state, valid, &known.draft, Some(known), asker.at)?;
            if reach.digest != *digest {
                return Err(Refusal::new(
                    RefusalCode::ChangedSince,
                    format!("what {} would do now is not what was looked at", known.id()),
                    format!("look at it again: `downhaul proposals show {}`", known.id()),
                ));
            }
            let is_same = |approval: &&Approval| approval.touch.actor == asker.actor && approval.digest == *digest;
            match known.approvals.iter().find(is_same) {
                None => Ok(()),
                Some(approval) => Err(Refusal::new(
                    RefusalCode::AlreadyDone,
                    format!("{} approved exactly this at revision {}", asker.actor, approval.touch.revision),
                    format!("if enough others have: `downhaul land {}`", known.id()),
                )),
            }
        }
        Command::Reject { proposal } => open(state, *proposal).map(drop),
        Command::Withdraw { proposal } => {
            let known = open(state, *proposal)?;
            let is_admin = state.roles_of(asker.authority, asker.actor, asker.at)?.has(Role::Admin);
            if known.authors.contains(asker.actor) || is_admin {
                return Ok(());
            }
            Err(Refusal::new(
                RefusalCode::NotPermitted,
                format!("{} is of {}, and only its authors or an admin withdraw it", known.id(), known.author()),
                format!("whoever is approver rejects it: `downhaul reject {}`", known.id()),
            ))
        }
        _ => Ok(()),
    }
}

/// The open proposal that a command carries out.
pub(super) fn landing<'a>(state: &'a State, command: &Command, proposal: u64) -> Result<&'a ProposalState, Refusal> {
    let known = open(state, proposal)?;
    if known.draft.command != *command {
        return Err(Refusal::new(
            RefusalCode::ChangedSince,
            format!("{} was amended meanwhile", known.id()),
            format!("look at it again: `downhaul proposals show {}`", known.id()),
        ));
    }
    check_base(state, &known.draft, Some(known))?;
    Ok(known)
}

/// What a draft reaches now, if it could be carried out at all; `known` is its proposal, where it was made before.
/// Whether it is frozen, or has to be approved, is not asked.
pub(super) fn check_draft(
    state: &State,
    valid: &Valid,
    draft: &Draft,
    known: Option<&ProposalState>,
    at: Timestamp,
) -> Result<Reach, Refusal> {
    let Draft { command, base } = draft;
    let may_wait = command.is_edit() || matches!(command, Command::Restore { .. } | Command::PutPolicy { .. });
    if !may_wait {
        return Err(Refusal::new(
            RefusalCode::Invalid,
            format!("`{}` cannot be proposed", command.name()),
            "ask for it by itself; definitions, rollouts, restores and policies can be proposed, and a kill never waits",
        ));
    }
    if *base > state.flag_set.revision {
        let message = format!("revision {base}, which it started from, is not there yet");
        return Err(Refusal::new(RefusalCode::Invalid, message, "name the revision that was looked at"));
    }
    check_base(state, draft, known)?;
    match after(state, valid, command, at, None)? {
        Some(next) => Reach::of(state, command, next.most().document()),
        None => Err(so_already()),
    }
}

pub(super) fn so_already() -> Refusal {
    Refusal::new(RefusalCode::AlreadyDone, "it is so already", "there is nothing to propose or to land")
}

fn check_base(state: &State, draft: &Draft, known: Option<&ProposalState>) -> Result<(), Refusal> {
    let (what, help) = match known {
        Some(known) => {
            let help = "look at what has changed, and put the proposal on top of it: `downhaul propose … --amend";
            (known.id(), format!("{help} {}`", known.id()))
        }
        None => {
            let help = format!("load it again and propose it on revision {}", state.flag_set.revision);
            ("this".to_owned(), help)
        }
    };
    draft.check_base(state, &what, &help)
}

fn check_not_author(state: &State, known: &ProposalState, actor: &str) -> Result<(), Refusal> {
    if state.policy.approvals.by_author || !known.is_of(state, actor) {
        return Ok(());
    }
    let wrote = if known.author() == actor {
        "wrote"
    } else if known.authors.contains(actor) {
        "amended"
    } else {
        "is a machine of someone who wrote"
    };
    Err(Refusal::new(
        RefusalCode::SelfApproval,
        format!(
            "{actor} {wrote} {}, and the policy of {} lets nobody approve their own",
            known.id(),
            state.environment()
        ),
        "someone else who is approver has to look at it",
    ))
}

fn open(state: &State, proposal: u64) -> Result<&ProposalState, Refusal> {
    let Some(known) = state.proposals.by_number.get(&proposal) else {
        let ids: Vec<String> = state.proposals.by_number.keys().map(|number| id(*number)).collect();
        return Err(unknown("proposal", &id(proposal), ids.iter().map(String::as_str)));
    };
    let (what, touch) = match &known.outcome {
        Outcome::Open => return Ok(known),
        Outcome::Landed(touch) => ("landed", touch),
        Outcome::Rejected(touch) => ("was rejected", touch),
        Outcome::Withdrawn(touch) => ("was withdrawn", touch),
    };
    Err(Refusal::new(
        RefusalCode::AlreadyDone,
        format!("{} {what} at revision {} by {} (`{}`)", known.id(), touch.revision, touch.actor, touch.reason),
        "there is nothing left to do; propose it anew if it is still wanted",
    ))
}
