use super::{Position, Trust};
use crate::migration::Evidence;
use downhaul_core::document::ClientKind;
use downhaul_core::phase::Phase;
use serde::{Deserialize, Serialize};

/// `POST E/migrations/{flag}/steps`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MigrationStepRequest {
    /// Where the flag stands, as the one who asks has seen it.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub from: Phase,
    /// The next phase, the one before, or the same for others than now.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub to: Phase,
    /// Only these tenants go first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenants: Vec<String>,
    /// Only this share goes first, 0 to 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<f64>,
    /// The attribute that the share is taken by; `targetingKey` unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// `backfilled`, `refilled`, `accepted`, `snapshot` and `forward_fix`, each a text.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub evidence: Evidence,
    pub reason: String,
}

/// `GET E/migrations`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MigrationPage {
    pub position: Position,
    /// In the order of the flag set.
    pub migrations: Vec<MigrationView>,
}

/// `GET E/migrations/{flag}`, and the answer to a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MigrationView {
    pub position: Position,
    pub flag: String,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub phase: Phase,
    /// What the phase reads and writes, in words.
    pub does: String,
    /// Who is at it, in words, such as `10 % read-new, 90 % backfill`.
    pub serving: String,
    /// Everyone is at it, kills aside.
    pub complete: bool,
    /// The phase before the last step; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub came_from: Option<Phase>,
    /// When the last step was taken, by whom and why.
    pub since: String,
    pub by: String,
    pub reason: String,
    pub revision: u64,
    /// What was said for it.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub evidence: Evidence,
    /// What a kill of the flag does, in words.
    pub kill: String,
    /// Ids of kills in force.
    pub kills: Vec<String>,
    /// The old shape was left alone and not refilled: it lacks what was written meanwhile.
    pub old_lacks: bool,
    /// What is done where turning it back is not enough; of a flag past the point of no return, or prepared for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_fix: Option<String>,
    /// The step forward, and what is in its way. What it takes as evidence counts as in its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward: Option<MigrationWay>,
    /// The step back, and what is in its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<MigrationWay>,
    pub fleet: MigrationFleet,
    /// What clients have counted, since this server began; first the phases come last.
    pub counts: Vec<PhaseCounts>,
}

/// A step that could be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MigrationWay {
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub to: Phase,
    /// What the phase reads and writes, in words.
    pub does: String,
    pub obstacles: Vec<Obstacle>,
}

/// What is in the way of a step, with its code, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Obstacle {
    pub code: String,
    pub message: String,
    pub help: String,
}

/// What a roster knows of the clients that a data change concerns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MigrationFleet {
    /// How long this server still waits for clients to be heard of; absent once it relies on its roster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settles_in_seconds: Option<u64>,
    /// How long after its last word a client is forgotten.
    pub forget_seconds: u64,
    /// By release, kind and fallback.
    pub releases: Vec<MigrationRelease>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MigrationRelease {
    /// As its instances name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub kind: ClientKind,
    /// The phase that its code goes by where it has no answer; absent where it has never asked for the flag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub fallback: Option<Phase>,
    /// Every one that is remembered, live or not.
    pub instances: usize,
    /// Those that have not acknowledged the last change of the flag.
    pub behind: usize,
    /// Of these, those that are hidden or not heard of.
    pub behind_silent: usize,
    /// Why it needs the old shape, or may; absent where it does without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs_old: Option<String>,
}

/// What clients have counted of a data change at one phase. Counts only: nothing of the data leaves a client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PhaseCounts {
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub phase: Phase,
    /// Edges and servers are trusted, browsers claim.
    pub trust: Trust,
    /// Reads whose two answers were compared.
    pub compared: u64,
    /// Of these, those that differed twice in a row.
    pub mismatches: u64,
    /// Calls that a write gate, or the lack of code for the phase, has refused.
    pub refused: u64,
    pub read_old: CallCounts,
    pub read_new: CallCounts,
    pub write_old: CallCounts,
    pub write_new: CallCounts,
}

/// Calls of the application's own functions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CallCounts {
    pub calls: u64,
    pub errors: u64,
    /// How long they took together, in milliseconds.
    pub ms: u64,
}

/// What one instance has counted since it began, of one flag at one phase: a part of an acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MigrationTally {
    pub flag: String,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub phase: Phase,
    /// The phase that its code goes by where it has no answer.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub fallback: Phase,
    #[serde(default)]
    pub compared: u64,
    #[serde(default)]
    pub mismatches: u64,
    #[serde(default)]
    pub refused: u64,
    #[serde(default)]
    pub read_old: CallCounts,
    #[serde(default)]
    pub read_new: CallCounts,
    #[serde(default)]
    pub write_old: CallCounts,
    #[serde(default)]
    pub write_new: CallCounts,
}

impl PhaseCounts {
    pub fn is_trusted(&self) -> bool {
        self.trust == Trust::Trusted
    }

    /// Failed writes to the shape that is not the one that counts.
    pub fn second_write_errors(&self) -> u64 {
        match self.phase {
            Phase::DualWrite | Phase::Backfill => self.write_new.errors,
            Phase::ReadNew => self.write_old.errors,
            Phase::Expand | Phase::StopOldWrites | Phase::Contract => 0,
        }
    }
}
