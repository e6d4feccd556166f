use super::Position;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `GET E/guards`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
pub struct GuardQuery {
    /// Of this flag alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    /// With the course of the evidence of each.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub course: bool,
}

/// The guards of an environment, as they stand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuardPage {
    pub position: Position,
    /// By flag, in the order of its document.
    pub guards: Vec<GuardView>,
}

/// A guard, what it watches, and what it says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuardView {
    pub flag: String,
    pub name: String,
    /// What is counted: `outcomes` of the flag, those of a name, `exposures`, or `prometheus`.
    pub metric: String,
    pub variant: String,
    /// The variant that it is held against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub against: Option<String>,
    /// The share that may fail, where it is held against nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objective: Option<f64>,
    /// How likely it may be that it ever acts on a variant that does no harm.
    pub level: f64,
    /// `guardrail` or `signal`.
    pub role: String,
    /// `kill`, `step-back` or `pause`.
    pub action: String,
    pub dry_run: bool,
    /// What it watches since, RFC 3339.
    pub since: String,
    /// When its first bucket began, RFC 3339.
    pub from: String,
    pub bucket_seconds: u64,
    pub judged: GuardJudgement,
    /// What it did since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acted: Option<GuardActView>,
    /// How the evidence grew, where it was asked for: at most 240 points, the last of them after the newest bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub course: Option<Vec<GuardPoint>>,
}

/// The evidence of a guard after so many buckets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuardPoint {
    pub buckets: usize,
    /// The most that ever spoke for harm, as a power of ten: 3 is 1 in 1 000. 0 where nothing does.
    pub harm: f64,
    /// The most that ever spoke against it, likewise.
    pub against_harm: f64,
}

/// What a guard says after the buckets that it was shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuardJudgement {
    /// `watching`, `suspecting`, `telemetry-missing`, `harmless`, `harmful`, `crashing` or `sample-ratio-mismatch`.
    pub standing: String,
    /// In words.
    pub words: String,
    /// Buckets that it was shown.
    pub buckets: usize,
    /// The end of the last one, RFC 3339. Of a guard that found harm: when it fired, or would have.
    pub until: String,
    /// The most that ever spoke for harm: `1 in 40 000`, or `none`. Thousands are parted by narrow spaces.
    pub evidence: String,
    /// The most that ever spoke against it.
    pub against_harm: String,
    /// With the variant.
    pub units: u64,
    pub failed: u64,
    /// With the other one.
    pub control_units: u64,
    pub control_failed: u64,
    /// Instances that told of failures with the variant, 8 at most.
    pub instances: usize,
    /// Where it is a quantile of the other variant that says what is slow, and it is known: from how many microseconds on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slow_us: Option<u64>,
    /// Of a guard of the metric `exposures`: the arms of the stage, as far as it is known what they should be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arms: Vec<GuardArm>,
}

/// An arm of a rollout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuardArm {
    pub variant: String,
    /// Of all units, from 0 to 1.
    pub share: f64,
    /// That clients told of; one that several instances saw counts with each.
    pub units: u64,
}

/// What a guard did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuardActView {
    /// What it asked for: `kill`, `step-back` or `pause`.
    pub action: String,
    pub revision: u64,
    pub at: String,
    pub reason: String,
}

/// `GET E/guards/replay`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
pub struct GuardReplayQuery {
    /// The flag; without it there is no such guard.
    #[serde(default)]
    pub flag: String,
    /// The name of the guard.
    #[serde(default)]
    pub guard: String,
    /// RFC 3339; since when it watches, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// RFC 3339; the newest closed bucket unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// What a guard would have said of what is kept of the past.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuardReplay {
    pub flag: String,
    pub guard: String,
    /// When the first bucket began, RFC 3339.
    pub from: String,
    pub bucket_seconds: u64,
    /// Whether it would have fired; then `judged.until` is when.
    pub fired: bool,
    pub judged: GuardJudgement,
    /// The rules and all counts, as `downhaul guard` reads them.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub record: Value,
}
