//! A set of contexts as conditions of the document's language, as few as will do.

use super::Stop;
use super::decide::Space;
use super::domain::{Class, Side, Variable};
use super::set::{Product, Set};
use crate::atoms::Atom;
use downhaul_core::document::{Condition, Flag, Scalar, Test};
use serde_json::Value;
use std::collections::BTreeSet;

/// A set in words: where all conditions hold, and the units are there or not.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Description {
    pub(crate) when: Vec<Condition>,
    /// Attributes that hold no bucketing unit.
    pub(crate) no_unit: Vec<String>,
    /// Attributes that hold one.
    pub(crate) unit: Vec<String>,
    /// Attributes in which, for `when`, a list counts as an empty one.
    pub(crate) lists_aside: Vec<String>,
    /// Whether it says exactly the set; else something more, never less.
    pub(crate) exact: bool,
}

/// Products in which a set is spelled out where no few conditions say it.
const PRODUCTS: usize = 24;

/// One thing that a description may say.
#[derive(Debug, Clone)]
struct Clause {
    says: Says,
    set: Set,
}

#[derive(Debug, Clone, PartialEq)]
enum Says {
    That(Condition),
    /// Of values that are not lists.
    Listed(Condition, String),
    NoUnit(String),
    Unit(String),
}

/// The conditions that people know already: those of the flags compared, the positive before the negated.
#[derive(Debug)]
pub(crate) struct Phrases {
    clauses: Vec<Clause>,
}

impl Phrases {
    /// `flags`: with the side whose document says what their conditions mean.
    pub(crate) fn new(space: &mut Space<'_>, flags: &[(Side, &Flag)]) -> Result<Self, Stop> {
        let mut conditions: Vec<(Side, Condition)> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut add = |side, condition: Condition| {
            if seen.insert(serde_json::to_string(&condition).unwrap_or_default()) {
                conditions.push((side, condition));
            }
        };
        for (side, flag) in flags {
            for rule in &flag.rules {
                rule.when.iter().for_each(|condition| add(*side, condition.clone()));
            }
        }
        for (side, flag) in flags {
            for rule in flag.rules.iter().filter(|rule| rule.when.len() > 1) {
                add(*side, Condition::All(rule.when.clone()));
            }
        }
        let mut clauses = Vec::new();
        for (side, condition) in conditions {
            if !space.means_the_same(&condition) {
                continue;
            }
            let set = space.condition(side, &condition)?;
            clauses.push(Clause { says: Says::That(condition), set });
        }
        let positive: Vec<Clause> =
            clauses.iter().filter(|clause| !matches!(&clause.says, Says::That(Condition::All(_)))).cloned().collect();
        let mut all = positive;
        for clause in clauses {
            if let Says::That(condition) = clause.says {
                all.push(Clause { says: Says::That(negated(condition)), set: space.sets.not(clause.set)? });
            }
        }
        let names: Vec<String> = space.domain.variables.iter().map(|variable| variable.name.clone()).collect();
        for name in names {
            let units = space.units(&name)?;
            if !units.is_empty() && units != Set::ALL {
                let none = space.sets.not(units)?;
                all.push(Clause { says: Says::NoUnit(name.clone()), set: none });
                all.push(Clause { says: Says::Unit(name), set: units });
            }
        }
        Ok(Phrases { clauses: all })
    }

