//! The attributes that a comparison looks at, each cut into classes of values that no condition tells apart.

use super::Stop;
use super::family::Family;
use super::forms;
use super::probes::{self, Kinds, Probe, Probes};
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

/// A variable, and the kinds of elements that its lists may have.
type Made = (Variable, Vec<(Value, Vec<bool>)>);

/// Lists of an attribute: one class, and a variable for each kind of element that may be in it.
#[derive(Debug)]
pub(crate) struct Lists {
    pub(crate) class: usize,
    pub(crate) elements: Vec<Element>,
}

/// A kind of element, whose variable asks whether it is in the list.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) variable: usize,
    pub(crate) value: Value,
    /// For each atom of the attribute, whether it holds of a list of this alone.
    pub(crate) truths: Vec<bool>,
}

/// Examples of a class, beyond which no more are kept.
const EXAMPLES: usize = 16;

/// Questions about one attribute: each condition of each value at a border.
const QUESTIONS: usize = 20_000_000;

/// The class of an element's variable where it is in the list; else it is 0.
pub(crate) const IS_IN: usize = 1;

/// All attributes, and what answers for their values.
#[derive(Debug)]
pub(crate) struct Domain {
    /// An attribute's comes before those of its lists' elements.
    pub(crate) variables: Vec<Variable>,
    /// By the number of the attribute's variable; none where no condition looks into lists.
    pub(crate) lists: BTreeMap<usize, Lists>,
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
        let mut domain = Domain {
            variables: Vec::new(),
            lists: BTreeMap::new(),
            atoms,
            known: BTreeMap::new(),
            judges,
            by_identity,
            same,
            units,
        };
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
            let (variable, kinds) = self.variable(name.clone(), numbers, &found, &elements).ok_or(Stop::TooMuch)?;
            self.known.insert(name.clone(), found.known);
            let class = variable.classes.len().saturating_sub(1);
            let number = self.variables.len();
            self.variables.push(variable);
            if kinds.is_empty() {
                continue;
            }
            let mut lists = Lists { class, elements: Vec::with_capacity(kinds.len()) };
            for (value, truths) in kinds {
                lists.elements.push(Element { variable: self.variables.len(), value, truths });
                self.variables.push(Variable::of_element());
            }
            self.lists.insert(number, lists);
        }
        Ok(())
    }

    fn variable(&self, name: String, atoms: Vec<usize>, found: &Probes, elements: &[Value]) -> Option<Made> {
        if found.probes.len().saturating_mul(atoms.len()) > QUESTIONS {
            return None;
        }
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
        self.assumed(&name, &atoms, found, &mut |signature, found| {
            let at = class_of(signature, &mut classes);
            if let Some(class) = classes.get_mut(at)
                && let Some((example, family)) = found
                && class.examples.len() < EXAMPLES
            {
                class.examples.push(example);
                class.families.extend(family);
            }
        });
        let kinds = self.kinds(&name, elements)?;
        let empty = Value::Array(Vec::new());
        if kinds.is_empty() {
            let at = class_of(self.signature(&name, Some(&empty)), &mut classes);
            if let Some(class) = classes.get_mut(at) {
                class.examples.push(empty);
            }
        } else {
            // A class of its own: what holds of a list its elements say too.
            let (truths, is_unit) = self.signature(&name, Some(&empty));
            classes.push(Class { truths, is_unit, points: Vec::new(), examples: vec![empty], families: Vec::new() });
        }
        found.complete.then_some((Variable { name, classes, atoms }, kinds))
    }

    /// Shapes of texts with what else conditions say of texts, in every combination: whether some version also ends in a
    /// certain way is not worked out, only tried.
    fn assumed(
        &self,
        name: &str,
        atoms: &[usize],
        found: &Probes,
        each: &mut impl FnMut((Vec<bool>, bool), Option<(Value, Option<Family>)>),
    ) {
        let truths = |family: &Family| Some(self.signature(name, Some(&family.example(&found.known)?)).0);
        let shapes: BTreeSet<(Vec<bool>, Kinds)> =
            found.shapes.iter().filter_map(|(family, kinds)| Some((truths(family)?, *kinds))).collect();
        if shapes.is_empty() {
            return;
        }
        let values: Vec<(&Family, Vec<bool>)> = found
            .probes
            .iter()
            .filter_map(|probe| match probe {
                Probe::Family(family) if !matches!(family, Family::Around(_) | Family::Integers(..)) => Some(family),
                Probe::Family(_) | Probe::Point(_) | Probe::Example(_) => None,
            })
            .filter_map(|family| Some((family, truths(family)?)))
            .collect();
        let is_value: Vec<bool> =
            atoms.iter().map(|atom| self.atoms.get(*atom).is_some_and(|(_, atom)| looks_at_value(atom))).collect();
        let is_unit = self.units.contains(name);
        for (shape, kinds) in &shapes {
            for (_, value) in values.iter().filter(|(family, _)| kinds.allow(family)) {
                let both = shape.iter().zip(value).zip(&is_value);
                let truths = both.map(|((shape, value), is_value)| if *is_value { *value } else { *shape }).collect();
                each((truths, is_unit), None);
            }
        }
        // Of most of them some text is easily found.
        for value in found.probes.iter().filter_map(Probe::value) {
            for text in forms::of(value, &found.hints) {
                let example = Value::from(text.clone());
                let signature = self.signature(name, Some(&example));
                let family = matches!(value, Family::Version(_)).then_some(Family::Version(text));
                each(signature, Some((example, family)));
            }
        }
    }

    /// Elements that between them show all that elements of a list can say, each with what holds of a list of it alone.
    ///
    /// Any of them may come together, and what holds of a list is what holds of the empty one, unless an element says
    /// otherwise. `None` where that is not so.
    fn kinds(&self, name: &str, elements: &[Value]) -> Option<Vec<(Value, Vec<bool>)>> {
        let of = |elements: Vec<Value>| self.signature(name, Some(&Value::Array(elements))).0;
        let empty = of(Vec::new());
        let mut seen: BTreeSet<Vec<bool>> = BTreeSet::from([empty.clone()]);
        let mut kinds: Vec<(Value, Vec<bool>)> = Vec::new();
        for element in elements {
            let truths = of(vec![element.clone()]);
            if seen.insert(truths.clone()) {
                kinds.push((element.clone(), truths));
            }
        }
        let together = of(kinds.iter().map(|(element, _)| element.clone()).collect());
        let otherwise = |at: usize| kinds.iter().any(|(_, truths)| truths.get(at) != empty.get(at));
        let is_so = (0..empty.len()).all(|at| (together.get(at) != empty.get(at)) == otherwise(at));
        is_so.then_some(kinds)
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

    /// Whether a variable asks about an element of a list, and not about an attribute.
    pub(crate) fn is_element(&self, variable: usize) -> bool {
        self.lists.values().any(|lists| lists.elements.iter().any(|element| element.variable == variable))
    }

    pub(crate) fn variable_number(&self, name: &str) -> Option<usize> {
        self.variables.iter().position(|variable| variable.name == name)
    }
}

impl Variable {
    /// Asks whether an element is in a list.
    fn of_element() -> Self {
        let class = Class {
            truths: Vec::new(),
            is_unit: false,
            points: Vec::new(),
            examples: Vec::new(),
            families: Vec::new(),
        };
        // No attribute has this name, so that nobody looks it up.
        Variable { name: String::new(), classes: vec![class.clone(), class], atoms: Vec::new() }
    }

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
