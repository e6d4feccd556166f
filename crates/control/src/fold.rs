use crate::change::{Change, Parts, Record};
use crate::command::Command;
use crate::guards::Acted;
use crate::hash::Hash;
use crate::heartbeat;
use crate::migration;
use crate::release;
use crate::role::Roles;
use crate::rollout;
use crate::runbook::{RunEvent, Subject};
use crate::signing_key::{SigningKeyState, SigningKeys};
use crate::state::{KeyState, KillState, State, TokenState, Touch};
use downhaul_core::document::FlagSet;
use downhaul_core::ids::FlagKey;
use std::sync::Arc;

/// The state after a change. Never refuses: what was decided has happened.
#[must_use]
pub fn fold(mut state: State, record: &Record) -> State {
    fold_into(&mut state, record);
    state
}

/// [`fold`], in place.
pub(crate) fn fold_into(state: &mut State, record: &Record) {
    let change = record.change();
    begin(state, change, record.hash());
    remember(state, change);
    apply(state, &change.command, change);
    migration::fold(state, &change.command, change);
    state.proposals.fold(&change.command, change);
    if let Some(evidence) = &change.evidence {
        let acted = Acted { action: evidence.action, touch: touch(change) };
        state.guards.insert((evidence.flag.clone(), evidence.guard.clone()), acted);
    }
}

/// [`fold_into`] of a record that nobody needs any more, into a state whose past nobody asks for: see
/// [`State::forget_past`]. What decides is the same.
pub(crate) fn fold_away(state: &mut State, record: Record) {
    let change = record.change();
    begin(state, change, record.hash());
    match &change.command {
        // Of these a flag set is made, and nothing else.
        Command::PutFlag { .. } | Command::Apply { .. } => {
            migration::fold(state, &change.command, change);
            put_all(&mut state.flag_set, record.into_parts());
        }
        command => {
            apply(state, command, change);
            migration::fold(state, command, change);
        }
    }
}

/// As [`define`] does it for each, without a copy.
fn put_all(flag_set: &mut FlagSet, mut parts: Parts) {
    let commands = match std::mem::replace(&mut parts.change.command, Command::Freeze) {
        Command::Apply { commands } => commands,
        command => vec![command],
    };
    for command in commands.into_iter().filter(Command::is_definition) {
        match command {
            Command::PutFlag { flag } => match parts.next_flag() {
                Some(written) => flag_set.flags.put_written(*flag, written),
                None => flag_set.flags.put(*flag),
            },
            command => define(flag_set, &command, &parts.change.at),
        }
    }
}

fn begin(state: &mut State, change: &Change, hash: Hash) {
    state.flag_set.revision = change.revision;
    state.head = hash;
    state.changed_at.clone_from(&change.at);
    if change.command.is_kill_or_restore() {
        state.kill_revision += 1;
    }
}

/// Who changed what last, and what was there before.
fn remember(state: &mut State, change: &Change) {
    let touched = if touches_no_flag(&change.command) { Vec::new() } else { change.command.flags(state) };
    for key in touched.into_iter().map(str::to_owned).collect::<Vec<_>>() {
        if let Ok(key) = key.parse::<FlagKey>() {
            if change.command.defines() {
                state.authors.insert(key.clone(), change.actor.clone());
            }
            state.touched.insert(key, touch(change));
        }
    }
    if change.command.defines() {
        let defined = Arc::make_mut(&mut state.defined);
        defined.extend(change.command.names().into_iter().map(|named| (named, touch(change))));
        if let Some(history) = &mut state.history {
            history.fold(&change.command, change.revision);
        }
    }
}

/// The state after all of these changes.
#[must_use]
pub fn replay<'a>(state: State, records: impl IntoIterator<Item = &'a Record>) -> State {
    records.into_iter().fold(state, fold)
}

