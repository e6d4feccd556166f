//! The attributes that a comparison looks at, each cut into classes of values that no condition tells apart.

use super::Stop;
use super::family::Family;
use super::probes::{self, Probe, Probes};
use crate::atoms::{Atom, Judge};
use downhaul_core::bucket::Unit;
use downhaul_core::document::{Condition, FlagSet, Test};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// By which document an atom is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Side {
    Old,
    New,
}

/// One attribute.
#[derive(Debug)]
pub(crate) struct Variable {
    pub(crate) name: String,
    /// In the order of their first probe; never empty. Every value is of one; one without a value is possible as far as is known.
    pub(crate) classes: Vec<Class>,
    atoms: Vec<usize>,
}

/// Values that every condition of the comparison treats alike.
#[derive(Debug, Clone)]
pub(crate) struct Class {
    /// For each atom of the variable, in its order.
    pub(crate) truths: Vec<bool>,
    /// Whether its values are bucketing units; false where nobody asks.
    pub(crate) is_unit: bool,
    /// Single values; `None` is absent.
    pub(crate) points: Vec<Option<Value>>,
    /// Some of many values alike.
    pub(crate) examples: Vec<Value>,
    pub(crate) families: Vec<Family>,
}

impl Class {
    /// Whether it is nothing but the single values.
    pub(crate) fn is_points(&self) -> bool {
        self.families.is_empty() && self.examples.is_empty() && !self.points.is_empty()
    }

    /// A value to show, null where it is absent; `None` where none was found.
    pub(crate) fn example(&self, known: &BTreeSet<String>) -> Option<Value> {
        let family = || self.families.iter().find_map(|family| family.example(known));
        if self.points.contains(&None) {
            return Some(Value::Null);
        }
        let is_plain = |value: &&Value| value.as_str().is_some_and(|text| !text.is_empty());
        let text = self.points.iter().flatten().find(is_plain).cloned();
        let value = text.or_else(family).or_else(|| self.examples.first().cloned());
        value.or_else(|| self.points.iter().flatten().next().cloned())
    }
}

/// All attributes, and what answers for their values.
#[derive(Debug)]
pub(crate) struct Domain {
    pub(crate) variables: Vec<Variable>,
    pub(crate) atoms: Vec<(Side, Atom)>,
    /// Texts that are classes of their own, by attribute.
    pub(crate) known: BTreeMap<String, BTreeSet<String>>,
    judges: [Judge; 2],
    by_identity: BTreeMap<(Side, String), usize>,
    same: Same,
    units: BTreeSet<String>,
}

/// What both documents have alike, so that one answer does for both.
#[derive(Debug, Clone, Copy)]
struct Same {
    tenants: bool,
    regions: bool,
}

impl Domain {
    /// Stops where an attribute's conditions have more combinations than can be looked at.
    ///
    /// `asked`: every atom that will be asked about, and by which document; `units`: the bucketing units.
    pub(crate) fn new(
        documents: [&FlagSet; 2],
        asked: Vec<(Side, Atom)>,
        units: BTreeSet<String>,
    ) -> Result<Self, Stop> {
        let [old, new] = documents;
        let same = Same { tenants: old.tenants == new.tenants, regions: old.regions == new.regions };
        let mut atoms: Vec<(Side, Atom)> = Vec::new();
        let mut by_identity = BTreeMap::new();
        for (side, atom) in asked {
            let side = same.side(side, &atom);
            by_identity.entry((side, atom.identity())).or_insert_with(|| {
                atoms.push((side, atom));
                atoms.len() - 1
            });
        }
        let of = |wanted: Side| atoms.iter().filter(move |(side, _)| *side == wanted).map(|(_, atom)| atom);
        let judge = |document, side| Judge::new(document, of(side)).map_err(|_| Stop::TooMuch);
        let judges = [judge(old, Side::Old)?, judge(new, Side::New)?];
        let mut domain =
            Domain { variables: Vec::new(), atoms, known: BTreeMap::new(), judges, by_identity, same, units };
        domain.make_variables(documents)?;
        Ok(domain)
    }

