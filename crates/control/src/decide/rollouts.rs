//! What is asked of rollouts: whether a stage may be entered now, and whether a flag is put as the rollout says.

use super::proposals::Asker;
use crate::command::Command;
use crate::fold::define;
use crate::refusal::{Refusal, RefusalCode};
use crate::role::Authority;
use crate::rollout::{self, Gate, Next, Phase, Reading, Rollout, RolloutEvent, RolloutState};
use crate::state::State;
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::{Flag, FlagSet};
use jiff::Timestamp;

/// Of a command that is about rollouts.
pub(super) fn check(state: &State, command: &Command) -> Result<(), Refusal> {
    match command {
        Command::StartRollout { rollout, .. } => check_start(state, command, rollout),
        Command::Rollout { rollout, from, event } => {
            let known = rollout::going_on(state, *rollout, *from)?;
            if let Some(put) = event.put() {
                check_put(state, known, event, put)?;
            }
            check_event(state, known, event)
        }
        _ => Ok(()),
    }
}

/// What depends on who asks, and when.
pub(super) fn check_asker(state: &State, command: &Command, asker: Asker<'_>) -> Result<(), Refusal> {
    let Command::Rollout { rollout, from, event } = command else { return Ok(()) };
    let known = rollout::going_on(state, *rollout, *from)?;
    if event.is_automatic() && *asker.authority != Authority::Root {
        return Err(Refusal::new(
            RefusalCode::NotPermitted,
            format!("`{}` is for the control plane alone", event.name()),
            "it goes on by itself once its stage has baked",
        ));
    }
    match &**event {
        RolloutEvent::Advance { readings, .. } | RolloutEvent::Finish { readings } => {
            check_gates(known, due(state, known, asker.at)?, readings)
        }
        RolloutEvent::Hold { kind, .. } => {
            due(state, known, asker.at)?;
            match known.held.iter().find(|held| held.kind == *kind) {
                None => Ok(()),
                Some(held) => Err(already(format!("that was charted at revision {}", held.touch.revision))),
            }
        }
        RolloutEvent::Approve { digest, .. } => {
            let Some(gated) = rollout::gated(state, known, asker.at)? else {
                return Err(Refusal::new(
                    RefusalCode::NotNow,
                    format!("nobody has to approve the next stage of {}", known.id()),
                    "it is entered once this stage has baked",
                ));
            };
            check_not_author(state, known, asker.actor)?;
            if gated.digest != *digest {
                return Err(Refusal::new(
                    RefusalCode::ChangedSince,
                    format!("what stage {} of {} would do now is not what was looked at", gated.stage, known.id()),
                    format!("look at it again: `downhaul rollout show {}`", known.id()),
                ));
            }
            let is_same = known.approvals.iter().find(|each| each.touch.actor == asker.actor && each.digest == *digest);
            match is_same {
                None => Ok(()),
                Some(approval) => Err(already(format!(
                    "{} approved exactly this at revision {}",
                    asker.actor, approval.touch.revision
                ))),
            }
        }
        RolloutEvent::Pause
        | RolloutEvent::Resume
        | RolloutEvent::StepBack { .. }
        | RolloutEvent::RollBack { .. }
        | RolloutEvent::End => Ok(()),
    }
}

fn check_start(state: &State, command: &Command, rollout: &Rollout) -> Result<(), Refusal> {
    if rollout::start(state, rollout)? == *command {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::ChangedSince,
        format!("`{}` is not as it was when this was written", rollout.flag),
        "load it again and repeat the start",
    ))
}

/// The flag is what the rollout makes of it, and nothing else.
fn check_put(state: &State, known: &RolloutState, event: &RolloutEvent, put: &Flag) -> Result<(), Refusal> {
    let stage = match event {
        RolloutEvent::Advance { .. } => known.stage + 1,
        RolloutEvent::StepBack { .. } => known.stage.saturating_sub(1),
        _ => 0,
    };
    if rollout::put(state, known, stage)? == *put {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::ChangedSince,
        format!("`{}` at stage {stage} of {} is not what is to be put", put.key, known.id()),
        "ask for it again",
    ))
}

