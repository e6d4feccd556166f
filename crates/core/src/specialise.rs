//! What is left of a flag set once some attributes are known.

use crate::decision::Reason;
use crate::document::FlagSet;
use crate::ids::FlagKey;
use std::collections::BTreeMap;

/// A flag set of which parts were decided already.
#[derive(Debug, Clone, PartialEq)]
pub struct Residual {
    pub document: FlagSet,
    /// What a flag remembers of before, where that is not what it shows.
    pub marks: BTreeMap<FlagKey, Mark>,
}

/// What a residual flag remembers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mark {
    /// For each rule that is left, its number in the document.
    pub rule_indexes: Vec<u32>,
    pub had_rules: bool,
    /// Its rules were decided: the default variant is what they gave.
    pub decided: Option<Decided>,
}

/// How a decided flag's rules came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decided {
    pub reason: Reason,
    pub rule: Option<u32>,
}
