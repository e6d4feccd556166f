//! A flag's decision for all contexts at once: disjoint sets, and what is left to the buckets in each.

use super::Stop;
use super::domain::{Domain, IS_IN, Side};
use super::set::{Set, Sets};
use super::tree::{BUCKETS, Fuel, Tree};
use super::work::Work;
use crate::atoms::Atom;
use crate::cone::{Cone, Indexed, scope_conditions};
use downhaul_core::bucket::{self, Unit};
use downhaul_core::document::{Condition, Flag, FlagSet, Outcome, Rule, Split};
use downhaul_core::ids::{FlagKey, SegmentKey, VariantKey};
use downhaul_core::prepare::look_up;
use std::cell::Cell;
use std::collections::BTreeMap;

/// A variant, by its number in [`Space::variants`], and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Given {
    pub(crate) variant: usize,
    pub(crate) reason: &'static str,
}

/// Contexts that are treated alike but for their buckets.
pub(crate) type Parts = Vec<(Set, Tree<Given>)>;

/// The same where some buckets are not decided yet.
pub(super) type Open = Vec<(Set, Tree<Option<Given>>)>;

/// A salt with a bucketing unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BucketVariable {
    pub(crate) by: String,
    pub(crate) salt: String,
    pub(crate) seed: u32,
}

/// A variant with its value: one whose value changed is another.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct VariantValue {
    pub(crate) key: String,
    pub(crate) value: serde_json::Value,
}

/// Everything that one comparison knows.
#[derive(Debug)]
pub(crate) struct Space<'a> {
    documents: [&'a Indexed<'a>; 2],
    pub(crate) domain: Domain,
    pub(crate) sets: Sets,
    pub(crate) buckets: Vec<BucketVariable>,
    pub(crate) variants: Vec<VariantValue>,
    pub(crate) fuel: Fuel,
    /// Values that may still be tried for witnesses.
    pub(super) tries: Cell<u32>,
    segments: BTreeMap<(Side, SegmentKey), Set>,
    /// What flags give, prerequisites above all: many flags may require the same one.
    decided: BTreeMap<(Side, FlagKey, Set), Parts>,
}

/// Values tried to find those with the right buckets, for all witnesses of a flag.
const TRIES: u32 = 30_000_000;
/// Leaves of trees that may be made for each node that is allowed.
const LEAVES: usize = 4;
/// Parts of one decision that are told apart.
const PARTS: usize = 2048;

impl<'a> Space<'a> {
    fn new(documents: [&'a Indexed<'a>; 2], domain: Domain, limit: usize) -> Self {
        let widths = domain.variables.iter().map(|variable| variable.classes.len()).collect();
        let sets = Sets::new(widths, limit);
        let fuel = Fuel(limit.saturating_mul(LEAVES));
        Space {
            documents,
            domain,
            sets,
            buckets: Vec::new(),
            variants: Vec::new(),
            fuel,
            tries: Cell::new(TRIES),
            segments: BTreeMap::new(),
            decided: BTreeMap::new(),
        }
    }

