//! What a change reaches: the flags of which something that can decide is not what it was.

use crate::cone::Indexed;
use downhaul_core::document::{Flag, FlagSet};
use downhaul_core::ids::FlagKey;
use std::collections::BTreeSet;

/// A flag, and all that can decide of it on either side: the flag, those that it requires, their segments and kills, and
/// what of tenants and regions these look at. A side that lacks the flag is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct Reached {
    pub flag: FlagKey,
    pub before: Option<FlagSet>,
    pub after: Option<FlagSet>,
}

/// The flags that a change reaches, by key: those of whom not every part is what it was, whether or not anyone is given
/// anything else.
pub fn reached(before: &FlagSet, after: &FlagSet) -> Vec<Reached> {
    let sides = [Indexed::new(before), Indexed::new(after)];
    let keys: BTreeSet<&FlagKey> = before.flags.iter().chain(&after.flags).map(|flag| &flag.key).collect();
    let reached = keys.into_iter().filter_map(|key| {
        let cones = sides.each_ref().map(|side| side.cone(key.as_str()));
        if let [Some(was), Some(is)] = &cones
            && was.is_same_as(is)
        {
            return None;
        }
        let [before, after] = cones.map(|cone| cone.map(|cone| cone.to_document()));
        (before != after).then(|| Reached { flag: key.clone(), before, after })
    });
    reached.collect()
}

impl Reached {
    /// The flag itself, before and after.
    pub fn flags(&self) -> impl Iterator<Item = &Flag> {
        [&self.before, &self.after].into_iter().flatten().filter_map(|side| side.flag(self.flag.as_str()))
    }

    /// Whether it is critical on either side.
    pub fn is_critical(&self) -> bool {
        self.flags().any(|flag| flag.critical)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    /// `a` requires `b`, which asks about a segment, tenants' plans and a region; `c` is by itself.
    fn shop() -> Value {
        let flag = |key: &str, members: Value| {
            let mut flag = json!({
                "key": key, "owner": "o", "kind": "release", "expires": "2099-01-01", "variants": { "on": true, "off": false },
                "degraded": { "variant": "off", "meaning": "m" }, "default": "on",
            });
            flag.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            flag
        };
        let rules = json!([
            { "when": [{ "segment": ["staff"] }, { "region": ["eu"] }], "serve": "on" },
            { "when": [{ "attribute": "tenant.plan", "op": "in", "values": ["paid"] }], "serve": "off" },
        ]);
        json!({
            "schema": 1, "environment": "production", "revision": 1, "regions": { "eu": {} },
            "tenants": { "acme": { "plan": "free", "city": "Kyiv" } },
            "segments": { "staff": { "include": ["user-1"] }, "others": { "include": ["user-2"] } },
            "flags": [
                flag("a", json!({ "requires": [{ "flag": "b", "variants": ["on"] }] })),
                flag("b", json!({ "rules": rules, "critical": true })),
                flag("c", json!({})),
            ],
            "kills": [],
        })
    }

    #[test]
    fn a_change_reaches_what_depends_on_it_and_nothing_else() {
        let document = |json: Value| serde_json::from_value::<FlagSet>(json).unwrap();
        let before = document(shop());
        let edited = |pointer: &str, value: Value| {
            let mut shop = shop();
            *shop.pointer_mut(pointer).unwrap() = value;
            document(shop)
        };
        let kill =
            json!({ "id": "k", "flag": "b", "scope": {}, "reason": "r", "by": "a-1", "at": "2026-11-23T20:00:00Z" });
        for (pointer, value, keys) in [
            ("/revision", json!(2), ""),
            ("/segments/others", json!({ "include": ["user-3"] }), ""),
            ("/tenants/acme/city", json!("Lviv"), ""),
            ("/segments/staff", json!({ "include": ["user-3"] }), "a b"),
            ("/tenants/acme/plan", json!("paid"), "a b"),
            ("/regions/eu", json!({ "eu-west": {} }), "a b"),
            ("/flags/0/owner", json!("someone"), "a"),
            ("/flags/1/default", json!("off"), "a b"),
            ("/flags/2/default", json!("off"), "c"),
            ("/kills", json!([kill]), "a b"),
        ] {
            let found = reached(&before, &edited(pointer, value));
            let found: Vec<&str> = found.iter().map(|each| each.flag.as_str()).collect();
            assert_eq!(found.join(" "), keys, "{pointer}");
        }
        let mut flags = shop()["flags"].as_array().unwrap().clone();
        flags.truncate(1);
        let mut alone = shop();
        alone["flags"] = json!(flags);
        let gone = reached(&before, &document(alone));
        assert!(gone.iter().all(|each| each.flag.as_str() == "a" || each.after.is_none()));
        assert_eq!(gone.iter().map(Reached::is_critical).collect::<Vec<_>>(), [false, true, false]);
    }
}
