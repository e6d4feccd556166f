//! The commands that take a rollout on or back, as a state is.

use super::event::{HoldKind, Reading, RolloutEvent};
use super::{Rollout, RolloutState, at_stage, conflict, id, place, validate};
use crate::api::RolloutAct;
use crate::command::Command;
use crate::decide::unknown;
use crate::refusal::{Refusal, RefusalCode};
use crate::state::State;
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::Flag;
use std::sync::Arc;

/// The command that starts a rollout: its first stage is entered at once, unless others have to approve that.
///
/// # Errors
/// What is wrong with it, or another rollout of the flag goes on.
pub fn start(state: &State, rollout: &Rollout) -> Result<Command, Refusal> {
    let problems = validate::problems(state, rollout);
    if problems.iter().any(Diagnostic::is_error) {
        return Err(Refusal::invalid(problems));
    }
    if let Some(other) = state.rollouts.of_flag(rollout.flag.as_str()) {
        return Err(Refusal::new(
            RefusalCode::RolloutActive,
            format!("{} of `{}` goes on", other.id(), rollout.flag),
            format!("wait for its end, or end it with `downhaul rollout end {}`", other.id()),
        ));
    }
    let flag = flag(state, rollout)?;
    let rollout = place::settled(rollout, flag);
    let is_open = rollout.stages.first().is_some_and(|stage| stage.approvals.get() == 0);
    let put = if is_open { place::beginning(&rollout, flag, 1).map(Box::new) } else { None };
    Ok(Command::StartRollout { rollout: Box::new(rollout), put })
}

/// The command that takes a rollout on from a stage: to the next, or, from the last, to its end.
///
/// # Errors
/// It is at another stage by now, or over, or somebody else has edited the flag.
pub fn advance(state: &State, number: u64, from: usize, readings: Vec<Reading>) -> Result<Command, Refusal> {
    let rollout = going_on(state, number, from)?;
    let event = if rollout.next_stage().is_some() {
        RolloutEvent::Advance { readings, put: Box::new(put(state, rollout, from + 1)?) }
    } else {
        RolloutEvent::Finish { readings }
    };
    Ok(command(number, from, event))
}

/// The command that charts why a rollout stays at a stage.
pub fn hold(number: u64, from: usize, kind: HoldKind, why: String) -> Command {
    command(number, from, RolloutEvent::Hold { kind, why })
}

/// What a person asks for; `from` is the stage that is meant, where that was said.
///
/// # Errors
/// It is at another stage by now, or over; and of a way back, somebody else has edited the flag.
pub fn act(state: &State, number: u64, from: Option<usize>, act: RolloutAct) -> Result<Command, Refusal> {
    let known = state.rollouts.by_number.get(&number);
    let from = from.unwrap_or_else(|| known.map_or(0, |known| known.stage));
    let rollout = going_on(state, number, from)?;
    let event = match act {
        RolloutAct::Pause => RolloutEvent::Pause,
        RolloutAct::Resume => RolloutEvent::Resume,
        RolloutAct::End => RolloutEvent::End,
        RolloutAct::StepBack => {
            let Some(before) = from.checked_sub(1) else {
                return Err(Refusal::new(
                    RefusalCode::NotNow,
                    format!("{} has not entered its first stage", rollout.id()),
                    format!("nobody was given anything yet; `downhaul rollout end {}` ends it", rollout.id()),
                ));
            };
            RolloutEvent::StepBack { put: Box::new(put(state, rollout, before)?) }
        }
        RolloutAct::RollBack if from == 0 => RolloutEvent::RollBack { put: None },
        RolloutAct::RollBack => RolloutEvent::RollBack { put: Some(Box::new(put(state, rollout, 0)?)) },
    };
    Ok(command(number, from, event))
}

fn command(rollout: u64, from: usize, event: RolloutEvent) -> Command {
    Command::Rollout { rollout, from, event: Box::new(event) }
}

/// A rollout that is at this stage and has not ended.
pub(crate) fn going_on(state: &State, number: u64, from: usize) -> Result<&Arc<RolloutState>, Refusal> {
    let Some(rollout) = state.rollouts.by_number.get(&number) else {
        let ids: Vec<String> = state.rollouts.by_number.keys().map(|number| id(*number)).collect();
        return Err(unknown("rollout", &id(number), ids.iter().map(String::as_str)));
    };
    if let super::Phase::Ended(outcome, touch) = &rollout.phase {
        return Err(Refusal::new(
            RefusalCode::AlreadyDone,
            format!("{} is over: {} at revision {} by {}", rollout.id(), outcome.as_str(), touch.revision, touch.actor),
            "there is nothing left to do; start another one if it is still wanted",
        ));
    }
    if rollout.stage != from {
        return Err(Refusal::new(
            RefusalCode::NotNow,
            format!("{} is at stage {} by now, and stage {from} was meant", rollout.id(), rollout.stage),
            "look at the rollout again; someone else may have been first",
        ));
    }
    Ok(rollout)
}

/// The flag at a stage of a rollout, where nobody else has edited it.
pub(crate) fn put(state: &State, rollout: &RolloutState, stage: usize) -> Result<Flag, Refusal> {
    let now = flag(state, &rollout.rollout)?;
    if !conflict(rollout, now) {
        return Ok(at_stage(rollout, stage, now));
    }
    let id = rollout.id();
    let why = super::Obstacle::Edited(state.defined(&crate::proposal::Named::Flag(now.key.clone())).cloned()).words();
    Err(Refusal::new(
        RefusalCode::ChangedSince,
        format!("{why} since {id} put it, and {id} overwrites nobody's edit"),
        format!(
            "`downhaul rollout resume {id}` takes the flag as it is now, `downhaul rollout end {id}` leaves it so; a kill goes on whatever was edited"
        ),
    ))
}

fn flag<'a>(state: &'a State, rollout: &Rollout) -> Result<&'a Flag, Refusal> {
    let key = rollout.flag.as_str();
    state
        .flag_set
        .flag(key)
        .ok_or_else(|| unknown("flag", key, state.flag_set.flags.iter().map(|flag| flag.key.as_str())))
}
