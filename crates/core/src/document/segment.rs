use super::Condition;
use serde::Serialize;

/// A named group of contexts.
///
/// Holds when `exclude` does not list the `targetingKey` and either `include` does or `when` is given and holds.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Segment {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// Absent, or not empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Condition>,
}
