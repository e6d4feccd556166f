//! States and changes in words.

use crate::api::{FlagState, KillScope};
use crate::change::Change;
use crate::command::Command;
use crate::heartbeat;
use crate::proposal;
use crate::rollout;
use crate::runbook;
use crate::state::State;
use downhaul_core::document::{Flag, FlagSet, Outcome, Rule, Scope, Split};
use downhaul_core::phase::Phase;
use std::collections::BTreeMap;
use std::fmt::Display;

/// What a flag gives to whom, in a few words, such as `25 % on` or `killed for everyone`.
pub fn flag_state(flag_set: &FlagSet, key: &str) -> String {
    let Some(flag) = flag_set.flag(key) else {
        return if flag_set.retired.contains_key(key) { "retired".to_owned() } else { "absent".to_owned() };
    };
    let kills: Vec<&Scope> =
        flag_set.kills.iter().filter(|kill| kill.flag.as_str() == key).map(|kill| &kill.scope).collect();
    match kills.as_slice() {
        [] => serving(flag),
        kills if kills.iter().any(|scope| scope.is_everyone()) => "killed for everyone".to_owned(),
        [scope] => format!("killed for {}, else {}", scope_words(&scope_of(scope)), serving(flag)),
        kills => format!("killed by {} kills in part, else {}", kills.len(), serving(flag)),
    }
}

pub fn state_of(flag_set: &FlagSet, key: &str) -> FlagState {
    let mut kills = flag_set.kills.iter().filter(|kill| kill.flag.as_str() == key).peekable();
    if kills.peek().is_none() {
        FlagState::Live
    } else if kills.any(|kill| kill.scope.is_everyone()) {
        FlagState::Killed
    } else {
        FlagState::KilledInPart
    }
}

/// What people see while it is killed. Of a data change: how far a kill takes it back, which is a step or nothing.
pub fn kill_effect(flag: &Flag) -> String {
    let meaning = &flag.degraded.meaning;
    let Some(phase) = flag.phase else { return meaning.clone() };
    match Phase::named(flag.degraded.variant.as_str()).filter(|degraded| *degraded != phase) {
        Some(degraded) => format!("{meaning} (back to `{}`: {})", degraded.name(), degraded.words()),
        None => format!("it stays at `{}` ({}): a kill takes nothing back here", phase.name(), phase.words()),
    }
}

/// What its rules give, kills aside.
fn serving(flag: &Flag) -> String {
    // Rules after one for everyone are never read.
    let last = flag.rules.iter().position(|rule| rule.when.is_empty() && covers(rule));
    let rules = last.map_or(flag.rules.as_slice(), |last| flag.rules.get(..=last).unwrap_or_default());
    match rules {
        [] => format!("{} for everyone", flag.default),
        [rule] if rule.when.is_empty() => match &rule.then {
            Outcome::Serve(variant) => format!("{variant} for everyone"),
            Outcome::Split(split) => shares(split),
        },
        [_] => format!("1 rule, else {}", flag.default),
        rules if last.is_some() => format!("{} rules", rules.len()),
        rules => format!("{} rules, else {}", rules.len(), flag.default),
    }
}

fn covers(rule: &Rule) -> bool {
    match &rule.then {
        Outcome::Serve(_) => true,
        Outcome::Split(split) => split.slices.iter().map(|slice| u64::from(slice.width)).sum::<u64>() >= 100_000,
    }
}

/// `25 % on, 75 % off`, in the order in which variants first appear.
pub(crate) fn shares(split: &Split) -> String {
    let mut shares: Vec<(&str, u32)> = Vec::new();
    for slice in split.slices.iter().filter(|slice| slice.width > 0) {
        match shares.iter_mut().find(|(variant, _)| *variant == slice.variant.as_str()) {
            Some((_, width)) => *width += slice.width,
            None => shares.push((slice.variant.as_str(), slice.width)),
        }
    }
    let share = |(variant, width): &(&str, u32)| format!("{} % {variant}", f64::from(*width) / 1000.0);
    if shares.is_empty() { "no one".to_owned() } else { shares.iter().map(share).collect::<Vec<_>>().join(", ") }
}

/// `everyone`, or such as `tenant acme or globex, within region eu` or `everyone within region eu`.
pub fn scope_words(scope: &KillScope) -> String {
    let KillScope { tenant, region, segment, variant } = scope;
    let part =
        |what: &str, names: &Option<Vec<String>>| names.as_ref().map(|names| format!("{what} {}", names.join(" or ")));
    let parts: Vec<String> = [
        part("tenant", tenant),
        part("within region", region),
        part("in segment", segment),
        part("who would get", variant),
    ]
    .into_iter()
    .flatten()
    .collect();
    let words = parts.join(", ");
    match (parts.is_empty(), tenant) {
        (true, _) => "everyone".to_owned(),
        (false, Some(_)) => words,
        (false, None) => format!("everyone {words}"),
    }
}

