//! Conditions that compare by order: between two neighbouring bounds all of them hold or fail alike.

use crate::context::{Context, Slot};
use crate::kills::Loaded;
use crate::program::{Comparator, NONE, Node, Program, op};
use crate::time;
use crate::version::{Relation, Version};
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Ordering;

/// As what a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    Number,
    Version,
    Time,
}

impl Measure {
    /// Whether a condition compares so.
    pub(super) fn compares(self, node: &Node) -> bool {
        match self {
            Measure::Number => matches!(node.operator(), op::LT | op::LE | op::GT | op::GE | op::BETWEEN),
            Measure::Version => node.operator() == op::SEMVER,
            Measure::Time => matches!(node.operator(), op::BEFORE | op::AFTER),
        }
    }
}

/// The bounds of an attribute's conditions, and by place the number of the row.
///
/// Places count from below all bounds: `2 * n + 1` is at the bound `n` itself, `2 * n` between it and the one before it.
#[derive(Debug, Clone)]
pub(super) struct Ordered {
    bounds: Bounds,
    by_place: Vec<u16>,
}

#[derive(Debug, Clone)]
enum Bounds {
    Numbers(Vec<f64>),
    /// Numbers, and the string id of the pre-release.
    Versions(Vec<Bound>),
    Times(Vec<f64>),
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Bound {
    numbers: [u64; 3],
    pre: u32,
}

impl Bound {
    fn version<'a>(&self, program: &'a Program) -> Version<'a> {
        let [major, minor, patch] = self.numbers;
        let pre = if self.pre == NONE { "" } else { program.string(self.pre).unwrap_or("") };
        Version { major, minor, patch, pre, parts: 3 }
    }
}

/// Of bits, whether their conditions hold from a place on.
pub(super) type Change = Vec<(usize, bool)>;

/// Places at which a condition holds: from the first to before the second.
type Stretch = (usize, usize);

impl Ordered {
    /// For conditions by the bit of their rule and their node; with what the rows from the second on change, each against the
    /// one before it: the second is that of the first place. `None` where there would be more than `free`.
    pub(super) fn new(
        program: &Program,
        measure: Measure,
        conditions: &[(usize, u32)],
        free: usize,
    ) -> Option<(Self, Vec<Change>)> {
        let nodes = || conditions.iter().filter_map(|(bit, at)| Some((*bit, program.nodes.get(*at as usize)?)));
        let bounds = match measure {
            Measure::Version => Bounds::Versions(versions(program, nodes().map(|(_, node)| node))),
            Measure::Number => Bounds::Numbers(numbers(program, nodes().map(|(_, node)| node))),
            Measure::Time => Bounds::Times(numbers(program, nodes().map(|(_, node)| node))),
        };
        // Every bound parts what holds from what does not.
        if bounds.len() + 2 > free {
            return None;
        }
        let places = 2 * bounds.len() + 1;
        // By place: how many conditions more, or fewer, of a bit hold from there on.
        let mut steps: Vec<Vec<(usize, i32)>> = vec![Vec::new(); places];
        let end = conditions.iter().map(|(bit, _)| bit + 1).max().unwrap_or(0);
        // By bit: how many conditions hold, and how many there are.
        let mut wanted = vec![(0, 0); end];
        for (bit, node) in nodes() {
            if let Some((_, want)) = wanted.get_mut(bit) {
                *want += 1;
            }
            for (from, to) in bounds.holds(program, node, places) {
                if let Some(step) = steps.get_mut(from) {
                    step.push((bit, 1));
                }
                if let Some(step) = steps.get_mut(to) {
                    step.push((bit, -1));
                }
            }
        }
        let mut changes: Vec<Change> = Vec::new();
        let mut by_place = Vec::with_capacity(places);
        for (place, step) in steps.iter().enumerate() {
            let mut change = Change::new();
            for (bit, by) in step {
                let Some((have, want)) = wanted.get_mut(*bit) else { continue };
                *have += by;
                change.push((*bit, have == want));
            }
            if place == 0 || !change.is_empty() {
                changes.push(change);
            }
            by_place.push(u16::try_from(changes.len()).ok()?);
        }
        (changes.len() < free).then_some((Ordered { bounds, by_place }, changes))
    }

    /// The number of the row for a value; 0 where it is not of this kind, `None` where its text is not written yet.
    #[inline(never)]
    pub(super) fn row(&self, loaded: &Loaded, context: &Context, value: &Slot) -> Option<u16> {
        let text = || match value.kind {
            Slot::INTERNED => loaded.string(value.a),
            Slot::TEXT => {
                let (start, length) = value.halves();
                core::str::from_utf8(context.texts.get(start..start.checked_add(length)?)?).ok()
            }
            _ => None,
        };
        let number = (value.kind == Slot::NUMBER).then(|| f64::from_bits(value.payload));
        let place = match &self.bounds {
            Bounds::Numbers(bounds) => number.and_then(|number| place(bounds, |bound| bound.partial_cmp(&number))),
            _ if value.kind == Slot::PENDING => return None,
            Bounds::Times(bounds) => {
                let time = number.map_or_else(|| text().and_then(time::parse), time::from_number);
                time.and_then(|time| place(bounds, |bound| bound.partial_cmp(&time)))
            }
            Bounds::Versions(bounds) => text()
                .and_then(Version::parse)
                .and_then(|version| place(bounds, |bound| Some(bound.version(&loaded.program).precedence(&version)))),
        };
        Some(place.and_then(|place| self.by_place.get(place)).copied().unwrap_or(0))
    }
}

