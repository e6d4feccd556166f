use super::reservoir::UnitHash;
use crate::api::{SampledContext, Sampling};
use crate::hash::{Hash, hex};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use downhaul_core::document::{FlagSet, Outcome};
use downhaul_core::ids::EnvironmentKey;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;
use std::collections::BTreeSet;

/// The attribute that holds the hash of who it was, where a context has no targetingKey.
pub const UNIT: &str = "downhaul.unit";
const TARGETING_KEY: &str = "targetingKey";
/// Longest text of an attribute, in bytes: clients send at most 128 UTF-16 units.
const TEXT: usize = 3 * 128;
/// Most attributes, and most bucketing units.
const MOST: usize = 32;
/// A client tells at most one context in this time.
const PERIOD_SECONDS: u32 = 3600;

/// What keys the hashes of bucketing units in an environment: one key that clients are given, and one that never leaves.
#[derive(Clone)]
pub struct SamplingKeys {
    client: UnitHash,
    server: [u8; 32],
}

impl std::fmt::Debug for SamplingKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SamplingKeys(…)")
    }
}

impl SamplingKeys {
    /// Of an environment, by the two secrets of the control plane.
    pub fn new(client_root: &[u8; 32], server_root: &[u8; 32], environment: &EnvironmentKey) -> Self {
        let name = environment.as_str().as_bytes();
        SamplingKeys {
            client: truncated(&hmac(client_root, &[b"downhaul sample, client 1\0", name])),
            server: hmac(server_root, &[b"downhaul sample, server 1\0", name]),
        }
    }

    /// What a hash of a client becomes here.
    fn again(&self, attribute: &str, hash: &[u8]) -> UnitHash {
        truncated(&hmac(&self.server, &[attribute.as_bytes(), b"\0", hash]))
    }
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of any length; if it did not, nothing would be told apart, and nothing given away.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

fn truncated(hash: &[u8; 32]) -> UnitHash {
    let mut head = UnitHash::default();
    head.iter_mut().zip(hash).for_each(|(to, from)| *to = *from);
    head
}

/// What the clients of an environment are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    attributes: BTreeSet<String>,
    hashed: BTreeSet<String>,
}

impl Asked {
    /// The attributes that the policy allows; of whatever else flags bucket by, hashes.
    pub fn new(attributes: impl IntoIterator<Item = String>, flag_set: &FlagSet) -> Asked {
        let attributes: BTreeSet<String> =
            attributes.into_iter().filter(|name| name != TARGETING_KEY).take(MOST).collect();
        let rules = flag_set.flags.iter().flat_map(|flag| &flag.rules);
        let units = rules.filter_map(|rule| match &rule.then {
            Outcome::Split(split) => Some(split.by.clone()),
            Outcome::Serve(_) => None,
        });
        let own: BTreeSet<String> = units.filter(|unit| !attributes.contains(unit) && unit != TARGETING_KEY).collect();
        let hashed = own.into_iter().take(MOST - 1).chain([TARGETING_KEY.to_owned()]).collect();
        Asked { attributes, hashed }
    }

    /// As clients are told.
    pub fn told(&self, keys: &SamplingKeys) -> Sampling {
        Sampling {
            attributes: self.attributes.iter().cloned().collect(),
            hashed: self.hashed.iter().cloned().collect(),
            key: STANDARD.encode(keys.client),
            rate: 1.0,
            period_seconds: PERIOD_SECONDS,
        }
    }

    /// Whether it was asked for, as it is or hashed.
    pub fn has(&self, name: &str) -> bool {
        self.attributes.contains(name) || self.hashed.contains(name)
    }

    /// Whether something may leave by the other that may not leave by this one.
    pub fn allows_less_than(&self, other: &Asked) -> bool {
        !other.attributes.is_subset(&self.attributes)
    }
}

/// Why a context is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAdmitted {
    #[error("it holds an attribute that was not asked for")]
    NotAsked,
    #[error("a value is too long, or neither a text, a number nor a boolean")]
    Value,
    #[error("a hash is not 32 hexadecimal digits")]
    Hash,
}