    /// What can be asked about the contexts that these cones look at.
    pub(crate) fn of(documents: [&'a Indexed<'a>; 2], cones: &[(Side, &Cone<'_>)], work: &Work) -> Result<Self, Stop> {
        let asked = cones.iter().flat_map(|(side, cone)| cone.atoms().into_iter().map(|atom| (*side, atom)));
        let units = cones.iter().flat_map(|(_, cone)| cone.units()).collect();
        let domain = Domain::new(documents.map(|indexed| indexed.document), asked.collect(), units)?;
        Ok(Space::new(documents, domain, work.allowed()))
    }

    fn indexed(&self, side: Side) -> &'a Indexed<'a> {
        let [old, new] = self.documents;
        match side {
            Side::Old => old,
            Side::New => new,
        }
    }

    pub(crate) fn document(&self, side: Side) -> &'a FlagSet {
        self.indexed(side).document
    }

    /// Both of them.
    pub(crate) fn both(&self) -> [&'a FlagSet; 2] {
        self.documents.map(|indexed| indexed.document)
    }

    /// The contexts for which a condition holds.
    pub(crate) fn condition(&mut self, side: Side, condition: &Condition) -> Result<Set, Stop> {
        match condition {
            Condition::All(inner) => self.all(side, inner),
            Condition::Any(inner) => {
                let mut any = Set::EMPTY;
                for condition in inner {
                    let holds = self.condition(side, condition)?;
                    any = self.sets.or(any, holds)?;
                }
                Ok(any)
            }
            Condition::Not(inner) => {
                let holds = self.condition(side, inner)?;
                self.sets.not(holds)
            }
            Condition::Segment(keys) => {
                let mut any = Set::EMPTY;
                for key in keys {
                    let holds = self.segment(side, key)?;
                    any = self.sets.or(any, holds)?;
                }
                Ok(any)
            }
            Condition::Tenant(_) | Condition::Region(_) | Condition::Attribute { .. } => {
                self.atom(side, &Atom::Condition(condition.clone()))
            }
        }
    }

    pub(crate) fn all(&mut self, side: Side, conditions: &[Condition]) -> Result<Set, Stop> {
        let mut all = Set::ALL;
        for condition in conditions {
            let holds = self.condition(side, condition)?;
            all = self.sets.and(all, holds)?;
        }
        Ok(all)
    }

    fn atom(&mut self, side: Side, atom: &Atom) -> Result<Set, Stop> {
        // Every atom of the cone is in the domain.
        let (variable, place) = self.domain.place(side, atom).ok_or(Stop::TooMuch)?;
        let Some(classes) = self.domain.variables.get(variable).map(|variable| &variable.classes) else {
            return Ok(Set::EMPTY);
        };
        let holds =
            |class: usize| classes.get(class).and_then(|class| class.truths.get(place)).copied().unwrap_or(false);
        let Some(lists) = self.domain.lists.get(&variable) else { return self.sets.literal(variable, holds) };
        // Of a list the empty one says what holds, unless some element says otherwise.
        let base = holds(lists.class);
        let mut otherwise = Set::EMPTY;
        for element in lists.elements.iter().rev().filter(|element| element.truths.get(place) == Some(&!base)) {
            let is_in = self.sets.literal(element.variable, |class| class == IS_IN)?;
            otherwise = self.sets.or(otherwise, is_in)?;
        }
        let of_lists = if base { self.sets.not(otherwise)? } else { otherwise };
        let is_list = self.sets.literal(variable, |class| class == lists.class)?;
        let others = self.sets.literal(variable, |class| class != lists.class && holds(class))?;
        let of_lists = self.sets.and(is_list, of_lists)?;
        self.sets.or(others, of_lists)
    }

    fn segment(&mut self, side: Side, key: &SegmentKey) -> Result<Set, Stop> {
        if let Some(known) = self.segments.get(&(side, key.clone())) {
            return Ok(*known);
        }
        let Some(segment) = self.document(side).segments.get(key) else { return Ok(Set::EMPTY) };
        let mut holds = if segment.when.is_empty() { Set::EMPTY } else { self.all(side, &segment.when)? };
        if !segment.include.is_empty() {
            let listed = self.atom(side, &Atom::KeyListed(segment.include.clone()))?;
            holds = self.sets.or(holds, listed)?;
        }
        if !segment.exclude.is_empty() {
            let listed = self.atom(side, &Atom::KeyListed(segment.exclude.clone()))?;
            holds = self.sets.minus(holds, listed)?;
        }
        self.segments.insert((side, key.clone()), holds);
        Ok(holds)
    }

    /// The contexts that have a bucketing unit in this attribute.
    pub(crate) fn units(&mut self, by: &str) -> Result<Set, Stop> {
        let Some(variable) = self.domain.variable_number(by) else { return Ok(Set::EMPTY) };
        let Some(classes) = self.domain.variables.get(variable).map(|variable| &variable.classes) else {
            return Ok(Set::EMPTY);
        };
        self.sets.literal(variable, |class| classes.get(class).is_some_and(|class| class.is_unit))
    }

    /// What a flag gives to each context of `care`. Follows the normative order of evaluation (design, section 5).
    pub(crate) fn decide(&mut self, side: Side, flag: &Flag, care: Set) -> Result<Parts, Stop> {
        let key = (side, flag.key.clone(), care);
        if let Some(known) = self.decided.get(&key) {
            return Ok(known.clone());
        }
        let parts = self.decide_without(side, flag, care, None)?;
        self.decided.insert(key, parts.clone());
        Ok(parts)
    }

    /// The same as if one kill were not there.
    pub(crate) fn decide_without(
        &mut self,
        side: Side,
        flag: &Flag,
        care: Set,
        without: Option<&str>,
    ) -> Result<Parts, Stop> {
        let indexed = self.indexed(side);
        let degraded =
            |space: &mut Self, reason| Given { variant: space.variant(flag, &flag.degraded.variant), reason };
        let disabled = degraded(self, "DISABLED");
        let mut parts = Parts::new();
        let mut open = care;
        let kills = indexed.kills(flag.key.as_str()).iter();
        let kills: Vec<_> = kills.filter(|kill| without != Some(kill.id.as_str())).collect();
        for kill in kills.iter().filter(|kill| kill.scope.variant.is_none()) {
            let scope = self.all(side, &scope_conditions(&kill.scope))?;
            let hit = self.sets.and(open, scope)?;
            open = self.sets.minus(open, scope)?;
            parts.push((hit, Tree::Leaf(disabled)));
        }
        let mut reached = self.decide_from(side, flag, 0, open)?;
        for kill in &kills {
            let Some(variants) = &kill.scope.variant else { continue };
            let scope = self.all(side, &scope_conditions(&kill.scope))?;
            let named: Vec<usize> = variants.iter().map(|variant| self.variant(flag, variant)).collect();
            let mut next = Parts::new();
            for (set, tree) in reached {
                let killed = tree.map(&|given: &Given| if named.contains(&given.variant) { disabled } else { *given });
                next.push((self.sets.and(set, scope)?, killed));
                next.push((self.sets.minus(set, scope)?, tree));
            }
            reached = self.joined(next)?;
        }
        let failed = degraded(self, "PREREQUISITE_FAILED");
        for required in flag.requires.iter().rev() {
            let Some(first) = indexed.flag(required.flag.as_str()) else { continue };
            let accepted: Vec<usize> = required.variants.iter().map(|variant| self.variant(first, variant)).collect();
            let decided = self.decide(side, first, open)?;
            let mut next = Parts::new();
            for (set, tree) in &decided {
                for (within, then) in &reached {
                    let both = self.sets.and(*set, *within)?;
                    if !both.is_empty() {
                        let gate = |first: &Given, then: &Given| {
                            if accepted.contains(&first.variant) { *then } else { failed }
                        };
                        next.push((both, tree.with(then, &mut self.fuel, &gate).ok_or(Stop::TooMuch)?));
                    }
                }
            }
            reached = self.joined(next)?;
        }
        parts.extend(reached);
        self.joined(parts)
    }

    /// Rules in order, without the `first` of them, then the default.
    pub(super) fn decide_from(&mut self, side: Side, flag: &Flag, first: usize, care: Set) -> Result<Parts, Stop> {
        let mut parts = Parts::new();
        let mut open = vec![(care, Tree::Leaf(None))];
        for rule in flag.rules.iter().skip(first) {
            open.retain(|(set, _)| !set.is_empty());
            if open.is_empty() {
                break;
            }
            open = self.rule(side, flag, rule, open, &mut parts)?;
        }
        let reason = if flag.rules.is_empty() { "STATIC" } else { "DEFAULT" };
        let default = Given { variant: self.variant(flag, &flag.default), reason };
        parts.extend(open.into_iter().map(|(set, tree)| (set, filled(&tree, default))));
        self.joined(parts)
    }

    /// What one rule alone gives, and nothing in buckets that it leaves to the next.
    pub(super) fn decide_by(&mut self, side: Side, flag: &Flag, rule: &Rule, care: Set) -> Result<Open, Stop> {
        let mut parts = Parts::new();
        let mut all = self.rule(side, flag, rule, vec![(care, Tree::Leaf(None))], &mut parts)?;
        all.extend(parts.into_iter().map(|(set, tree)| (set, tree.map(&|given: &Given| Some(*given)))));
        Ok(all)
    }

    /// Moves what a rule decides from what is open to the parts.
    fn rule(&mut self, side: Side, flag: &Flag, rule: &Rule, open: Open, parts: &mut Parts) -> Result<Open, Stop> {
        let holds = self.all(side, &rule.when)?;
        let mut left = Vec::new();
        for (set, tree) in open {
            let hit = self.sets.and(set, holds)?;
            left.push((self.sets.minus(set, holds)?, tree.clone()));
            match &rule.then {
                Outcome::Serve(variant) => {
                    let given = Given { variant: self.variant(flag, variant), reason: "TARGETING_MATCH" };
                    parts.push((hit, filled(&tree, given)));
                }
                Outcome::Split(split) if split.by.starts_with("tenant.") => {
                    let mut undecided = hit;
                    for (variant, tenants) in self.shared_out_tenants(side, split)? {
                        let given = Given { variant: self.variant(flag, &variant), reason: "SPLIT" };
                        parts.push((self.sets.and(hit, tenants)?, filled(&tree, given)));
                        undecided = self.sets.minus(undecided, tenants)?;
                    }
                    left.push((undecided, tree));
                }
                Outcome::Split(split) => {
                    let units = self.units(&split.by)?;
                    left.push((self.sets.minus(hit, units)?, tree.clone()));
                    let shared_out = self.sets.and(hit, units)?;
                    let slices = self.slices(flag, split);
                    let or = |before: &Option<Given>, slice: &Option<Given>| before.or(*slice);
                    let tree = tree.with(&slices, &mut self.fuel, &or).ok_or(Stop::TooMuch)?;
                    match whole(&tree) {
                        Some(tree) => parts.push((shared_out, tree)),
                        None => left.push((shared_out, tree)),
                    }
                }
            }
        }
        self.joined(left)
    }

    /// Whom a split by an attribute of the tenant gives what: each tenant's bucket is known.
    fn shared_out_tenants(&mut self, side: Side, split: &Split) -> Result<BTreeMap<VariantKey, Set>, Stop> {
        let attribute = split.by.strip_prefix("tenant.").unwrap_or_default();
        let seed = bucket::seed(split.salt.as_str());
        let mut shared_out = BTreeMap::new();
        for (tenant, attributes) in &self.document(side).tenants {
            let Some(unit) = look_up(attributes, attribute).and_then(Unit::of) else { continue };
            let at = unit.bucket(seed);
            let mut end = 0_u32;
            let slice = split.slices.iter().find(|slice| {
                end = end.saturating_add(slice.width);
                at < end
            });
            if let Some(slice) = slice {
                let own = self.atom(side, &Atom::Condition(Condition::Tenant(vec![tenant.clone()])))?;
                let set = shared_out.entry(slice.variant.clone()).or_insert(Set::EMPTY);
                *set = self.sets.or(*set, own)?;
            }
        }
        Ok(shared_out)
    }

    /// Variants by bucket, and nothing in the buckets that no slice covers.
    fn slices(&mut self, flag: &Flag, split: &Split) -> Tree<Option<Given>> {
        let variable = self.bucket_variable(split);
        let mut end = 0_u32;
        let mut runs = Vec::new();
        for slice in &split.slices {
            end = end.saturating_add(slice.width).min(BUCKETS);
            let given = Given { variant: self.variant(flag, &slice.variant), reason: "SPLIT" };
            runs.push((end, Tree::Leaf(Some(given))));
        }
        runs.push((BUCKETS, Tree::Leaf(None)));
        Tree::runs(variable, runs)
    }

    pub(crate) fn bucket_variable(&mut self, split: &Split) -> usize {
        let salt = split.salt.to_string();
        let known = self.buckets.iter().position(|known| known.by == split.by && known.salt == salt);
        known.unwrap_or_else(|| {
            let seed = bucket::seed(&salt);
            self.buckets.push(BucketVariable { by: split.by.clone(), salt, seed });
            self.buckets.len() - 1
        })
    }

    fn variant(&mut self, flag: &Flag, key: &VariantKey) -> usize {
        let value = flag.variants.iter().find(|(each, _)| each == key).map(|(_, value)| value);
        let wanted = VariantValue { key: key.to_string(), value: value.cloned().unwrap_or_default() };
        self.variants.iter().position(|known| *known == wanted).unwrap_or_else(|| {
            self.variants.push(wanted);
            self.variants.len() - 1
        })
    }

    /// One part for each tree, and none that is empty.
    fn joined<L: PartialEq>(&mut self, parts: Vec<(Set, Tree<L>)>) -> Result<Vec<(Set, Tree<L>)>, Stop> {
        let mut joined: Vec<(Set, Tree<L>)> = Vec::new();
        for (set, tree) in parts.into_iter().filter(|(set, _)| !set.is_empty()) {
            let is_full = joined.len() >= PARTS;
            match joined.iter_mut().find(|(_, other)| *other == tree) {
                Some((all, _)) => *all = self.sets.or(*all, set)?,
                None if is_full => return Err(Stop::TooMuch),
                None => joined.push((set, tree)),
            }
        }
        Ok(joined)
    }
}

/// The tree, where it decides every bucket.
fn whole(tree: &Tree<Option<Given>>) -> Option<Tree<Given>> {
    let leaves = tree.leaves();
    let first = leaves.iter().find_map(|(_, given)| **given)?;
    leaves.iter().all(|(_, given)| given.is_some()).then(|| filled(tree, first))
}

fn filled(tree: &Tree<Option<Given>>, with: Given) -> Tree<Given> {
    tree.map(&|given: &Option<Given>| given.unwrap_or(with))
}
