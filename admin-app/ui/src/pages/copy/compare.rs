//! What one environment has that another has not, flag by flag.

use crate::state::batch::{Deed, Item, Standing};
use crate::words::difference::{Line, difference, summary};
use crate::words::number::counted;
use crate::words::text::copy as text;
use downhaul_core::document::{Flag, FlagSet};
use serde_json::Value;

/// A flag that differs, or is only in the environment that is copied from.
#[derive(Debug, Clone, PartialEq)]
pub struct Differing {
    pub key: String,
    pub how: How,
    /// As it is there.
    pub flag: Value,
    /// As it is here.
    pub before: Option<Value>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum How {
    New,
    /// In words, what would become another thing here.
    Other(Vec<Line>),
    /// Its key was retired here, and is never used again.
    Retired,
}

impl Differing {
    pub fn words(&self) -> String {
        match &self.how {
            How::New => text::NOT_HERE_YET.to_owned(),
            How::Retired => text::RETIRED_HERE_WHERE_ITS_KEY_IS.to_owned(),
            How::Other(lines) => {
                format!("{}: {}", counted(lines.len(), text::DIFFERENCE, text::DIFFERENCES), summary(lines))
            }
        }
    }

    pub fn can_be_copied(&self) -> bool {
        self.how != How::Retired
    }

    pub fn item(&self) -> Item {
        let deed = Deed::Put { flag: self.flag.clone(), before: self.before.clone() };
        Item { key: self.key.clone(), deed, standing: Standing::Waiting }
    }
}

/// In the order of `there`. Kills are no part of a flag, so none is ever copied.
pub fn compare(there: &FlagSet, here: &FlagSet) -> Vec<Differing> {
    let json = |flag: &Flag| serde_json::to_value(flag).unwrap_or_default();
    let differing = |flag: &Flag| {
        let before = here.flag(flag.key.as_str());
        let how = match before {
            Some(before) if before == flag => return None,
            Some(before) => How::Other(difference(Some(before), flag)),
            None if here.retired.contains_key(flag.key.as_str()) => How::Retired,
            None => How::New,
        };
        Some(Differing { key: flag.key.to_string(), how, flag: json(flag), before: before.map(json) })
    };
    there.flags.iter().filter_map(differing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_core::read;
    use serde_json::json;

    fn flag(key: &str, owner: &str) -> Value {
        json!({
            "key": key, "owner": owner, "kind": "release", "expires": "2027-01-31", "clients": ["server"],
            "variants": { "on": true, "off": false }, "default": "off",
            "degraded": { "variant": "off", "meaning": "The old way" },
        })
    }

    fn set(environment: &str, flags: Vec<Value>, more: Value) -> FlagSet {
        let mut document = json!({ "schema": 1, "environment": environment, "revision": 1, "flags": flags });
        if let (Some(members), Some(more)) = (document.as_object_mut(), more.as_object()) {
            members.extend(more.clone());
        }
        read::flag_set(&document.to_string(), read::Format::Json).unwrap().0
    }

    #[test]
    fn what_differs_is_found_and_kills_are_no_part_of_it() {
        let there = set("staging", vec![flag("a", "x"), flag("b", "x"), flag("c", "x"), flag("d", "x")], json!({}));
        let kill = json!({ "id": "k-1", "flag": "a", "scope": {}, "reason": "errors", "by": "a-1", "at": "2026-11-01T00:00:00Z" });
        let kill = json!({ "kills": [kill], "retired": { "d": "2026-01-01" } });
        let here = set("production", vec![flag("b", "y"), flag("a", "x"), flag("e", "x")], kill);
        let found = compare(&there, &here);
        let words: Vec<(&str, String, bool)> =
            found.iter().map(|each| (each.key.as_str(), each.words(), each.can_be_copied())).collect();
        assert_eq!(
            words,
            [
                ("b", "1 difference: owner".to_owned(), true),
                ("c", "not here yet".to_owned(), true),
                ("d", "retired here, where its key is never used again".to_owned(), false),
            ]
        );
        let Deed::Put { flag, before } = found.first().unwrap().item().deed else { panic!("it is put") };
        assert_eq!((flag.get("owner"), before.unwrap().get("owner")), (Some(&json!("x")), Some(&json!("y"))));
    }
}
