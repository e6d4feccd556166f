//! What one flag's decision can depend on: the flag, those it requires, their segments and kills.

use crate::atoms::Atom;
use downhaul_core::compile::segments_named;
use downhaul_core::document::{Condition, Flag, FlagSet, Kill, Outcome, RegionTree, Scope, Segment, Split};
use downhaul_core::ids::{SegmentKey, TenantId};
use downhaul_core::prepare::look_up;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A document, its flags and kills by key.
#[derive(Debug)]
pub(crate) struct Indexed<'a> {
    pub(crate) document: &'a FlagSet,
    flags: BTreeMap<&'a str, &'a Flag>,
    kills: BTreeMap<&'a str, Vec<&'a Kill>>,
}

impl<'a> Indexed<'a> {
    pub(crate) fn new(document: &'a FlagSet) -> Self {
        let mut kills: BTreeMap<&str, Vec<&Kill>> = BTreeMap::new();
        for kill in &document.kills {
            kills.entry(kill.flag.as_str()).or_default().push(kill);
        }
        let flags = document.flags.iter().map(|flag| (flag.key.as_str(), flag)).collect();
        Indexed { document, flags, kills }
    }

    pub(crate) fn has(&self, flag: &str) -> bool {
        self.flags.contains_key(flag)
    }

    pub(crate) fn flag(&self, key: &str) -> Option<&'a Flag> {
        self.flags.get(key).copied()
    }

    /// The kills of a flag, in the order in which they were made.
    pub(crate) fn kills(&self, flag: &str) -> &[&'a Kill] {
        self.kills.get(flag).map(Vec::as_slice).unwrap_or_default()
    }

    /// The cone of a flag; `None` where the document lacks it.
    pub(crate) fn cone(&self, flag: &str) -> Option<Cone<'a>> {
        let mut flags = Vec::new();
        let mut seen = BTreeSet::new();
        let mut open = vec![*self.flags.get(flag)?];
        while let Some(flag) = open.pop() {
            if seen.insert(flag.key.as_str()) {
                flags.push(flag);
                open.extend(flag.requires.iter().filter_map(|required| self.flags.get(required.flag.as_str())));
            }
        }
        let own = flags.iter().filter_map(|flag| self.kills.get(flag.key.as_str()));
        let mut cone = Cone { kills: own.flatten().copied().collect(), flags, ..Cone::empty(self.document) };
        cone.reach_segments();
        Some(cone)
    }
}

/// Names that are looked up among the attributes of the context's tenant.
const OF_TENANT: &str = "tenant.";

/// See the module. The flag itself comes first.
#[derive(Debug, Clone)]
pub(crate) struct Cone<'a> {
    pub(crate) document: &'a FlagSet,
    pub(crate) flags: Vec<&'a Flag>,
    /// Each flag's together, in the order in which they were made.
    pub(crate) kills: Vec<&'a Kill>,
    segments: BTreeMap<&'a SegmentKey, &'a Segment>,
    /// Asked about besides.
    conditions: &'a [Condition],
}

