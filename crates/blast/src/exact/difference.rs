//! Where two versions of a flag decide differently.

use super::Stop;
use super::decide::{Given, Parts, Space};
use super::domain::Side;
use super::set::Set;
use super::tree::{Run, Tree};
use crate::cone::Cone;
use downhaul_core::document::{Flag, Rule};
use std::collections::BTreeMap;

/// Contexts, and the buckets in which they are moved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moved {
    pub(crate) set: Set,
    pub(crate) runs: Vec<Run>,
    pub(crate) from: Given,
    pub(crate) to: Given,
}

/// What differs, the variant first, and where only the reason does. Disjoint.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    pub(crate) variants: Vec<Moved>,
    pub(crate) reasons: Vec<Moved>,
}

/// Compares a flag of the old document with the one of the new.
pub(crate) fn difference(space: &mut Space<'_>, flags: [&Flag; 2], cones: [&Cone<'_>; 2]) -> Result<Difference, Stop> {
    let care = care(space, flags, cones)?;
    let [old, new] = flags;
    let before = space.decide(Side::Old, old, care)?;
    let after = space.decide(Side::New, new, care)?;
    overlay(space, &before, &after)
}

/// The contexts that can be treated differently at all: where nothing but some rules was edited, those that one of these
/// rules speaks of. What every context has in common is then never looked at.
fn care(space: &mut Space<'_>, [old, new]: [&Flag; 2], [before, after]: [&Cone<'_>; 2]) -> Result<Set, Stop> {
    let all_but_rules = before.surroundings_alike(after)
        && old.variants == new.variants
        && old.degraded.variant == new.degraded.variant
        && old.requires == new.requires
        && old.default == new.default
        && old.rules.is_empty() == new.rules.is_empty();
    if !all_but_rules {
        return Ok(Set::ALL);
    }
    let same = |(a, b): &(&Rule, &Rule)| a.when == b.when && a.then == b.then;
    let head = old.rules.iter().zip(&new.rules).take_while(same).count();
    let shorter = old.rules.len().min(new.rules.len()) - head;
    let tail = old.rules.iter().rev().zip(new.rules.iter().rev()).take(shorter).take_while(same).count();
    let mut care = Set::EMPTY;
    for (side, rules) in [(Side::Old, &old.rules), (Side::New, &new.rules)] {
        for rule in rules.iter().take(rules.len() - tail).skip(head) {
            let holds = space.all(side, &rule.when)?;
            care = space.sets.or(care, holds)?;
        }
    }
    Ok(care)
}

/// Moves that are told apart at most.
const MOVES: usize = 5_000;

fn overlay(space: &mut Space<'_>, before: &Parts, after: &Parts) -> Result<Difference, Stop> {
    let mut found: BTreeMap<(Vec<Run>, Given, Given), Set> = BTreeMap::new();
    for (was, old) in before {
        for (will_be, new) in after {
            if old == new {
                continue;
            }
            let both = space.sets.and(*was, *will_be)?;
            if both.is_empty() {
                continue;
            }
            let pairs: Tree<(Given, Given)> =
                old.with(new, &mut space.fuel, &|old, new| (*old, *new)).ok_or(Stop::TooMuch)?;
            for (runs, (from, to)) in pairs.leaves() {
                if from != to {
                    if found.len() >= MOVES {
                        return Err(Stop::TooMuch);
                    }
                    let set = found.entry((runs, *from, *to)).or_insert(Set::EMPTY);
                    *set = space.sets.or(*set, both)?;
                }
            }
        }
    }
    let mut difference = Difference::default();
    for ((runs, from, to), set) in found {
        if possible(space, set, &runs)?.is_empty() {
            continue;
        }
        let moved = Moved { set, runs, from, to };
        if from.variant == to.variant { difference.reasons.push(moved) } else { difference.variants.push(moved) }
    }
    joined(space, &mut difference.variants, |given| Given { reason: "", ..given })?;
    joined(space, &mut difference.reasons, |given| given)?;
    Ok(difference)
}

/// The contexts of a set that can fall into these buckets: a class may be one value, whose bucket is known.
pub(crate) fn possible(space: &mut Space<'_>, set: Set, runs: &[Run]) -> Result<Set, Stop> {
    let mut within = set;
    for by in units_of(space, runs) {
        let Some(variable) = space.domain.variable_number(&by) else { continue };
        let Some(asked) = space.domain.variables.get(variable) else { continue };
        let fits: Vec<bool> = asked
            .classes
            .iter()
            .map(|class| !class.is_points() || class.points.iter().flatten().any(|value| space.falls(&by, value, runs)))
            .collect();
        let literal = space.sets.literal(variable, |class| fits.get(class).copied().unwrap_or(false))?;
        within = space.sets.and(within, literal)?;
    }
    Ok(within)
}

/// The bucketing units that the runs are about.
pub(crate) fn units_of(space: &Space<'_>, runs: &[Run]) -> Vec<String> {
    let mut units: Vec<String> =
        runs.iter().filter_map(|run| space.buckets.get(run.variable)).map(|bucket| bucket.by.clone()).collect();
    units.sort();
    units.dedup();
    units
}

/// Joins what reads as one: the same move of more contexts, or of the same contexts in neighbouring buckets.
fn joined(space: &mut Space<'_>, moves: &mut Vec<Moved>, seen_as: impl Fn(Given) -> Given) -> Result<(), Stop> {
    let mut by_runs: BTreeMap<(Vec<Run>, Given, Given), Moved> = BTreeMap::new();
    for moved in moves.drain(..) {
        let key = (moved.runs.clone(), seen_as(moved.from), seen_as(moved.to));
        match by_runs.get_mut(&key) {
            Some(other) => other.set = space.sets.or(other.set, moved.set)?,
            None => {
                by_runs.insert(key, moved);
            }
        }
    }
    for moved in by_runs.into_values() {
        let neighbour = moves.iter_mut().rev().find(|other| {
            let alike = other.set == moved.set
                && seen_as(other.from) == seen_as(moved.from)
                && seen_as(other.to) == seen_as(moved.to);
            match (other.runs.as_slice(), moved.runs.as_slice()) {
                ([a], [b]) => alike && a.variable == b.variable && a.to == b.from,
                _ => false,
            }
        });
        match (neighbour.and_then(|other| other.runs.first_mut()), moved.runs.first()) {
            (Some(run), Some(next)) => run.to = next.to,
            _ => moves.push(moved),
        }
    }
    Ok(())
}
