//! A context that shows a difference, and the real evaluator's word that it does.

use super::decide::Space;
use super::difference::{Moved, possible};
use super::domain::{Class, Element, IS_IN};
use super::family::Family;
use super::tree::{BUCKETS, Run};
use downhaul_core::bucket::Unit;
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt;

/// Values tried to find one with the right buckets: three variables of a hundredth each take a million.
const TRIES: u32 = 3_000_000;

/// Why no context is shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Undecided {
    /// No value is known of which all holds that is wanted of this attribute.
    Value(String),
    /// No unit was found whose buckets are right.
    Buckets { by: String, one_in: f64 },
    /// The context that was found is decided in another way.
    Otherwise,
}

impl fmt::Display for Undecided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Undecided::Value(attribute) => {
                write!(f, "no text was found that is both what `{attribute}` reads as and how it is written")
            }
            Undecided::Buckets { by, one_in } => {
                write!(f, "no `{by}` was found in these buckets, which one in {one_in:.0} is in")
            }
            Undecided::Otherwise => f.write_str("the example that was found is decided in another way"),
        }
    }
}

/// A text that is something.
fn is_plain(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

impl Space<'_> {
    /// A context of the set whose buckets fall into the runs.
    pub(crate) fn witness(&mut self, moved: &Moved) -> Result<Map<String, Value>, Undecided> {
        // One way through, and not one that ends at a single value with other buckets.
        let within = possible(self, moved.set, &moved.runs).unwrap_or(moved.set);
        let fits = |variable: usize, class: usize| {
            self.class(variable, class).is_some_and(|class| self.can_fall(variable, class, &moved.runs))
        };
        // Plain values before odd ones.
        let prefer = |variable: usize, class: usize| match self.class(variable, class) {
            // A list no longer than it must be.
            Some(_) if self.domain.is_element(variable) => u32::from(class == IS_IN),
            Some(_) if !fits(variable, class) => 9,
            Some(class) if class.points.contains(&None) => 0,
            Some(class) if class.points.iter().flatten().any(is_plain) => 1,
            Some(class) if !class.families.is_empty() => 2,
            Some(class) if class.points.iter().flatten().any(Value::is_number) => 3,
            // Of which it is not known whether there is any.
            Some(class) if class.points.is_empty() && class.examples.is_empty() => 8,
            _ => 4,
        };
        let mut context = Map::new();
        let path = self.sets.path(within, prefer);
        for (variable, class) in &path {
            let (variable, class) = (*variable, *class);
            if self.domain.is_element(variable) {
                continue;
            }
            let value = match self.domain.lists.get(&variable).filter(|lists| lists.class == class) {
                Some(lists) => {
                    let is_in = |element: &&Element| path.contains(&(element.variable, IS_IN));
                    lists.elements.iter().filter(is_in).map(|element| element.value.clone()).collect()
                }
                None => self.value(variable, class, &moved.runs)?,
            };
            // Null is absent.
            if let Some(variable) = self.domain.variables.get(variable).filter(|_| !value.is_null()) {
                context.insert(variable.name.clone(), value);
            }
        }
        Ok(context)
    }

    fn class(&self, variable: usize, class: usize) -> Option<&Class> {
        self.domain.variables.get(variable)?.classes.get(class)
    }

    fn can_fall(&self, variable: usize, class: &Class, runs: &[Run]) -> bool {
        let Some(variable) = self.domain.variables.get(variable) else { return false };
        !class.is_points()
            || !self.is_about(&variable.name, runs)
            || class.points.iter().flatten().any(|value| self.falls(&variable.name, value, runs))
    }

    /// A value of a class whose buckets are right; null where it is absent.
    fn value(&self, variable: usize, class: usize, runs: &[Run]) -> Result<Value, Undecided> {
        let name = self.domain.variables.get(variable).map(|variable| variable.name.clone()).unwrap_or_default();
        let Some(wanted) = self.class(variable, class) else { return Err(Undecided::Value(name)) };
        if !self.is_about(&name, runs) {
            let none = BTreeSet::new();
            let example = wanted.example(self.domain.known.get(&name).unwrap_or(&none));
            return example.ok_or(Undecided::Value(name));
        }
        if wanted.points.is_empty() && wanted.examples.is_empty() && wanted.families.is_empty() {
            return Err(Undecided::Value(name));
        }
        let signature = (wanted.truths.clone(), wanted.is_unit);
        let is_right =
            |value: &Value| self.falls(&name, value, runs) && self.domain.signature(&name, Some(value)) == signature;
        let mut listed = wanted.points.iter().flatten().chain(&wanted.examples);
        if let Some(value) = listed.clone().find(|value| is_plain(value) && is_right(value)) {
            return Ok(value.clone());
        }
        // Texts before numbers: they look like what people have.
        let (numbers, texts): (Vec<&Family>, Vec<&Family>) =
            wanted.families.iter().partition(|family| matches!(family, Family::Integers(..)));
        // Where even all tries together would hardly find one, none is made.
        let is_hopeless = self.one_in(&name, runs) > f64::from(TRIES) * 4.0;
        let made = texts.into_iter().chain(numbers).filter(|_| !is_hopeless);
        let is_left = |_: &u32| {
            let left = self.tries.get();
            self.tries.set(left.saturating_sub(1));
            left > 0
        };
        let tried =
            |family: &Family| (0..TRIES).take_while(is_left).map_while(|number| family.nth(number)).find(is_right);
        let found = made.filter_map(tried).next().or_else(|| listed.find(|value| is_right(value)).cloned());
        found.ok_or_else(|| Undecided::Buckets { one_in: self.one_in(&name, runs), by: name.clone() })
    }

    /// Of how many units one falls into the runs.
    fn one_in(&self, by: &str, runs: &[Run]) -> f64 {
        let own = runs.iter().filter(|run| self.buckets.get(run.variable).is_some_and(|bucket| bucket.by == by));
        own.map(|run| f64::from(BUCKETS) / f64::from(run.to.saturating_sub(run.from).max(1))).product()
    }

    fn is_about(&self, name: &str, runs: &[Run]) -> bool {
        runs.iter().any(|run| self.buckets.get(run.variable).is_some_and(|bucket| bucket.by == name))
    }

    /// Whether a unit's buckets fall into all runs that are about it.
    pub(crate) fn falls(&self, by: &str, value: &Value, runs: &[Run]) -> bool {
        let Some(unit) = Unit::of(value) else { return false };
        runs.iter().all(|run| match self.buckets.get(run.variable) {
            Some(variable) if variable.by == by => (run.from..run.to).contains(&unit.bucket(variable.seed)),
            _ => true,
        })
    }
}
