//! The fewest combinations of variants that cover every pair of them: what a test matrix needs to run.
//!
//! A fault that two flags make together shows in the states that have both variants, and a few states have every pair.
//! What cannot happen is left out: a flag whose prerequisite is not met gives its degraded variant, and so does one that is
//! killed for everyone. Start from [`cover`]; the same question always gives the same answer.

mod array;
mod binary;
mod model;
mod tuples;

pub use model::Combination;

use downhaul_core::document::FlagSet;
use downhaul_core::ids::{FlagKey, VariantKey};
use model::Model;
use std::collections::BTreeMap;
use tuples::Tuples;

/// What is to be covered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The flags that a state names; all if empty.
    pub include: Vec<FlagKey>,
    /// Flags that always give this variant.
    pub fixed: BTreeMap<FlagKey, VariantKey>,
    /// Of how many flags every combination is covered, from 1: 2 is every pair.
    pub strength: usize,
    /// Most combinations to be covered; about one byte each.
    pub limit: usize,
}

impl Default for Question {
    fn default() -> Self {
        Question { include: Vec::new(), fixed: BTreeMap::new(), strength: 2, limit: 20_000_000 }
    }
}

/// States that cover what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// Each names every flag that was asked for, in the order of the document.
    pub states: Vec<Combination>,
    /// Combinations of the asked strength that can happen, all of which are in some state.
    pub covered: usize,
    /// Those that cannot: a prerequisite, a kill for everyone or a fixed flag forbids them.
    pub impossible: usize,
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    #[error("there is no flag `{0}` in the flag set")]
    UnknownFlag(FlagKey),
    #[error("`{0}` has no variant `{1}`")]
    UnknownVariant(FlagKey, VariantKey),
    /// What is fixed contradicts prerequisites or kills; a flag that is left without a variant.
    #[error("no state is possible: `{0}` can give none of its variants")]
    Impossible(FlagKey),
    #[error("more than {limit} combinations are to be covered")]
    TooMany { limit: usize },
}

/// States that cover every combination of `strength` flags' variants that can happen, as few as are found.
pub fn cover(document: &FlagSet, question: &Question) -> Result<Cover, Unanswered> {
    let model = Model::new(document, question)?;
    let strength = question.strength.clamp(1, model.columns().len().max(1));
    let Some(tuples) = Tuples::new(&model, strength, question.limit) else {
        return Err(Unanswered::TooMany { limit: question.limit });
    };
    let rows = array::build(&model, &tuples);
    let states = rows.iter().map(|row| model.combination(document, row)).collect();
    Ok(Cover { states, covered: tuples.possible(), impossible: tuples.impossible() })
}
