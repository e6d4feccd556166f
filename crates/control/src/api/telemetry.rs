use super::Trust;
use downhaul_core::document::ClientKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `POST /client/v1/telemetry`: what an instance has counted since its last batch; docs/reference/telemetry.md.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TelemetryBatch {
    /// The version of this format: 1.
    pub telemetry: u32,
    /// Random id of this tab or process; never the targetingKey.
    pub instance: String,
    /// 1 for the first of an instance, and one more with each; what comes again is counted once.
    pub batch: u64,
    /// As in acknowledgements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdk: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The share of instances that tell, above 0, at most 1.
    #[serde(default = "whole")]
    pub share: f64,
    /// The oldest first, 16 at most.
    pub buckets: Vec<TelemetryBucket>,
    /// Where every breaker of the instance stands, 256 at most.
    #[serde(default)]
    pub breakers: Vec<BreakerReport>,
    /// Entries that did not fit into the instance's memory.
    #[serde(default)]
    pub left_out: u64,
}

fn whole() -> f64 {
    1.0
}

/// What was counted in one stretch of time, of a minute at most.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TelemetryBucket {
    /// How long before the sending it began, in milliseconds on the client's own clock.
    pub from_ms: u64,
    /// How long before the sending it ended.
    pub to_ms: u64,
    #[serde(default)]
    pub exposures: Vec<Exposure>,
    #[serde(default)]
    pub outcomes: Vec<NamedOutcome>,
    #[serde(default)]
    pub guards: Vec<GuardReport>,
}

/// How often code was given a variant, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Exposure {
    pub flag: String,
    pub variant: String,
    /// One of OpenFeature's, or `PREREQUISITE_FAILED`.
    pub reason: String,
    /// `kill`, `stale`, `breaker` or `crash-loop`, where the flag is degraded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    pub count: u64,
    /// Bucketing units that this instance had not exposed to the flag before.
    #[serde(default, skip_serializing_if = "is_none")]
    pub units: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_none(units: &u64) -> bool {
    *units == 0
}

/// How often something happened, by the application's own name for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NamedOutcome {
    pub name: String,
    /// Under which flag and variant: both or neither.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    pub count: u64,
    #[serde(default)]
    pub failed: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<LatencyReport>,
}

/// A log-linear histogram: eight buckets for each doubling of microseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LatencyReport {
    pub count: u64,
    pub sum_ms: f64,
    /// Index and count, ascending.
    pub buckets: Vec<(u32, u64)>,
}

/// What went through guarded calls.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct GuardReport {
    pub flag: String,
    pub variant: String,
    pub ok: u64,
    pub failed: u64,
    pub timed_out: u64,
    pub slow: u64,
    pub ignored: u64,
    pub degraded: u64,
    pub probes_ok: u64,
    pub probes_failed: u64,
    pub moves: Vec<BreakerMove>,
    pub open_ms: u64,
    /// From the first failure of the row to the opening, of the last move to `open`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_open_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<LatencyReport>,
}

/// How often a breaker went from one state to another, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BreakerMove {
    pub from: BreakerState,
    pub to: BreakerState,
    pub cause: String,
    pub count: u64,
}

/// Where a breaker of an instance stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BreakerReport {
    pub flag: String,
    pub variant: String,
    pub state: BreakerState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    #[serde(default)]
    pub since_ms: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum BreakerState {
    Closed,
    Open,
    HalfOpen,
    /// The flag is killed.
    ForcedOpen,
    Disabled,
    Observing,
}

impl BreakerState {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            BreakerState::Closed => "closed",
            BreakerState::Open => "open",
            BreakerState::HalfOpen => "half-open",
            BreakerState::ForcedOpen => "forced-open",
            BreakerState::Disabled => "disabled",
            BreakerState::Observing => "observing",
        }
    }
}

/// How a client goes on, in answer to a batch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TelemetryAnswer {
    /// The share of browsers that should tell.
    pub share: f64,
    /// Seconds between batches.
    pub period_seconds: u32,
}

/// `GET E/breakers`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
pub struct BreakerQuery {
    /// Of this flag alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    /// How far to look back for calls, in minutes: 1 to 60, 5 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minutes: Option<u32>,
}

/// What the breakers of the fleet do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BreakerPage {
    /// How far it looks back for calls.
    pub minutes: u32,
    /// For how long this server has been told: counts do not outlive it.
    pub listening_seconds: u64,
    /// By flag, variant and kind of client.
    pub breakers: Vec<BreakerView>,
    /// What was passed over since this server began.
    pub ignored: IgnoredTelemetry,
    /// Variants that the control plane would take from everyone where many breakers are open, by flag.
    #[serde(default)]
    pub fleet: Vec<FleetBreakerView>,
    /// Present while so many flags fail that what they share must be at fault: nothing is killed by itself then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub panic: Option<PanicView>,
    /// Kills that guards and the breakers of the fleet wanted and did not make, the newest last.
    #[serde(default)]
    pub withheld: Vec<WithheldView>,
    /// Kills that they may still make for now, by the policy's `automatic`.
    #[serde(default)]
    pub automatic_left: usize,
}

/// The breaker that a variant has for the whole fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetBreakerView {
    pub flag: String,
    pub variant: String,
    /// What it does: `notice` or `kill`.
    pub mode: String,
    /// Servers and edges heard of lately.
    pub heard: u64,
    /// Of these, those whose breaker is open or half-open.
    pub open: u64,
    /// How many have to be.
    pub needed: u64,
    pub regions: Vec<String>,
    pub sdks: Vec<String>,
    /// Whether so many are open, in enough regions or versions of the client.
    pub reached: bool,
}

/// That flags fail together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PanicView {
    /// RFC 3339.
    pub since: String,
    /// Flags that clients guard.
    pub guarded: usize,
    pub failing: Vec<String>,
}

/// A kill that was not made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WithheldView {
    pub flag: String,
    /// Who wanted it: the name of a guard, or `fleet-breaker`.
    pub by: String,
    /// `panic`, `degraded-fails`, `budget` or `notice`.
    pub why: String,
    /// In words.
    pub words: String,
    /// RFC 3339.
    pub since: String,
}

/// The breakers of a flag and variant, in the instances of one kind that told within the last three minutes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BreakerView {
    pub flag: String,
    pub variant: String,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub kind: ClientKind,
    /// What is claimed, anybody with the key of a page could make up.
    pub trust: Trust,
    /// Instances that have this breaker.
    pub instances: u64,
    pub closed: u64,
    pub open: u64,
    pub half_open: u64,
    pub forced_open: u64,
    pub disabled: u64,
    pub observing: u64,
    /// Instances whose breaker is open or half-open, as a share of all of them, from 0 to 1.
    pub open_share: f64,
    /// For how long the first of these has been so, in milliseconds; absent where none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_for_ms: Option<u64>,
    /// What led these there, by how many instances; an unknown cause is left out.
    #[serde(default)]
    pub causes: BTreeMap<String, u64>,
    /// Guarded calls of the last minutes that were done.
    pub ok: u64,
    /// That failed, or were not back in time.
    pub failed: u64,
    /// That went to the fallback without trying.
    pub degraded: u64,
    /// How often one of them opened within these minutes.
    pub opened: u64,
}

/// What was passed over of batches, by why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IgnoredTelemetry {
    /// Entries of no flag here, or of no variant of it.
    pub unknown: u64,
    /// Batches that had been counted.
    pub repeated: u64,
    /// Buckets of more than an hour ago.
    pub late: u64,
    /// Entries beyond what the server's memory may hold.
    pub limited: u64,
}
