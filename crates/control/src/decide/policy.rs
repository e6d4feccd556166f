use super::{changed_since, unknown};
use crate::policy::{Policy, problems};
use crate::refusal::{Refusal, RefusalCode};
use crate::state::State;
use downhaul_core::document::FlagSet;
use downhaul_core::ids::RegionKey;

pub(super) fn check_put(state: &State, policy: &Policy, expected: Option<u64>) -> Result<(), Refusal> {
    if let (Some(expected), Some(touch)) = (expected, &state.policy_touch)
        && touch.revision > expected
    {
        return Err(changed_since(state, "the policy", touch, expected));
    }
    let problems = problems(policy);
    if !problems.is_empty() {
        return Err(Refusal::invalid(problems));
    }
    check_heartbeat(state, policy)?;
    match unknown_region(policy, &state.flag_set) {
        Some(region) => {
            let names = state.flag_set.regions.names();
            let mut refusal = unknown("region", region.as_str(), names.iter().map(|name| name.as_str()));
            refusal.message = format!("the budget names the region `{region}`, which the environment does not have");
            Err(refusal)
        }
        None => Ok(()),
    }
}

/// Everything that requires the heartbeat flag would degrade with each beat.
fn check_heartbeat(state: &State, policy: &Policy) -> Result<(), Refusal> {
    let Some(heartbeat) = &policy.heartbeat else { return Ok(()) };
    let flag = heartbeat.flag.as_str();
    if state.flag_set.flag(flag).is_none() {
        let mut refusal = unknown("flag", flag, state.flag_set.flags.iter().map(|flag| flag.key.as_str()));
        refusal.message = format!("the heartbeat names the flag `{flag}`, which the environment does not have");
        return Err(refusal);
    }
    match state.dependents(flag).first() {
        None => Ok(()),
        Some(dependent) => Err(Refusal::new(
            RefusalCode::StillRequired,
            format!("`{dependent}` requires `{flag}`, and would degrade with every beat"),
            "name a flag on which nothing rests, made for this alone",
        )),
    }
}

/// A region that the budget names does not go unseen: nobody would be within it any more, and the budget would say nothing.
pub(super) fn check_named(state: &State, next: &FlagSet) -> Result<(), Refusal> {
    let gone = unknown_region(&state.policy, next);
    match gone.filter(|region| state.flag_set.regions.find(region.as_str()).is_some()) {
        Some(region) => Err(Refusal::new(
            RefusalCode::NamedByPolicy,
            format!("the budget of the policy names the region `{region}`, which this takes away"),
            "take it out of the policy first, or keep the region",
        )),
        None => Ok(()),
    }
}

fn unknown_region<'a>(policy: &'a Policy, flag_set: &FlagSet) -> Option<&'a RegionKey> {
    policy.budget.unknown_regions([flag_set, flag_set]).into_iter().next()
}
