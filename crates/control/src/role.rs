use crate::api::Role;
use crate::command::Command;
use crate::refusal::{Refusal, RefusalCode};
use crate::rollout::RolloutEvent;
use crate::state::{State, TokenState};
use crate::time;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;

/// What someone is in an environment: at least one role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Roles(BTreeSet<Role>);

/// Nobody is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("at least one role is needed, of `viewer editor operator approver admin`")]
pub struct NoRole;

impl Roles {
    pub fn new(roles: impl IntoIterator<Item = Role>) -> Result<Roles, NoRole> {
        let roles: BTreeSet<Role> = roles.into_iter().collect();
        if roles.is_empty() { Err(NoRole) } else { Ok(Roles(roles)) }
    }

    pub fn of(role: Role) -> Roles {
        Roles(BTreeSet::from([role]))
    }

    /// Whether these roles suffice where `needed` is asked for: every role may look, and an admin may do everything.
    pub fn allow(&self, needed: Role) -> bool {
        needed == Role::Viewer || self.0.contains(&needed) || self.0.contains(&Role::Admin)
    }

    /// Whether it is one of these, by name.
    pub fn has(&self, role: Role) -> bool {
        self.0.contains(&role)
    }

    pub fn iter(&self) -> impl Iterator<Item = Role> {
        self.0.iter().copied()
    }

    /// `editor and operator`
    pub fn words(&self) -> String {
        let names: Vec<&str> = self.0.iter().map(|role| role.as_str()).collect();
        match names.split_last() {
            Some((last, [])) => (*last).to_owned(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => String::new(),
        }
    }

    pub(crate) fn add(&mut self, role: Role) {
        self.0.insert(role);
    }

    /// `None` where nothing is left.
    pub(crate) fn without(mut self, role: Role) -> Option<Roles> {
        self.0.remove(&role);
        Roles::new(self.0).ok()
    }
}

impl<'de> Deserialize<'de> for Roles {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Roles, D::Error> {
        Roles::new(Vec::<Role>::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// By what right someone asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authority {
    /// Whoever holds the data folder's own admin token, or the server itself: admin of every environment.
    Root,
    /// The token of this id, which the environment's log holds.
    Token(String),
    /// Someone who signed in, by what was granted to the actor.
    Person,
}

impl Command {
    /// The role that it takes. docs/reference/people.md has the same table.
    pub fn needs(&self) -> Role {
        match self {
            Command::PutFlag { .. }
            | Command::RetireFlag { .. }
            | Command::PutSegment { .. }
            | Command::RemoveSegment { .. }
            | Command::PutTenant { .. }
            | Command::RemoveTenant { .. }
            | Command::PutRegions { .. }
            | Command::Apply { .. }
            | Command::PutRelease { .. }
            | Command::RetireRelease { .. }
            | Command::StartRollout { .. } => Role::Editor,
            Command::Propose { draft, .. } | Command::Amend { draft, .. } => draft.command.needs(),
            Command::Approve { .. } | Command::Reject { .. } => Role::Approver,
            Command::Rollout { event, .. } if matches!(**event, RolloutEvent::Approve { .. }) => Role::Approver,
            // Its authors, see `decide`.
            Command::Withdraw { .. } => Role::Viewer,
            Command::Kill { .. }
            | Command::Restore { .. }
            | Command::Migrate { .. }
            | Command::Freeze
            | Command::Unfreeze
            | Command::Run { .. }
            | Command::Rollout { .. } => Role::Operator,
            Command::CreateKey { .. }
            | Command::RevokeKey { .. }
            | Command::AddSigningKey { .. }
            | Command::UseSigningKey { .. }
            | Command::RevokeSigningKey { .. }
            | Command::AddBreakGlassKey { .. }
            | Command::RevokeBreakGlassKey { .. }
            | Command::RestoreBackup { .. }
            | Command::PutPolicy { .. }
            | Command::CreateToken { .. }
            | Command::RevokeToken { .. }
            | Command::GrantRole { .. }
            | Command::RevokeRole { .. } => Role::Admin,
        }
    }
}

impl State {
    /// What the one who asks is here and now.
    ///
    /// # Errors
    /// Nobody, with why: the token is not, no longer or nowhere in force; the actor has no role.
    pub fn roles_of(&self, authority: &Authority, actor: &str, at: Timestamp) -> Result<Roles, Refusal> {
        match authority {
            Authority::Root => Ok(Roles::of(Role::Admin)),
            Authority::Person => self.granted(actor),
            Authority::Token(id) => match self.tokens.get(id) {
                Some(held) => self.roles_of_token(held, at),
                None => Err(Refusal::new(
                    RefusalCode::UnknownToken,
                    format!("{} has no token `{id}`", self.environment()),
                    NEW_TOKEN,
                )),
            },
        }
    }

