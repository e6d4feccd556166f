//! What a replay finds.

use crate::population::Sampled;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Who moves, from what to what, and by which rules. Weights are those of the population.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Replay {
    pub rows: u64,
    /// The weight of all rows.
    pub of: f64,
    /// The weight of the rows that some flag moves, each counted once. Flags of one document only do not count.
    pub moved: f64,
    pub moved_rows: u64,
    /// What the population was drawn from, if it is a sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampled: Option<Sampled>,
    /// The rows that some flag moves by `tenant`, `region`, `segment`, and whatever else was asked for.
    pub by: BTreeMap<String, Groups>,
    /// The tenants of which most weight moves, ten at most.
    pub tenants: Vec<Group>,
    /// Flags of both documents of which some decision differs.
    pub flags: BTreeMap<String, FlagReplay>,
    /// How many flags are in both documents.
    pub compared: usize,
    /// Flags that only the new document has: what they give.
    pub added: BTreeMap<String, Vec<Given>>,
    /// Flags that only the old document has: what they gave.
    pub removed: BTreeMap<String, Vec<Given>>,
}

/// What becomes of one flag. A row is moved where it gets another variant, or another value for the same variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlagReplay {
    pub moved: f64,
    pub of: f64,
    pub moved_rows: u64,
    /// By weight, the heaviest first.
    pub transitions: Vec<Transition>,
    /// By weight, the heaviest first.
    pub rules: Vec<RuleMove>,
    /// Rows that keep what they have for another reason.
    pub reason_only: ReasonOnly,
    /// Empty where nothing moves.
    pub by: BTreeMap<String, Groups>,
    /// The tenants of which most weight moves, ten at most.
    pub tenants: Vec<Group>,
    /// Rows that move; where none does, rows of which only the reason differs.
    pub examples: Vec<Example>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    pub from: String,
    pub to: String,
    /// Both variants have the same key, and its value was edited.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub value_changed: bool,
    pub weight: f64,
    pub rows: u64,
}

/// What decided before and what decides now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RuleMove {
    pub from: Why,
    pub to: Why,
    pub weight: f64,
    pub rows: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct ReasonOnly {
    pub weight: f64,
    pub rows: u64,
    pub changes: Vec<RuleMove>,
}

/// Why a flag gives what it gives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Why {
    pub reason: Cow<'static, str>,
    /// The rule's number in the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_name: Option<String>,
    /// The id of the kill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kill: Option<String>,
}

/// A variant and the weight of those who get it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Given {
    pub variant: String,
    pub weight: f64,
    pub rows: u64,
}

/// Moved rows by what they have for an attribute, or by segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Groups {
    /// How many groups have moved weight.
    pub touched: usize,
    /// Those of which most weight moves, the heaviest first.
    pub groups: Vec<Group>,
    /// The moved weight of those that are not listed.
    pub others: f64,
    /// Of `region`: those that have regions within them, as far as weight moves there, by the new document's tree. Each comes
    /// before those within it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<Within>,
}

/// A region of the tree, with what lies within it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Within {
    pub region: String,
    /// The region that it lies in; absent at the top.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Of all who are in it or in a region within it.
    pub moved: f64,
    /// The weight of all of them.
    pub of: f64,
    /// Of this, those who name this very region.
    pub directly: Directly,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Directly {
    pub moved: f64,
    pub of: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// `null` for rows without the attribute; `{}` for objects. The key of a segment.
    pub value: Value,
    pub moved: f64,
    /// The weight of all its rows.
    pub of: f64,
}

/// A row whose decision differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// From 0; `None` of a population in pieces, of which rows have no numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<usize>,
    pub weight: f64,
    /// To be explained against both documents.
    pub context: Map<String, Value>,
    pub from: Decided,
    pub to: Decided,
    /// The X-ray by the old document, where somebody had it made: a replay makes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// And by the new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Decided {
    pub variant: String,
    #[serde(flatten)]
    pub why: Why,
}
