//! What a flag's decision can depend on: its cone.

use super::domain::Side;
use crate::atoms::Atom;
use downhaul_core::document::{Condition, Flag, FlagSet, Kill, Outcome, Scope, Segment};
use downhaul_core::ids::{SegmentKey, TenantId};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that a flag of one document reaches.
#[derive(Debug, Default)]
pub(crate) struct Cone<'a> {
    /// The flag and its prerequisites, all the way.
    pub(crate) flags: BTreeMap<&'a str, &'a Flag>,
    pub(crate) kills: Vec<&'a Kill>,
    pub(crate) segments: BTreeMap<&'a SegmentKey, &'a Segment>,
    /// Bucketing units, but for attributes of tenants.
    pub(crate) units: BTreeSet<&'a str>,
    /// Tenants that are told apart by their own bucket.
    tenants: BTreeSet<&'a TenantId>,
    reads_tenants: bool,
    reads_regions: bool,
}

impl<'a> Cone<'a> {
    pub(crate) fn of(document: &'a FlagSet, flag: &'a Flag) -> Self {
        let mut cone = Cone::default();
        let mut open = vec![flag];
        while let Some(flag) = open.pop() {
            if cone.flags.insert(flag.key.as_str(), flag).is_some() {
                continue;
            }
            for rule in &flag.rules {
                rule.when.iter().for_each(|condition| cone.condition(document, condition));
                if let Outcome::Split(split) = &rule.then {
                    cone.unit(document, &split.by);
                }
            }
            for kill in document.kills.iter().filter(|kill| kill.flag == flag.key) {
                cone.reads_regions |= kill.scope.region.is_some();
                cone.segments_of(document, kill.scope.segment.iter().flatten());
                cone.kills.push(kill);
            }
            open.extend(flag.requires.iter().filter_map(|required| document.flag(required.flag.as_str())));
        }
        cone
    }

    fn unit(&mut self, document: &'a FlagSet, by: &'a str) {
        if by.starts_with("tenant.") {
            // Each tenant has its own bucket.
            self.reads_tenants = true;
            self.tenants.extend(document.tenants.keys());
        } else {
            self.units.insert(by);
        }
    }

    /// Takes in what a condition that is asked about besides reaches.
    pub(crate) fn condition(&mut self, document: &'a FlagSet, condition: &'a Condition) {
        match condition {
            Condition::All(inner) | Condition::Any(inner) => {
                inner.iter().for_each(|condition| self.condition(document, condition));
            }
            Condition::Not(inner) => self.condition(document, inner),
            Condition::Segment(keys) => self.segments_of(document, keys.iter()),
            Condition::Region(_) => self.reads_regions = true,
            Condition::Attribute { attribute, .. } => self.reads_tenants |= attribute.starts_with("tenant."),
            Condition::Tenant(_) => {}
        }
    }

    fn segments_of(&mut self, document: &'a FlagSet, keys: impl Iterator<Item = &'a SegmentKey>) {
        for key in keys {
            if let Some(segment) = document.segments.get(key)
                && self.segments.insert(key, segment).is_none()
            {
                segment.when.iter().for_each(|condition| self.condition(document, condition));
            }
        }
    }

    /// Whether two cones cannot decide differently, by looking at them alone.
    pub(crate) fn is_alike(&self, document: &FlagSet, other: &Cone<'_>, theirs: &FlagSet) -> bool {
        self.surroundings_alike(document, other, theirs)
            && self.flags.len() == other.flags.len()
            && self.flags.iter().all(|(key, flag)| other.flags.get(key).is_some_and(|other| flag.decides_as(other)))
    }

    /// Whether all but the flag's own rules and default is alike.
    pub(crate) fn surroundings_alike(&self, document: &FlagSet, other: &Cone<'_>, theirs: &FlagSet) -> bool {
        let lists_alike =
            |a: &Segment, b: &Segment| a.include == b.include && a.exclude == b.exclude && a.when == b.when;
        let scopes =
            |kills: &[&'_ Kill]| kills.iter().map(|kill| (kill.flag.clone(), kill.scope.clone())).collect::<Vec<_>>();
        (!(self.reads_tenants || other.reads_tenants) || document.tenants == theirs.tenants)
            && (!(self.reads_regions || other.reads_regions) || document.regions == theirs.regions)
            && scopes(&self.kills) == scopes(&other.kills)
            && self
                .segments
                .iter()
                .all(|(key, segment)| other.segments.get(key).is_none_or(|other| lists_alike(segment, other)))
    }

    /// Every atom that deciding may ask, for the domain of a comparison.
    pub(crate) fn atoms(&self, side: Side, into: &mut Vec<(Side, Atom)>) {
        for flag in self.flags.values() {
            flag.rules.iter().flat_map(|rule| &rule.when).for_each(|condition| leaves(side, condition, into));
        }
        for segment in self.segments.values() {
            for list in [&segment.include, &segment.exclude] {
                if !list.is_empty() {
                    into.push((side, Atom::KeyListed(list.clone())));
                }
            }
            segment.when.iter().for_each(|condition| leaves(side, condition, into));
        }
        for tenant in &self.tenants {
            into.push((side, Atom::Condition(Condition::Tenant(vec![(*tenant).clone()]))));
        }
        for kill in &self.kills {
            scope_conditions(&kill.scope).iter().for_each(|condition| leaves(side, condition, into));
        }
    }
}

/// The conditions without groups and segments.
pub(crate) fn leaves(side: Side, condition: &Condition, into: &mut Vec<(Side, Atom)>) {
    match condition {
        Condition::All(inner) | Condition::Any(inner) => {
            inner.iter().for_each(|condition| leaves(side, condition, into))
        }
        Condition::Not(inner) => leaves(side, inner, into),
        Condition::Segment(_) => {}
        Condition::Tenant(_) | Condition::Region(_) | Condition::Attribute { .. } => {
            into.push((side, Atom::Condition(condition.clone())));
        }
    }
}

/// The parts of a kill's scope that look at the context.
pub(crate) fn scope_conditions(scope: &Scope) -> Vec<Condition> {
    let tenant = scope.tenant.clone().map(Condition::Tenant);
    let region = scope.region.clone().map(Condition::Region);
    let segment = scope.segment.clone().map(Condition::Segment);
    [tenant, region, segment].into_iter().flatten().collect()
}
