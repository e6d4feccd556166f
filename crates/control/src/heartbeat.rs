//! The heartbeat: a flag that the control plane kills and restores on a schedule, so that how long a kill takes is known
//! before one is needed. Each beat is a kill and a restore like any other, signed, charted and acknowledged.

use crate::api::WithinView;
use crate::state::{KillState, State};
use downhaul_core::ids::FlagKey;

/// Who does it.
pub const ACTOR: &str = "system";

const PREFIX: &str = "beat-";

/// A beat that can be made now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    pub flag: FlagKey,
    /// The id of its kill.
    pub kill: String,
}

/// Why there is no beat now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoBeat {
    #[error("the policy names no heartbeat flag")]
    NotAsked,
    #[error("there is no flag `{0}`, which the policy names as heartbeat")]
    NoFlag(FlagKey),
    /// A freeze stops whatever changes by itself.
    #[error("the environment is frozen")]
    Frozen,
    #[error("`{flag}` is killed by {kill}")]
    Killed { flag: FlagKey, kill: String },
}

/// The next beat.
///
/// # Errors
/// Why there is none.
pub fn next(state: &State) -> Result<Beat, NoBeat> {
    let flag = &state.policy.heartbeat.as_ref().ok_or(NoBeat::NotAsked)?.flag;
    if state.flag_set.flag(flag.as_str()).is_none() {
        return Err(NoBeat::NoFlag(flag.clone()));
    }
    if state.frozen.is_some() {
        return Err(NoBeat::Frozen);
    }
    match state.kills_of(flag.as_str()).next() {
        Some(kill) => Err(NoBeat::Killed { flag: flag.clone(), kill: kill.kill.id.clone() }),
        None => Ok(Beat { flag: flag.clone(), kill: format!("{PREFIX}{}", state.kill_revision + 1) }),
    }
}

/// Kills of beats that are in force, such as one that a control plane did not come to end.
pub fn in_force(state: &State) -> impl Iterator<Item = &str> {
    state.flag_set.kills.iter().map(|kill| kill.id.as_str()).filter(|id| is_beat(id))
}

/// Whether a kill of this id is a beat.
pub fn is_beat(kill: &str) -> bool {
    kill.starts_with(PREFIX)
}

/// Bounds of the distribution: 1, 2 and 5 in each power of ten, from a millisecond to ten minutes.
const BOUNDS: [f64; 18] =
    [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 6e5];

/// How many of `times` (in milliseconds, ascending) are within each bound, from the first that has any to the first that has
/// all of them.
pub fn distribution(times: &[f64]) -> Vec<WithinView> {
    let within = |ms: f64| times.partition_point(|time| *time <= ms);
    let bounds = BOUNDS.into_iter().map(|ms| WithinView { ms, acknowledgements: within(ms) });
    let mut found: Vec<WithinView> = Vec::new();
    for bound in bounds.filter(|bound| bound.acknowledgements > 0) {
        found.push(bound);
        if bound.acknowledgements == times.len() {
            return found;
        }
    }
    // No beat lasts so long.
    found.extend(times.last().map(|slowest| WithinView { ms: *slowest, acknowledgements: times.len() }));
    found
}

impl KillState {
    /// Whether it turns the flag off for everyone and stays until somebody ends it, so that it is no use to rehearse that.
    pub(crate) fn counts_for_drills(&self) -> bool {
        self.kill.scope.is_everyone() && !is_beat(&self.kill.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_within_how_long() {
        for (times, expected) in [
            (&[][..], &[][..]),
            (&[0.4], &[(1.0, 1)]),
            (&[4.0, 5.0, 5.1, 84.0], &[(5.0, 2), (10.0, 3), (20.0, 3), (50.0, 3), (100.0, 4)]),
            (&[700_000.0], &[(700_000.0, 1)]),
        ] {
            let found: Vec<(f64, usize)> =
                distribution(times).into_iter().map(|within| (within.ms, within.acknowledgements)).collect();
            assert_eq!(found, expected, "{times:?}");
        }
    }
}
