use serde::{Deserialize, Serialize};

/// `GET E/alarms`: those that go on first, then those that are over, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlarmPage {
    pub alarms: Vec<AlarmView>,
}

/// Something is wrong: one alarm for one cause, from when it was raised until it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlarmView {
    /// Such as `al-5d41402abc4b`; another one where the same cause comes again.
    pub id: String,
    /// Such as `guard-acted` or `partly-dark`.
    pub about: String,
    /// `raised acknowledged silenced recovered`
    pub standing: String,
    pub message: String,
    /// What follows from the same cause, and is no alarm of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guard: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Since when it is so.
    pub since: String,
    pub raised: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovered: Option<String>,
    /// What showed that it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<AlarmActView>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silenced: Option<SilenceView>,
    /// The command that shows more.
    pub look: String,
    /// The command that acts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub act: Option<String>,
    /// Releases whose runbook is the way back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub runbooks: Vec<String>,
    /// Who was told what, the first first.
    pub told: Vec<ToldView>,
}

/// Who did something, when, and what they said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AlarmActView {
    /// The name if it is known, else the opaque id.
    pub by: String,
    pub at: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// Nobody is told of a cause until then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SilenceView {
    pub by: String,
    pub at: String,
    pub until: String,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ToldView {
    /// A name of the targets file.
    pub target: String,
    /// `raised escalated recovered`
    pub what: String,
    pub at: String,
}

/// `POST E/alarms/{id}/acknowledge`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeAlarmRequest {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// `POST E/alarms/{id}/silence`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SilenceAlarmRequest {
    /// RFC 3339, a week ahead at most: a silence without an end is refused.
    pub until: String,
    pub reason: String,
}
