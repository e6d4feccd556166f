//! What was taken away after a backup is taken away again: no restore brings back what somebody ended for a reason.

use super::RestoreError;
use crate::start::StartError;
use downhaul_control::api::Role;
use downhaul_control::runbook::RunEvent;
use downhaul_control::{Command, Decision, Request, State, decide, describe, fold};
use downhaul_core::document::Kill;
use downhaul_core::validate::{Valid, validate};
use downhaul_store::{ChangeLog, Effects, StoreError};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Why, in the chart.
const WHY: &str = "carried over from the data folder that was replaced";

/// An environment of a log that no server uses.
pub(super) struct Writer<'a> {
    log: &'a dyn ChangeLog,
    state: State,
    valid: Valid,
    actor: String,
    reason: String,
    now: Timestamp,
}

#[derive(Debug, Default)]
pub(super) struct Carried {
    pub(super) done: Vec<String>,
    pub(super) refused: Vec<String>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        log: &'a dyn ChangeLog,
        state: State,
        (actor, reason): (&str, &str),
        now: Timestamp,
    ) -> Result<Writer<'a>, StartError> {
        let (valid, _) = validate(state.flag_set.clone(), None).map_err(|problems| StartError::Invalid {
            environment: state.environment().to_string(),
            why: problems.first().map(ToString::to_string).unwrap_or_default(),
        })?;
        Ok(Writer { log, state, valid, actor: actor.to_owned(), reason: reason.to_owned(), now })
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// Makes a change, and gives it in words; or says why it is refused.
    pub(super) async fn ask(&mut self, command: Command) -> Result<Result<String, String>, StoreError> {
        let reason = self.reason.clone();
        self.ask_for(command, &reason).await
    }

    async fn ask_for(&mut self, command: Command, reason: &str) -> Result<Result<String, String>, StoreError> {
        let request = Request::by_server(command, &self.actor, reason, self.now);
        let decided = match decide(&self.state, &self.valid, request) {
            Ok(Decision::Change(decided)) => decided,
            Ok(Decision::Unchanged) => return Ok(Ok(String::new())),
            Err(refusal) => return Ok(Err(refusal.message)),
        };
        let after = fold(self.state.clone(), &decided.record);
        self.log.append(&decided.record, &Effects::of(&after, &decided.record)).await?;
        let words = describe::summary(&after, decided.record.change());
        (self.state, self.valid) = (after, decided.valid);
        Ok(Ok(words))
    }

    /// Ends every run that was under way: what it waited for is long over, and what it did is not to be done again.
    pub(super) async fn end_runs(&mut self) -> Result<Vec<String>, RestoreError> {
        let under_way: Vec<u64> =
            self.state.releases.runs.iter().filter(|(_, run)| !run.is_ended()).map(|(number, _)| *number).collect();
        let mut ended = Vec::new();
        for run in under_way {
            let abort = Command::Run { run, event: Box::new(RunEvent::Aborted) };
            if self.ask(abort).await?.is_ok() {
                ended.push(format!("r-{run}"));
            }
        }
        Ok(ended)
    }

    async fn carry(&mut self, carried: &mut Carried, what: &str, command: Command) -> Result<(), StoreError> {
        match self.ask_for(command, WHY).await? {
            Ok(words) => carried.done.push(words),
            Err(why) => carried.refused.push(format!("{what}: {why}")),
        }
        Ok(())
    }
}

/// Carries over what `then`, the state that is replaced, had taken away. `names` are those of its actors.
pub(super) async fn carry(
    writer: &mut Writer<'_>,
    then: &State,
    names: &BTreeMap<String, String>,
) -> Result<Carried, StoreError> {
    let mut carried = Carried::default();
    kills(writer, &mut carried, then, names).await?;
    signing_keys(writer, &mut carried, then).await?;
    break_glass_keys(writer, &mut carried, then).await?;
    revoked(writer, &mut carried, then).await?;
    roles(writer, &mut carried, then).await?;
    if then.frozen.is_some() && writer.state.frozen.is_none() {
        writer.carry(&mut carried, "the freeze", Command::Freeze).await?;
    }
    Ok(carried)
}

/// Kills that were over, and are in force again.
pub(super) fn killed_again(now: &State, then: &State) -> Vec<String> {
    let is_over = |kill: &&Kill| {
        then.kills.get(&kill.id).is_some_and(|then| then.restored.is_some() && is_same(&then.kill, kill))
    };
    now.flag_set.kills.iter().filter(is_over).map(|kill| format!("{} {}", kill.id, kill.flag)).collect()
}

