use super::{Question, Unanswered};
use downhaul_core::document::{Flag, FlagSet};
use downhaul_core::ids::{FlagKey, VariantKey};
use std::collections::BTreeMap;

/// A variant for each flag, in the order of the document.
pub type Combination = Vec<(FlagKey, VariantKey)>;

/// A value for each parameter, by number; of a row that is not finished, `None` where any value will do.
pub(super) type Row = Vec<Option<usize>>;

/// Flags as parameters with values, and which values exclude which.
///
/// Every flag is a parameter, since one that no state names may still forbid something; only the columns are covered.
#[derive(Debug)]
pub(super) struct Model {
    parameters: Vec<Parameter>,
    columns: Vec<usize>,
    /// Those that require others come before what they require.
    order: Vec<usize>,
}

#[derive(Debug)]
struct Parameter {
    /// By value: whether the flag can give it at all.
    allowed: Vec<bool>,
    degraded: usize,
    /// Parameter, and which of its values are accepted: unless one of them is given, this one gives its degraded value.
    requires: Vec<(usize, Vec<bool>)>,
    /// Whether another one requires it.
    is_required: bool,
}

impl Model {
    pub(super) fn new(document: &FlagSet, question: &Question) -> Result<Self, Unanswered> {
        let numbers: BTreeMap<&str, usize> =
            document.flags.iter().enumerate().map(|(number, flag)| (flag.key.as_str(), number)).collect();
        for key in question.include.iter().chain(question.fixed.keys()) {
            if !numbers.contains_key(key.as_str()) {
                return Err(Unanswered::UnknownFlag(key.clone()));
            }
        }
        let mut parameters: Vec<Parameter> = Vec::new();
        for flag in document.flags.iter() {
            let mut allowed = allowed_by_kills(document, flag);
            if let Some(variant) = question.fixed.get(&flag.key) {
                let Some(fixed) = flag.variant_index(variant) else {
                    return Err(Unanswered::UnknownVariant(flag.key.clone(), variant.clone()));
                };
                allowed.iter_mut().enumerate().for_each(|(value, allowed)| *allowed &= value == fixed);
            }
            let requires = flag.requires.iter().filter_map(|required| {
                let number = *numbers.get(required.flag.as_str())?;
                let other = document.flags.get(number)?;
                let accepted = other.variants.iter().map(|(key, _)| required.variants.contains(key)).collect();
                Some((number, accepted))
            });
            parameters.push(Parameter {
                allowed,
                degraded: flag.variant_index(&flag.degraded.variant).unwrap_or_default(),
                requires: requires.collect(),
                is_required: false,
            });
        }
        let required: Vec<usize> =
            parameters.iter().flat_map(|parameter| &parameter.requires).map(|(number, _)| *number).collect();
        for number in required {
            if let Some(parameter) = parameters.get_mut(number) {
                parameter.is_required = true;
            }
        }
        let order = dependents_first(&parameters);
        let is_column = |flag: &Flag| question.include.is_empty() || question.include.contains(&flag.key);
        let columns = (0..parameters.len()).filter(|number| document.flags.get(*number).is_some_and(is_column));
        let model = Model { columns: columns.collect(), parameters, order };
        match model.completed(&vec![None; model.parameters.len()]) {
            Ok(_) => Ok(model),
            Err(number) => Err(match document.flags.get(number) {
                Some(flag) => Unanswered::Impossible(flag.key.clone()),
                None => Unanswered::TooMany { limit: question.limit },
            }),
        }
    }

    /// The parameters that states name.
    pub(super) fn columns(&self) -> &[usize] {
        &self.columns
    }

    pub(super) fn blank(&self) -> Row {
        vec![None; self.parameters.len()]
    }

    /// How many values there are, possible or not.
    pub(super) fn values(&self, number: usize) -> usize {
        self.parameters.get(number).map_or(0, |parameter| parameter.allowed.len())
    }

