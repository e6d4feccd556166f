use super::{Names, name};
use crate::api::{People, PersonView, TokenView, Tokens};
use crate::state::{State, TokenState};
use jiff::Timestamp;

/// Tokens, revoked and expired ones included, oldest first.
pub fn tokens(state: &State, names: &Names) -> Tokens {
    let mut oldest_first: Vec<&TokenState> = state.tokens.values().collect();
    oldest_first.sort_by_key(|held| held.created.revision);
    Tokens { tokens: oldest_first.into_iter().map(|held| token(state, held, names)).collect() }
}

pub fn token(state: &State, held: &TokenState, names: &Names) -> TokenView {
    let TokenState { token, created, revoked } = held;
    let roles = token.roles.as_ref().or_else(|| state.people.get(&token.actor));
    TokenView {
        id: token.id.clone(),
        name: token.name.clone(),
        actor: token.actor.clone(),
        actor_name: names.get(&token.actor).cloned(),
        is_person: token.roles.is_none(),
        roles: roles.map(|roles| roles.iter().collect()).unwrap_or_default(),
        created_at: created.at.clone(),
        created_by: name(names, &created.actor),
        expires_at: token.expires_at.clone(),
        revoked_at: revoked.as_ref().map(|touch| touch.at.clone()),
    }
}

/// Everyone to whom a role was granted, by id.
pub fn people(state: &State, names: &Names, at: Timestamp) -> People {
    People { people: state.people.keys().map(|actor| person(state, actor, names, at)).collect() }
}

/// Also of someone who has no role.
pub fn person(state: &State, actor: &str, names: &Names, at: Timestamp) -> PersonView {
    let roles = state.people.get(actor);
    let tokens = state.tokens_in_force(at).filter(|held| held.token.actor == actor);
    PersonView {
        actor: actor.to_owned(),
        name: names.get(actor).cloned(),
        roles: roles.map(|roles| roles.iter().collect()).unwrap_or_default(),
        tokens: tokens.map(|held| held.token.id.clone()).collect(),
    }
}
