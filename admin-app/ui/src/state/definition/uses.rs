//! Who uses a segment, a tenant or a region: whatever names it, in a flag, in a segment or in a kill.

use super::Subject;
use crate::state::context_draft::attributes_read;
use downhaul_core::document::{Condition, FlagSet, Kill};
use std::collections::{BTreeMap, BTreeSet};

/// Something that names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    pub place: Place,
    /// Through segments that name it, in their order; empty where it is named outright.
    pub through: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// Rules of a flag, by their numbers from 1.
    Flag {
        key: String,
        rules: Vec<usize>,
    },
    Segment(String),
    Kill {
        id: String,
        flag: String,
    },
}

/// Whatever names `name`, the flags first. Of a region, whatever names it or a region that it lies within.
pub fn uses(document: &FlagSet, subject: &Subject) -> Vec<Use> {
    let names = Names::of(document, subject);
    // Segments that name it, each with the way to it; segments may name segments, without cycles.
    let mut segments: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut open: Vec<(String, Vec<String>)> = Vec::new();
    let found = |segment: &str, through: Vec<String>, segments: &mut BTreeMap<String, Vec<String>>| {
        let is_new = !segments.contains_key(segment);
        if is_new {
            segments.insert(segment.to_owned(), through.clone());
        }
        is_new.then(|| (segment.to_owned(), through))
    };
    for (key, segment) in &document.segments {
        if segment.when.iter().any(|condition| names.are_in(condition)) {
            open.extend(found(key.as_str(), Vec::new(), &mut segments));
        }
    }
    while let Some((inner, through)) = open.pop() {
        for (key, segment) in &document.segments {
            if segment.when.iter().any(|condition| names_segment(condition, &inner)) {
                let mut through = through.clone();
                through.push(inner.clone());
                open.extend(found(key.as_str(), through, &mut segments));
            }
        }
    }
    let mut uses = Vec::new();
    for flag in document.flags.iter() {
        let (mut direct, mut indirect): (Vec<usize>, BTreeMap<&str, Vec<usize>>) = Default::default();
        for (at, rule) in flag.rules.iter().enumerate() {
            if rule.when.iter().any(|condition| names.are_in(condition)) {
                direct.push(at + 1);
                continue;
            }
            let way = segments.keys().find(|key| rule.when.iter().any(|condition| names_segment(condition, key)));
            if let Some(key) = way {
                indirect.entry(key.as_str()).or_default().push(at + 1);
            }
        }
        let place = |rules| Place::Flag { key: flag.key.to_string(), rules };
        if !direct.is_empty() {
            uses.push(Use { place: place(direct), through: Vec::new() });
        }
        for (key, rules) in indirect {
            let mut through = segments.get(key).cloned().unwrap_or_default();
            through.push(key.to_owned());
            uses.push(Use { place: place(rules), through });
        }
    }
    uses.extend(segments.into_iter().map(|(key, through)| Use { place: Place::Segment(key), through }));
    let kills = document.kills.iter().filter(|kill| names.are_in_kill(kill));
    uses.extend(kills.map(|kill| {
        let place = Place::Kill { id: kill.id.clone(), flag: kill.flag.to_string() };
        Use { place, through: Vec::new() }
    }));
    uses
}

/// Whether a critical flag is among those that use it.
pub fn reaches_critical(document: &FlagSet, subject: &Subject) -> bool {
    let flag = |each: Use| match each.place {
        Place::Flag { key, .. } | Place::Kill { flag: key, .. } => Some(key),
        Place::Segment(_) => None,
    };
    let mut keys = uses(document, subject).into_iter().filter_map(flag);
    keys.any(|key| document.flag(&key).is_some_and(|flag| flag.critical))
}

/// Attributes that rules read and a population does not have, each with the flags that read it.
pub fn missing_attributes(document: &FlagSet, columns: &[String]) -> BTreeMap<String, BTreeSet<String>> {
    let has = |name: &str| {
        // The time is filled in where a row has none; what an object is made of is there.
        name == "now" || columns.iter().any(|column| column == name || column.starts_with(&format!("{name}.")))
    };
    let mut missing: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for flag in document.flags.iter() {
        let reads = Reads::of(document, flag);
        for name in attributes_read(document, flag) {
            let is_read = match name.as_str() {
                "targetingKey" => reads.unit,
                "tenant" => reads.tenant,
                "region" => reads.region,
                _ => true,
            };
            if is_read && !has(&name) {
                missing.entry(name).or_default().insert(flag.key.to_string());
            }
        }
    }
    missing
}

