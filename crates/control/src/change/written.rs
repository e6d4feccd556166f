//! Reads a change as records are written. Serde finds the type of a command behind its content, and so would keep all of
//! the content twice; here the type is looked for where canonical JSON has it, at the end.

use super::Change;
use crate::api::Impact;
use crate::command::Command;
use crate::hash::Hash;
use crate::proposal::Landed;
use downhaul_core::document::{Flag, Kill};
use downhaul_core::ids::EnvironmentKey;
use serde::Deserialize;
use serde_json::Error;
use serde_json::value::RawValue;

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
    let Written { revision, environment, at, actor, reason, command, impact, landed, prev } =
        serde_json::from_str(text)?;
    let command = self::command(command.get())?;
    Ok(Change { revision, environment, at, actor, reason, command, impact, landed, prev })
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
    use serde_json::json;

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
                assert_eq!(ours.ok(), theirs.ok());
            }
        }
        assert!(change("{\"revision\":1}").is_err());
    }
}
