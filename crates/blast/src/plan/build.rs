//! A plan from what was found.

use super::{Exact, FORMAT, FlagPlan, Moved, Plan, Side, Status, Totals, Transition, Verdict};
use crate::exact::{self, Comparison, FlagDifference};
use crate::replay::{self, FlagReplay, Given, Replay};
use downhaul_core::document::{Flag, FlagSet};
use serde_json::Value;
use std::collections::BTreeMap;

/// What is known of a change.
#[derive(Debug)]
pub struct Found<'a> {
    pub old: &'a FlagSet,
    pub new: &'a FlagSet,
    /// With the nodes that one flag was allowed.
    pub exact: Option<(Comparison, usize)>,
    /// With the name of the population.
    pub replay: Option<(Replay, String)>,
}

impl Plan {
    /// `old` and `new` are the documents as they were given; what was compared may be another new one, such as what is
    /// there once the given one is applied.
    pub fn new(old: Side, new: Side, found: Found<'_>) -> Plan {
        let Found { old: before, new: after, exact, replay } = found;
        let mut flags = BTreeMap::new();
        let exact = exact.map(|(comparison, nodes)| {
            let complete = comparison.flags.iter().all(|flag| flag.status != exact::Status::Unknown);
            for difference in comparison.flags {
                flags.insert(difference.flag.clone(), of_difference(difference));
            }
            Exact { nodes, complete }
        });
        let population = replay.map(|(replay, name)| of_replay(replay, name, [before, after], &mut flags));
        for (key, flag) in &mut flags {
            flag.critical = [after, before].iter().any(|set| set.flag(key).is_some_and(|flag| flag.critical));
            flag.edited = before.flag(key) != after.flag(key);
        }
        let is_edited = |flag: &&Flag| before.flag(flag.key.as_str()).is_some_and(|old| old != *flag);
        let edited: Vec<&Flag> = after.flags.iter().filter(is_edited).collect();
        let keys = |is_wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
            edited.iter().map(|flag| flag.key.as_str()).filter(|key| is_wanted(key)).map(str::to_owned).collect()
        };
        let idle = keys(&|key| !flags.contains_key(key));
        let killed = keys(&|key| after.kills.iter().any(|kill| kill.flag.as_str() == key));
        Plan {
            plan: FORMAT,
            verdict: if flags.is_empty() { Verdict::NoChange } else { Verdict::Changes },
            old,
            new,
            base_revision: None,
            prune: false,
            totals: totals(before, after, &flags),
            exact,
            population,
            flags,
            idle,
            killed,
            budget: None,
            document: None,
        }
    }
}

fn of_difference(difference: FlagDifference) -> FlagPlan {
    let status = match difference.status {
        exact::Status::Added => Status::Added,
        exact::Status::Removed => Status::Removed,
        exact::Status::Unknown => Status::Unknown,
        exact::Status::Compared if difference.regions.is_empty() => Status::ReasonOnly,
        exact::Status::Compared => Status::Changed,
    };
    let mut transitions: Vec<Transition> = Vec::new();
    for exact::Transition { from, to, values, .. } in difference.regions.iter().map(|region| &region.transition) {
        let transition = Transition { from: from.clone(), to: to.clone(), weight: None, values: values.clone() };
        if !transitions.contains(&transition) {
            transitions.push(transition);
        }
    }
    FlagPlan {
        transitions,
        regions: difference.regions,
        reason_regions: difference.reason_regions,
        ..FlagPlan::unchanged(status)
    }
}