    /// The set, in words. `given`: attributes that are known to hold a unit, since their buckets are named beside.
    pub(crate) fn describe(&self, space: &mut Space<'_>, set: Set, given: &[String]) -> Result<Description, Stop> {
        let mut base = Set::ALL;
        for by in given {
            let units = space.units(by)?;
            base = space.sets.and(base, units)?;
        }
        let mut chosen: Vec<Clause> = Vec::new();
        let mut said = base;
        for clause in &self.clauses {
            said = choose(space, set, said, clause, &mut chosen)?;
        }
        if said != set {
            for clause in space.projections(set)? {
                said = choose(space, set, said, &clause, &mut chosen)?;
            }
        }
        drop_idle(space, base, said, &mut chosen)?;
        if said != set
            && let Some(clause) = space.spelled_out(set)?
        {
            said = choose(space, set, said, &clause, &mut chosen)?;
            drop_idle(space, base, said, &mut chosen)?;
        }
        let mut description = Description { exact: said == set, ..Description::default() };
        for clause in chosen {
            match clause.says {
                Says::That(condition) => description.when.push(condition),
                Says::Listed(condition, attribute) => {
                    description.when.push(condition);
                    if !description.lists_aside.contains(&attribute) {
                        description.lists_aside.push(attribute);
                    }
                }
                Says::NoUnit(by) => description.no_unit.push(by),
                Says::Unit(by) => description.unit.push(by),
            }
        }
        Ok(description)
    }
}

/// Takes a clause in if all of the set is in it and it says something new.
fn choose(space: &mut Space<'_>, set: Set, said: Set, clause: &Clause, chosen: &mut Vec<Clause>) -> Result<Set, Stop> {
    if said == set || !space.sets.within(set, clause.set)? {
        return Ok(said);
    }
    let narrower = space.sets.and(said, clause.set)?;
    if narrower != said {
        chosen.push(clause.clone());
    }
    Ok(narrower)
}

/// Leaves out what the other clauses say already, the latest first.
fn drop_idle(space: &mut Space<'_>, base: Set, said: Set, chosen: &mut Vec<Clause>) -> Result<(), Stop> {
    for at in (0..chosen.len()).rev() {
        let mut without = base;
        for (_, clause) in chosen.iter().enumerate().filter(|(other, _)| *other != at) {
            without = space.sets.and(without, clause.set)?;
        }
        if without == said {
            chosen.remove(at);
        }
    }
    Ok(())
}

fn negated(condition: Condition) -> Condition {
    match condition {
        Condition::Not(inner) => *inner,
        other => Condition::Not(Box::new(other)),
    }
}

