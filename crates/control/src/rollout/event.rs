use crate::hash::Hash;
use downhaul_core::document::Flag;
use serde::{Deserialize, Serialize};

/// What happens to a rollout after its start. Each says in its command which stage it was at.
///
/// `put` is the flag as it becomes: whoever reads the change needs nothing else to know it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RolloutEvent {
    /// By the server: the stage has baked, and the next one is entered.
    Advance {
        /// What its gates read.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        readings: Vec<Reading>,
        put: Box<Flag>,
    },
    /// By the server: the last stage has baked. The flag stays as it is.
    Finish {
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        readings: Vec<Reading>,
    },
    /// By the server: the stage has baked, and something keeps it from going on. Once for each kind.
    Hold {
        kind: HoldKind,
        /// In words.
        why: String,
    },
    /// Someone's word for entering the next stage, if that does exactly what has this digest.
    Approve {
        digest: Hash,
        /// Whether it was given by the holder of the data folder.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        root: bool,
    },
    Pause,
    /// Takes the flag as it is by now, where somebody else has edited it.
    Resume,
    /// To the stage before; it is paused then.
    StepBack {
        put: Box<Flag>,
    },
    /// To what was before the start, and ends.
    RollBack {
        /// Absent where nobody was given anything yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        put: Option<Box<Flag>>,
    },
    /// Ends where it is. The flag stays as it is.
    End,
}

/// What a gate's query gave when a stage was left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// The name of the gate.
    pub gate: String,
    pub value: f64,
}

/// What keeps a rollout from going on that does not follow from the chart alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldKind {
    /// A gate's condition does not hold.
    NotHolding,
    /// A gate's query gives no number.
    NoData,
    /// Prometheus does not answer.
    NoAnswer,
    /// The flag set with the next stage would not be valid.
    Refused,
    /// A guard was told nothing that it could compare.
    GuardBlind,
    /// A guard finds or suspects harm.
    GuardHarm,
    /// Of one of the arms, or of both, nothing is told.
    TelemetryMissing,
    /// The arms are not as large as the split says.
    SampleRatio,
}

impl HoldKind {
    pub fn as_str(self) -> &'static str {
        match self {
            HoldKind::NotHolding => "not-holding",
            HoldKind::NoData => "no-data",
            HoldKind::NoAnswer => "no-answer",
            HoldKind::Refused => "refused",
            HoldKind::GuardBlind => "guard-blind",
            HoldKind::GuardHarm => "guard-harm",
            HoldKind::TelemetryMissing => "telemetry-missing",
            HoldKind::SampleRatio => "sample-ratio",
        }
    }
}

impl RolloutEvent {
    /// The flag as it becomes.
    pub fn put(&self) -> Option<&Flag> {
        match self {
            RolloutEvent::Advance { put, .. } | RolloutEvent::StepBack { put } => Some(put),
            RolloutEvent::RollBack { put } => put.as_deref(),
            RolloutEvent::Finish { .. }
            | RolloutEvent::Hold { .. }
            | RolloutEvent::Approve { .. }
            | RolloutEvent::Pause
            | RolloutEvent::Resume
            | RolloutEvent::End => None,
        }
    }

    /// Whether the server does it by itself.
    pub fn is_automatic(&self) -> bool {
        matches!(self, RolloutEvent::Advance { .. } | RolloutEvent::Finish { .. } | RolloutEvent::Hold { .. })
    }

    /// Its name in a record.
    pub fn name(&self) -> &'static str {
        match self {
            RolloutEvent::Advance { .. } => "advance",
            RolloutEvent::Finish { .. } => "finish",
            RolloutEvent::Hold { .. } => "hold",
            RolloutEvent::Approve { .. } => "approve",
            RolloutEvent::Pause => "pause",
            RolloutEvent::Resume => "resume",
            RolloutEvent::StepBack { .. } => "step-back",
            RolloutEvent::RollBack { .. } => "roll-back",
            RolloutEvent::End => "end",
        }
    }
}
