//! A set of contexts as conditions of the document's language, as few as will do.

use super::Stop;
use super::cover::cover;
use super::decide::Space;
use super::domain::{Class, Side, Variable};
use super::set::Set;
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

/// One thing that a description may say.
#[derive(Debug, Clone)]
pub(super) struct Clause {
    says: Says,
    pub(super) set: Set,
}

#[derive(Debug, Clone, PartialEq)]
enum Says {
    That(Condition),
    /// Of values that are not lists.
    Listed(Condition, String),
    NoUnit(String),
    Unit(String),
}

impl Clause {
    fn that(condition: Condition, set: Set) -> Self {
        Clause { says: Says::That(condition), set }
    }

    /// What it says, if a condition of the language says it.
    pub(super) fn condition(&self) -> Option<&Condition> {
        match &self.says {
            Says::That(condition) => Some(condition),
            Says::Listed(..) | Says::NoUnit(_) | Says::Unit(_) => None,
        }
    }
}

/// The conditions that people know already.
#[derive(Debug, Default)]
pub(crate) struct Phrases {
    /// Those of the flags compared, the positive before the negated, and whether units are there.
    clauses: Vec<Clause>,
    /// For each variable, what its atoms and single values say, the same way.
    leaves: Vec<Vec<Clause>>,
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
            if space.means_the_same(&condition) {
                let set = space.condition(side, &condition)?;
                clauses.push(Clause::that(condition, set));
            }
        }
        let mut all: Vec<Clause> =
            clauses.iter().filter(|clause| !matches!(clause.condition(), Some(Condition::All(_)))).cloned().collect();
        all.extend(negations(space, &clauses)?);
        let names: Vec<String> = space.domain.variables.iter().map(|variable| variable.name.clone()).collect();
        for name in names {
            let units = space.units(&name)?;
            if !units.is_empty() && units != Set::ALL {
                let none = space.sets.not(units)?;
                all.push(Clause { says: Says::NoUnit(name.clone()), set: none });
                all.push(Clause { says: Says::Unit(name), set: units });
            }
        }
        let leaves =
            (0..space.domain.variables.len()).map(|variable| space.leaves(variable)).collect::<Result<_, _>>()?;
        Ok(Phrases { clauses: all, leaves })
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
            for clause in self.projections(space, set)? {
                said = choose(space, set, said, &clause, &mut chosen)?;
            }
        }
        drop_idle(space, base, said, &mut chosen)?;
        if said != set {
            let words: Vec<&Clause> = self.clauses.iter().chain(self.leaves.iter().flatten()).collect();
            if let Some(any) = cover(space, set, said, &words)? {
                said = choose(space, set, said, &Clause::that(any.condition, any.set), &mut chosen)?;
                drop_idle(space, base, said, &mut chosen)?;
            }
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

    /// What can be said of one attribute each that holds for all of the set.
    fn projections(&self, space: &mut Space<'_>, set: Set) -> Result<Vec<Clause>, Stop> {
        let mut clauses = Vec::new();
        for variable in 0..space.domain.variables.len() {
            let Some(asked) = space.domain.variables.get(variable).filter(|asked| !asked.name.is_empty()) else {
                continue;
            };
            let (name, width) = (asked.name.clone(), asked.classes.len());
            let mut has = Vec::with_capacity(width);
            for class in 0..width {
                let literal = space.sets.literal(variable, |other| other == class)?;
                has.push(!space.sets.and(set, literal)?.is_empty());
            }
            let leaves = self.leaves.get(variable).map(Vec::as_slice).unwrap_or_default();
            if has.iter().all(|has| *has) {
                // Of lists, more may be known than that they are possible.
                clauses.extend(leaves.iter().cloned());
                continue;
            }
            let all = space.sets.literal(variable, |class| has.get(class) == Some(&true))?;
            // One condition that says it all, then many values at once, then conditions that say some of it.
            clauses.extend(leaves.iter().filter(|clause| clause.set == all).cloned());
            for keep in [true, false] {
                let asked = space.domain.variables.get(variable);
                let Some((condition, holds)) = asked.and_then(|asked| points_in_words(asked, &has, keep)) else {
                    continue;
                };
                let is_exact = name == TENANT;
                if !is_exact && space.domain.lists.contains_key(&variable) {
                    continue;
                }
                let literal = space.sets.literal(variable, |class| holds.get(class) == Some(&true))?;
                let says =
                    |condition| if is_exact { Says::That(condition) } else { Says::Listed(condition, name.clone()) };
                if keep {
                    clauses.push(Clause { says: says(condition), set: literal });
                } else {
                    let set = space.sets.not(literal)?;
                    clauses.push(Clause { says: says(negated(condition)), set });
                }
            }
            clauses.extend(leaves.iter().cloned());
            let words: Vec<&Clause> = leaves.iter().collect();
            if let Some(any) = cover(space, all, Set::ALL, &words)? {
                clauses.push(Clause::that(any.condition, any.set));
            }
        }
        Ok(clauses)
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

/// The same negated, as far as conditions say it.
fn negations(space: &mut Space<'_>, clauses: &[Clause]) -> Result<Vec<Clause>, Stop> {
    let mut negations = Vec::with_capacity(clauses.len());
    for clause in clauses {
        if let Some(condition) = clause.condition() {
            negations.push(Clause::that(negated(condition.clone()), space.sets.not(clause.set)?));
        }
    }
    Ok(negations)
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

    /// What the atoms of a variable say, whether it is there, and which of its single values it is; then the same negated.
    fn leaves(&mut self, variable: usize) -> Result<Vec<Clause>, Stop> {
        let Some(asked) = self.domain.variables.get(variable) else { return Ok(Vec::new()) };
        let conditions: Vec<Condition> = asked
            .shared_atoms(&self.domain)
            .filter_map(|(_, atom)| match atom {
                Atom::Condition(condition) => Some(condition.clone()),
                Atom::KeyListed(_) => None,
            })
            .collect();
        let mut said: Vec<(Condition, Vec<bool>)> = presence(asked).into_iter().collect();
        let few = if asked.classes.len() <= CLASSES { asked.classes.len() } else { 0 };
        for number in 0..few {
            let alone: Vec<bool> = (0..asked.classes.len()).map(|class| class == number).collect();
            said.extend(
                asked.classes.get(number).and_then(|class| alone_in_words(asked, class)).map(|words| (words, alone)),
            );
        }
        let mut clauses = Vec::new();
        for condition in conditions {
            // Both documents answer it alike.
            let set = self.condition(Side::Old, &condition)?;
            clauses.push(Clause::that(condition, set));
        }
        for (condition, holds) in said {
            let set = self.sets.literal(variable, |class| holds.get(class) == Some(&true))?;
            clauses.push(Clause::that(condition, set));
        }
        let negated = negations(self, &clauses)?;
        clauses.extend(negated);
        Ok(clauses)
    }
}

const TENANT: &str = "tenant";

/// `in` of the single values of the classes that are wanted, or not wanted, and the classes that are nothing else.
fn points_in_words(variable: &Variable, wanted: &[bool], keep: bool) -> Option<(Condition, Vec<bool>)> {
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
    let tenants = || -> Option<Vec<_>> {
        values.iter().map(|value| if let Scalar::Text(text) = value { text.parse().ok() } else { None }).collect()
    };
    let condition = if variable.name == TENANT {
        Condition::Tenant(tenants()?)
    } else {
        Condition::Attribute { attribute: variable.name.clone(), test: Test::In(values) }
    };
    Some((condition, holds))
}

/// Classes of an attribute up to which each is spoken of by itself.
const CLASSES: usize = 256;
/// Values of a pattern that names single texts.
const TEXTS: usize = 16;
/// Bytes of each, so that its automaton is small.
const LONGEST: usize = 80;

/// A condition that holds for the single values of a class, and for no list with them in it.
fn alone_in_words(variable: &Variable, class: &Class) -> Option<Condition> {
    let values = scalars(class)?;
    let of = |test| Condition::Attribute { attribute: variable.name.clone(), test };
    if variable.name == TENANT {
        let tenants = values.iter().map(|value| if let Scalar::Text(text) = value { text.parse().ok() } else { None });
        return Some(Condition::Tenant(tenants.collect::<Option<_>>()?));
    }
    let mut texts = Vec::new();
    let mut any = Vec::new();
    for value in &values {
        match value {
            Scalar::Text(text) => texts.push(format!("^{}$", escaped(text))),
            Scalar::Number(number) => any.push(Condition::All(vec![of(Test::Ge(*number)), of(Test::Le(*number))])),
            Scalar::Boolean(_) => return None,
        }
    }
    if texts.len() > TEXTS || texts.iter().any(|text| text.len() > LONGEST) {
        return None;
    }
    if !texts.is_empty() {
        any.push(of(Test::Matches(texts)));
    }
    if any.len() > 1 { Some(Condition::Any(any)) } else { any.pop() }
}

/// A text as a pattern for it.
fn escaped(text: &str) -> String {
    let mut pattern = String::new();
    for c in text.chars() {
        // What follows a backslash there means something else.
        if c.is_ascii_punctuation() && !matches!(c, '<' | '>') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern
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
fn presence(variable: &Variable) -> Option<(Condition, Vec<bool>)> {
    let is_absent = |class: &Class| class.is_points() && class.points == [None];
    variable.classes.iter().any(is_absent).then(|| {
        let condition = Condition::Attribute { attribute: variable.name.clone(), test: Test::Exists };
        (condition, variable.classes.iter().map(|class| !is_absent(class)).collect())
    })
}
