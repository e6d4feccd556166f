use crate::state::State;
use downhaul_core::ids::FlagKey;

/// The order in which flags are to be killed: those that require others before what they require, so that none is left on
/// with its prerequisite gone. Otherwise as given, each once.
pub fn kill_order(state: &State, flags: &[FlagKey]) -> Vec<FlagKey> {
    let mut left: Vec<&FlagKey> = Vec::new();
    for flag in flags {
        if !left.contains(&flag) {
            left.push(flag);
        }
    }
    let mut order = Vec::new();
    while !left.is_empty() {
        let is_free = |flag: &&FlagKey| {
            let dependents = state.degrades_with(flag.as_str());
            !left.iter().any(|other| other != flag && dependents.contains(other))
        };
        // Prerequisites have no cycles; were there one, its first flag would go first.
        let next = left.iter().position(is_free).unwrap_or(0);
        order.push(left.remove(next).clone());
    }
    order
}
