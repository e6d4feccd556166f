use crate::command::Command;
use crate::migration;
use crate::refusal::{Refusal, RefusalCode};
use crate::state::State;
use downhaul_core::document::Flag;
use downhaul_core::ids::FlagKey;
use serde_json::Value;

pub(super) fn check_put(state: &State, flag: &Flag) -> Result<(), Refusal> {
    if let Some(date) = state.flag_set.retired.get(&flag.key) {
        return Err(Refusal::new(
            RefusalCode::RetiredKey,
            format!("`{}` was retired on {date}, and a key is never used again", flag.key),
            format!("take a new key, such as `{}-2`", flag.key),
        ));
    }
    migration::check_put(state, flag)?;
    let Some(before) = state.flag_set.flag(flag.key.as_str()) else { return Ok(()) };
    let (Some(was), Some(is)) = (value_type(before), value_type(flag)) else { return Ok(()) };
    if was == is {
        return Ok(());
    }
    Err(Refusal::new(
        RefusalCode::ValueTypeFixed,
        format!("the variants of `{}` are of type {was} since it was made, and these are of type {is}", flag.key),
        "clients read the flag as that type; make a new flag for the other type",
    ))
}

/// `with` are further commands of the same change.
pub(super) fn check_retire(state: &State, with: &[Command], key: &FlagKey) -> Result<(), Refusal> {
    if let Some(date) = state.flag_set.retired.get(key) {
        return Err(Refusal::new(
            RefusalCode::AlreadyDone,
            format!("`{key}` was retired on {date} already"),
            "there is nothing left to do",
        ));
    }
    if state.flag_set.flag(key.as_str()).is_none() {
        return Err(super::unknown("flag", key.as_str(), state.flag_set.flags.iter().map(|flag| flag.key.as_str())));
    }
    if let Some(kill) = state.kills_of(key.as_str()).next() {
        return Err(Refusal::new(
            RefusalCode::StillKilled,
            format!("`{key}` is killed by `{}`, and retiring it would end the kill unseen", kill.kill.id),
            "give the flag no rules and its degraded variant as `default`, restore the kill, then retire the flag",
        ));
    }
    migration::check_retire(state, key)?;
    super::rollouts::check_retire(state, key.as_str())?;
    if let Some(dependent) = dependents_left(state, with, key.as_str()).first() {
        return Err(Refusal::new(
            RefusalCode::StillRequired,
            format!("`{key}` is required by `{dependent}`"),
            format!("retire `{dependent}` first, or take `{key}` out of its `requires`"),
        ));
    }
    Ok(())
}

/// The flags that require this one, and still may once the commands `with` are carried out.
pub(crate) fn dependents_left<'a>(state: &'a State, with: &[Command], key: &str) -> Vec<&'a FlagKey> {
    let stays = |dependent: &&FlagKey| {
        !with.iter().any(|command| match command {
            Command::RetireFlag { key } => key == *dependent,
            // Its new definition may no longer require it; validation of the whole will tell.
            Command::PutFlag { flag } => flag.key == **dependent,
            _ => false,
        })
    };
    state.dependents(key).into_iter().filter(stays).collect()
}

/// The JSON type of the variants, which all have the same.
fn value_type(flag: &Flag) -> Option<&'static str> {
    flag.variants.first().map(|(_, value)| match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    })
}
