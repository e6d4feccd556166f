//! The heartbeat: a flag that the control plane kills and restores on a schedule, so that how long a kill takes is known
//! before one is needed. Each beat is a kill and a restore like any other, signed, charted and acknowledged.

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

impl KillState {
    /// Whether it turns the flag off for everyone and stays until somebody ends it, so that it is no use to rehearse that.
    pub(crate) fn counts_for_drills(&self) -> bool {
        self.kill.scope.is_everyone() && !is_beat(&self.kill.id)
    }
}