fn apply(state: &mut State, command: &Command, change: &Change) {
    match command {
        Command::Apply { commands } => {
            for command in commands.iter().filter(|command| command.is_definition()) {
                define(&mut state.flag_set, command, &change.at);
            }
        }
        Command::Kill { kill } => {
            let made = KillState {
                kill: kill.clone(),
                effect: change.impact.effect.clone().unwrap_or_default(),
                revision: change.revision,
                kill_revision: state.kill_revision,
                restored: None,
            };
            // Beats that are over are in the chart; kept here, they would add up without end.
            if heartbeat::is_beat(&kill.id) {
                state.kills.retain(|id, kill| kill.restored.is_none() || !heartbeat::is_beat(id));
            }
            state.flag_set.kills.push(kill.clone());
            state.kills.insert(kill.id.clone(), made);
        }
        Command::Restore { id } => {
            state.flag_set.kills.retain(|kill| kill.id != *id);
            if let Some(kill) = state.kills.get_mut(id) {
                kill.restored = Some(touch(change));
            }
            state.break_glass.restored(id);
        }
        Command::CreateKey { key } => {
            let made = KeyState { key: key.clone(), created: touch(change), revoked: None };
            state.keys.insert(key.id.clone(), made);
        }
        Command::RevokeKey { id } => {
            if let Some(key) = state.keys.get_mut(id) {
                key.revoked = Some(touch(change));
            }
        }
        Command::AddSigningKey { .. } | Command::UseSigningKey { .. } | Command::RevokeSigningKey { .. } => {
            signing_keys(&mut state.signing, command, change);
        }
        Command::AddBreakGlassKey { key } => state.break_glass.add(key.clone(), touch(change)),
        Command::RevokeBreakGlassKey { id } => state.break_glass.revoke(id, touch(change)),
        // What else follows from it is the epoch, which is the log's.
        Command::RestoreBackup { .. } => {
            rollout::fold(&mut state.rollouts, &state.flag_set, command, change);
        }
        Command::PutPolicy { policy } => {
            state.policy = (**policy).clone();
            state.policy_touch = Some(touch(change));
        }
        Command::Freeze => state.frozen = Some(touch(change)),
        Command::Unfreeze => state.frozen = None,
        Command::PutRelease { .. } | Command::RetireRelease { .. } | Command::Run { .. } => {
            let author = author(state, command);
            release::fold(&mut state.releases, command, change, author.as_deref());
        }
        Command::StartRollout { .. } | Command::Rollout { .. } => {
            rollout::fold(&mut state.rollouts, &state.flag_set, command, change);
            define(&mut state.flag_set, command, &change.at);
        }
        Command::CreateToken { .. }
        | Command::RevokeToken { .. }
        | Command::GrantRole { .. }
        | Command::RevokeRole { .. } => people(state, command, change),
        // Said about proposals, see `Proposals::fold`.
        Command::Propose { .. }
        | Command::Amend { .. }
        | Command::Approve { .. }
        | Command::Reject { .. }
        | Command::Withdraw { .. } => {}
        definition => define(&mut state.flag_set, definition, &change.at),
    }
}

/// Who signs, and who is believed.
fn signing_keys(signing: &mut SigningKeys, command: &Command, change: &Change) {
    match command {
        Command::AddSigningKey { key, signs } => {
            let signed = signs.then(|| touch(change));
            let made = SigningKeyState { key: key.clone(), made: touch(change), signed, revoked: None };
            signing.known.insert(key.id.clone(), made);
            if *signs {
                signing.signs = Some(key.id.clone());
            }
        }
        Command::UseSigningKey { id } => {
            if let Some(known) = signing.known.get_mut(id) {
                known.signed = Some(touch(change));
                signing.signs = Some(id.clone());
            }
        }
        Command::RevokeSigningKey { id } => {
            if let Some(known) = signing.known.get_mut(id) {
                known.revoked = Some(touch(change));
            }
        }
        _ => {}
    }
}