/// A scope of the document as the API shows it.
pub fn scope_of(scope: &Scope) -> KillScope {
    fn texts<T: Display>(names: Option<&[T]>) -> Option<Vec<String>> {
        names.map(|names| names.iter().map(ToString::to_string).collect())
    }
    KillScope {
        tenant: texts(scope.tenant.as_deref()),
        region: texts(scope.region.as_deref()),
        segment: texts(scope.segment.as_deref()),
        variant: texts(scope.variant.as_deref()),
    }
}

/// What happened, in words. `state` is any state after the change.
pub fn summary(state: &State, change: &Change) -> String {
    by_name(state, change, &BTreeMap::new())
}

/// The same, with people called by their names where these are known.
pub fn by_name(state: &State, change: &Change, names: &BTreeMap<String, String>) -> String {
    let done = done(state, change, names);
    match &change.landed {
        Some(landed) => format!("{done}, as was proposed in {}", proposal::id(landed.proposal)),
        None => done,
    }
}

fn done(state: &State, change: &Change, names: &BTreeMap<String, String>) -> String {
    let person = |actor: &str| names.get(actor).map_or_else(|| actor.to_owned(), Clone::clone);
    let was_absent = change.impact.from.as_deref() == Some("absent");
    match &change.command {
        Command::PutFlag { flag } if was_absent => format!("created `{}`", flag.key),
        Command::PutFlag { flag } => {
            let (from, to) = (change.impact.from.as_deref(), change.impact.to.as_deref());
            match (from, to) {
                (Some(from), Some(to)) if from != to => format!("changed `{}` from {from} to {to}", flag.key),
                _ => format!("changed `{}`", flag.key),
            }
        }
        Command::RetireFlag { key } => format!("retired `{key}`"),
        Command::Migrate { step } => step.words(["moved", "held"]),
        Command::PutSegment { key, .. } => format!("put the segment `{key}`"),
        Command::RemoveSegment { key } => format!("removed the segment `{key}`"),
        Command::PutTenant { tenant, .. } => format!("put the tenant `{tenant}`"),
        Command::RemoveTenant { tenant } => format!("removed the tenant `{tenant}`"),
        Command::PutRegions { .. } => "put the regions".to_owned(),
        Command::Apply { commands } => applied(commands),
        Command::Kill { kill } if heartbeat::is_beat(&kill.id) => format!("heartbeat: killed `{}`", kill.flag),
        Command::Restore { id } if heartbeat::is_beat(id) => format!("heartbeat: restored ({id})"),
        Command::Kill { kill } => format!("killed `{}` for {}", kill.flag, scope_words(&scope_of(&kill.scope))),
        Command::Restore { id } => match state.kill(id) {
            Some(kill) => {
                format!("restored `{}` for {}", kill.kill.flag, scope_words(&scope_of(&kill.kill.scope)))
            }
            None => format!("restored `{id}`"),
        },
        Command::CreateKey { key } => format!("created the client key `{}`", key.name),
        Command::RevokeKey { id } => match state.keys.get(id) {
            Some(key) => format!("revoked the client key `{}`", key.key.name),
            None => format!("revoked the client key `{id}`"),
        },
        Command::AddSigningKey { key, signs: false } => format!("made the signing key `{}`", key.id),
        Command::AddSigningKey { key, signs: true } => format!("made the signing key `{}`, which signs now", key.id),
        Command::UseSigningKey { id } => format!("let the signing key `{id}` sign"),
        Command::RevokeSigningKey { id } => format!("revoked the signing key `{id}`"),
        Command::AddBreakGlassKey { key } => {
            format!("made the break-glass key `{}`, which may kill until {}", key.id, key.expires)
        }
        Command::RevokeBreakGlassKey { id } => format!("revoked the break-glass key `{id}`"),
        Command::RestoreBackup { backup } => match &backup.replaced {
            Some(lost) => format!(
                "put the data folder back from a backup, in place of revision {} of epoch {}",
                lost.revision, lost.epoch
            ),
            None => "put the data folder back from a backup".to_owned(),
        },
        Command::Freeze => "froze the environment".to_owned(),
        Command::Unfreeze => "lifted the freeze".to_owned(),
        Command::PutPolicy { .. } => match (&change.impact.from, &change.impact.to) {
            (Some(from), Some(to)) => format!("changed the policy from {from} to {to}"),
            _ => "changed the policy".to_owned(),
        },
        Command::PutRelease { release } => format!("put the release `{}`", release.key),
        Command::RetireRelease { key } => format!("retired the release `{key}`"),
        Command::Propose { proposal, draft: proposed } => {
            format!("proposed {}: {}", proposal::id(*proposal), draft(state, &proposed.command))
        }
        Command::Amend { proposal, draft: proposed } => {
            format!("amended {}: {}", proposal::id(*proposal), draft(state, &proposed.command))
        }
        Command::Approve { proposal, .. } => format!("approved {}", proposal::id(*proposal)),
        Command::Reject { proposal } => format!("rejected {}", proposal::id(*proposal)),
        Command::Withdraw { proposal } => format!("withdrew {}", proposal::id(*proposal)),
        Command::Run { run, event } => runbook::words(state, *run, event),
        Command::StartRollout { rollout, put } => {
            let entered = rollout::stage_words(rollout, usize::from(put.is_some()));
            let entered = if put.is_some() { format!(": entered {entered}") } else { String::new() };
            let mut known = state.rollouts.by_number.values();
            let id = known.find(|known| known.started.revision == change.revision).map(|known| known.id());
            let id = id.unwrap_or_else(|| "a rollout".to_owned());
            format!("started {id}, `{}` of `{}`{entered}", rollout.variant, rollout.flag)
        }
        Command::Rollout { rollout, from, event } => rollout::event_words(state, *rollout, *from, event),
        Command::CreateToken { token } => match &token.roles {
            Some(roles) => format!("created the token `{}`: {}", token.name, roles.words()),
            None => format!("created the token `{}` of {}", token.name, person(&token.actor)),
        },
        Command::RevokeToken { id } => match state.tokens.get(id) {
            Some(held) => format!("revoked the token `{}`", held.token.name),
            None => format!("revoked the token `{id}`"),
        },
        Command::GrantRole { actor, role } => format!("granted {} the role {}", person(actor), role.as_str()),
        Command::RevokeRole { actor, role } => format!("took the role {} from {}", role.as_str(), person(actor)),
    }
}