impl Bounds {
    fn len(&self) -> usize {
        match self {
            Bounds::Numbers(bounds) | Bounds::Times(bounds) => bounds.len(),
            Bounds::Versions(bounds) => bounds.len(),
        }
    }

    /// Where the condition of a node holds: stretches that do not touch.
    fn holds(&self, program: &Program, node: &Node, places: usize) -> Vec<Stretch> {
        if let Bounds::Versions(bounds) = self {
            return ranges(program, node, places, |comparator| {
                let bound = Bound { numbers: comparator.numbers, pre: comparator.pre }.version(program);
                place(bounds, |each| Some(each.version(program).precedence(&bound)))
            });
        }
        let (Bounds::Numbers(bounds) | Bounds::Times(bounds)) = self else { return Vec::new() };
        let at = |number: u32| {
            let number = program.numbers.get(number as usize)?;
            place(bounds, |bound| bound.partial_cmp(number))
        };
        let Some(bound) = at(node.a) else { return Vec::new() };
        let stretch = match node.operator() {
            op::LT | op::BEFORE => (0, bound),
            op::LE => (0, bound + 1),
            op::GT | op::AFTER => (bound + 1, places),
            op::GE => (bound, places),
            // From the one to before the other.
            _ => (bound, at(node.b).unwrap_or(0)),
        };
        joined(vec![stretch])
    }
}

/// The place of a value, by how bounds compare with it. `None` where they do not.
fn place<T>(bounds: &[T], order: impl Fn(&T) -> Option<Ordering>) -> Option<usize> {
    let below = bounds.partition_point(|bound| order(bound) == Some(Ordering::Less));
    match bounds.get(below).map(&order) {
        Some(None) => None,
        Some(Some(Ordering::Equal)) => Some(2 * below + 1),
        _ => Some(2 * below),
    }
}

/// The places at which one of the ranges of a condition holds.
fn ranges(program: &Program, node: &Node, places: usize, at: impl Fn(&Comparator) -> Option<usize>) -> Vec<Stretch> {
    let start = node.a as usize;
    let comparators = program.comparators.get(start..start.saturating_add(node.b as usize)).unwrap_or_default();
    let (mut all, mut range) = (Vec::new(), (0, places));
    for comparator in comparators {
        #[expect(clippy::cast_possible_truncation, reason = "the low byte")]
        let relation = Relation::from_code(comparator.relation as u8);
        let (from, to) = match (relation, at(comparator)) {
            (Some(Relation::Equal), Some(bound)) => (bound, bound + 1),
            (Some(Relation::Less), Some(bound)) => (0, bound),
            (Some(Relation::LessOrEqual), Some(bound)) => (0, bound + 1),
            (Some(Relation::Greater), Some(bound)) => (bound + 1, places),
            (Some(Relation::GreaterOrEqual), Some(bound)) => (bound, places),
            _ => (0, 0),
        };
        range = (range.0.max(from), range.1.min(to));
        if comparator.relation & Comparator::LAST != 0 {
            all.push(range);
            range = (0, places);
        }
    }
    joined(all)
}

/// In order, without what is empty, and one where two touch.
fn joined(all: Vec<Stretch>) -> Vec<Stretch> {
    let mut sorted: Vec<Stretch> = Vec::new();
    all.into_iter().filter(|(from, to)| from < to).for_each(|stretch| insert(&mut sorted, stretch, Ord::cmp));
    let mut joined: Vec<Stretch> = Vec::new();
    for (from, to) in sorted {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// The bounds of conditions, in order, each once.
fn numbers<'a>(program: &Program, nodes: impl Iterator<Item = &'a Node>) -> Vec<f64> {
    let mut bounds = Vec::new();
    // 0 and -0 are one.
    let order = |one: &f64, other: &f64| one.partial_cmp(other).unwrap_or(Ordering::Equal);
    for node in nodes {
        let second = (node.operator() == op::BETWEEN).then_some(node.b);
        for number in [Some(node.a), second].into_iter().flatten() {
            if let Some(bound) = program.numbers.get(number as usize).filter(|number| !number.is_nan()) {
                insert(&mut bounds, *bound, order);
            }
        }
    }
    bounds
}

fn versions<'a>(program: &Program, nodes: impl Iterator<Item = &'a Node>) -> Vec<Bound> {
    let mut bounds = Vec::new();
    for node in nodes {
        let start = node.a as usize;
        let comparators = program.comparators.get(start..start.saturating_add(node.b as usize)).unwrap_or_default();
        for Comparator { numbers, pre, .. } in comparators {
            insert(&mut bounds, Bound { numbers: *numbers, pre: *pre }, |one, other| {
                one.version(program).precedence(&other.version(program))
            });
        }
    }
    bounds
}

/// Puts a value into its place, unless it is there. Sorting afterwards would be four times as much code in the module of servers.
pub(super) fn insert<T>(sorted: &mut Vec<T>, value: T, order: impl Fn(&T, &T) -> Ordering) {
    let place = sorted.partition_point(|other| order(other, &value) == Ordering::Less);
    if sorted.get(place).is_none_or(|other| order(other, &value) != Ordering::Equal) {
        sorted.insert(place, value);
    }
}
