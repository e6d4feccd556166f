//! The exact difference: for which contexts two flag sets decide differently, without any population.
//!
//! Start from [`compare`]. The way: the attributes that a flag can depend on are cut into classes of values that no condition
//! tells apart (`domain`, by `probes` that the real evaluator judges); sets of contexts are decision diagrams over these classes
//! (`set`); each version's decision is a partition into such sets, with what is left to the buckets (`decide`, `tree`); where
//! two partitions differ is the difference, put into words (`describe`) and shown by a witness that both evaluators confirm.

mod cover;
mod decide;
mod describe;
mod difference;
mod domain;
mod family;
mod forms;
mod layers;
mod lints;
mod probes;
mod prove;
mod redundant;
mod report;
mod set;
mod shapes;
mod sole;
mod tree;
mod witness;
mod work;

pub use lints::lints;
pub use prove::{Assertion, Assertions, Claim, Counterexample, Outcome, Verdict, prove};
pub use report::{Bucket, Comparison, FlagDifference, Options, Region, Status, Transition, compare, compare_while};
pub use sole::sole_variants;

/// Why a comparison ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// More work than the caller allows.
    TooMuch,
}