    fn make_variables(&mut self, documents: [&FlagSet; 2]) -> Result<(), Stop> {
        let mut by_name: BTreeMap<String, Vec<usize>> =
            self.units.iter().map(|unit| (unit.clone(), Vec::new())).collect();
        // The old document's first: the order in which the judges answer.
        for wanted in [Side::Old, Side::New] {
            for (number, (side, atom)) in self.atoms.iter().enumerate() {
                if *side == wanted {
                    by_name.entry(atom.attribute().to_owned()).or_default().push(number);
                }
            }
        }
        for (name, numbers) in by_name {
            let atoms: Vec<&Atom> =
                numbers.iter().filter_map(|number| self.atoms.get(*number)).map(|(_, atom)| atom).collect();
            let is_unit = self.units.contains(&name);
            let found = probes::probes(&name, &atoms, documents, is_unit);
            let elements = probes::elements(&atoms);
            let variable = self.variable(name.clone(), numbers, &found, &elements).ok_or(Stop::TooMuch)?;
            self.known.insert(name, found.known);
            self.variables.push(variable);
        }
        Ok(())
    }

    fn variable(&self, name: String, atoms: Vec<usize>, found: &Probes, elements: &[Value]) -> Option<Variable> {
        let mut classes: Vec<Class> = Vec::new();
        let mut by_signature: BTreeMap<(Vec<bool>, bool), usize> = BTreeMap::new();
        let mut class_of = |signature: (Vec<bool>, bool), classes: &mut Vec<Class>| {
            *by_signature.entry(signature.clone()).or_insert_with(|| {
                let (truths, is_unit) = signature;
                classes.push(Class { truths, is_unit, points: Vec::new(), examples: Vec::new(), families: Vec::new() });
                classes.len() - 1
            })
        };
        for probe in &found.probes {
            match probe {
                Probe::Point(value) => {
                    let at = class_of(self.signature(&name, value.as_ref()), &mut classes);
                    if let Some(class) = classes.get_mut(at) {
                        class.points.push(value.clone());
                    }
                }
                Probe::Example(value) => {
                    let at = class_of(self.signature(&name, Some(value)), &mut classes);
                    if let Some(class) = classes.get_mut(at) {
                        class.examples.push(value.clone());
                    }
                }
                Probe::Family(family) => {
                    let Some(example) = family.example(&found.known) else { continue };
                    let at = class_of(self.signature(&name, Some(&example)), &mut classes);
                    if let Some(class) = classes.get_mut(at) {
                        class.families.push(family.clone());
                    }
                }
            }
        }
        self.assumed(&name, &atoms, found, &mut |signature, example| {
            let at = class_of(signature, &mut classes);
            if let Some(class) = classes.get_mut(at) {
                class.examples.extend(example);
            }
        });
        let lists_complete = self.lists(&name, elements, &mut |value, signature| {
            let at = class_of(signature, &mut classes);
            if let Some(class) = classes.get_mut(at) {
                class.examples.push(value);
            }
        });
        (found.complete && lists_complete).then_some(Variable { name, classes, atoms })
    }

    /// Shapes of texts with what else conditions say of texts, in every combination: whether some version also ends in a
    /// certain way is not worked out.
    fn assumed(
        &self,
        name: &str,
        atoms: &[usize],
        found: &Probes,
        each: &mut impl FnMut((Vec<bool>, bool), Option<Value>),
    ) {
        let signatures = |families: &mut dyn Iterator<Item = &Family>| -> BTreeSet<Vec<bool>> {
            let examples = families.filter_map(|family| family.example(&found.known));
            examples.map(|example| self.signature(name, Some(&example)).0).collect()
        };
        let shapes = signatures(&mut found.shapes.iter());
        if shapes.is_empty() {
            return;
        }
        let values = signatures(&mut found.probes.iter().filter_map(|probe| match probe {
            Probe::Family(family) if !matches!(family, Family::Around(_) | Family::Integers(..)) => Some(family),
            Probe::Family(_) | Probe::Point(_) | Probe::Example(_) => None,
        }));
        let is_value: Vec<bool> =
            atoms.iter().map(|atom| self.atoms.get(*atom).is_some_and(|(_, atom)| looks_at_value(atom))).collect();
        let is_unit = self.units.contains(name);
        for shape in &shapes {
            for value in &values {
                let both = shape.iter().zip(value).zip(&is_value);
                let truths = both.map(|((shape, value), is_value)| if *is_value { *value } else { *shape }).collect();
                each((truths, is_unit), None);
            }
        }
        // Some of these have a value that is easy to find: any text may be the build of a version.
        for version in found.probes.iter().filter_map(Probe::version) {
            for hint in &found.hints {
                for value in [format!("{version}+{hint}"), format!("v{version}+{hint}")] {
                    let value = Value::from(value);
                    each(self.signature(name, Some(&value)), Some(value));
                }
            }
        }
    }

