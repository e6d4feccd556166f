use super::unknown;
use crate::api::{KillRequest, KillScope};
use crate::command::Command;
use crate::refusal::{Refusal, RefusalCode};
use crate::state::State;
use crate::time;
use downhaul_core::document::{Kill, Scope};
use downhaul_core::kills::KillSet;
use jiff::Timestamp;
use std::str::FromStr;

/// The command that a request asks for. Names that do not exist are found here, with what was perhaps meant.
pub fn kill(state: &State, request: &KillRequest, actor: &str, at: Timestamp) -> Result<Command, Refusal> {
    let flag = state.flag_set.flag(&request.flag).ok_or_else(|| unknown_flag(state, &request.flag))?;
    let KillScope { tenant, region, segment, variant } = &request.scope;
    let document = &state.flag_set;
    for name in region.iter().flatten() {
        if document.regions.find(name).is_none() {
            return Err(unknown("region", name, document.regions.names().into_iter().map(|name| name.as_str())));
        }
    }
    for name in segment.iter().flatten() {
        if !document.segments.contains_key(name.as_str()) {
            return Err(unknown("segment", name, document.segments.keys().map(|name| name.as_str())));
        }
    }
    for name in variant.iter().flatten() {
        if !flag.variants.iter().any(|(key, _)| key.as_str() == name) {
            return Err(unknown("variant", name, flag.variants.iter().map(|(key, _)| key.as_str())));
        }
    }
    let scope = Scope {
        tenant: names("tenant", tenant.as_deref())?,
        region: names("region", region.as_deref())?,
        segment: names("segment", segment.as_deref())?,
        variant: names("variant", variant.as_deref())?,
    };
    let incident = request.incident.as_deref().map(str::trim).filter(|incident| !incident.is_empty());
    let kill = Kill {
        id: state.next_kill_id(),
        flag: flag.key.clone(),
        scope,
        reason: request.reason.trim().to_owned(),
        by: actor.to_owned(),
        at: time::to_text(at),
        incident: incident.map(str::to_owned),
    };
    Ok(Command::Kill { kill })
}

/// The command that kills a flag for everyone under an id of the caller's: asked twice, it is refused the second time.
pub fn kill_everyone(
    state: &State,
    [flag, id]: [&str; 2],
    reason: &str,
    by: &str,
    at: Timestamp,
) -> Result<Command, Refusal> {
    let scope = KillScope::default();
    let request = KillRequest { flag: flag.to_owned(), scope, reason: reason.to_owned(), incident: None };
    let mut command = kill(state, &request, by, at)?;
    if let Command::Kill { kill } = &mut command {
        id.clone_into(&mut kill.id);
    }
    Ok(command)
}

pub(super) fn check_kill(state: &State, kill: &Kill) -> Result<(), Refusal> {
    if state.flag_set.flag(kill.flag.as_str()).is_none() {
        return Err(unknown_flag(state, kill.flag.as_str()));
    }
    if state.kills.contains_key(&kill.id) {
        return Err(Refusal::new(
            RefusalCode::TakenId,
            format!("there was a kill `{}` before, and its id is never used again", kill.id),
            "give the kill another id",
        ));
    }
    let mut kills = state.flag_set.kills.clone();
    kills.push(kill.clone());
    let encoded = KillSet::encode(&kills, &state.flag_set.regions, state.kill_revision, |_| None).to_bytes();
    if kills.len() > state.policy.kills.size() || encoded.is_err() {
        return Err(Refusal::new(
            RefusalCode::TooManyKills,
            format!(
                "{} kills are in force, and with this one they would not fit into what clients take",
                kills.len() - 1
            ),
            "kill a flag for everyone instead of in many parts, and restore the parts after it",
        ));
    }
    Ok(())
}

pub(super) fn check_restore(state: &State, id: &str) -> Result<(), Refusal> {
    let Some(kill) = state.kill(id) else {
        // A kill that clients have, and that was never reported: somebody's who should not have had the key.
        if state.break_glass.is_own(id) {
            return if state.break_glass.is_restored(id) { Err(restored_unseen(id)) } else { Ok(()) };
        }
        return Err(unknown("kill", id, state.flag_set.kills.iter().map(|kill| kill.id.as_str())));
    };
    match &kill.restored {
        None => Ok(()),
        Some(touch) => Err(Refusal::new(
            RefusalCode::AlreadyDone,
            format!("`{id}` was restored already, at {} by {} (revision {})", touch.at, touch.actor, touch.revision),
            match state.kills_of(kill.kill.flag.as_str()).next() {
                Some(other) => format!("`{}` is still killed by `{}`", kill.kill.flag, other.kill.id),
                None => format!("no kill of `{}` is in force", kill.kill.flag),
            },
        )),
    }
}

pub(super) fn restored_unseen(id: &str) -> Refusal {
    Refusal::new(
        RefusalCode::AlreadyDone,
        format!("`{id}` was restored already, before anybody reported it"),
        "clients take no kill of this id any more; kill the flag anew if it has to be off",
    )
}

fn unknown_flag(state: &State, name: &str) -> Refusal {
    if let Some((key, date)) = state.flag_set.retired.iter().find(|(key, _)| key.as_str() == name) {
        return Refusal::new(
            RefusalCode::UnknownFlag,
            format!("`{key}` was retired on {date}"),
            "no client receives it any more",
        );
    }
    unknown("flag", name, state.flag_set.flags.iter().map(|flag| flag.key.as_str()))
}

fn names<T: FromStr>(what: &str, names: Option<&[String]>) -> Result<Option<Vec<T>>, Refusal>
where
    T::Err: std::fmt::Display,
{
    let Some(names) = names else { return Ok(None) };
    if names.is_empty() {
        return Err(Refusal::new(
            RefusalCode::Invalid,
            format!("the scope names no {what}"),
            format!("leave `{what}` out for every {what}, or name at least one"),
        ));
    }
    let name = |name: &String| {
        let refuse =
            |why| Refusal::new(RefusalCode::Invalid, format!("`{name}` is not the name of a {what}: {why}"), "");
        name.parse::<T>().map_err(refuse)
    };
    names.iter().map(name).collect::<Result<_, _>>().map(Some)
}
