//! The flag at each stage: the rules of the cohorts, and where they stand among those that the flag had.

use super::words::cohort_words;
use super::{Percent, Rollout, RolloutState};
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::{Condition, Flag, FlagSet, Outcome, Rule, Slice, Split};
use downhaul_core::ids::Salt;

/// The attribute that percentages go by where nothing says another.
const UNIT: &str = "targetingKey";

/// Says outright what the flag's first split would say: a later edit of the flag does not move anyone.
pub fn settled(rollout: &Rollout, flag: &Flag) -> Rollout {
    let split = flag.rules.iter().find_map(|rule| match &rule.then {
        Outcome::Split(split) => Some(split),
        Outcome::Serve(_) => None,
    });
    let by = rollout.by.clone().or_else(|| split.map(|split| split.by.clone()));
    let salt = rollout.salt.clone().or_else(|| split.map(|split| split.salt.clone()));
    // A flag's key is a salt too: it is shorter, and has no characters that a salt may not have.
    let salt = salt.or_else(|| flag.key.as_str().parse::<Salt>().ok());
    Rollout { by: by.or_else(|| Some(UNIT.to_owned())), salt, ..rollout.clone() }
}

/// How many of the flag's own rules come before those of the cohorts; `None` where the rule that is named is not there.
pub(super) fn position(rollout: &Rollout, flag: &Flag) -> Option<usize> {
    match &rollout.before {
        Some(name) => flag.rules.iter().position(|rule| rule.name.as_ref() == Some(name)),
        None => {
            let first = flag.rules.iter().position(|rule| rule.when.is_empty());
            Some(first.unwrap_or(flag.rules.len()))
        }
    }
}

/// The rules of the cohorts up to a stage, without those of which another one gives at least as much.
pub(super) fn rules(rollout: &Rollout, stage: usize) -> Vec<Rule> {
    let mut cohorts: Vec<(&[Condition], Percent)> = Vec::new();
    for stage in rollout.stages.iter().take(stage) {
        match cohorts.iter_mut().find(|(when, _)| *when == stage.when) {
            Some((_, percent)) => *percent = stage.percent.max(*percent),
            None => cohorts.push((&stage.when, stage.percent)),
        }
    }
    let of_everyone = cohorts.iter().find(|(when, _)| when.is_empty()).map(|(_, percent)| *percent);
    let adds = |(when, percent): &(&[Condition], Percent)| {
        when.is_empty() || of_everyone.is_none_or(|everyone| everyone < *percent)
    };
    cohorts.into_iter().filter(adds).map(|(when, percent)| rule(rollout, when, percent)).collect()
}

/// Every cohort there is, none left out: it decides as the last stage does, and names all that any stage names.
fn every_rule(rollout: &Rollout) -> Vec<Rule> {
    rollout.stages.iter().map(|stage| rule(rollout, &stage.when, stage.percent)).collect()
}

/// What is not within the share falls to the rules that follow.
fn rule(rollout: &Rollout, when: &[Condition], percent: Percent) -> Rule {
    let variant = rollout.variant.clone();
    let then = match &rollout.salt {
        Some(salt) if !percent.is_all() => Outcome::Split(Split {
            by: rollout.by.clone().unwrap_or_else(|| UNIT.to_owned()),
            salt: salt.clone(),
            slices: vec![Slice { variant, width: percent.buckets() }],
        }),
        _ => Outcome::Serve(variant),
    };
    Rule { name: Some(cohort_words("rollout", when)), when: when.to_vec(), then }
}

fn with(base: &Flag, at: usize, own: Vec<Rule>, now: &Flag) -> Flag {
    let (before, after) = base.rules.split_at_checked(at).unwrap_or((&base.rules, &[]));
    let rules = before.iter().cloned().chain(own).chain(after.iter().cloned()).collect();
    Flag { rules, ..now.clone() }
}

/// The flag at a stage, of a rollout that begins; `None` where the rule before which it stands is not there.
pub fn beginning(rollout: &Rollout, flag: &Flag, stage: usize) -> Option<Flag> {
    Some(with(flag, position(rollout, flag)?, rules(rollout, stage), flag))
}

/// The flag with all that the rollout may give to anyone.
pub fn whole(rollout: &Rollout, flag: &Flag) -> Option<Flag> {
    Some(with(flag, position(rollout, flag)?, every_rule(rollout), flag))
}

/// Problems of the flag set with [all that a rollout may give](whole), at their places in the rollout where they are of its
/// rules.
pub fn in_stages(flag_set: &FlagSet, rollout: &Rollout, mut problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let index = flag_set.flags.iter().position(|flag| flag.key == rollout.flag);
    let at = flag_set.flag(rollout.flag.as_str()).and_then(|flag| position(rollout, flag));
    let (Some(index), Some(at)) = (index, at) else { return problems };
    let rules = format!("/flags/{index}/rules/");
    for problem in &mut problems {
        let rule = problem.place.pointer.strip_prefix(&rules).map(|rest| rest.split_once('/').unwrap_or((rest, "")));
        let stage = rule.and_then(|(rule, rest)| Some((rule.parse::<usize>().ok()?.checked_sub(at)?, rest.to_owned())));
        if let Some((stage, rest)) = stage.filter(|(stage, _)| *stage < rollout.stages.len()) {
            problem.place.pointer = format!("/stages/{stage}/{rest}");
        }
    }
    problems
}

/// The flag at a stage. `now` is the flag as it is: what does not decide is kept of it.
pub(crate) fn at_stage(state: &RolloutState, stage: usize, now: &Flag) -> Flag {
    with(&state.base, state.at, rules(&state.rollout, stage), now)
}

/// Whether somebody else has changed what the flag decides since the rollout last put it.
pub fn conflict(state: &RolloutState, now: &Flag) -> bool {
    now.rules != state.placed.rules || !now.decides_as(&state.placed)
}

/// The flag as somebody else has made it, without the rules of the rollout, and how many rules come before those; `None`
/// where they do not stand in it any more.
pub fn rebased(state: &RolloutState, now: &Flag) -> Option<(Flag, usize)> {
    let own = rules(&state.rollout, state.stage);
    if own.is_empty() {
        return Some((now.clone(), position(&state.rollout, now)?));
    }
    // Its variant has to be there as well.
    now.variant_index(&state.rollout.variant)?;
    let at = now.rules.windows(own.len()).position(|rules| rules == own)?;
    let others = now.rules.iter().take(at).chain(now.rules.iter().skip(at + own.len()));
    Some((Flag { rules: others.cloned().collect(), ..now.clone() }, at))
}