/// Who may do what.
fn people(state: &mut State, command: &Command, change: &Change) {
    match command {
        Command::CreateToken { token } => {
            let made = TokenState { token: (**token).clone(), created: touch(change), revoked: None };
            state.tokens.insert(token.id.clone(), made);
        }
        Command::RevokeToken { id } => {
            if let Some(held) = state.tokens.get_mut(id) {
                held.revoked = Some(touch(change));
            }
        }
        Command::GrantRole { actor, role } => {
            state.people.entry(actor.clone()).or_insert_with(|| Roles::of(*role)).add(*role);
        }
        Command::RevokeRole { actor, role } => {
            if let Some(left) = state.people.remove(actor).and_then(|roles| roles.without(*role)) {
                state.people.insert(actor.clone(), left);
            }
        }
        _ => {}
    }
}

/// Puts a definition into a flag set. Kills stay as they are, whatever is defined.
pub(crate) fn define(flag_set: &mut FlagSet, command: &Command, at: &str) {
    match command {
        Command::PutFlag { flag } => flag_set.flags.put((**flag).clone()),
        Command::RetireFlag { key } => {
            flag_set.flags.remove(key.as_str());
            flag_set.retired.insert(key.clone(), at.chars().take("YYYY-MM-DD".len()).collect());
        }
        Command::PutSegment { key, segment } => {
            flag_set.segments.insert(key.clone(), segment.clone());
        }
        Command::RemoveSegment { key } => {
            flag_set.segments.remove(key);
        }
        Command::PutTenant { tenant, attributes } => {
            flag_set.tenants.insert(tenant.clone(), attributes.clone());
        }
        Command::RemoveTenant { tenant } => {
            flag_set.tenants.remove(tenant);
        }
        Command::PutRegions { regions } => flag_set.regions = regions.clone(),
        Command::Migrate { step } => {
            if let Some(mut flag) = flag_set.flag(step.flag.as_str()).cloned() {
                step.put(&mut flag);
                flag_set.flags.put(flag);
            }
        }
        Command::StartRollout { .. } | Command::Rollout { .. } => {
            if let Some(flag) = command.staged() {
                flag_set.flags.put(flag.clone());
            }
        }
        Command::Apply { .. }
        | Command::Kill { .. }
        | Command::Restore { .. }
        | Command::CreateKey { .. }
        | Command::RevokeKey { .. }
        | Command::AddSigningKey { .. }
        | Command::UseSigningKey { .. }
        | Command::RevokeSigningKey { .. }
        | Command::AddBreakGlassKey { .. }
        | Command::RevokeBreakGlassKey { .. }
        | Command::RestoreBackup { .. }
        | Command::PutPolicy { .. }
        | Command::Freeze
        | Command::Unfreeze
        | Command::PutRelease { .. }
        | Command::RetireRelease { .. }
        | Command::Propose { .. }
        | Command::Amend { .. }
        | Command::Approve { .. }
        | Command::Reject { .. }
        | Command::Withdraw { .. }
        | Command::Run { .. }
        | Command::CreateToken { .. }
        | Command::RevokeToken { .. }
        | Command::GrantRole { .. }
        | Command::RevokeRole { .. } => {}
    }
}

/// Who wrote what a run that begins is about.
fn author(state: &State, command: &Command) -> Option<String> {
    let Command::Run { event, .. } = command else { return None };
    let of_release = |release: &str| state.releases.release(release).map(|release| release.touched.actor.clone());
    match &**event {
        RunEvent::Started { release, .. } => of_release(release.key.as_str()),
        RunEvent::Called { subject, .. } | RunEvent::NotBegun { subject, .. } => match subject {
            Subject::Release(release) => of_release(release.key.as_str()),
            Subject::Flag(flag) => state.authors.get(flag).cloned(),
        },
        _ => None,
    }
}

/// Beats come and go, and are nobody's change of a flag; nor is what is said of a rollout between its stages.
fn touches_no_flag(command: &Command) -> bool {
    match command {
        Command::Kill { kill } => heartbeat::is_beat(&kill.id),
        Command::Restore { id } => heartbeat::is_beat(id),
        Command::StartRollout { .. } | Command::Rollout { .. } => command.staged().is_none(),
        _ => false,
    }
}

pub(crate) fn touch(change: &Change) -> Touch {
    Touch {
        revision: change.revision,
        at: change.at.clone(),
        actor: change.actor.clone(),
        reason: change.reason.clone(),
    }
}
