//! Rollouts in words.

use super::event::RolloutEvent;
use super::{Rollout, Stage, id};
use crate::state::State;
use downhaul_core::document::Condition;
use downhaul_core::explain::whole_condition_words;

/// Longest name of a rule, in characters.
const NAME: usize = 200;

/// The name of a cohort's rule, such as `rollout: tenant acme`: the same at every stage, so that it is the same rule that grows.
pub(super) fn cohort_words(prefix: &str, when: &[Condition]) -> String {
    if when.is_empty() {
        return prefix.to_owned();
    }
    let words = format!("{prefix}: {}", when.iter().map(whole_condition_words).collect::<Vec<_>>().join(" and "));
    if words.chars().count() <= NAME { words } else { words.chars().take(NAME).chain(['…']).collect() }
}

/// Whom a stage adds, such as `5 % of everyone` or `tenant acme`.
pub fn cohort(stage: &Stage) -> String {
    let who = if stage.when.is_empty() {
        "everyone".to_owned()
    } else {
        stage.when.iter().map(whole_condition_words).collect::<Vec<_>>().join(" and ")
    };
    if stage.percent.is_all() { who } else { format!("{} of {who}", stage.percent) }
}

/// `stage 2 of 4 (5 % of everyone)`
pub(crate) fn stage_words(rollout: &Rollout, stage: usize) -> String {
    let all = rollout.stages.len();
    match stage.checked_sub(1).and_then(|at| rollout.stages.get(at)) {
        Some(each) => format!("stage {stage} of {all} ({})", cohort(each)),
        None => format!("stage {stage} of {all}"),
    }
}

/// What happened, in words. `state` is any state after the change.
pub(crate) fn event_words(state: &State, number: u64, from: usize, event: &RolloutEvent) -> String {
    let known = state.rollouts.by_number.get(&number);
    let subject = match known {
        Some(known) => format!("{} of `{}`", id(number), known.rollout.flag),
        None => id(number),
    };
    let stage = |stage: usize| match known {
        Some(known) => stage_words(&known.rollout, stage),
        None => format!("stage {stage}"),
    };
    match event {
        RolloutEvent::Advance { .. } => format!("{subject}: entered {}", stage(from + 1)),
        RolloutEvent::Finish { .. } => format!("{subject}: complete"),
        RolloutEvent::Hold { why, .. } => format!("{subject}: held at {}: {why}", stage(from)),
        RolloutEvent::Approve { .. } => format!("{subject}: approved that {} is entered", stage(from + 1)),
        RolloutEvent::Pause => format!("{subject}: paused at {}", stage(from)),
        RolloutEvent::Resume => format!("{subject}: resumed at {}", stage(from)),
        RolloutEvent::StepBack { .. } => match from.saturating_sub(1) {
            0 => format!("{subject}: stepped back to before its first stage"),
            before => format!("{subject}: stepped back to {}", stage(before)),
        },
        RolloutEvent::RollBack { .. } => format!("{subject}: rolled back from {}", stage(from)),
        RolloutEvent::End => format!("{subject}: ended at {}", stage(from)),
    }
}
