use super::event::RolloutEvent;
use super::state::{Held, Mark, Outcome, Phase, RolloutState, Rollouts};
use super::{Rollout, place, rebased};
use crate::change::Change;
use crate::command::Command;
use crate::fold::touch;
use crate::proposal::Approval;
use downhaul_core::document::{Flag, FlagSet};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a change does to rollouts. Never refuses. `before` is the flag set without what it puts.
pub(crate) fn fold(rollouts: &mut Rollouts, before: &FlagSet, command: &Command, change: &Change) {
    match command {
        Command::StartRollout { rollout, put } => start(rollouts, before, rollout, put.as_deref(), change),
        Command::Rollout { rollout, from, event } => {
            if let Some(known) = rollouts.by_number.get_mut(rollout) {
                let known = Arc::make_mut(known);
                happened(known, before.flag(known.rollout.flag.as_str()).cloned(), *from, event, change);
            }
            forget(rollouts);
        }
        // What a backup holds may be long past: somebody looks at it first.
        Command::RestoreBackup { .. } => {
            for known in rollouts.by_number.values_mut().filter(|known| !known.is_ended()) {
                Arc::make_mut(known).phase = Phase::Paused(touch(change));
            }
        }
        _ => {}
    }
}

fn start(rollouts: &mut Rollouts, before: &FlagSet, rollout: &Rollout, put: Option<&Flag>, change: &Change) {
    rollouts.started += 1;
    let Some(base) = before.flag(rollout.flag.as_str()) else { return };
    let landed = change.landed.as_ref().map(|landed| landed.author.clone());
    let stage = usize::from(put.is_some());
    let begun = RolloutState {
        number: rollouts.started,
        rollout: rollout.clone(),
        started: touch(change),
        authors: BTreeSet::from_iter(landed.into_iter().chain([change.actor.clone()])),
        at: place::position(rollout, base).unwrap_or(base.rules.len()),
        placed: put.unwrap_or(base).clone(),
        base: base.clone(),
        stage,
        entered: touch(change),
        baking_since: change.at.clone(),
        phase: Phase::Running,
        approvals: Vec::new(),
        held: Vec::new(),
        marks: (stage > 0).then(|| Mark { stage, touch: touch(change) }).into_iter().collect(),
    };
    rollouts.by_number.insert(begun.number, Arc::new(begun));
}

fn happened(rollout: &mut RolloutState, now: Option<Flag>, from: usize, event: &RolloutEvent, change: &Change) {
    match event {
        RolloutEvent::Advance { put, .. } => enter(rollout, from + 1, put, change),
        RolloutEvent::StepBack { put } => {
            enter(rollout, from.saturating_sub(1), put, change);
            rollout.phase = Phase::Paused(touch(change));
        }
        RolloutEvent::RollBack { put } => {
            if let Some(put) = put {
                enter(rollout, 0, put, change);
            }
            rollout.phase = Phase::Ended(Outcome::RolledBack, touch(change));
        }
        RolloutEvent::Finish { .. } => rollout.phase = Phase::Ended(Outcome::Complete, touch(change)),
        RolloutEvent::End => rollout.phase = Phase::Ended(Outcome::Ended, touch(change)),
        RolloutEvent::Hold { kind, why } => {
            rollout.held.push(Held { kind: *kind, why: why.clone(), touch: touch(change) });
        }
        RolloutEvent::Approve { digest, root } => {
            rollout.approvals.retain(|approval| approval.touch.actor != change.actor);
            rollout.approvals.push(Approval { touch: touch(change), digest: *digest, root: *root });
        }
        RolloutEvent::Pause => rollout.phase = Phase::Paused(touch(change)),
        RolloutEvent::Resume => {
            if let Some(now) = now.filter(|now| place::conflict(rollout, now))
                && let Some((base, at)) = rebased(rollout, &now)
            {
                (rollout.base, rollout.at, rollout.placed) = (base, at, now);
            }
            rollout.phase = Phase::Running;
            rollout.baking_since.clone_from(&change.at);
        }
    }
}

fn enter(rollout: &mut RolloutState, stage: usize, put: &Flag, change: &Change) {
    rollout.stage = stage;
    rollout.placed = put.clone();
    rollout.entered = touch(change);
    rollout.baking_since.clone_from(&change.at);
    rollout.approvals.clear();
    rollout.held.clear();
    rollout.marks.push(Mark { stage, touch: touch(change) });
}

fn forget(rollouts: &mut Rollouts) {
    let ended: Vec<u64> =
        rollouts.by_number.iter().filter(|(_, known)| known.is_ended()).map(|(number, _)| *number).collect();
    for number in ended.iter().take(ended.len().saturating_sub(Rollouts::ENDED)) {
        rollouts.by_number.remove(number);
    }
}