impl Space<'_> {
    /// Whether a condition holds for the same contexts in both documents.
    fn means_the_same(&self, condition: &Condition) -> bool {
        let [old, new] = self.both();
        match condition {
            Condition::All(inner) | Condition::Any(inner) => inner.iter().all(|inner| self.means_the_same(inner)),
            Condition::Not(inner) => self.means_the_same(inner),
            Condition::Region(_) => old.regions == new.regions,
            Condition::Attribute { attribute, .. } => !attribute.starts_with("tenant.") || old.tenants == new.tenants,
            Condition::Tenant(_) => true,
            Condition::Segment(keys) => keys.iter().all(|key| match (old.segments.get(key), new.segments.get(key)) {
                (Some(a), Some(b)) => {
                    a.include == b.include
                        && a.exclude == b.exclude
                        && a.when == b.when
                        && a.when.iter().all(|inner| self.means_the_same(inner))
                }
                _ => false,
            }),
        }
    }

    /// For each attribute, which of its classes the set has at all.
    fn projections(&mut self, set: Set) -> Result<Vec<Clause>, Stop> {
        let mut clauses = Vec::new();
        for variable in 0..self.domain.variables.len() {
            let width = self.domain.variables.get(variable).map_or(0, |variable| variable.classes.len());
            let mut has = Vec::with_capacity(width);
            for class in 0..width {
                let literal = self.sets.literal(variable, |other| other == class)?;
                has.push(!self.sets.and(set, literal)?.is_empty());
            }
            if has.iter().all(|has| *has) {
                continue;
            }
            let Some(name) = self.domain.variables.get(variable).map(|variable| variable.name.clone()) else {
                continue;
            };
            for Literal { condition, holds, is_points } in self.classes_in_words(variable, &has) {
                let set = self.sets.literal(variable, |class| holds.get(class) == Some(&true))?;
                let says = if is_points { Says::Listed(condition, name.clone()) } else { Says::That(condition) };
                clauses.push(Clause { says, set });
            }
        }
        Ok(clauses)
    }

    /// `any` of the products of the set.
    fn spelled_out(&mut self, set: Set) -> Result<Option<Clause>, Stop> {
        let Some(products) = self.sets.products(set, PRODUCTS) else { return Ok(None) };
        let mut alternatives = Vec::new();
        for product in products {
            match self.product_in_words(&product) {
                Some(mut words) if words.len() == 1 => alternatives.extend(words.pop()),
                Some(words) => alternatives.push(Condition::All(words)),
                None => return Ok(None),
            }
        }
        Ok(Some(Clause { says: Says::That(Condition::Any(alternatives)), set }))
    }

    /// `None` where only lists of values would say it, which hold for more.
    fn product_in_words(&self, product: &Product) -> Option<Vec<Condition>> {
        let mut words = Vec::new();
        for (variable, classes) in product {
            let width = self.domain.variables.get(*variable)?.classes.len();
            let wanted: Vec<bool> = (0..width).map(|class| classes.contains(&class)).collect();
            let said = self.classes_in_words(*variable, &wanted);
            if said.is_empty() || said.iter().any(|literal| literal.is_points) {
                return None;
            }
            words.extend(said.into_iter().map(|literal| literal.condition));
        }
        Some(words)
    }

    /// Conditions that together hold for exactly these classes of an attribute; empty where none do.
    fn classes_in_words(&self, variable: usize, wanted: &[bool]) -> Vec<Literal> {
        let Some(variable) = self.domain.variables.get(variable) else { return Vec::new() };
        let mut literals = Vec::new();
        let mut looks_into_lists = false;
        for (place, atom) in variable.shared_atoms(&self.domain) {
            let Atom::Condition(condition) = atom else { continue };
            let holds =
                variable.classes.iter().map(|class| class.truths.get(place).copied().unwrap_or(false)).collect();
            looks_into_lists |= matches!(condition, Condition::Attribute { test: Test::In(_) | Test::NotIn(_), .. });
            literals.push(Literal { condition: condition.clone(), holds, is_points: false });
        }
        if !looks_into_lists || variable.name == "tenant" {
            literals.extend(points_in_words(variable, wanted, true));
            literals.extend(points_in_words(variable, wanted, false));
        }
        literals.extend(presence(variable));
        let negations: Vec<Literal> = literals.iter().map(Literal::negated).collect();
        literals.extend(negations);
        if let Some(literal) = literals.iter().find(|literal| literal.holds == wanted) {
            return vec![literal.clone()];
        }
        conjunction(&literals, wanted).or_else(|| alternatives(&literals, wanted)).unwrap_or_default()
    }
}

/// A condition on one attribute, and the classes that it holds for.
#[derive(Debug, Clone)]
struct Literal {
    condition: Condition,
    holds: Vec<bool>,
    /// Names single values by `in`, which would look into lists too.
    is_points: bool,
}

impl Literal {
    fn negated(&self) -> Literal {
        let holds = self.holds.iter().map(|held| !held).collect();
        Literal { condition: negated(self.condition.clone()), holds, is_points: self.is_points }
    }
}

/// Conditions that all hold for what is wanted, and together for nothing else.
fn conjunction(literals: &[Literal], wanted: &[bool]) -> Option<Vec<Literal>> {
    let covers = |holds: &[bool]| wanted.iter().zip(holds).all(|(wanted, held)| !wanted || *held);
    let mut said = vec![true; wanted.len()];
    let mut chosen: Vec<&Literal> = Vec::new();
    for literal in literals.iter().filter(|literal| covers(&literal.holds)) {
        let narrower: Vec<bool> = said.iter().zip(&literal.holds).map(|(said, held)| *said && *held).collect();
        if narrower != said {
            chosen.push(literal);
            said = narrower;
        }
        if said == wanted {
            break;
        }
    }
    if said != wanted {
        return None;
    }
    for at in (0..chosen.len()).rev() {
        let rest = chosen.iter().enumerate().filter(|(other, _)| *other != at);
        let without = rest.fold(vec![true; wanted.len()], |said: Vec<bool>, (_, literal)| {
            said.iter().zip(&literal.holds).map(|(said, held)| *said && *held).collect()
        });
        if without == wanted {
            chosen.remove(at);
        }
    }
    Some(chosen.into_iter().cloned().collect())
}

