use super::Policy;
use serde_json::Value;
use std::collections::BTreeMap;

/// What differs between two policies, before and after: `approvals.critical 0` and `approvals.critical 1`.
pub(crate) fn difference(before: &Policy, after: &Policy) -> [String; 2] {
    let [old, new] = [before, after].map(|policy| {
        let mut leaves = BTreeMap::new();
        flatten(String::new(), &serde_json::to_value(policy).unwrap_or_default(), &mut leaves);
        leaves
    });
    let told = |these: &BTreeMap<String, String>, those: &BTreeMap<String, String>| {
        let differing = these.iter().filter(|(path, value)| those.get(*path) != Some(value));
        let absent = those.keys().filter(|path| !these.contains_key(*path)).map(|path| format!("no {path}"));
        differing.map(|(path, value)| format!("{path} {value}")).chain(absent).collect::<Vec<_>>().join(", ")
    };
    [told(&old, &new), told(&new, &old)]
}

/// Lists are leaves: of a list it says more to see it whole.
fn flatten(path: String, value: &Value, into: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(path, value, into);
            }
        }
        leaf => {
            into.insert(path, leaf.to_string());
        }
    }
}