    /// Whether an actor has a role here and now, by a grant or by a token in force. An admin has every role.
    pub fn has_role(&self, actor: &str, role: Role, at: Timestamp) -> bool {
        self.people.get(actor).is_some_and(|roles| roles.allow(role))
            || self
                .tokens_in_force(at)
                .filter(|held| held.token.actor == actor)
                .any(|held| held.token.roles.as_ref().is_some_and(|roles| roles.allow(role)))
    }

    pub(crate) fn tokens_in_force(&self, at: Timestamp) -> impl Iterator<Item = &TokenState> {
        self.tokens.values().filter(move |held| held.revoked.is_none() && !held.has_expired(at))
    }

    fn granted(&self, actor: &str) -> Result<Roles, Refusal> {
        self.people.get(actor).cloned().ok_or_else(|| {
            Refusal::new(
                RefusalCode::NotPermitted,
                format!("{actor} has no role in {}", self.environment()),
                "an admin of the environment grants one with `downhaul people grant`",
            )
        })
    }

    fn roles_of_token(&self, held: &TokenState, at: Timestamp) -> Result<Roles, Refusal> {
        let TokenState { token, revoked, .. } = held;
        let name = format!("the token `{}` ({})", token.name, token.id);
        if let Some(touch) = revoked {
            let message = format!("{name} was revoked at {}", touch.at);
            return Err(Refusal::new(RefusalCode::TokenRevoked, message, NEW_TOKEN));
        }
        if let Some(end) = token.expires_at.as_ref().filter(|_| held.has_expired(at)) {
            return Err(Refusal::new(RefusalCode::TokenExpired, format!("{name} expired at {end}"), NEW_TOKEN));
        }
        match &token.roles {
            Some(roles) => Ok(roles.clone()),
            None => self.granted(&token.actor),
        }
    }
}

const NEW_TOKEN: &str = "an admin of the environment makes a new one with `downhaul tokens create`";

impl TokenState {
    /// A time that cannot be read has passed.
    pub fn has_expired(&self, at: Timestamp) -> bool {
        self.token.expires_at.as_deref().is_some_and(|end| time::from_text(end).is_none_or(|end| end <= at))
    }
}

/// What someone who asks for a role is told who has others.
pub fn not_permitted(what: &str, needed: Role, actor: &str, roles: &Roles, environment: &str) -> Refusal {
    Refusal::new(
        RefusalCode::NotPermitted,
        format!("{what} takes the role {}, and {actor} is {} in {environment}", needed.as_str(), roles.words()),
        format!("ask someone who is {}, or an admin for the role", either(needed)),
    )
}

/// Whether a command may be asked for by this authority.
pub(crate) fn check(
    state: &State,
    command: &Command,
    (authority, actor): (&Authority, &str),
    at: Timestamp,
) -> Result<(), Refusal> {
    let (needed, roles) = (command.needs(), state.roles_of(authority, actor, at)?);
    if roles.allow(needed) {
        return Ok(());
    }
    Err(not_permitted(&format!("`{}`", command.name()), needed, actor, &roles, state.environment().as_str()))
}

fn either(needed: Role) -> String {
    if needed == Role::Admin { "admin".to_owned() } else { format!("{} or admin", needed.as_str()) }
}
