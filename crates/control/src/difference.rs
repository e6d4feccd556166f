//! What is other in one flag set than in another, in words: what moved, not only that something did.

mod rules;

use crate::api::{Edit, Impact};
use downhaul_core::document::{Flag, FlagSet, RegionTree, Segment};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Names in a list before the rest is counted.
const SHOWN: usize = 5;
/// Longest value that is said in words, in bytes.
const LONGEST: usize = 80;

/// One for each definition that differs, in the order regions, tenants, segments, flags. Kills are no definitions.
pub fn edits(before: &FlagSet, after: &FlagSet) -> Vec<Edit> {
    let mut edits = Vec::new();
    if before.regions != after.regions {
        let words = region_words(&before.regions, &after.regions);
        let tree = |tree: &RegionTree| (!tree.is_empty()).then(|| json(tree));
        let (before, after) = (tree(&before.regions), tree(&after.regions));
        edits.push(Edit { what: "regions".to_owned(), key: String::new(), words, before, after });
    }
    compare(&mut edits, "tenant", &before.tenants, &after.tenants, |one, other| member_words(one, other, &[]));
    compare(&mut edits, "segment", &before.segments, &after.segments, segment_words);
    let by_key = |set: &FlagSet| set.flags.iter().map(|flag| (flag.key.clone(), flag.clone())).collect();
    let (before, after): (BTreeMap<_, Flag>, BTreeMap<_, Flag>) = (by_key(before), by_key(after));
    compare(&mut edits, "flag", &before, &after, flag_words);
    edits
}

/// Puts the words into what a change does.
pub(crate) fn add(impact: &mut Impact, before: &FlagSet, after: &FlagSet) {
    let edits = edits(before, after);
    let is_one = edits.len() == 1;
    let mut words = Vec::new();
    for edit in edits {
        // What a change of one flag is called says as much.
        if is_one && edit.what == "flag" && (edit.before.is_none() || edit.after.is_none()) {
            continue;
        }
        let subject = format!("{} `{}`", edit.what, edit.key);
        let subject = if edit.key.is_empty() { edit.what } else { subject };
        words.extend(edit.words.into_iter().map(|word| if is_one { word } else { format!("{subject}: {word}") }));
    }
    impact.more_edits = words.len().saturating_sub(Impact::EDITS) as u64;
    words.truncate(Impact::EDITS);
    impact.edits = words;
}

fn compare<K: Ord + ToString, V: PartialEq + Serialize>(
    edits: &mut Vec<Edit>,
    what: &str,
    before: &BTreeMap<K, V>,
    after: &BTreeMap<K, V>,
    words: impl Fn(&V, &V) -> Vec<String>,
) {
    let keys: BTreeSet<&K> = before.keys().chain(after.keys()).collect();
    for key in keys {
        let (one, other) = (before.get(key), after.get(key));
        let words = match (one, other) {
            (Some(one), Some(other)) if one == other => continue,
            (Some(one), Some(other)) => words(one, other),
            (None, _) => vec!["created".to_owned()],
            (Some(_), None) => vec!["removed".to_owned()],
        };
        let (before, after) = (one.map(json), other.map(json));
        edits.push(Edit { what: what.to_owned(), key: key.to_string(), words, before, after });
    }
}

fn json<T: Serialize>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn flag_words(before: &Flag, after: &Flag) -> Vec<String> {
    let mut words = Vec::new();
    if before.default != after.default {
        words.push(format!("default `{}` -> `{}`", before.default, after.default));
    }
    let value = |flag: &Flag, key| flag.variants.iter().find(|(each, _)| each == key).map(|(_, value)| value.clone());
    for (key, new) in &after.variants {
        match value(before, key) {
            None => words.push(format!("variant `{key}` added: {}", value_words(new))),
            Some(old) if old != *new => {
                words.push(format!("value of `{key}`: {} -> {}", value_words(&old), value_words(new)));
            }
            Some(_) => {}
        }
    }
    for (key, _) in before.variants.iter().filter(|(key, _)| value(after, key).is_none()) {
        words.push(format!("variant `{key}` removed"));
    }
    words.extend(rules::words(&before.rules, &after.rules));
    // Whatever else a flag may have, now or later.
    words.extend(member_words(before, after, &["key", "default", "variants", "rules"]));
    words
}