/// Adds what a replay found to what is known exactly.
fn of_replay(replay: Replay, name: String, documents: [&FlagSet; 2], flags: &mut BTreeMap<String, FlagPlan>) -> Moved {
    for (key, found) in replay.flags {
        let status = if found.moved_rows > 0 { Status::Changed } else { Status::ReasonOnly };
        let of_flag = documents.map(|set| set.flag(&key));
        let flag = flags.entry(key).or_insert_with(|| FlagPlan::unchanged(status));
        flag.take(found, of_flag);
    }
    let given = |found: BTreeMap<String, Vec<Given>>, status, flags: &mut BTreeMap<String, FlagPlan>| {
        for (key, given) in found {
            flags.entry(key).or_insert_with(|| FlagPlan::unchanged(status)).given = given;
        }
    };
    given(replay.added, Status::Added, flags);
    given(replay.removed, Status::Removed, flags);
    for flag in flags.values_mut() {
        flag.moves_nobody_else(replay.of);
    }
    Moved {
        name,
        rows: replay.rows,
        weight: replay.of,
        moved: replay.moved,
        moved_rows: replay.moved_rows,
        sampled: replay.sampled,
        origin: None,
        by: replay.by,
        tenants: replay.tenants,
    }
}

impl FlagPlan {
    fn unchanged(status: Status) -> Self {
        FlagPlan {
            status,
            edited: false,
            critical: false,
            moved: None,
            of: None,
            moved_rows: None,
            transitions: Vec::new(),
            rules: Vec::new(),
            reason_only: None,
            by: BTreeMap::new(),
            tenants: Vec::new(),
            examples: Vec::new(),
            given: Vec::new(),
            regions: Vec::new(),
            reason_regions: Vec::new(),
        }
    }

    /// Takes in what a replay found of the flag, by its two definitions.
    fn take(&mut self, found: FlagReplay, of_flag: [Option<&Flag>; 2]) {
        if self.status == Status::ReasonOnly && found.moved_rows > 0 {
            self.status = Status::Changed;
        }
        self.moved = Some(found.moved);
        self.of = Some(found.of);
        self.moved_rows = Some(found.moved_rows);
        let known = std::mem::take(&mut self.transitions);
        self.transitions = found.transitions.iter().map(|transition| weighed(transition, of_flag)).collect();
        for rest in known {
            if !self.transitions.iter().any(|other| other.goes_as(&rest)) {
                self.transitions.push(rest);
            }
        }
        self.rules = found.rules;
        self.reason_only = (found.reason_only.rows > 0).then_some(found.reason_only);
        self.by = found.by;
        self.tenants = found.tenants;
        self.examples = found.examples;
    }

    /// Of whom a replay found nothing, nobody moves.
    fn moves_nobody_else(&mut self, of: f64) {
        if matches!(self.status, Status::Added | Status::Removed) {
            return;
        }
        self.moved.get_or_insert(0.0);
        self.of.get_or_insert(of);
        self.moved_rows.get_or_insert(0);
        for transition in &mut self.transitions {
            transition.weight.get_or_insert(0.0);
        }
    }
}

impl Transition {
    /// Whether it is the same way, whatever the weight.
    fn goes_as(&self, other: &Transition) -> bool {
        (&self.from, &self.to, &self.values) == (&other.from, &other.to, &other.values)
    }
}

fn weighed(found: &replay::Transition, [old, new]: [Option<&Flag>; 2]) -> Transition {
    let value = |flag: Option<&Flag>, key: &str| -> Option<Value> {
        flag?.variants.iter().find(|(variant, _)| variant.as_str() == key).map(|(_, value)| value.clone())
    };
    let values = || Some((value(old, &found.from)?, value(new, &found.to)?));
    Transition {
        from: found.from.clone(),
        to: found.to.clone(),
        weight: Some(found.weight),
        values: values().filter(|_| found.value_changed),
    }
}

fn totals(old: &FlagSet, new: &FlagSet, flags: &BTreeMap<String, FlagPlan>) -> Totals {
    let gone = old.flags.iter().filter(|flag| new.flag(flag.key.as_str()).is_none()).count();
    let count = |status| flags.values().filter(|flag| flag.status == status).count();
    Totals {
        flags: new.flags.len() + gone,
        changed: count(Status::Changed),
        reason_only: count(Status::ReasonOnly),
        added: count(Status::Added),
        removed: count(Status::Removed),
        unknown: count(Status::Unknown),
    }
}
