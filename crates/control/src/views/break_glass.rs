use super::{Names, name};
use crate::api::{BreakGlassKeyPage, BreakGlassKeyView, BreakGlassStanding};
use crate::break_glass::{BreakGlassKeyState, id_of_key};
use crate::state::State;
use jiff::Timestamp;
use std::cmp::Reverse;

pub fn break_glass_keys(state: &State, names: &Names, now: Timestamp) -> BreakGlassKeyPage {
    let mut keys: Vec<BreakGlassKeyView> =
        state.break_glass.known.values().map(|known| view(state, known, names, now)).collect();
    keys.sort_by(|a, b| (a.standing, Reverse(&a.made_at)).cmp(&(b.standing, Reverse(&b.made_at))));
    BreakGlassKeyPage { keys }
}

fn view(state: &State, known: &BreakGlassKeyState, names: &Names, now: Timestamp) -> BreakGlassKeyView {
    let BreakGlassKeyState { key, made, revoked } = known;
    BreakGlassKeyView {
        id: key.id.clone(),
        public_key: key.public_key.clone(),
        standing: match revoked {
            Some(_) => BreakGlassStanding::Revoked,
            None if key.has_expired(now) => BreakGlassStanding::Expired,
            None => BreakGlassStanding::InForce,
        },
        expires: key.expires.clone(),
        made_at: made.at.clone(),
        made_by: name(names, &made.actor),
        reason: made.reason.clone(),
        revoked_at: revoked.as_ref().map(|touch| touch.at.clone()),
        kills: state.kills.keys().filter(|kill| id_of_key(kill) == Some(&key.id)).count(),
    }
}