/// What looks at a context.
#[derive(Debug)]
pub(crate) enum Leaf<'a> {
    Condition(&'a Condition),
    /// The list of a segment.
    Listed(&'a [String]),
    Split(&'a Split),
}

impl Leaf<'_> {
    /// `None` for a split.
    pub(crate) fn atom(&self) -> Option<Atom> {
        match self {
            Leaf::Condition(condition) => Some(Atom::Condition((*condition).clone())),
            Leaf::Listed(keys) => Some(Atom::KeyListed(keys.to_vec())),
            Leaf::Split(_) => None,
        }
    }
}

impl<'a> Cone<'a> {
    /// The flag that it is of; `None` for a cone without one.
    pub(crate) fn flag(&self) -> Option<&'a Flag> {
        self.flags.first().copied()
    }

    /// All segments of a document, as one cone without a flag.
    pub(crate) fn of_segments(document: &'a FlagSet) -> Self {
        Cone { segments: document.segments.iter().collect(), ..Cone::empty(document) }
    }

    /// What conditions look at, as a cone without a flag.
    pub(crate) fn of_conditions(document: &'a FlagSet, conditions: &'a [Condition]) -> Self {
        let mut cone = Cone { conditions, ..Cone::empty(document) };
        cone.reach_segments();
        cone
    }

    fn empty(document: &'a FlagSet) -> Self {
        Cone { document, flags: Vec::new(), kills: Vec::new(), segments: BTreeMap::new(), conditions: &[] }
    }

    fn reach_segments(&mut self) {
        let mut open = BTreeSet::new();
        segments_named(self.conditions, &mut open);
        for rule in self.flags.iter().flat_map(|flag| &flag.rules) {
            segments_named(&rule.when, &mut open);
        }
        open.extend(self.kills.iter().filter_map(|kill| kill.scope.segment.as_ref()).flatten());
        while let Some(key) = open.pop_first() {
            if let Some((key, segment)) = self.document.segments.get_key_value(key)
                && self.segments.insert(key, segment).is_none()
            {
                segments_named(&segment.when, &mut open);
            }
        }
    }

    /// Everything in it that looks at a context, kills' scopes as the conditions that they are.
    pub(crate) fn each_leaf(&self, mut each: impl FnMut(Leaf<'_>)) {
        for rule in self.flags.iter().flat_map(|flag| &flag.rules) {
            leaves(&rule.when, &mut each);
            if let Outcome::Split(split) = &rule.then {
                each(Leaf::Split(split));
            }
        }
        for segment in self.segments.values() {
            for keys in [&segment.include, &segment.exclude] {
                if !keys.is_empty() {
                    each(Leaf::Listed(keys));
                }
            }
            leaves(&segment.when, &mut each);
        }
        for kill in &self.kills {
            leaves(&scope_conditions(&kill.scope), &mut each);
        }
        leaves(self.conditions, &mut each);
    }

    /// The attributes of contexts that splits share out by.
    pub(crate) fn units(&self) -> BTreeSet<String> {
        let mut units = BTreeSet::new();
        self.each_leaf(|leaf| {
            if let Leaf::Split(split) = leaf
                && !split.by.starts_with(OF_TENANT)
            {
                units.insert(split.by.clone());
            }
        });
        units
    }

    /// Every atom that deciding may ask.
    pub(crate) fn atoms(&self) -> Vec<Atom> {
        let mut atoms = Vec::new();
        let mut told_apart = false;
        self.each_leaf(|leaf| {
            // Each tenant has its own bucket.
            told_apart |= matches!(&leaf, Leaf::Split(split) if split.by.starts_with(OF_TENANT));
            atoms.extend(leaf.atom());
        });
        if told_apart {
            let alone = |tenant: &TenantId| Atom::Condition(Condition::Tenant(vec![tenant.clone()]));
            atoms.extend(self.document.tenants.keys().map(alone));
        }
        atoms
    }

    /// Whether every part is the same as in another cone. Tenants and regions are taken as a whole.
    pub(crate) fn is_same_as(&self, other: &Cone<'_>) -> bool {
        let same_tenants = self.document.tenants == other.document.tenants
            || (self.tenant_attributes().is_empty() && other.tenant_attributes().is_empty());
        let same_regions = self.document.regions == other.document.regions
            || (self.regions_named().is_empty() && other.regions_named().is_empty());
        self.flags == other.flags
            && self.kills == other.kills
            && self.segments == other.segments
            && same_tenants
            && same_regions
    }

    /// Whether the flag gives the same for every context as in another cone. If in doubt, it does not say so.
    pub(crate) fn decides_as(&self, other: &Cone<'_>) -> bool {
        let flags = self.flags.len() == other.flags.len()
            && self.flags.iter().zip(&other.flags).all(|(one, other)| one.decides_as(other));
        flags && self.segments.len() == other.segments.len() && self.surroundings_alike(other)
    }

    /// The same of all but the flag itself: its prerequisites decide alike, and what both cones look at means the same.
    pub(crate) fn surroundings_alike(&self, other: &Cone<'_>) -> bool {
        let alike =
            |one: &Flag, key: &str| other.flags.iter().any(|flag| flag.key.as_str() == key && one.decides_as(flag));
        let prerequisites = self.flags.len() == other.flags.len()
            && self.flags.iter().skip(1).all(|flag| alike(flag, flag.key.as_str()));
        let segments = self.segments.iter().all(|(key, one)| {
            other.segments.get(key).is_none_or(|other| {
                (&one.include, &one.exclude, &one.when) == (&other.include, &other.exclude, &other.when)
            })
        });
        let kills = self.kills.len() == other.kills.len()
            && self
                .kills
                .iter()
                .zip(&other.kills)
                .all(|(one, other)| (&one.flag, &one.scope) == (&other.flag, &other.scope));
        prerequisites && segments && kills && self.same_regions(other) && self.same_tenants(other)
    }

    fn same_regions(&self, other: &Cone<'_>) -> bool {
        let (one, another) = (&self.document.regions, &other.document.regions);
        let same = |region: &String| one.find(region) == another.find(region);
        one == another || (self.regions_named().iter().all(same) && other.regions_named().iter().all(same))
    }

    fn regions_named(&self) -> BTreeSet<String> {
        let mut named = BTreeSet::new();
        self.each_leaf(|leaf| {
            if let Leaf::Condition(Condition::Region(regions)) = leaf {
                named.extend(regions.iter().map(ToString::to_string));
            }
        });
        named
    }

    fn same_tenants(&self, other: &Cone<'_>) -> bool {
        let mut read = self.tenant_attributes();
        read.extend(other.tenant_attributes());
        let (one, other) = (&self.document.tenants, &other.document.tenants);
        if one == other {
            return true;
        }
        let tenants: BTreeSet<_> = one.keys().chain(other.keys()).collect();
        read.is_empty()
            || tenants.iter().all(|tenant| {
                read.iter().all(|name| {
                    let value = |declared: &'_ BTreeMap<_, Map<String, Value>>| {
                        declared.get(*tenant).and_then(|attributes| look_up(attributes, name)).cloned()
                    };
                    value(one) == value(other)
                })
            })
    }

    /// The attributes of tenants that it reads, without `tenant.`.
    fn tenant_attributes(&self) -> BTreeSet<String> {
        let mut read = BTreeSet::new();
        self.each_leaf(|leaf| {
            let name = match &leaf {
                Leaf::Condition(Condition::Attribute { attribute, .. }) => attribute,
                Leaf::Split(split) => &split.by,
                Leaf::Condition(_) | Leaf::Listed(_) => return,
            };
            read.extend(name.strip_prefix(OF_TENANT).map(str::to_owned));
        });
        read
    }

    /// A document of this cone alone, in which its flags decide as in the whole.
    pub(crate) fn to_document(&self) -> FlagSet {
        let mut document = FlagSet::empty(self.document.environment.clone());
        if !self.regions_named().is_empty() {
            document.regions = self.document.regions.clone();
        }
        let read = self.tenant_attributes();
        if !read.is_empty() {
            let is_read = |name: &str| {
                let around = |read: &String| read.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
                read.contains(name) || read.iter().any(around)
            };
            let tenants = self.document.tenants.iter().map(|(tenant, attributes)| {
                let kept = attributes.iter().filter(|(name, _)| is_read(name));
                (tenant.clone(), kept.map(|(name, value)| (name.clone(), value.clone())).collect())
            });
            document.tenants = tenants.filter(|(_, kept): &(_, Map<String, Value>)| !kept.is_empty()).collect();
        }
        document.segments = self.segments.iter().map(|(key, segment)| ((*key).clone(), (*segment).clone())).collect();
        document.flags = self.flags.iter().map(|flag| (*flag).clone()).collect();
        document.kills = self.kills.iter().map(|kill| (*kill).clone()).collect();
        document
    }
}

/// Every name in a region tree.
pub(crate) fn region_names(tree: &RegionTree) -> impl Iterator<Item = &str> {
    tree.names().into_iter().map(|name| name.as_str())
}

fn leaves(conditions: &[Condition], each: &mut impl FnMut(Leaf<'_>)) {
    for condition in conditions {
        match condition {
            Condition::All(inner) | Condition::Any(inner) => leaves(inner, each),
            Condition::Not(inner) => leaves(std::slice::from_ref(inner), each),
            Condition::Segment(_) => {}
            Condition::Tenant(_) | Condition::Region(_) | Condition::Attribute { .. } => {
                each(Leaf::Condition(condition));
            }
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
