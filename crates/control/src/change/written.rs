//! Reads a change as records are written: in canonical form, in one pass that proves the form as it reads.
//!
//! Whatever it declines is read by serde, which also says what is wrong. There the type of a command stands behind its
//! content, so that all of it would be kept twice; canonical JSON has the type at the end, and it is looked for there.

use super::Change;
use crate::api::Impact;
use crate::command::Command;
use crate::guards::GuardEvidence;
use crate::hash::Hash;
use crate::proposal::Landed;
use downhaul_core::document::{Flag, Kill};
use downhaul_core::ids::EnvironmentKey;
use downhaul_core::read::written_flag;
use downhaul_core::seal::Scan;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Error;
use serde_json::value::RawValue;
use std::ops::Range;

/// A change whose text is in canonical form.
pub(super) struct Canonical {
    pub(super) change: Change,
    pub(super) flags: Flags,
}

/// Where the text of a record has the flags that its command puts, or the commands of an [`Command::Apply`] put, in their
/// order. What stands there is the canonical form of the flag; it is empty where that is not known.
pub(super) type Flags = Vec<Range<usize>>;

/// Nothing where the text is in another form, or is no change that this version knows.
pub(super) fn canonical(text: &str) -> Option<Canonical> {
    let scan = &mut Scan::new(text);
    take(scan, "{\"actor\":")?;
    let actor = scan.text()?.into_owned();
    take(scan, ",\"at\":")?;
    let at = scan.text()?.into_owned();
    take(scan, ",\"command\":")?;
    let mut flags = Flags::new();
    let command = canonical_command(scan, &mut flags)?;
    take(scan, ",\"environment\":")?;
    let environment = scan.text()?.parse().ok()?;
    let evidence = if scan.take(",\"evidence\":") { read(scan)? } else { None };
    take(scan, ",\"impact\":")?;
    let impact = impact(scan)?;
    let landed = if scan.take(",\"landed\":") { read(scan)? } else { None };
    take(scan, ",\"prev\":")?;
    let prev = scan.text()?.parse().ok()?;
    take(scan, ",\"reason\":")?;
    let reason = scan.text()?.into_owned();
    take(scan, ",\"revision\":")?;
    let revision = scan.whole()?;
    take(scan, "}")?;
    let change = Change { revision, environment, at, actor, reason, command, evidence, impact, landed, prev };
    scan.is_at_end().then_some(Canonical { change, flags })
}

fn canonical_command(scan: &mut Scan<'_>, flags: &mut Flags) -> Option<Command> {
    let start = scan.clone();
    if let Some(put) = put_flag(scan, flags) {
        return Some(put);
    }
    *scan = start.clone();
    if let Some(apply) = apply(scan, flags) {
        return Some(apply);
    }
    *scan = start;
    flags.clear();
    other(scan, flags)
}

fn put_flag(scan: &mut Scan<'_>, flags: &mut Flags) -> Option<Command> {
    take(scan, "{\"flag\":")?;
    let start = scan.at();
    let flag = Box::new(written_flag(scan)?);
    flags.push(start..scan.at());
    take(scan, ",\"type\":\"put-flag\"}")?;
    Some(Command::PutFlag { flag })
}

fn apply(scan: &mut Scan<'_>, flags: &mut Flags) -> Option<Command> {
    take(scan, "{\"commands\":[")?;
    let mut commands = Vec::new();
    while !scan.take("]") {
        if !commands.is_empty() {
            take(scan, ",")?;
        }
        let (start, known) = (scan.clone(), flags.len());
        commands.push(match put_flag(scan, flags) {
            Some(put) => put,
            None => {
                *scan = start;
                flags.truncate(known);
                other(scan, flags)?
            }
        });
    }
    take(scan, ",\"type\":\"apply\"}")?;
    Some(Command::Apply { commands })
}