    /// Lists: any set of elements may come together.
    fn lists(&self, name: &str, elements: &[Value], each: &mut impl FnMut(Value, (Vec<bool>, bool))) -> bool {
        const MOST: usize = 512;
        // One element of each kind is enough.
        let mut kinds: BTreeMap<(Vec<bool>, bool), Value> = BTreeMap::new();
        for element in elements {
            let list = Value::Array(vec![element.clone()]);
            kinds.entry(self.signature(name, Some(&list))).or_insert_with(|| element.clone());
        }
        let mut found: BTreeSet<(Vec<bool>, bool)> = BTreeSet::new();
        let mut open: Vec<Vec<Value>> = vec![Vec::new()];
        while let Some(list) = open.pop() {
            let value = Value::Array(list.clone());
            let signature = self.signature(name, Some(&value));
            if !found.insert(signature.clone()) {
                continue;
            }
            each(value, signature);
            if found.len() > MOST {
                return false;
            }
            for element in kinds.values() {
                let mut longer = list.clone();
                longer.push(element.clone());
                open.push(longer);
            }
        }
        true
    }

    /// What every atom of the attribute says of a value, and whether it is a bucketing unit.
    pub(crate) fn signature(&self, name: &str, value: Option<&Value>) -> (Vec<bool>, bool) {
        let [old, new] = &self.judges;
        let mut truths = old.truths(name, value);
        truths.extend(new.truths(name, value));
        (truths, self.units.contains(name) && value.is_some_and(|value| Unit::of(value).is_some()))
    }

    /// The variable of an atom, and the atom's place among that variable's.
    pub(crate) fn place(&self, side: Side, atom: &Atom) -> Option<(usize, usize)> {
        let number = self.by_identity.get(&(self.same.side(side, atom), atom.identity()))?;
        let variable = self.variable_number(atom.attribute())?;
        let place = self.variables.get(variable)?.atoms.iter().position(|atom| atom == number)?;
        Some((variable, place))
    }

    pub(crate) fn variable_number(&self, name: &str) -> Option<usize> {
        self.variables.iter().position(|variable| variable.name == name)
    }
}

impl Variable {
    /// The variable's atoms that both documents answer alike, each with its place.
    pub(crate) fn shared_atoms<'a>(&'a self, domain: &'a Domain) -> impl Iterator<Item = (usize, &'a Atom)> {
        let same = domain.same;
        self.atoms.iter().enumerate().filter_map(move |(place, number)| {
            let (_, atom) = domain.atoms.get(*number)?;
            same.is_shared(atom).then_some((place, atom))
        })
    }
}

impl Same {
    fn is_shared(self, atom: &Atom) -> bool {
        match atom.depends_on() {
            crate::atoms::DependsOn::Nothing => true,
            crate::atoms::DependsOn::Tenants => self.tenants,
            crate::atoms::DependsOn::Regions => self.regions,
        }
    }

    /// What both answer alike is asked of the old one.
    fn side(self, side: Side, atom: &Atom) -> Side {
        if self.is_shared(atom) { Side::Old } else { side }
    }
}

/// Whether a condition reads a text as something else: a version, a time, an address.
fn looks_at_value(atom: &Atom) -> bool {
    let Atom::Condition(Condition::Attribute { test, .. }) = atom else { return false };
    matches!(test, Test::Semver(_) | Test::Before(_) | Test::After(_) | Test::IpIn(_))
}
