//! A plan from what was found.

use super::{Exact, FORMAT, FlagPlan, Plan, Side, Status, Totals, Transition, Verdict};
use crate::exact::{self, Comparison, FlagDifference};
use downhaul_core::document::{Flag, FlagSet};
use std::collections::BTreeMap;

/// What is known of a change.
#[derive(Debug)]
pub struct Found<'a> {
    pub old: &'a FlagSet,
    pub new: &'a FlagSet,
    /// With the nodes that one flag was allowed.
    pub exact: Option<(Comparison, usize)>,
}

impl Plan {
    /// `old` and `new` are the documents as they were given; what was compared may be another new one, such as what is
    /// there once the given one is applied.
    pub fn new(old: Side, new: Side, found: Found<'_>) -> Plan {
        let mut flags = BTreeMap::new();
        let mut exact = None;
        if let Some((comparison, nodes)) = found.exact {
            let complete = comparison.flags.iter().all(|flag| flag.status != exact::Status::Unknown);
            exact = Some(Exact { nodes, complete });
            for difference in comparison.flags {
                let critical = [found.new, found.old].iter().any(|document| is_critical(document, &difference.flag));
                flags.insert(difference.flag.clone(), of_difference(difference, critical));
            }
        }
        let is_edited = |flag: &&Flag| found.old.flag(flag.key.as_str()).is_some_and(|old| old != *flag);
        let edited: Vec<&Flag> = found.new.flags.iter().filter(is_edited).collect();
        let keys = |is_wanted: &dyn Fn(&str) -> bool| -> Vec<String> {
            edited.iter().map(|flag| flag.key.as_str()).filter(|key| is_wanted(key)).map(str::to_owned).collect()
        };
        let idle = keys(&|key| !flags.contains_key(key));
        let killed = keys(&|key| found.new.kills.iter().any(|kill| kill.flag.as_str() == key));
        Plan {
            plan: FORMAT,
            verdict: if flags.is_empty() { Verdict::NoChange } else { Verdict::Changes },
            old,
            new,
            base_revision: None,
            prune: false,
            totals: totals(found.old, found.new, &flags),
            exact,
            flags,
            idle,
            killed,
            budget: None,
            document: None,
        }
    }
}

fn is_critical(document: &FlagSet, flag: &str) -> bool {
    document.flag(flag).is_some_and(|flag| flag.critical)
}

fn of_difference(difference: FlagDifference, critical: bool) -> FlagPlan {
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
        status,
        edited: difference.edited,
        critical,
        moved: None,
        of: None,
        transitions,
        by: BTreeMap::new(),
        regions: difference.regions,
        reason_regions: difference.reason_regions,
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