/// What is kept of a context that a client tells, and the unit that it is of. Nothing is taken of one that says more than
/// was asked.
///
/// # Errors
/// Why not.
pub fn admit(
    said: &SampledContext,
    instance: &str,
    asked: &Asked,
    keys: &SamplingKeys,
) -> Result<(UnitHash, Map<String, Value>), NotAdmitted> {
    let mut context = Map::new();
    for (name, value) in &said.attributes {
        if !asked.attributes.contains(name) {
            return Err(NotAdmitted::NotAsked);
        }
        let fits = match value {
            Value::String(text) => text.len() <= TEXT,
            Value::Number(_) | Value::Bool(_) => true,
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        };
        if !fits {
            return Err(NotAdmitted::Value);
        }
        context.insert(name.clone(), value.clone());
    }
    let mut unit = None;
    for (name, hash) in &said.hashed {
        if !asked.hashed.contains(name) {
            return Err(NotAdmitted::NotAsked);
        }
        if hash.len() != 32 || !hash.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)) {
            return Err(NotAdmitted::Hash);
        }
        let again = keys.again(name, hash.as_bytes());
        context.insert(name.clone(), Value::String(hex(&again)));
        if name == TARGETING_KEY {
            unit = Some(again);
        }
    }
    // Who has no targetingKey is told apart by the tab or process.
    let unit = unit.unwrap_or_else(|| {
        let unit = keys.again("", Hash::of(instance.as_bytes()).as_bytes());
        context.insert(UNIT.to_owned(), Value::String(hex(&unit)));
        unit
    });
    Ok((unit, context))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn keys() -> SamplingKeys {
        SamplingKeys::new(&[1; 32], &[2; 32], &"production".parse().unwrap())
    }

    fn flag_set() -> FlagSet {
        serde_json::from_value(json!({
            "schema": 1, "environment": "production", "revision": 0, "flags": [{
                "key": "f", "owner": "o", "kind": "release", "expires": "2099-01-01", "variants": { "on": true, "off": false },
                "degraded": { "variant": "off", "meaning": "m" }, "default": "off", "rules": [
                    { "split": { "by": "account", "slices": [["on", 5]] } },
                    { "split": { "by": "tenant", "slices": [["on", 5]] } },
                    { "split": { "slices": [["on", 5]] } }
                ]
            }]
        }))
        .unwrap()
    }

    fn asked() -> Asked {
        Asked::new(["tenant", "plan", "targetingKey"].map(str::to_owned), &flag_set())
    }

    fn said(value: Value) -> SampledContext {
        serde_json::from_value(value).unwrap()
    }

    const HASH: &str = "00112233445566778899aabbccddeeff";

    #[test]
    fn units_that_may_not_leave_are_hashed() {
        let told = asked().told(&keys());
        assert_eq!(told.attributes, ["plan", "tenant"], "the targetingKey never, whatever the policy says");
        assert_eq!(told.hashed, ["account", "targetingKey"], "what is allowed needs no hash");
        assert_eq!(STANDARD.decode(told.key).unwrap().len(), 16);
    }

    #[test]
    fn hashes_are_hashed_again() {
        let context =
            said(json!({ "attributes": { "plan": "pro" }, "hashed": { "targetingKey": HASH, "account": HASH } }));
        let (unit, kept) = admit(&context, "tab-1", &asked(), &keys()).unwrap();
        assert_eq!(kept["targetingKey"], hex(&unit));
        assert_eq!(kept["plan"], "pro");
        assert_ne!(kept["account"], kept["targetingKey"], "by attribute");
        assert!(!Value::Object(kept.clone()).to_string().contains(HASH));
        let (again, _) = admit(&context, "tab-2", &asked(), &keys()).unwrap();
        assert_eq!(again, unit, "the same person in another tab");
        let elsewhere = SamplingKeys::new(&[1; 32], &[2; 32], &"staging".parse().unwrap());
        assert_ne!(
            admit(&context, "tab-1", &asked(), &elsewhere).unwrap().0,
            unit,
            "not the same in another environment"
        );
        let other = SamplingKeys::new(&[1; 32], &[3; 32], &"production".parse().unwrap());
        assert_ne!(admit(&context, "tab-1", &asked(), &other).unwrap().0, unit, "nor under another secret");
    }

    #[test]
    fn who_has_no_key_is_the_tab() {
        let context = said(json!({ "attributes": { "plan": "pro" } }));
        let (unit, kept) = admit(&context, "tab-1", &asked(), &keys()).unwrap();
        assert_eq!(kept[UNIT], hex(&unit));
        assert!(!kept.contains_key("targetingKey"));
        assert_ne!(admit(&context, "tab-2", &asked(), &keys()).unwrap().0, unit);
    }

    #[test]
    fn what_was_not_asked_for_is_not_taken() {
        let check = |value: Value| admit(&said(value), "tab", &asked(), &keys()).unwrap_err();
        for more in ["email", "targetingKey", "downhaul.unit", ""] {
            assert_eq!(check(json!({ "attributes": { "plan": "pro", more: "x" } })), NotAdmitted::NotAsked, "{more}");
        }
        for value in [json!("x".repeat(TEXT + 1)), json!(null), json!([1]), json!({})] {
            assert_eq!(check(json!({ "attributes": { "plan": value } })), NotAdmitted::Value);
        }
        assert_eq!(check(json!({ "hashed": { "tenant": HASH } })), NotAdmitted::NotAsked);
        for hash in ["", "user-1", &HASH.to_uppercase(), &HASH.replacen('0', "", 1), &format!("{HASH}0")] {
            assert_eq!(check(json!({ "hashed": { "targetingKey": hash } })), NotAdmitted::Hash, "{hash}");
        }
    }

    #[test]
    fn less_is_told_apart_from_more() {
        let of = |names: &[&str]| Asked::new(names.iter().map(|name| (*name).to_owned()), &flag_set());
        assert!(of(&["plan"]).allows_less_than(&of(&["plan", "tenant"])));
        assert!(!of(&["plan", "tenant"]).allows_less_than(&of(&["plan"])));
        assert!(of(&["plan"]).allows_less_than(&of(&["tenant"])));
    }
}