/// A command whose form is looked at first, and its content then.
fn other(scan: &mut Scan<'_>, flags: &mut Flags) -> Option<Command> {
    let command = command(scan.any()?).ok()?;
    match &command {
        Command::PutFlag { .. } => flags.push(0..0),
        Command::Apply { commands } => {
            let puts = commands.iter().filter(|command| matches!(command, Command::PutFlag { .. }));
            flags.extend(puts.map(|_| 0..0));
        }
        _ => {}
    }
    Some(command)
}

/// Most hold the digest alone.
fn impact(scan: &mut Scan<'_>) -> Option<Impact> {
    let start = scan.clone();
    if scan.take("{\"digest\":")
        && let Some(digest) = scan.text()
        && scan.take("}")
    {
        return Some(Impact { digest: digest.into_owned(), ..Impact::default() });
    }
    *scan = start;
    read(scan)
}

fn read<T: DeserializeOwned>(scan: &mut Scan<'_>) -> Option<T> {
    serde_json::from_str(scan.any()?).ok()
}

fn take(scan: &mut Scan<'_>, literal: &str) -> Option<()> {
    scan.take(literal).then_some(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<'t> {
    revision: u64,
    environment: EnvironmentKey,
    at: String,
    actor: String,
    reason: String,
    #[serde(borrow)]
    command: &'t RawValue,
    #[serde(default)]
    evidence: Option<Box<GuardEvidence>>,
    impact: Impact,
    #[serde(default)]
    landed: Option<Landed>,
    prev: Hash,
}

#[derive(Deserialize)]
struct PutFlag {
    flag: Box<Flag>,
}

#[derive(Deserialize)]
struct Killing {
    kill: Kill,
}

#[derive(Deserialize)]
struct Apply<'t> {
    #[serde(borrow)]
    commands: Vec<&'t RawValue>,
}

/// The same as serde reads, in whatever form the text is.
pub(super) fn change(text: &str) -> Result<Change, Error> {
    let Written { revision, environment, at, actor, reason, command, evidence, impact, landed, prev } =
        serde_json::from_str(text)?;
    let command = self::command(command.get())?;
    Ok(Change { revision, environment, at, actor, reason, command, evidence, impact, landed, prev })
}

