//! What a change reaches, and the digest that an approval of it is bound to.

use super::Named;
use crate::command::Command;
use crate::hash::Hash;
use crate::refusal::{Refusal, RefusalCode};
use crate::state::{State, Touch};
use downhaul_blast::reach::{Reached, reached};
use downhaul_core::document::FlagSet;
use downhaul_core::ids::FlagKey;
use downhaul_core::seal::canonical_bytes;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// The flags that a change reaches, with what decides of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Reach {
    pub flags: Vec<FlagKey>,
    /// Of these, those that are critical before or after.
    pub critical: Vec<FlagKey>,
    /// SHA-256 of the command, of all that decides of these flags before and after, and of the revisions that last touched
    /// each part: another digest is another change.
    pub digest: Hash,
    /// The parts, and who touched each last.
    pub(crate) touches: Vec<(Named, Touch)>,
}

impl Reach {
    /// `after` is what the command makes of the state's flag set.
    pub(crate) fn of(state: &State, command: &Command, after: &FlagSet) -> Result<Reach, Refusal> {
        let reached = reached(&state.flag_set, after);
        let mut parts: BTreeSet<Named> = command.names();
        for each in &reached {
            parts.extend([&each.before, &each.after].into_iter().flatten().flat_map(Named::within));
        }
        let touch = |named: Named| state.touched_last(&named).cloned().map(|touch| (named, touch));
        let touches: Vec<(Named, Touch)> = parts.into_iter().filter_map(touch).collect();
        let keys = |wanted: &dyn Fn(&&Reached) -> bool| -> Vec<FlagKey> {
            reached.iter().filter(wanted).map(|each| each.flag.clone()).collect()
        };
        Ok(Reach {
            flags: keys(&|_| true),
            critical: keys(&|each| each.is_critical()),
            digest: digest(command, &reached, &touches)
                .map_err(|why| Refusal::new(RefusalCode::Internal, why.to_string(), ""))?,
            touches,
        })
    }

    /// What was touched after a revision.
    pub(crate) fn touched_since(&self, revision: u64) -> impl Iterator<Item = &(Named, Touch)> {
        self.touches.iter().filter(move |(_, touch)| touch.revision > revision)
    }
}

/// Order of rules, what was removed and made anew, and whatever else decides: all of it is in the bytes that are hashed.
fn digest(command: &Command, reached: &[Reached], touches: &[(Named, Touch)]) -> Result<Hash, serde_json::Error> {
    let each = |Reached { flag, before, after }: &Reached| json!({ "flag": flag, "before": before, "after": after });
    let reached: Vec<Value> = reached.iter().map(each).collect();
    let touch = |(named, touch): &(Named, Touch)| json!([named.to_string(), touch.revision]);
    let revisions: Vec<Value> = touches.iter().map(touch).collect();
    let bytes = canonical_bytes(&json!({ "command": command, "reached": reached, "revisions": revisions }))?;
    Ok(Hash::of(&bytes))
}
