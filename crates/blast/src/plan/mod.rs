//! A plan: what a change does, as one document that people review, pipelines judge and `apply` carries out.
//!
//! Start from [`Plan::new`], which puts together what [`crate::exact`] and [`crate::replay`] found; [`Plan::keep_to`] judges
//! it by a budget.

mod budget;
mod build;
mod callers;
mod judge;
mod share;

pub use budget::{Budget, Finding, Judgement, Kept, Limit};
pub use build::Found;
pub use callers::with_callers_defaults;
pub use share::Share;

use crate::exact::Region;
use crate::population::Sampled;
use crate::replay::{Example, Given, Group, Groups, ReasonOnly, RuleMove};
use downhaul_core::document::FlagSet;
use downhaul_core::seal::document_digest;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The version of the format that this crate writes, and the only one that it reads.
pub const FORMAT: u32 = 1;

/// What becomes of everyone who asks, flag by flag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Always [`FORMAT`].
    pub plan: u32,
    pub verdict: Verdict,
    pub old: Side,
    pub new: Side,
    /// The revision that is published, where `old` is what a control plane publishes: then the plan can be applied.
    pub base_revision: Option<u64>,
    /// Whether what the new document does not name is retired or removed.
    pub prune: bool,
    pub totals: Totals,
    /// Absent where nothing was compared exactly.
    pub exact: Option<Exact>,
    /// Absent where there was none.
    pub population: Option<Moved>,
    /// Those that change, by key.
    pub flags: BTreeMap<String, FlagPlan>,
    /// Flags whose definition is another one, and which give every context what they gave it, for the same reason.
    pub idle: Vec<String>,
    /// Flags whose definition is another one while they are killed: what they give once restored was not compared.
    pub killed: Vec<String>,
    /// Absent where none was given.
    pub budget: Option<Judgement>,
    /// The new document, where the plan is to be applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Value>,
}

/// What a run of `downhaul plan` ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nobody is given anything else.
    NoChange,
    Changes,
    /// Something changes, and more than the budget allows.
    OverBudget,
}

/// One of the two documents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// As people know it, such as its path.
    pub name: String,
    pub environment: String,
    pub revision: u64,
    /// SHA-256 of its canonical JSON.
    pub digest: String,
    pub flags: usize,
}

/// Flags, counted.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// In either document.
    pub flags: usize,
    /// Of these, those that give some context another variant or value.
    pub changed: usize,
    /// Those of which only reasons differ.
    pub reason_only: usize,
    pub added: usize,
    pub removed: usize,
    /// Those that could not be compared within the limit.
    pub unknown: usize,
}

/// How the exact comparison went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exact {
    /// Nodes that one flag was allowed.
    pub nodes: usize,
    /// Whether every flag was compared within them.
    pub complete: bool,
}

/// A population, and who of it is given another variant or value by some flag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Moved {
    /// As people know it, such as its path.
    pub name: String,
    pub rows: u64,
    /// The weight of all rows.
    pub weight: f64,
    /// The weight that some flag moves, each row counted once. Flags of one document only move nobody.
    pub moved: f64,
    pub moved_rows: u64,
    /// What it was drawn from, if it is a sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled: Option<Sampled>,
    /// Where it comes from, if a control plane keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The moved rows by `tenant`, `region`, `segment`, and whatever else was asked for.
    pub by: BTreeMap<String, Groups>,
    /// The tenants of which most weight moves, ten at most.
    pub tenants: Vec<Group>,
}

/// Where a population comes from that a control plane keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// When the people were like this: RFC 3339.
    pub taken_at: String,
    /// In words.
    pub source: String,
    /// SHA-256 of its binary form.
    pub digest: String,
}

/// One flag that changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlagPlan {
    pub status: Status,
    /// Whether its own definition is another one; else something that it depends on is.
    pub edited: bool,
    pub critical: bool,
    /// The weight that moves, and of how much; null without a population, and for a flag of one document only.
    pub moved: Option<f64>,
    pub of: Option<f64>,
    pub moved_rows: Option<u64>,
    /// By weight, the heaviest first; without a population in the order of the regions.
    pub transitions: Vec<Transition>,
    /// What decided before and what decides now, of those who move; the heaviest first.
    pub rules: Vec<RuleMove>,
    /// Those of the population who keep what they have for another reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_only: Option<ReasonOnly>,
    /// The moved weight in groups: by tenant, by region, by segment, and by whatever was asked for.
    pub by: BTreeMap<String, Groups>,
    /// The tenants of which most weight moves, ten at most.
    pub tenants: Vec<Group>,
    /// Some of the population who move.
    pub examples: Vec<Example>,
    /// What a flag gives that is new, or gave that is gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<Given>,
    /// Disjoint, and together everyone who is given another variant or value. Empty where nothing was compared exactly.
    pub regions: Vec<Region>,
    /// The same for those of whom only the reason differs.
    pub reason_regions: Vec<Region>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Some context gets another variant or value.
    Changed,
    /// Every context keeps its variant, some for another reason.
    ReasonOnly,
    /// The flag is new: who asked for it got the caller's default.
    Added,
    /// The flag is gone.
    Removed,
    /// The comparison ended at its limit: any context may be treated differently.
    Unknown,
}

/// From which variant to which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transition {
    pub from: String,
    pub to: String,
    /// Null without a population; 0 where nobody of it goes this way.
    pub weight: Option<f64>,
    /// The variant keeps its key, and its value is another: old and new value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<(Value, Value)>,
}

impl Side {
    /// # Errors
    /// Never for a document that was read; serialisation says so.
    pub fn of(name: &str, document: &FlagSet) -> Result<Self, serde_json::Error> {
        Ok(Side {
            name: name.to_owned(),
            environment: document.environment.to_string(),
            revision: document.revision,
            digest: document_digest(document)?,
            flags: document.flags.len(),
        })
    }
}

impl Plan {
    /// The new document, if it is there and is the one that the plan was made for.
    ///
    /// # Errors
    /// Why it is not.
    pub fn document(&self) -> Result<FlagSet, DocumentError> {
        let document = self.document.as_ref().ok_or(DocumentError::Missing)?;
        let document: FlagSet = serde_json::from_value(document.clone()).map_err(DocumentError::Unreadable)?;
        let digest = document_digest(&document).map_err(DocumentError::Unreadable)?;
        if digest == self.new.digest { Ok(document) } else { Err(DocumentError::Another { digest }) }
    }
}

/// Why a plan's document cannot be used.
#[derive(Debug)]
pub enum DocumentError {
    Missing,
    Unreadable(serde_json::Error),
    /// Its digest is not the one that the plan names.
    Another {
        digest: String,
    },
}

impl std::fmt::Display for DocumentError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DocumentError::Missing => write!(f, "the plan does not hold the new document"),
            DocumentError::Unreadable(why) => write!(f, "the plan's document cannot be read: {why}"),
            DocumentError::Another { digest } => {
                write!(f, "the plan's document has the digest {digest}, which is not the one that was planned")
            }
        }
    }
}

impl std::error::Error for DocumentError {}