fn command(text: &str) -> Result<Command, Error> {
    // The last brace is that of the command itself, and within a text the quotes would be escaped.
    if text.ends_with(",\"type\":\"put-flag\"}") {
        let PutFlag { flag } = serde_json::from_str(text)?;
        Ok(Command::PutFlag { flag })
    } else if text.ends_with(",\"type\":\"kill\"}") {
        let Killing { kill } = serde_json::from_str(text)?;
        Ok(Command::Kill { kill })
    } else if text.ends_with(",\"type\":\"apply\"}") {
        let Apply { commands } = serde_json::from_str(text)?;
        let commands = commands.into_iter().map(|each| command(each.get())).collect::<Result<_, _>>()?;
        Ok(Command::Apply { commands })
    } else {
        serde_json::from_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_core::seal::{canonical_bytes, check_canonical};
    use serde_json::json;

    /// Whether it is taken in one pass; then as serde reads it, in canonical form, and with flags where it says.
    fn is_taken(text: &str) -> bool {
        let Some(Canonical { change, flags }) = canonical(text) else { return false };
        assert_eq!(change, serde_json::from_str::<Change>(text).unwrap(), "{text}");
        assert_eq!(check_canonical(text.as_bytes()), Ok(()), "{text}");
        let puts = match &change.command {
            Command::Apply { commands } => commands.as_slice(),
            command => std::slice::from_ref(command),
        };
        let put: Vec<&Flag> = puts
            .iter()
            .filter_map(|put| if let Command::PutFlag { flag } = put { Some(&**flag) } else { None })
            .collect();
        assert_eq!(flags.len(), put.len(), "{text}");
        for (place, flag) in flags.iter().zip(put).filter(|(place, _)| !place.is_empty()) {
            assert_eq!(text.as_bytes()[place.clone()], *canonical_bytes(flag).unwrap());
        }
        true
    }

    #[test]
    fn it_reads_what_serde_reads() {
        let flag = json!({
            "key": "a", "owner": "payments", "kind": "release", "expires": "2027-01-31", "variants": { "on": true },
            "degraded": { "variant": "on", "meaning": "}\",\"type\":\"kill\"}" }, "default": "on",
        });
        let put = json!({ "type": "put-flag", "flag": flag });
        let kill = json!({ "id": "k-1", "flag": "a", "scope": {}, "reason": "r", "by": "a-1", "at": "2026-11-23T20:00:00.000Z" });
        let nested = (0..40).fold(put.clone(), |inner, _| json!({ "type": "apply", "commands": [inner] }));
        for command in [
            put.clone(),
            json!({ "type": "apply", "commands": [put, { "type": "remove-tenant", "tenant": "acme" }] }),
            nested,
            json!({ "type": "kill", "kill": kill }),
            json!({ "type": "restore", "id": "k-1\",\"type\":\"put-flag\"}" }),
            json!({ "type": "retire-flag", "key": "a" }),
            json!({ "type": "put-flag" }),
            json!({ "type": "brew" }),
            json!({ "flag": {} }),
            json!([]),
        ] {
            let mut whole = json!({
                "revision": 1, "environment": "production", "at": "", "actor": "", "reason": "", "command": command,
                "impact": {}, "prev": Hash::ZERO.to_string(),
            });
            for landed in
                [json!(null), json!({ "proposal": 1, "author": "a-1", "approvals": [] }), json!({ "by": "a-1" })]
            {
                whole["landed"] = landed;
                let text = whole.to_string();
                let (ours, theirs) = (change(&text), serde_json::from_str::<Change>(&text));
                assert_eq!(ours.is_ok(), theirs.is_ok(), "{text}");
                let text = String::from_utf8(canonical_bytes(&whole).unwrap()).unwrap();
                // `landed` is left out where there is none.
                assert!(!is_taken(&text) || ours.is_ok());
                assert_eq!(ours.ok(), theirs.ok());
            }
        }
        assert!(change("{\"revision\":1}").is_err());
    }

    #[test]
    fn records_are_taken_in_one_pass_and_edited_ones_as_they_are_or_not_at_all() {
        let flag = json!({
            "key": "a", "owner": "payments", "kind": "release", "expires": "2027-01-31", "variants": { "on": true },
            "degraded": { "variant": "on", "meaning": "m" }, "default": "on", "description": "\"}",
            "clients": ["server"], "on_stale": "keep", "reversibility": "rollback-safe",
        });
        let kill = json!({ "id": "k-1", "flag": "a", "scope": {}, "reason": "r", "by": "a-1", "at": "2026-11-23T20:00:00.000Z" });
        let put = json!({ "type": "put-flag", "flag": flag });
        let mut older = put.clone();
        older["flag"].as_object_mut().unwrap().remove("clients");
        let impact = json!({ "digest": "d", "edits": ["created"] });
        for (command, impact) in [
            (put.clone(), json!({ "digest": "d" })),
            (older.clone(), json!({})),
            (
                json!({ "type": "apply", "commands": [put, older, { "type": "remove-tenant", "tenant": "acme" }, put] }),
                impact,
            ),
            (json!({ "type": "apply", "commands": [] }), json!({ "digest": "" })),
            (json!({ "type": "kill", "kill": kill }), json!({ "digest": "d" })),
            (json!({ "type": "freeze" }), json!({ "digest": "d" })),
        ] {
            let change = json!({
                "revision": 7, "environment": "production", "at": "t", "actor": "a", "reason": "é\n", "command": command,
                "impact": impact, "prev": Hash::ZERO.to_string(),
            });
            let text = String::from_utf8(canonical_bytes(&change).unwrap()).unwrap();
            assert!(is_taken(&text), "{text}");
            for at in 0..text.len() {
                for piece in ["", " ", "\"", "}", "0", ",", "\\"] {
                    for cut in [0, 1] {
                        let mut edited = text.clone().into_bytes();
                        edited.splice(at..at + cut, piece.bytes());
                        if let Ok(edited) = String::from_utf8(edited) {
                            is_taken(&edited);
                        }
                    }
                }
            }
        }
    }
}