fn segment_words(before: &Segment, after: &Segment) -> Vec<String> {
    let mut words = Vec::new();
    for (list, before, after) in
        [("include", &before.include, &after.include), ("exclude", &before.exclude, &after.exclude)]
    {
        let without = |one: &[String], other: &[String]| -> Vec<String> {
            let other: BTreeSet<&String> = other.iter().collect();
            one.iter().filter(|name| !other.contains(name)).cloned().collect()
        };
        let (added, removed) = (without(after, before), without(before, after));
        if !added.is_empty() {
            words.push(format!("added to `{list}`: {}", names(&added)));
        }
        if !removed.is_empty() {
            words.push(format!("removed from `{list}`: {}", names(&removed)));
        }
        if added.is_empty() && removed.is_empty() && before != after {
            words.push(format!("`{list}` in another order"));
        }
    }
    if before.when != after.when {
        words.push(format!("holds when {} -> {}", rules::when(&before.when), rules::when(&after.when)));
    }
    words.extend(member_words(before, after, &["include", "exclude", "when"]));
    words
}

fn region_words(before: &RegionTree, after: &RegionTree) -> Vec<String> {
    let (before, after) = (parents(before), parents(after));
    let place = |parent: &Option<String>| match parent {
        Some(parent) => format!("within `{parent}`"),
        None => "at the top".to_owned(),
    };
    let mut words = Vec::new();
    for (name, parent) in &after {
        match before.get(name) {
            None => words.push(format!("region `{name}` added {}", place(parent))),
            Some(old) if old != parent => {
                words.push(format!("region `{name}` moved: {} -> {}", place(old), place(parent)));
            }
            Some(_) => {}
        }
    }
    for name in before.keys().filter(|name| !after.contains_key(*name)) {
        words.push(format!("region `{name}` removed"));
    }
    words
}

/// Each region and the one that it lies within.
fn parents(tree: &RegionTree) -> BTreeMap<String, Option<String>> {
    fn collect(tree: &RegionTree, parent: Option<&str>, into: &mut BTreeMap<String, Option<String>>) {
        for (name, below) in &tree.0 {
            into.insert(name.to_string(), parent.map(str::to_owned));
            collect(below, Some(name.as_str()), into);
        }
    }
    let mut parents = BTreeMap::new();
    collect(tree, None, &mut parents);
    parents
}

/// Members that differ, but for those that have words of their own.
fn member_words<T: Serialize>(before: &T, after: &T, but: &[&str]) -> Vec<String> {
    let (Value::Object(before), Value::Object(after)) = (json(before), json(after)) else { return Vec::new() };
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let words = |name: &String| match (before.get(name), after.get(name)) {
        (Some(one), Some(other)) if one == other => None,
        (Some(one), Some(other)) => Some(format!("`{name}`: {} -> {}", value_words(one), value_words(other))),
        (None, Some(other)) => Some(format!("`{name}` added: {}", value_words(other))),
        (Some(one), None) => Some(format!("`{name}` removed: {}", value_words(one))),
        (None, None) => None,
    };
    names.into_iter().filter(|name| !but.contains(&name.as_str())).filter_map(words).collect()
}

/// A value as JSON, cut where it is long.
fn value_words(value: &Value) -> String {
    let text = value.to_string();
    if text.len() <= LONGEST {
        return text;
    }
    let cut: String = text.chars().take(LONGEST).collect();
    format!("{cut}…")
}

fn names(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| format!("`{name}`")).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