/// A kill of another log may have the same id.
fn is_same(one: &Kill, other: &Kill) -> bool {
    one.id == other.id && one.flag == other.flag && one.at == other.at
}

async fn kills(
    writer: &mut Writer<'_>,
    carried: &mut Carried,
    then: &State,
    names: &BTreeMap<String, String>,
) -> Result<(), StoreError> {
    for kill in &then.flag_set.kills {
        if writer.state.flag_set.kills.iter().any(|here| is_same(here, kill)) {
            continue;
        }
        let mut kill = kill.clone();
        let what = format!("{} of `{}`", kill.id, kill.flag);
        if writer.state.kills.contains_key(&kill.id) {
            kill.id = writer.state.next_kill_id();
        }
        if let Some(name) = names.get(&kill.by) {
            writer.log.put_actor(&kill.by, name).await?;
        }
        writer.carry(carried, &what, Command::Kill { kill }).await?;
    }
    Ok(())
}

/// A key that was revoked since must not sign again; the one that signed last goes on.
async fn signing_keys(writer: &mut Writer<'_>, carried: &mut Carried, then: &State) -> Result<(), StoreError> {
    let mut known: Vec<_> = then.signing.known.values().collect();
    known.sort_by_key(|state| state.made.revision);
    for state in &known {
        if !writer.state.signing.known.contains_key(&state.key.id) {
            let signs = writer.state.signing.known.is_empty();
            let add = Command::AddSigningKey { key: state.key.clone(), signs };
            writer.carry(carried, &format!("the signing key {}", state.key.id), add).await?;
        }
    }
    if let Some(id) = &then.signing.signs
        && writer.state.signing.signs.as_ref() != Some(id)
    {
        let command = Command::UseSigningKey { id: id.clone() };
        writer.carry(carried, &format!("to sign with {id}"), command).await?;
    }
    for state in known.iter().filter(|state| state.revoked.is_some()) {
        let here = writer.state.signing.known.get(&state.key.id);
        if here.is_some_and(|here| here.revoked.is_none()) {
            let command = Command::RevokeSigningKey { id: state.key.id.clone() };
            writer.carry(carried, &format!("revoking the signing key {}", state.key.id), command).await?;
        }
    }
    Ok(())
}

/// A key that was revoked since must kill no more; one that was made since, and lies in somebody's safe, still may.
async fn break_glass_keys(writer: &mut Writer<'_>, carried: &mut Carried, then: &State) -> Result<(), StoreError> {
    for (id, known) in &then.break_glass.known {
        let here = writer.state.break_glass.known.get(id).map(|here| here.revoked.is_none());
        if here.is_none() && known.revoked.is_none() && !known.key.has_expired(Timestamp::now()) {
            let add = Command::AddBreakGlassKey { key: known.key.clone() };
            writer.carry(carried, &format!("the break-glass key {id}"), add).await?;
        }
        if known.revoked.is_some() && here == Some(true) {
            let revoke = Command::RevokeBreakGlassKey { id: id.clone() };
            writer.carry(carried, &format!("revoking the break-glass key {id}"), revoke).await?;
        }
    }
    Ok(())
}

async fn revoked(writer: &mut Writer<'_>, carried: &mut Carried, then: &State) -> Result<(), StoreError> {
    for (id, key) in then.keys.iter().filter(|(_, key)| key.revoked.is_some()) {
        if writer.state.keys.get(id).is_some_and(|here| here.revoked.is_none()) {
            let what = format!("revoking the client key `{}`", key.key.name);
            writer.carry(carried, &what, Command::RevokeKey { id: id.clone() }).await?;
        }
    }
    for (id, token) in then.tokens.iter().filter(|(_, token)| token.revoked.is_some()) {
        if writer.state.tokens.get(id).is_some_and(|here| here.revoked.is_none()) {
            let what = format!("revoking the token `{}`", token.token.name);
            writer.carry(carried, &what, Command::RevokeToken { id: id.clone() }).await?;
        }
    }
    Ok(())
}

async fn roles(writer: &mut Writer<'_>, carried: &mut Carried, then: &State) -> Result<(), StoreError> {
    let granted: Vec<(String, Role)> = writer
        .state
        .people
        .iter()
        .flat_map(|(actor, roles)| roles.iter().map(|role| (actor.clone(), role)).collect::<Vec<_>>())
        .collect();
    for (actor, role) in granted {
        if then.people.get(&actor).is_some_and(|roles| roles.has(role)) {
            continue;
        }
        let what = format!("taking the role {} from {actor}", role.as_str());
        writer.carry(carried, &what, Command::RevokeRole { actor, role }).await?;
    }
    Ok(())
}