/// Whether a flag looks at what every form offers.
struct Reads {
    unit: bool,
    tenant: bool,
    region: bool,
}

impl Reads {
    fn of(document: &FlagSet, flag: &downhaul_core::document::Flag) -> Reads {
        let mut reads = Reads { unit: false, tenant: false, region: false };
        for rule in &flag.rules {
            if let downhaul_core::document::Outcome::Split(split) = &rule.then {
                reads.unit |= split.by == "targetingKey";
            }
            for condition in &rule.when {
                reads.see(document, condition, 0);
            }
        }
        reads
    }

    fn see(&mut self, document: &FlagSet, condition: &Condition, depth: usize) {
        match condition {
            Condition::Tenant(_) => self.tenant = true,
            Condition::Region(_) => self.region = true,
            Condition::Attribute { attribute, .. } => self.tenant |= attribute.starts_with("tenant."),
            Condition::All(inner) | Condition::Any(inner) => {
                inner.iter().for_each(|each| self.see(document, each, depth));
            }
            Condition::Not(inner) => self.see(document, inner, depth),
            // Deeper than any segment lies in a valid document.
            Condition::Segment(keys) if depth < 32 => {
                for segment in keys.iter().filter_map(|key| document.segments.get(key.as_str())) {
                    self.unit |= !segment.include.is_empty() || !segment.exclude.is_empty();
                    segment.when.iter().for_each(|each| self.see(document, each, depth + 1));
                }
            }
            Condition::Segment(_) => {}
        }
    }
}

/// By which names a subject is used.
enum Names {
    Segment(String),
    Tenant { name: String, attributes: BTreeSet<String> },
    Regions(BTreeSet<String>),
    Nothing,
}

impl Names {
    fn of(document: &FlagSet, subject: &Subject) -> Names {
        match subject {
            Subject::Segment(key) => Names::Segment(key.clone()),
            Subject::Tenant(name) => {
                let declared = document.tenants.get(name.as_str());
                let attributes = declared.into_iter().flatten().map(|(name, _)| format!("tenant.{name}")).collect();
                Names::Tenant { name: name.clone(), attributes }
            }
            Subject::Regions => Names::Regions(document.regions.names().iter().map(ToString::to_string).collect()),
            Subject::Policy => Names::Nothing,
        }
    }

    fn are_in(&self, condition: &Condition) -> bool {
        match (condition, self) {
            (Condition::All(inner) | Condition::Any(inner), _) => inner.iter().any(|each| self.are_in(each)),
            (Condition::Not(inner), _) => self.are_in(inner),
            (Condition::Segment(keys), Names::Segment(key)) => keys.iter().any(|each| each.as_str() == key),
            (Condition::Tenant(tenants), Names::Tenant { name, .. }) => {
                tenants.iter().any(|each| each.as_str() == name)
            }
            (Condition::Attribute { attribute, .. }, Names::Tenant { attributes, .. }) => {
                attributes.contains(attribute)
            }
            (Condition::Region(regions), Names::Regions(names)) => {
                regions.iter().any(|each| names.contains(each.as_str()))
            }
            _ => false,
        }
    }

    fn are_in_kill(&self, kill: &Kill) -> bool {
        let scope = &kill.scope;
        match self {
            Names::Segment(key) => scope.segment.iter().flatten().any(|each| each.as_str() == key),
            Names::Tenant { name, .. } => scope.tenant.iter().flatten().any(|each| each.as_str() == name),
            Names::Regions(names) => scope.region.iter().flatten().any(|each| names.contains(each.as_str())),
            Names::Nothing => false,
        }
    }
}

fn names_segment(condition: &Condition, key: &str) -> bool {
    Names::Segment(key.to_owned()).are_in(condition)
}

