//! Kills that nobody asked for: by guards, and by the breakers of the fleet. Each is well founded by itself; that there are
//! not too many of them is seen to here, as a detector that is wrong is wrong for many flags at once.

use crate::state::State;
use crate::time;
use jiff::{SignedDuration, Timestamp};

const GUARD: &str = "guard-";
/// Of kills by the breakers of the fleet.
pub const FLEET: &str = "fleet-";

/// What these are by, where guards are named.
pub const FLEET_BREAKER: &str = "fleet-breaker";

/// Whether a kill of this id was made by nobody.
pub fn is_automatic(kill: &str) -> bool {
    kill.starts_with(GUARD) || kill.starts_with(FLEET)
}

/// How many the policy still allows at `at`.
pub fn left(state: &State, at: Timestamp) -> usize {
    let policy = &state.policy.automatic;
    let span = SignedDuration::from_secs(i64::from(policy.seconds.get()));
    let kills = state.kills.values().filter(|kill| is_automatic(&kill.kill.id));
    let recent = kills.filter(|kill| {
        // What cannot be read was just now.
        time::from_text(&kill.kill.at).is_none_or(|made| at.duration_since(made) < span)
    });
    policy.kills.size().saturating_sub(recent.count())
}