    /// Whether nothing but itself decides what a parameter gives.
    pub(super) fn is_free(&self, number: usize) -> bool {
        self.parameters.get(number).is_some_and(|parameter| {
            parameter.requires.is_empty() && !parameter.is_required && parameter.allowed.iter().all(|allowed| *allowed)
        })
    }

    pub(super) fn is_possible(&self, row: &Row) -> bool {
        self.completed(row).is_ok()
    }

    /// A value for every parameter that agrees with the row; or a parameter that none is left for.
    ///
    /// A parameter that may give its degraded value asks nothing of others, so that is what it gives where it is open. One
    /// that may not needs its prerequisites, whichever of its values it gives. Dependents are looked at first, so that all
    /// that is asked of a parameter is known when its turn comes: no guess is ever taken back.
    pub(super) fn completed(&self, row: &Row) -> Result<Vec<usize>, usize> {
        let mut left: Vec<Vec<bool>> = Vec::with_capacity(self.parameters.len());
        for (number, parameter) in self.parameters.iter().enumerate() {
            let given = row.get(number).copied().flatten();
            let keeps = |(value, allowed): (usize, &bool)| *allowed && given.is_none_or(|given| given == value);
            left.push(parameter.allowed.iter().enumerate().map(keeps).collect());
        }
        let mut values = vec![0; self.parameters.len()];
        for number in &self.order {
            let (Some(parameter), Some(open)) = (self.parameters.get(*number), left.get(*number)) else { continue };
            let Some(first) = open.iter().position(|open| *open) else { return Err(*number) };
            let may_degrade = open.get(parameter.degraded) == Some(&true);
            if let Some(value) = values.get_mut(*number) {
                *value = if may_degrade { parameter.degraded } else { first };
            }
            if !may_degrade {
                for (required, accepted) in &parameter.requires {
                    if let Some(open) = left.get_mut(*required) {
                        open.iter_mut().zip(accepted).for_each(|(open, accepted)| *open &= accepted);
                    }
                }
            }
        }
        Ok(values)
    }

    pub(super) fn combination(&self, document: &FlagSet, row: &[usize]) -> Combination {
        let named = self.columns.iter().filter_map(|number| {
            let flag = document.flags.get(*number)?;
            let (variant, _) = flag.variants.get(*row.get(*number)?)?;
            Some((flag.key.clone(), variant.clone()))
        });
        named.collect()
    }
}

/// Kills for everyone leave the degraded variant alone, or take the variants that they name.
fn allowed_by_kills(document: &FlagSet, flag: &Flag) -> Vec<bool> {
    let for_everyone = |kill: &&downhaul_core::document::Kill| {
        let scope = &kill.scope;
        kill.flag == flag.key && scope.tenant.is_none() && scope.region.is_none() && scope.segment.is_none()
    };
    let kills: Vec<_> = document.kills.iter().filter(for_everyone).collect();
    let is_killed =
        |key: &VariantKey| kills.iter().any(|kill| kill.scope.variant.as_ref().is_none_or(|named| named.contains(key)));
    flag.variants.iter().map(|(key, _)| *key == flag.degraded.variant || !is_killed(key)).collect()
}

/// Prerequisites have no cycles, so this ends with every parameter.
fn dependents_first(parameters: &[Parameter]) -> Vec<usize> {
    let mut waits: Vec<usize> = vec![0; parameters.len()];
    for (required, _) in parameters.iter().flat_map(|parameter| &parameter.requires) {
        if let Some(count) = waits.get_mut(*required) {
            *count += 1;
        }
    }
    let mut order: Vec<usize> =
        waits.iter().enumerate().filter(|(_, count)| **count == 0).map(|(number, _)| number).collect();
    let mut next = 0;
    while let Some(parameter) = order.get(next).and_then(|number| parameters.get(*number)) {
        next += 1;
        for (required, _) in &parameter.requires {
            if let Some(count) = waits.get_mut(*required) {
                *count -= 1;
                if *count == 0 {
                    order.push(*required);
                }
            }
        }
    }
    order
}
