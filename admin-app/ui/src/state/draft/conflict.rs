//! What to do with a draft when the flag has been changed by someone else.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Both changes together: member by member of the flag, since each stands for one thing that people decide.
#[derive(Debug, Clone, PartialEq)]
pub struct Merge {
    /// With what each side changed alone; of `clashes` what the draft has.
    pub mine_first: Value,
    /// The same, with what is published.
    pub theirs_first: Value,
    /// Members that both changed, each to something else.
    pub clashes: Vec<String>,
}

pub fn merge(base: &Value, theirs: &Value, mine: &Value) -> Merge {
    let none = Map::new();
    let of = |value: &Value| value.as_object().cloned().unwrap_or_else(|| none.clone());
    let (base, theirs, mine) = (of(base), of(theirs), of(mine));
    let names: BTreeSet<&String> = base.keys().chain(theirs.keys()).chain(mine.keys()).collect();
    let (mut mine_first, mut theirs_first, mut clashes) = (Map::new(), Map::new(), Vec::new());
    for name in names {
        let (was, is, own) = (base.get(name), theirs.get(name), mine.get(name));
        let (first, second) = if own == was {
            (is, is)
        } else if is == was || is == own {
            (own, own)
        } else {
            clashes.push(name.clone());
            (own, is)
        };
        for (into, value) in [(&mut mine_first, first), (&mut theirs_first, second)] {
            if let Some(value) = value {
                into.insert(name.clone(), value.clone());
            }
        }
    }
    Merge { mine_first: mine_first.into(), theirs_first: theirs_first.into(), clashes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_only_one_side_changed_is_taken() {
        let base = json!({ "owner": "a", "default": "off", "rules": [1], "created": "x" });
        let theirs = json!({ "owner": "b", "default": "off", "rules": [1, 2], "description": "new" });
        let mine = json!({ "owner": "a", "default": "on", "rules": [3], "created": "x" });
        let merged = merge(&base, &theirs, &mine);
        assert_eq!(merged.clashes, ["rules"]);
        assert_eq!(merged.mine_first, json!({ "owner": "b", "default": "on", "rules": [3], "description": "new" }));
        assert_eq!(merged.theirs_first["rules"], json!([1, 2]));
        let same = merge(&base, &theirs, &theirs);
        assert_eq!((same.mine_first, same.clashes.len()), (theirs, 0), "the same change twice is none");
    }
}
