use super::{LastDrill, Position};
use crate::release::check::{Finding, Reach};
use crate::runbook::Pace;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `GET E/releases`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleasePage {
    pub position: Position,
    /// The newest first; retired ones last.
    pub releases: Vec<ReleaseSummary>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseSummary {
    pub key: String,
    pub owner: String,
    pub flags: Vec<String>,
    /// The last put.
    pub revision: u64,
    pub at: String,
    /// The name if it is known, else the opaque id.
    pub by: String,
    pub retired: bool,
    /// The run that has not ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    /// The newest drill that passed.
    pub last_drill: Option<LastDrill>,
    /// The newest that others than the author ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_independent_drill: Option<LastDrill>,
}

/// `GET E/releases/{key}`: the release, and what a rollback of it would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseView {
    pub position: Position,
    pub summary: ReleaseSummary,
    /// As it was put.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub release: Value,
    /// Flags in the order in which a rollback kills them.
    pub kill_order: Vec<KillStep>,
    /// Flags that are not undone by turning them back, and what to do instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_way: Vec<OneWayView>,
    pub steps: Vec<PlannedStep>,
    /// A run ends after so many seconds.
    pub limit_seconds: u32,
}

/// A flag, or a data change, that is `forward-fix-only`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OneWayView {
    pub flag: String,
    /// Why turning it back is not enough.
    pub why: String,
    /// What to do instead; empty where nobody has written it down.
    pub fix: String,
}

/// A flag that a rollback kills.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KillStep {
    pub flag: String,
    /// What users see.
    pub effect: String,
    /// Flags outside the release that degrade with it.
    pub also: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlannedStep {
    /// `kill restore redeploy wait verify purge manual escalate`
    pub kind: String,
    /// What it does, in one line.
    pub what: String,
    pub expect: String,
    pub limit_seconds: u32,
}

/// `PUT E/releases/{key}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PutReleaseRequest {
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub release: Value,
    pub reason: String,
    /// The revision that the edit started from; refused if the release changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<u64>,
}

/// `POST E/releases/check`. Whoever asks has looked at the artifacts; the server looks at the rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CheckReleaseRequest {
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub release: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub artifact: Option<Reach>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub previous: Option<Reach>,
}

/// What is missing or stale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReleaseReport {
    pub release: String,
    /// No finding is an error.
    pub ready: bool,
    /// Errors first.
    pub findings: Vec<Finding>,
}

/// `POST E/releases/{key}/rollback`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RollbackRequest {
    pub reason: String,
    /// `straight` unless given.
    #[serde(default)]
    pub pace: Pace,
}
