//! What the flags and kills of a document reach.

use crate::compile::reached_segments;
use crate::document::{Condition, Flag, FlagSet, Outcome, RegionTree, Segment};
use std::collections::BTreeSet;

pub(super) fn drop_unreached(document: &mut FlagSet) {
    let flags: Vec<&Flag> = document.flags.iter().collect();
    let reached: BTreeSet<_> = reached_segments(document, &flags).into_iter().cloned().collect();
    document.segments.retain(|key, _| reached.contains(key));

    let mut wanted = Wanted::default();
    document.flags.iter().for_each(|flag| wanted.flag(flag));
    document.segments.values().for_each(|segment| wanted.conditions(&segment.when));
    for regions in document.kills.iter().filter_map(|kill| kill.scope.region.as_ref()) {
        wanted.regions.extend(regions.iter().map(ToString::to_string));
    }
    let Wanted { regions, attributes } = wanted;
    let mut kept = RegionTree::default();
    keep_regions(&document.regions, &regions, &mut kept);
    document.regions = kept;
    for declared in document.tenants.values_mut() {
        // An attribute may be read by its own name or by a path that begins with it.
        declared.retain(|name, _| {
            attributes.iter().any(|wanted| {
                wanted == name || wanted.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.'))
            })
        });
    }
    document.tenants.retain(|_, declared| !declared.is_empty());
}

#[derive(Default)]
struct Wanted {
    regions: BTreeSet<String>,
    /// Of tenants, without `tenant.`.
    attributes: BTreeSet<String>,
}

impl Wanted {
    fn flag(&mut self, flag: &Flag) {
        for rule in &flag.rules {
            self.conditions(&rule.when);
            if let Outcome::Split(split) = &rule.then {
                self.attribute(&split.by);
            }
        }
    }

    fn conditions(&mut self, conditions: &[Condition]) {
        for condition in conditions {
            match condition {
                Condition::All(inner) | Condition::Any(inner) => self.conditions(inner),
                Condition::Not(inner) => self.conditions(std::slice::from_ref(inner)),
                Condition::Region(regions) => self.regions.extend(regions.iter().map(ToString::to_string)),
                Condition::Attribute { attribute, .. } => self.attribute(attribute),
                Condition::Tenant(_) | Condition::Segment(_) => {}
            }
        }
    }

    fn attribute(&mut self, name: &str) {
        if let Some(name) = name.strip_prefix("tenant.") {
            self.attributes.insert(name.to_owned());
        }
    }
}

/// The wanted regions with all within them; what lies around them goes.
fn keep_regions(tree: &RegionTree, wanted: &BTreeSet<String>, into: &mut RegionTree) {
    for (name, below) in &tree.0 {
        if wanted.contains(name.as_str()) {
            into.0.insert(name.clone(), below.clone());
        } else {
            keep_regions(below, wanted, into);
        }
    }
}

/// Whether a rule of the flag, or a segment that one reaches, names a tenant or asks for an attribute of one.
pub(super) fn rules_name_tenant(document: &FlagSet, flag: &Flag) -> bool {
    flag.rules.iter().any(|rule| {
        let by_tenant = matches!(&rule.then, Outcome::Split(split) if is_tenant_attribute(&split.by));
        by_tenant || conditions_name_tenant(document, &rule.when)
    })
}

fn is_tenant_attribute(name: &str) -> bool {
    name == "tenant" || name.starts_with("tenant.")
}

pub(super) fn conditions_name_tenant(document: &FlagSet, conditions: &[Condition]) -> bool {
    let mut open = BTreeSet::new();
    crate::compile::segments_named(conditions, &mut open);
    let mut seen = BTreeSet::new();
    let mut segments: Vec<&Segment> = Vec::new();
    while let Some(key) = open.pop_first() {
        if seen.insert(key)
            && let Some(segment) = document.segments.get(key)
        {
            crate::compile::segments_named(&segment.when, &mut open);
            segments.push(segment);
        }
    }
    names(conditions) || segments.iter().any(|segment| names(&segment.when))
}

fn names(conditions: &[Condition]) -> bool {
    conditions.iter().any(|condition| match condition {
        Condition::Tenant(_) => true,
        Condition::All(inner) | Condition::Any(inner) => names(inner),
        Condition::Not(inner) => names(std::slice::from_ref(inner)),
        Condition::Attribute { attribute, .. } => is_tenant_attribute(attribute),
        Condition::Region(_) | Condition::Segment(_) => false,
    })
}
