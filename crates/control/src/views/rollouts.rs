//! Rollouts, and what they wait for.

use super::Names;
use super::proposals::act;
use crate::api::{
    ApprovalView, EnteredView, GateView, HeldView, RolloutPage, RolloutStanding, RolloutSummary, RolloutView,
    StageApproval, StageView,
};
use crate::proposal::Void;
use crate::refusal::Refusal;
use crate::rollout::{self, Gate, Gated, Next, Phase, RolloutState, Stage};
use crate::state::State;
use crate::time;
use downhaul_core::document::Guard;
use jiff::Timestamp;
use std::cmp::Ordering;

/// Newest first. `gates` says what the gates of a rollout read last.
///
/// # Errors
/// Not a fault of the one who asked.
pub fn rollouts(
    state: &State,
    names: &Names,
    now: Timestamp,
    gates: impl Fn(u64) -> Vec<GateView>,
) -> Result<RolloutPage, Refusal> {
    let all = state.rollouts.by_number.values().rev();
    let rollouts = all.map(|each| summary(state, each, names, now, &of_stage(each, gates(each.number))));
    Ok(RolloutPage { position: state.position(), rollouts: rollouts.collect::<Result<_, _>>()? })
}

/// A rollout as it stands at `now`. `gates` is what its gates read last.
///
/// # Errors
/// Not a fault of the one who asked.
pub fn rollout(
    state: &State,
    rollout: &RolloutState,
    names: &Names,
    now: Timestamp,
    gates: Vec<GateView>,
) -> Result<RolloutView, Refusal> {
    let approval = if rollout.is_ended() { None } else { rollout::gated(state, rollout, now)? };
    let gates = of_stage(rollout, gates);
    Ok(RolloutView {
        position: state.position(),
        summary: summary(state, rollout, names, now, &gates)?,
        rollout: serde_json::to_value(&rollout.rollout).unwrap_or_default(),
        stages: rollout.rollout.stages.iter().enumerate().map(|(at, each)| stage(rollout, at, each)).collect(),
        approval: approval.map(|gated| approvals(&gated, names)),
        gates,
        held: rollout
            .held
            .iter()
            .map(|held| HeldView {
                kind: held.kind.as_str().to_owned(),
                why: held.why.clone(),
                at: held.touch.at.clone(),
                revision: held.touch.revision,
            })
            .collect(),
        entered: rollout
            .marks
            .iter()
            .map(|mark| EnteredView { stage: mark.stage, change: act(&mark.touch, names) })
            .collect(),
    })
}

/// What was read of the gates of the stage that it is at: a reader may lag behind.
fn of_stage(rollout: &RolloutState, mut gates: Vec<GateView>) -> Vec<GateView> {
    let asked = rollout.current().filter(|_| rollout.phase == Phase::Running).map_or(&[][..], |stage| &stage.gates);
    gates.retain(|gate| asked.iter().any(|each| each.name == gate.name));
    gates
}

fn summary(
    state: &State,
    rollout: &RolloutState,
    names: &Names,
    now: Timestamp,
    gates: &[GateView],
) -> Result<RolloutSummary, Refusal> {
    Ok(RolloutSummary {
        id: rollout.id(),
        flag: rollout.rollout.flag.to_string(),
        variant: rollout.rollout.variant.to_string(),
        description: rollout.rollout.description.clone(),
        started: act(&rollout.started, names),
        stage: rollout.stage,
        stage_count: rollout.rollout.stages.len(),
        standing: standing(state, rollout, names, now, gates)?,
    })
}

fn standing(
    state: &State,
    rollout: &RolloutState,
    names: &Names,
    now: Timestamp,
    gates: &[GateView],
) -> Result<RolloutStanding, Refusal> {
    let plain = |kind: &str, words: String| RolloutStanding {
        kind: kind.to_owned(),
        words,
        held: None,
        until: None,
        change: None,
    };
    Ok(match rollout::next(state, rollout, now)? {
        Next::Ended | Next::Paused => match &rollout.phase {
            Phase::Ended(outcome, touch) => {
                let words = outcome.as_str().replace('-', " ");
                RolloutStanding { change: Some(act(touch, names)), ..plain(outcome.as_str(), words) }
            }
            Phase::Paused(touch) => {
                let by = names.get(&touch.actor).unwrap_or(&touch.actor);
                let words = format!("paused by {by}: {}", touch.reason);
                RolloutStanding { change: Some(act(touch, names)), ..plain("paused", words) }
            }
            Phase::Running => plain("due", String::new()),
        },
        Next::Blocked(obstacle) => {
            let words = format!("held: {}", obstacle.words());
            RolloutStanding { held: Some(obstacle.as_str().to_owned()), ..plain("held", words) }
        }
        Next::Baking { until } => {
            let until = time::to_text(until);
            RolloutStanding { until: Some(until.clone()), ..plain("baking", format!("bakes until {until}")) }
        }
        Next::Approval { needed, counting } => plain("approval", format!("waits for approval: {counting} of {needed}")),
        Next::Due { gates: asked } => due(rollout, (asked, is_guarded(state, rollout)), gates, plain),
    })
}

