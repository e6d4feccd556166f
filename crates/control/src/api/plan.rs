use super::Source;
use crate::command::Command;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `POST E/plan`: what a draft would do to what is published. Exactly one of `sources`, `flag` and `commands` is the draft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PlanRequest {
    /// A flag set, as `POST E/apply` takes it: what it does not name stays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// With `sources`: retire flags, and remove segments and tenants, that no source names.
    #[serde(default)]
    pub prune: bool,
    /// One flag, as in a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub flag: Option<Value>,
    /// Definitions, in order, as a change records them: `{"type": "put-segment", "key": …, "segment": …}`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub commands: Vec<Command>,
    /// Name of a population; the default one unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub population: Option<String>,
    /// Leave the default population out.
    #[serde(default)]
    pub no_population: bool,
    /// Replay a sample of at most so many rows, the same each time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Whether the exact difference is wanted, as it is unless said.
    #[serde(default = "yes")]
    pub exact: bool,
    /// Attributes by which moved weight is grouped, beside tenant, region and segment; at most 8.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
    /// What rows have as `now` that have no such attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub now: Option<Value>,
    /// Most nodes of the decision diagrams of one flag: 50 000 unless given, at most 200 000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodes: Option<usize>,
    /// The revision that the draft was begun at; refused if another one is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<u64>,
    /// The digest of the document that the draft was begun at; refused if another one is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_digest: Option<String>,
}

impl PlanRequest {
    /// Of definitions, over the default population, as a plan is made unless something else is asked for.
    pub fn of(commands: Vec<Command>) -> PlanRequest {
        PlanRequest {
            sources: Vec::new(),
            prune: false,
            flag: None,
            commands,
            population: None,
            no_population: false,
            rows: None,
            exact: true,
            by: Vec::new(),
            now: None,
            nodes: None,
            expected_revision: None,
            expected_digest: None,
        }
    }
}

fn yes() -> bool {
    true
}