/// What a command would do, in words, such as ``put `checkout-v2` ``.
pub fn draft(state: &State, command: &Command) -> String {
    match command {
        Command::PutFlag { flag } => format!("put `{}`", flag.key),
        Command::RetireFlag { key } => format!("retire `{key}`"),
        Command::Migrate { step } => step.words(["move", "hold"]),
        Command::PutSegment { key, .. } => format!("put the segment `{key}`"),
        Command::RemoveSegment { key } => format!("remove the segment `{key}`"),
        Command::PutTenant { tenant, .. } => format!("put the tenant `{tenant}`"),
        Command::RemoveTenant { tenant } => format!("remove the tenant `{tenant}`"),
        Command::PutRegions { .. } => "put the regions".to_owned(),
        Command::Apply { commands } => match commands.as_slice() {
            [command] => draft(state, command),
            commands => format!("apply {}", counted(commands)),
        },
        Command::Restore { id } => match state.kill(id) {
            Some(kill) => format!("restore `{}` (`{id}`)", kill.kill.flag),
            None => format!("restore `{id}`"),
        },
        Command::PutPolicy { policy } => {
            let [from, to] = crate::policy::difference(&state.policy, policy);
            if from.is_empty() && to.is_empty() {
                "set the policy as it is".to_owned()
            } else {
                format!("change the policy from {from} to {to}")
            }
        }
        Command::StartRollout { rollout, .. } => {
            let stages = rollout.stages.len();
            let plural = if stages == 1 { "" } else { "s" };
            format!("roll `{}` of `{}` out in {stages} stage{plural}", rollout.variant, rollout.flag)
        }
        other => other.name().to_owned(),
    }
}

/// `applied 3 flags, 1 segment`
fn applied(commands: &[Command]) -> String {
    format!("applied {}", counted(commands))
}

/// `3 flags, 1 segment`
fn counted(commands: &[Command]) -> String {
    let what = |command: &Command| match command {
        Command::PutFlag { .. } => "flag",
        Command::RetireFlag { .. } => "retired flag",
        Command::PutSegment { .. } | Command::RemoveSegment { .. } => "segment",
        Command::PutTenant { .. } | Command::RemoveTenant { .. } => "tenant",
        _ => "region tree",
    };
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for what in commands.iter().map(what) {
        match counts.iter_mut().find(|(other, _)| *other == what) {
            Some((_, count)) => *count += 1,
            None => counts.push((what, 1)),
        }
    }
    let part = |(what, count): &(&str, usize)| format!("{count} {what}{}", if *count == 1 { "" } else { "s" });
    counts.iter().map(part).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_reads_behind_for() {
        let names = |name: &str| Some(vec![name.to_owned()]);
        let region = KillScope { region: names("eu"), ..KillScope::default() };
        assert_eq!(scope_words(&KillScope::default()), "everyone");
        assert_eq!(scope_words(&region), "everyone within region eu");
        assert_eq!(scope_words(&KillScope { tenant: names("acme"), ..region }), "tenant acme, within region eu");
        let variant = KillScope { variant: names("on"), ..KillScope::default() };
        assert_eq!(scope_words(&variant), "everyone who would get on");
    }
}
