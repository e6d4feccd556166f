//! What is left of a flag set once some attributes are known.
//!
//! For every context that agrees with what is known, the residual gives the same variant, value, reason and rule.

mod claimed;
mod partial;
mod reach;

pub use claimed::{decide_for, names_tenant};

use crate::compile::{Audience, Options, compile_residual};
use crate::decision::Reason;
use crate::document::{Flag, FlagSet, Kill, Outcome, Rule, Slice, Split};
use crate::ids::FlagKey;
use crate::kills::{KillSet, Loaded};
use crate::prepare::prepare;
use crate::program::word;
use partial::{Partial, Truth};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A flag set of which parts were decided already.
#[derive(Debug, Clone, PartialEq)]
pub struct Residual {
    pub document: FlagSet,
    /// What a flag remembers of before, where that is not what it shows.
    pub marks: BTreeMap<FlagKey, Mark>,
}

/// What a residual flag remembers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mark {
    /// For each rule that is left, its number in the document.
    pub rule_indexes: Vec<u32>,
    pub had_rules: bool,
    /// Its rules were decided: the default variant is what they gave.
    pub decided: Option<Decided>,
}

/// How a decided flag's rules came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decided {
    pub reason: Reason,
    pub rule: Option<u32>,
}

/// Specialises by attributes that every context to come has: names as in a context, `null` for one that is absent.
///
/// A dotted name is known only as itself: a context that has `app` may still have an attribute `app.version`, which goes first.
pub fn specialise(document: &FlagSet, known: &BTreeMap<String, Value>) -> Residual {
    let whole = Residual { document: document.clone(), marks: BTreeMap::new() };
    let loaded = Loaded::new(compile_residual(&whole, &Options { audience: Audience::All }), KillSet::default());
    let context: Map<String, Value> = known.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut partial = Partial::new(&loaded, prepare(&loaded, &context), |name| match name.strip_prefix("tenant.") {
        Some(_) => known.contains_key("tenant"),
        None => known.contains_key(name),
    });
    let mut residual = document.clone();
    residual.segments = partial.segments(document);
    let mut marks = BTreeMap::new();
    for (number, flag) in residual.flags.iter_mut().enumerate() {
        let mark = specialise_flag(&mut partial, number, flag);
        marks.insert(flag.key.clone(), mark);
    }
    if let Some(tenant) = known.get("tenant") {
        // Nothing asks for another tenant's attributes any more.
        residual.tenants.retain(|key, _| tenant.as_str() == Some(key.as_str()));
    }
    residual.kills = document.kills.iter().filter_map(|kill| specialise_kill(&partial, kill)).collect();
    Residual { document: residual, marks }
}

impl Residual {
    /// Without the segments, tenants and regions that no flag and no kill reaches.
    #[must_use]
    pub fn minimal(mut self) -> Self {
        reach::drop_unreached(&mut self.document);
        self
    }

    /// The residual as JSON: the document, with `index` on rules and `had_rules` and `decided` on flags.
    ///
    /// # Errors
    /// Never for a document that was read; serialisation says so.
    pub fn to_json(&self) -> Result<Value, serde_json::Error> {
        let mut json = serde_json::to_value(&self.document)?;
        let flags = json.get_mut("flags").and_then(Value::as_array_mut).into_iter().flatten();
        for (flag, shown) in self.document.flags.iter().zip(flags) {
            let (Some(mark), Some(shown)) = (self.marks.get(&flag.key), shown.as_object_mut()) else {
                continue;
            };
            if let Some(rules) = shown.get_mut("rules").and_then(Value::as_array_mut) {
                for (rule, index) in rules.iter_mut().filter_map(Value::as_object_mut).zip(&mark.rule_indexes) {
                    rule.insert("index".into(), json!(index));
                }
            }
            if mark.had_rules {
                shown.insert("had_rules".into(), json!(true));
            }
            if let Some(decided) = mark.decided {
                shown.insert("decided".into(), json!({ "reason": decided.reason.as_str(), "rule": decided.rule }));
            }
        }
        Ok(json)
    }
}

fn specialise_flag(partial: &mut Partial<'_>, number: usize, flag: &mut Flag) -> Mark {
    let had_rules = !flag.rules.is_empty();
    let mut rules = Vec::new();
    let mut rule_indexes = Vec::new();
    for (index, rule) in std::mem::take(&mut flag.rules).into_iter().enumerate() {
        let (truth, when) = partial.rule(number, index, &rule.when);
        if truth == Truth::Never {
            continue;
        }
        let Some((then, resolves)) = specialise_outcome(partial, number, index, rule.then) else {
            continue;
        };
        rules.push(Rule { name: rule.name, when, then });
        rule_indexes.push(word(index));
        if truth == Truth::Always && resolves {
            // What follows is never tried.
            break;
        }
    }
    flag.rules = rules;
    Mark { rule_indexes, had_rules, decided: None }
}

/// What a rule gives once it holds, and whether that is certain; `None` if it certainly gives nothing.
fn specialise_outcome(partial: &Partial<'_>, flag: usize, rule: usize, then: Outcome) -> Option<(Outcome, bool)> {
    let split = match then {
        Outcome::Serve(_) => return Some((then, true)),
        Outcome::Split(split) => split,
    };
    match partial.split(flag, rule, &split.by) {
        None => Some((Outcome::Split(split), false)),
        Some(None) => None,
        Some(Some(covering)) => {
            let variant = split.slices.get(covering)?.variant.clone();
            let slices = vec![Slice { variant, width: crate::bucket::BUCKETS }];
            Some((Outcome::Split(Split { slices, ..split }), true))
        }
    }
}

/// The kill with what is known taken out of its scope; `None` if it certainly reaches nobody.
fn specialise_kill(partial: &Partial<'_>, kill: &Kill) -> Option<Kill> {
    let mut kill = kill.clone();
    let scope = &mut kill.scope;
    if let (Some(known), Some(tenants)) = (partial.known_text("tenant"), &scope.tenant) {
        if !tenants.iter().any(|tenant| Some(tenant.as_str()) == known.as_deref()) {
            return None;
        }
        scope.tenant = None;
    }
    if let (Some(known), Some(regions)) = (partial.known_text("region"), &scope.region) {
        if !regions.iter().any(|region| partial.is_within(known.as_deref(), region)) {
            return None;
        }
        scope.region = None;
    }
    if let Some(segments) = &mut scope.segment {
        if segments.iter().any(|key| partial.segment(key) == Truth::Always) {
            scope.segment = None;
        } else {
            segments.retain(|key| partial.segment(key) != Truth::Never);
            if segments.is_empty() {
                return None;
            }
        }
    }
    Some(kill)
}
