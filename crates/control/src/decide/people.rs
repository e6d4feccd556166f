use super::unknown;
use crate::api::{Role, TokenRequest};
use crate::command::Command;
use crate::refusal::{Refusal, RefusalCode};
use crate::role::{Authority, Roles};
use crate::secret::Secret;
use crate::state::{State, TokenState};
use crate::time;
use crate::token::Token;
use jiff::Timestamp;

/// Longest name of a token and longest id of an actor, in bytes.
const NAME: usize = 200;

/// The command that a request for a token of `actor` asks for. `secret` is new; only its hash goes into the command.
///
/// # Errors
/// The list of roles is empty, or the time is none.
pub fn create_token(request: &TokenRequest, actor: &str, secret: &Secret) -> Result<Command, Refusal> {
    let roles = request.roles.clone().map(Roles::new).transpose().map_err(|why| {
        let help = "name what its holder is to do, and no more; a person's token names none and has the person's roles";
        invalid(why.to_string(), help)
    })?;
    let read = |text: &String| {
        let time = text.parse::<Timestamp>().map(time::to_text);
        time.map_err(|_| invalid(format!("`{text}` is not a time"), "write it as `2026-12-31T00:00:00Z`"))
    };
    let token = Token {
        id: secret.id().to_owned(),
        name: request.name.trim().to_owned(),
        actor: actor.to_owned(),
        roles,
        secret_hash: secret.hash(),
        expires_at: request.expires_at.as_ref().map(read).transpose()?,
    };
    Ok(Command::CreateToken { token: Box::new(token) })
}

pub(super) fn check_create(state: &State, token: &Token, at: Timestamp) -> Result<(), Refusal> {
    if state.tokens.contains_key(&token.id) {
        let message = format!("there is a token `{}` already", token.id);
        return Err(Refusal::new(RefusalCode::TakenId, message, "try again"));
    }
    if token.name.is_empty() || token.name.len() > NAME {
        return Err(invalid("the name of a token has 1 to 200 bytes", "say what it is for"));
    }
    check_actor(&token.actor)?;
    let end = token.expires_at.as_deref().map(time::from_text);
    if end.is_some_and(|end| end.is_none_or(|end| end <= at)) {
        return Err(invalid("the token would have expired before it is made", "give a time that is to come"));
    }
    let is_person = state.people.contains_key(&token.actor);
    match &token.roles {
        Some(_) if is_person => Err(invalid(
            format!("{} is a person, and a person's token has the roles that were granted to the person", token.actor),
            "leave the roles out, or make the token for no person",
        )),
        None if !is_person => Err(invalid(
            format!("{} has no role in {}, so the token would open nothing", token.actor, state.environment()),
            "grant a role first with `downhaul people grant`, or give a machine's token roles of its own",
        )),
        _ => Ok(()),
    }
}

pub(super) fn check_revoke(state: &State, id: &str, authority: &Authority, at: Timestamp) -> Result<(), Refusal> {
    let Some(held) = state.tokens.get(id) else {
        return Err(unknown("token", id, state.tokens.keys().map(String::as_str)));
    };
    if let Some(touch) = &held.revoked {
        return Err(Refusal::new(
            RefusalCode::AlreadyDone,
            format!("the token `{id}` was revoked already, at {} by {}", touch.at, touch.actor),
            "there is nothing left to do",
        ));
    }
    let gives_admin = state.admin_tokens(at).any(|held| held.token.id == id);
    let leaves_admin = state.admin_tokens(at).any(|held| held.token.id != id) || state.admin_people().next().is_some();
    check_last_admin(state, gives_admin && !leaves_admin, authority)
}

pub(super) fn check_grant(state: &State, actor: &str, role: Role, at: Timestamp) -> Result<(), Refusal> {
    check_actor(actor)?;
    if state.people.get(actor).is_some_and(|roles| roles.has(role)) {
        return Err(Refusal::new(
            RefusalCode::AlreadyDone,
            format!("{actor} is {} in {} already", role.as_str(), state.environment()),
            "there is nothing left to do",
        ));
    }
    let is_machine = |held: &&TokenState| held.token.actor == actor && held.token.roles.is_some();
    match state.tokens_in_force(at).find(is_machine) {
        None => Ok(()),
        Some(held) => Err(invalid(
            format!("{actor} is no person: the token `{}` ({}) has roles of its own", held.token.name, held.token.id),
            "make a new token with the roles that are needed, and revoke this one",
        )),
    }
}

pub(super) fn check_revoke_role(
    state: &State,
    (actor, role): (&str, Role),
    authority: &Authority,
    at: Timestamp,
) -> Result<(), Refusal> {
    if !state.people.get(actor).is_some_and(|roles| roles.has(role)) {
        return Err(Refusal::new(
            RefusalCode::AlreadyDone,
            format!("{actor} was not granted the role {} in {}", role.as_str(), state.environment()),
            "a machine's token has roles of its own, and is revoked as a whole with `downhaul tokens revoke`",
        ));
    }
    let leaves_admin = state.admin_people().any(|other| other != actor) || state.admin_tokens(at).next().is_some();
    check_last_admin(state, role == Role::Admin && !leaves_admin, authority)
}

/// Nobody locks an environment from within: only the holder of the data folder, who gets in again, takes the last admin away.
fn check_last_admin(state: &State, would_be_last: bool, authority: &Authority) -> Result<(), Refusal> {
    if !would_be_last || *authority == Authority::Root {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::LastAdmin,
        format!("nobody would be admin of {} any more", state.environment()),
        "make someone else admin first; the token in `admin-token` of the data folder may do it as things are",
    ))
}

impl State {
    fn admin_people(&self) -> impl Iterator<Item = &str> {
        self.people.iter().filter(|(_, roles)| roles.has(Role::Admin)).map(|(actor, _)| actor.as_str())
    }

    /// Machines' tokens in force that may do everything.
    fn admin_tokens(&self, at: Timestamp) -> impl Iterator<Item = &TokenState> {
        let is_admin = |held: &&TokenState| held.token.roles.as_ref().is_some_and(|roles| roles.has(Role::Admin));
        self.tokens_in_force(at).filter(is_admin)
    }
}

fn check_actor(actor: &str) -> Result<(), Refusal> {
    if !actor.is_empty() && actor.len() <= NAME && !actor.chars().any(char::is_control) {
        return Ok(());
    }
    let help = "list who there is with `downhaul people list`";
    Err(invalid("the id of an actor has 1 to 200 bytes and no control characters", help))
}

fn invalid(message: impl Into<String>, help: &str) -> Refusal {
    Refusal::new(RefusalCode::Invalid, message, help)
}
