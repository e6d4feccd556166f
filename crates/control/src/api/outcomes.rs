use super::Trust;
use downhaul_core::document::ClientKind;
use serde::{Deserialize, Serialize};

/// How what flags decide of went, as an instance has counted it: part of an acknowledgement.
///
/// An instance sends a report again, as it was, until an acknowledgement with it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OutcomeReport {
    /// 1 for the first of an instance, and one more with each; what comes again is counted once.
    pub sequence: u64,
    /// How long ago the first of these outcomes was, in milliseconds on the client's own clock.
    #[serde(default)]
    pub from_ms: u64,
    /// How long ago the last one was.
    #[serde(default)]
    pub to_ms: u64,
    /// Each flag and variant once, 64 at most.
    pub counts: Vec<OutcomeCount>,
}

/// Outcomes of a flag under one of its variants; at most 2^53 of each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OutcomeCount {
    pub flag: String,
    /// The one that was decided when the work began.
    pub variant: String,
    #[serde(default)]
    pub ok: u64,
    #[serde(default)]
    pub failed: u64,
}

/// `GET E/outcomes`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
pub struct OutcomeQuery {
    /// Of this flag alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    /// How far to look back, in seconds: 1 to 900, 300 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u32>,
}

/// What clients told of outcomes lately.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OutcomePage {
    /// How far it looks back.
    pub seconds: u32,
    /// For how long this server has been told: counts do not outlive it.
    pub listening_seconds: u64,
    /// Fewer outcomes than these are no data to a metric.
    pub least: u64,
    /// By flag, variant and kind of client; those without an outcome are left out.
    pub outcomes: Vec<OutcomeView>,
    /// What was passed over since this server began, in entries of reports.
    pub ignored: IgnoredOutcomes,
}

/// Outcomes of a flag under one of its variants, as one kind of clients told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OutcomeView {
    pub flag: String,
    pub variant: String,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub kind: ClientKind,
    /// What is claimed counts for a metric only `with browsers`.
    pub trust: Trust,
    pub ok: u64,
    pub failed: u64,
    /// The share that failed, from 0 to 1.
    pub share: f64,
    /// How long ago the last one was, in seconds.
    pub last_seconds: u64,
}

/// Entries of reports that were passed over, by why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IgnoredOutcomes {
    /// Of no flag here, or of no variant of it.
    pub unknown: u64,
    /// Of reports that had been counted.
    pub repeated: u64,
    /// Of more than 15 minutes ago.
    pub late: u64,
    /// Beyond what an instance, an address or the server's memory may hold, as a whole or in part.
    pub limited: u64,
}