/// Whatever names one region, or flags and segments that name a region in which it lies.
pub fn region_uses(document: &FlagSet, region: &str) -> usize {
    let names = Names::Regions(BTreeSet::from([region.to_owned()]));
    let in_flags = document
        .flags
        .iter()
        .filter(|flag| flag.rules.iter().any(|rule| rule.when.iter().any(|condition| names.are_in(condition))));
    let in_segments =
        document.segments.values().filter(|segment| segment.when.iter().any(|condition| names.are_in(condition)));
    let in_kills = document.kills.iter().filter(|kill| names.are_in_kill(kill));
    in_flags.count() + in_segments.count() + in_kills.count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn flag(key: &str, rules: Value) -> Value {
        json!({
            "key": key, "owner": "o", "kind": "ops", "review": "2099-01-01", "variants": { "on": true, "off": false },
            "degraded": { "variant": "off", "meaning": "m" }, "default": "off", "rules": rules,
        })
    }

    fn document() -> FlagSet {
        let kill = json!({
            "id": "k-1", "flag": "a", "scope": { "tenant": ["acme"] }, "reason": "r", "by": "a-1", "at": "2026-11-23T20:00:00Z",
        });
        serde_json::from_value(json!({
            "schema": 1, "environment": "production", "revision": 3, "regions": { "eu": { "de": {} } },
            "tenants": { "acme": { "plan": "free" } },
            "segments": {
                "staff": { "include": ["user-1"], "when": [{ "attribute": "tenant.plan", "op": "in", "values": ["free"] }] },
                "testers": { "when": [{ "segment": ["staff"] }] },
            },
            "flags": [
                flag("a", json!([{ "serve": "on" }, { "when": [{ "not": { "segment": ["staff"] } }], "serve": "on" }])),
                flag("b", json!([{ "when": [{ "any": [{ "segment": ["testers"] }, { "region": ["de"] }] }], "serve": "on" }])),
                flag("c", json!([{ "when": [{ "attribute": "app.version", "op": "exists" }], "split": { "slices": [["on", 5]] } }])),
            ],
            "kills": [kill],
        }))
        .unwrap()
    }

    fn told(subject: Subject) -> Vec<String> {
        let told = |each: Use| {
            let place = match each.place {
                Place::Flag { key, rules } => format!("{key} {rules:?}"),
                Place::Segment(key) => format!("segment {key}"),
                Place::Kill { id, flag } => format!("{id} of {flag}"),
            };
            if each.through.is_empty() { place } else { format!("{place} through {}", each.through.join(", ")) }
        };
        uses(&document(), &subject).into_iter().map(told).collect()
    }

    #[test]
    fn what_names_it_is_found_through_segments_too() {
        assert_eq!(told(Subject::Segment("staff".into())), ["a [2]", "b [1] through testers", "segment testers"]);
        let of_acme = told(Subject::Tenant("acme".into()));
        let expected = [
            "a [2] through staff",
            "b [1] through staff, testers",
            "segment staff",
            "segment testers through staff",
            "k-1 of a",
        ];
        assert_eq!(of_acme, expected);
        assert_eq!(told(Subject::Regions), ["b [1]"]);
        assert_eq!((region_uses(&document(), "de"), region_uses(&document(), "eu")), (1, 0));
    }

    #[test]
    fn one_critical_flag_that_uses_it_is_enough() {
        let (mut document, testers) = (document(), Subject::Segment("testers".into()));
        assert!(!reaches_critical(&document, &testers));
        document.flags.iter_mut().for_each(|flag| flag.critical = flag.key.as_str() == "b");
        assert!(reaches_critical(&document, &testers));
        assert!(!reaches_critical(&document, &Subject::Segment("nobody".into())));
    }

    #[test]
    fn what_a_population_lacks_is_named_with_who_reads_it() {
        let missing = |columns: &[&str]| {
            let columns: Vec<String> = columns.iter().map(|each| (*each).to_owned()).collect();
            let told = |(name, flags): (String, BTreeSet<String>)| {
                format!("{name}: {}", flags.into_iter().collect::<Vec<_>>().join(" "))
            };
            missing_attributes(&document(), &columns).into_iter().map(told).collect::<Vec<_>>()
        };
        assert_eq!(missing(&["targetingKey", "tenant", "region", "app.version"]), Vec::<String>::new());
        assert_eq!(missing(&["targetingKey", "tenant"]), ["app.version: c", "region: b"]);
        assert_eq!(missing(&["app.version.major", "region"]), ["targetingKey: a b c", "tenant: a b"]);
    }
}
