use super::{ChangeView, KillView, LastDrill, Position};
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::{ClientKind, FlagKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `GET /api/v1/environments`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Environments {
    pub environments: Vec<EnvironmentView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnvironmentView {
    pub key: String,
    pub position: Position,
    pub flags: usize,
    pub kills: usize,
    /// Instances heard of within the lease.
    pub live: usize,
}

/// `GET E/document`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
pub struct DocumentQuery {
    /// As of this revision; the newest unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
}

/// `GET E/flags`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FlagPage {
    pub position: Position,
    /// In the order of the flag set.
    pub flags: Vec<FlagSummary>,
    /// Keys that were retired, which are never used again.
    pub retired: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum FlagState {
    /// No kill names it.
    Live,
    /// Killed for everyone.
    Killed,
    /// Killed for some.
    KilledInPart,
}

/// One row of the flag list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FlagSummary {
    pub key: String,
    pub description: String,
    pub owner: String,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub kind: FlagKind,
    pub critical: bool,
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub clients: Vec<ClientKind>,
    pub state: FlagState,
    /// Who gets what, in words, such as `25 % on` or `killed for everyone`.
    pub serving: String,
    pub variants: Vec<String>,
    pub degraded_variant: String,
    /// What users see when it is killed.
    pub degraded_meaning: String,
    /// `YYYY-MM-DD`: when it expires or is due for review.
    pub until: String,
    /// The id of the rollout of it that goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<String>,
    /// Whether `until` is a review (else an expiry).
    pub is_review: bool,
    /// `until` has passed.
    pub overdue: bool,
    /// Kills in force that name it.
    pub kills: Vec<String>,
    /// Flags that require it, directly, in the order of the flag set.
    pub dependents: Vec<String>,
    /// The revision that last touched it.
    pub changed_revision: u64,
    pub changed_at: String,
}

/// `GET E/flags/{key}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FlagView {
    pub position: Position,
    pub summary: FlagSummary,
    /// The flag as in the document.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub flag: Value,
    pub kills: Vec<KillView>,
    /// Every flag that degrades with it: those that require it, and those that require them.
    pub degrades_with: Vec<String>,
    pub last_change: Option<ChangeView>,
    /// The newest drill that passed and killed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_drill: Option<LastDrill>,
    /// The newest that others than the author ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_independent_drill: Option<LastDrill>,
}

/// `PUT E/flags/{key}`: create or replace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PutFlagRequest {
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub flag: Value,
    pub reason: String,
    /// The revision that the edit started from; refused if the flag changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<u64>,
}

/// `POST E/flags/{key}/retire`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RetireFlagRequest {
    pub reason: String,
    /// Set aside what can be set aside of what is in the way.
    #[serde(default)]
    pub anyway: bool,
    /// The revision that was looked at; refused if the flag changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<u64>,
}

/// `POST E/releases/{key}/retire`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RetireRequest {
    pub reason: String,
}

/// What a command changed: the answer to put and retire.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Changed {
    pub position: Position,
    /// Absent where the command asked for what is already so.
    pub change: Option<ChangeView>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub warnings: Vec<Diagnostic>,
}

/// `POST E/apply`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ApplyRequest {
    pub sources: Vec<Source>,
    pub reason: String,
    /// Retire flags, and remove segments and tenants, that no source names.
    #[serde(default)]
    pub prune: bool,
    /// With `prune`: set aside what is in the way of retiring a flag, as far as that can be set aside.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anyway: bool,
    /// Report only.
    #[serde(default)]
    pub dry_run: bool,
    /// The revision that was looked at; refused if the environment is at another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<u64>,
    /// The digest of the document that was looked at; refused if the environment's is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_digest: Option<String>,
}

/// A file's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// For diagnostics; its ending says JSON or YAML.
    pub name: String,
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApplyReport {
    /// After the last change, or as it stands where nothing changed.
    pub position: Position,
    pub dry_run: bool,
    pub items: Vec<ApplyItem>,
    /// Of the sources as a whole. One error among them and nothing was changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApplyItem {
    /// `flag segment tenant regions`
    pub what: String,
    /// Empty for `regions`.
    pub key: String,
    pub outcome: Applied,
    /// The revision that it made, where it changed something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub diagnostics: Vec<Diagnostic>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Applied {
    Created,
    Changed,
    Removed,
    Unchanged,
    Refused,
}