fn check_event(state: &State, known: &RolloutState, event: &RolloutEvent) -> Result<(), Refusal> {
    let id = known.id();
    match event {
        RolloutEvent::Advance { .. } if known.next_stage().is_none() => Err(not_at(known, "the last stage")),
        RolloutEvent::Finish { .. } if known.next_stage().is_some() => {
            Err(not_at(known, "another stage than the last"))
        }
        RolloutEvent::StepBack { .. } if known.stage == 0 => Err(not_at(known, "no stage that could be left")),
        RolloutEvent::RollBack { put: None } if known.stage > 0 => Err(not_at(known, "a stage that has to be left")),
        RolloutEvent::Pause => match &known.phase {
            Phase::Paused(touch) => Err(already(format!("{id} is paused since {} by {}", touch.at, touch.actor))),
            _ => Ok(()),
        },
        RolloutEvent::Resume => {
            let key = known.rollout.flag.as_str();
            let edited = state.flag_set.flag(key).filter(|now| rollout::conflict(known, now));
            match edited {
                Some(now) if rollout::rebased(known, now).is_none() => Err(Refusal::new(
                    RefusalCode::ChangedSince,
                    format!("the rules of {id} do not stand in `{key}` any more, as it was edited"),
                    format!("end it with `downhaul rollout end {id}`, and start another one on the flag as it is"),
                )),
                None if known.phase == Phase::Running => Err(already(format!("{id} is not paused"))),
                _ => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// The gates of a stage that has baked, and whose next one is approved.
fn due<'a>(state: &State, known: &'a RolloutState, at: Timestamp) -> Result<&'a [Gate], Refusal> {
    let why = match rollout::next(state, known, at)? {
        Next::Due { gates } => return Ok(gates),
        Next::Ended => "it is over".to_owned(),
        Next::Paused => "it is paused".to_owned(),
        Next::Blocked(obstacle) => obstacle.words(),
        Next::Baking { until } => format!("stage {} bakes until {}", known.stage, crate::time::to_text(until)),
        Next::Approval { needed, counting } => format!("it has {counting} of {needed} approvals"),
    };
    Err(Refusal::new(RefusalCode::NotNow, format!("{} does not go on now: {why}", known.id()), "look at it again"))
}

/// One reading for each gate, and each of them holds: without data nothing goes on.
fn check_gates(known: &RolloutState, gates: &[Gate], readings: &[Reading]) -> Result<(), Refusal> {
    let holds = |gate: &Gate| readings.iter().any(|each| each.gate == gate.name && gate.condition.holds(each.value));
    if readings.len() == gates.len() && gates.iter().all(holds) {
        return Ok(());
    }
    let message = format!("the gates of stage {} of {} do not hold", known.stage, known.id());
    Err(Refusal::new(RefusalCode::NotNow, message, "it goes on once each of them holds"))
}

fn check_not_author(state: &State, known: &RolloutState, actor: &str) -> Result<(), Refusal> {
    if state.policy.approvals.by_author || !crate::proposal::is_of(state, &known.authors, actor) {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::SelfApproval,
        format!(
            "{actor} started {}, and the policy of {} lets nobody approve their own",
            known.id(),
            state.environment()
        ),
        "someone else who is approver has to look at it",
    ))
}

/// The flag set with all that a rollout that starts may come to give: what it is judged by. `after` has its first stage.
pub(super) fn most(state: &State, command: &Command, after: &FlagSet) -> Option<FlagSet> {
    let Command::StartRollout { rollout, .. } = command else { return None };
    let flag = state.flag_set.flag(rollout.flag.as_str())?;
    let mut most = after.clone();
    most.flags.put(rollout::whole(rollout, flag)?);
    Some(most)
}

/// Problems of the flag set with all that a rollout may give, at their places in the rollout.
pub(super) fn in_stages(state: &State, command: &Command, problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    match command {
        Command::StartRollout { rollout, .. } => rollout::in_stages(&state.flag_set, rollout, problems),
        _ => problems,
    }
}

/// What someone should know who edits a flag that is being rolled out.
pub(super) fn warnings(state: &State, command: &Command, at: &str) -> Vec<Diagnostic> {
    if command.staged().is_some() || !command.defines() {
        return Vec::new();
    }
    let mut next = state.flag_set.clone();
    match command {
        Command::Apply { commands } => commands.iter().for_each(|command| define(&mut next, command, at)),
        command => define(&mut next, command, at),
    }
    let warning = |known: &RolloutState| {
        let index = next.flags.iter().position(|flag| flag.key == known.rollout.flag)?;
        let flag = next.flags.get(index)?;
        if !rollout::conflict(known, flag) {
            return None;
        }
        let (id, key) = (known.id(), &flag.key);
        let problem = Diagnostic::warning(
            "rollout-active",
            format!("/flags/{index}"),
            format!("{id} of `{key}` goes on, and is held by this edit"),
        );
        Some(problem.help(format!(
            "`downhaul rollout resume {id}` takes the flag as it is then, if the rules of {id} still stand in it"
        )))
    };
    state.rollouts.going_on().filter_map(|known| warning(known)).collect()
}

/// A flag that is being rolled out stays.
pub(super) fn check_retire(state: &State, key: &str) -> Result<(), Refusal> {
    match state.rollouts.of_flag(key) {
        None => Ok(()),
        Some(known) => Err(Refusal::new(
            RefusalCode::RolloutActive,
            format!("`{key}` is being rolled out by {}", known.id()),
            rollout::end_first(&known.id()),
        )),
    }
}

fn not_at(known: &RolloutState, what: &str) -> Refusal {
    let message = format!("{} is at {what}", known.id());
    Refusal::new(RefusalCode::NotNow, message, "look at the rollout again")
}

fn already(message: String) -> Refusal {
    Refusal::new(RefusalCode::AlreadyDone, message, "there is nothing left to do")
}