/// `any` of what says each class.
fn alternatives(literals: &[Literal], wanted: &[bool]) -> Option<Vec<Literal>> {
    let mut any = Vec::new();
    let mut said = vec![false; wanted.len()];
    let mut is_points = false;
    for class in 0..wanted.len() {
        if wanted.get(class) != Some(&true) || said.get(class) == Some(&true) {
            continue;
        }
        // As many of the wanted as one condition says, else this class alone.
        let within = |holds: &[bool]| holds.iter().zip(wanted).all(|(held, wanted)| !held || *wanted);
        let whole = literals.iter().filter(|literal| literal.holds.get(class) == Some(&true) && within(&literal.holds));
        if let Some(literal) = whole.max_by_key(|literal| literal.holds.iter().filter(|held| **held).count()) {
            said.iter_mut().zip(&literal.holds).for_each(|(said, held)| *said |= held);
            is_points |= literal.is_points;
            any.push(literal.condition.clone());
            continue;
        }
        let alone: Vec<bool> = (0..wanted.len()).map(|other| other == class).collect();
        let words = conjunction(literals, &alone)?;
        if let Some(said) = said.get_mut(class) {
            *said = true;
        }
        is_points |= words.iter().any(|literal| literal.is_points);
        let mut words: Vec<Condition> = words.into_iter().map(|literal| literal.condition).collect();
        any.push(if words.len() == 1 { words.pop()? } else { Condition::All(words) });
    }
    Some(vec![Literal { condition: Condition::Any(any), holds: wanted.to_vec(), is_points }])
}

/// `in` of the single values of the classes that are wanted, or not wanted, where these are nothing else.
fn points_in_words(variable: &Variable, wanted: &[bool], keep: bool) -> Option<Literal> {
    let mut values = Vec::new();
    let mut holds = vec![false; variable.classes.len()];
    for ((class, wanted), holds) in variable.classes.iter().zip(wanted).zip(&mut holds) {
        if *wanted == keep
            && let Some(scalars) = scalars(class)
        {
            values.extend(scalars);
            *holds = true;
        }
    }
    if values.is_empty() {
        return None;
    }
    let tenants: Option<Vec<_>> = values
        .iter()
        .map(|value| match value {
            Scalar::Text(text) if variable.name == "tenant" => text.parse().ok(),
            _ => None,
        })
        .collect();
    let is_points = tenants.is_none();
    let condition = match tenants {
        Some(tenants) => Condition::Tenant(tenants),
        None => Condition::Attribute { attribute: variable.name.clone(), test: Test::In(values) },
    };
    Some(Literal { condition, holds, is_points })
}

/// The values of a class that is nothing but single values which `in` can name.
fn scalars(class: &Class) -> Option<Vec<Scalar>> {
    if !class.is_points() {
        return None;
    }
    let scalar = |point: &Option<Value>| match point {
        Some(Value::String(text)) => Some(Scalar::Text(text.clone())),
        Some(Value::Bool(boolean)) => Some(Scalar::Boolean(*boolean)),
        Some(Value::Number(number)) => number.as_f64().map(Scalar::Number),
        Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => None,
    };
    // A number may be a border and a unit, and so stand twice.
    let mut seen = BTreeSet::new();
    let once = class.points.iter().filter(|point| seen.insert(serde_json::to_string(point).unwrap_or_default()));
    once.map(scalar).collect()
}

/// `exists`, where being absent is a class of its own.
fn presence(variable: &Variable) -> Option<Literal> {
    let is_absent = |class: &Class| class.is_points() && class.points == [None];
    variable.classes.iter().any(is_absent).then(|| {
        let condition = Condition::Attribute { attribute: variable.name.clone(), test: Test::Exists };
        let holds = variable.classes.iter().map(|class| !is_absent(class)).collect();
        Literal { condition, holds, is_points: false }
    })
}