/// Whether guards are asked before the next stage.
fn is_guarded(state: &State, rollout: &RolloutState) -> bool {
    let flag = state.flag_set.flag(rollout.rollout.flag.as_str());
    let asks = |guard: &Guard| guard.variant == rollout.rollout.variant && !guard.is_dry_run();
    rollout.next_stage().is_some() && rollout.stage > 0 && flag.is_some_and(|flag| flag.guards.iter().any(asks))
}

/// Everything but what has to be asked for outside.
fn due(
    rollout: &RolloutState,
    (asked, guarded): (&[Gate], bool),
    gates: &[GateView],
    plain: impl Fn(&str, String) -> RolloutStanding,
) -> RolloutStanding {
    // What is read now says more than what was charted once.
    let in_the_way = gates.iter().find(|gate| !gate.holds);
    if let Some(gate) = in_the_way {
        let held = rollout.held.last().map(|held| held.kind.as_str().to_owned());
        return RolloutStanding { held, ..plain("held", format!("held: {}", gate_words(gate))) };
    }
    if let Some(held) = rollout.held.last() {
        return RolloutStanding {
            held: Some(held.kind.as_str().to_owned()),
            ..plain("held", format!("held: {}", held.why))
        };
    }
    match (asked.is_empty(), guarded) {
        (true, false) => plain("due", "goes on now".to_owned()),
        (true, true) => plain("gates", "asks its guards".to_owned()),
        (false, _) => plain("gates", "asks its gates".to_owned()),
    }
}

/// `errors reads 0.2, which does not hold`
fn gate_words(gate: &GateView) -> String {
    match (&gate.problem, gate.value) {
        (Some(problem), _) => format!("`{}`: {problem}", gate.name),
        (None, value) => format!("`{}` reads {}, which does not hold", gate.name, value.unwrap_or(f64::NAN)),
    }
}

fn stage(rollout: &RolloutState, at: usize, stage: &Stage) -> StageView {
    let number = at + 1;
    let was_entered = || rollout.marks.iter().any(|mark| mark.stage == number);
    let state = match (number.cmp(&rollout.stage), rollout.is_ended()) {
        (Ordering::Less, _) | (Ordering::Equal, true) => "passed",
        (Ordering::Equal, false) => "current",
        (Ordering::Greater, false) => "waiting",
        (Ordering::Greater, true) if was_entered() => "taken-back",
        (Ordering::Greater, true) => "left-out",
    };
    StageView {
        number,
        name: stage.name.clone(),
        cohort: rollout::cohort(stage),
        percent: f64::from(stage.percent.buckets()) / 1000.0,
        bake_seconds: stage.bake_seconds,
        approvals: stage.approvals.get(),
        gates: stage.gates.iter().map(words_of_gate).collect(),
        state: state.to_owned(),
    }
}

fn words_of_gate(gate: &Gate) -> String {
    let time = if gate.for_seconds == 0 { String::new() } else { format!(" for {} s", gate.for_seconds) };
    format!("{} {}{time}", gate.name, gate.condition)
}

fn approvals(gated: &Gated<'_>, names: &Names) -> StageApproval {
    StageApproval {
        stage: gated.stage,
        digest: gated.digest.to_string(),
        needed: gated.needed,
        counting: gated.counting(),
        approvals: gated
            .standing
            .iter()
            .map(|standing| ApprovalView {
                act: act(&standing.approval.touch, names),
                counts: Some(standing.void.is_none()),
                void: standing.void.as_ref().map(Void::words),
            })
            .collect(),
    }
}
