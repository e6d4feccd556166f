use downhaul_core::document::{Flag, FlagSet};
use serde_json::Value;
use std::collections::BTreeSet;

/// What of a flag set a flag has to do with: all it names, all that require it, and the kills of these. Flags that it has
/// nothing to do with are left out, so that checking and replaying cost what the flag costs, not what the flag set does.
pub fn around(document: &FlagSet, key: &str, draft: Option<&Value>) -> FlagSet {
    let named = draft.and_then(|draft| draft.get("requires")).and_then(Value::as_array);
    let named = named.into_iter().flatten().filter_map(|each| each.get("flag")?.as_str());
    let mut kept: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&Flag> = named.chain([key]).filter_map(|key| document.flag(key)).collect();
    while let Some(flag) = open.pop() {
        if kept.insert(flag.key.as_str()) {
            let required = flag.requires.iter().filter_map(|each| document.flag(each.flag.as_str()));
            let dependents =
                document.flags.iter().filter(|each| each.requires.iter().any(|required| required.flag == flag.key));
            open.extend(required.chain(dependents));
        }
    }
    FlagSet {
        flags: document.flags.iter().filter(|flag| kept.contains(flag.key.as_str())).cloned().collect(),
        kills: document.kills.iter().filter(|kill| kept.contains(kill.flag.as_str())).cloned().collect(),
        schema: document.schema,
        environment: document.environment.clone(),
        revision: document.revision,
        issued_at: document.issued_at.clone(),
        valid_until: document.valid_until.clone(),
        regions: document.regions.clone(),
        tenants: document.tenants.clone(),
        segments: document.segments.clone(),
        retired: document.retired.clone(),
    }
}
