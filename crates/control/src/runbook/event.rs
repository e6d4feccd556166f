use super::{ReviewAbout, Runbook, Subject};
use crate::release::Release;
use serde::{Deserialize, Serialize};

/// Something that happened in a run: a change in the chart.
///
/// A step counts from 0; `attempt` counts from 1 and grows when a step is tried again, so that what an earlier attempt
/// still reports is known as late.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RunEvent {
    /// The first of a rollback. Release and runbook are kept as they were then.
    Started {
        release: Box<Release>,
        runbook: Box<Runbook>,
        /// Drills began so before they were called.
        purpose: Purpose,
        pace: Pace,
    },
    /// The first of a drill, which waits for a person to decide. Subject and runbook are kept as they were then.
    Called { subject: Subject, runbook: Box<Runbook>, pace: Pace },
    /// A drill that came to nothing because whoever was to run it was not let in: the first and last of its run.
    NotBegun {
        subject: Subject,
        /// RFC 3339; when it was tried.
        tried: String,
        why: String,
    },
    /// A person lets the next step begin.
    Went { step: usize },
    /// A flag is killed: by this run, or `found` so.
    Killed { step: usize, attempt: u32, flag: String, kill: String, found: bool },
    /// Every client is dark for all kills of the step.
    Dark {
        step: usize,
        attempt: u32,
        /// Instances that have acknowledged.
        dark: u64,
        /// Instances that had not been heard of and have degraded by themselves.
        unknown: u64,
        /// From the commit of the last kill to the receipt of the acknowledgement.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        p50_ms: Option<f64>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        slowest_ms: Option<f64>,
    },
    /// A kill of this run is ended.
    Restored { kill: String },
    /// A webhook target has accepted what was sent.
    Delivered { step: usize, attempt: u32, status: u16 },
    /// A webhook target says that it is done, or why not.
    CalledBack {
        step: usize,
        attempt: u32,
        ok: bool,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        detail: String,
    },
    /// The time of a `wait` has passed.
    Waited { step: usize, attempt: u32 },
    /// What a query gave. Only what changes the standing is recorded.
    MetricRead {
        step: usize,
        attempt: u32,
        /// Absent where there is no data.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<f64>,
        holds: bool,
        /// For how long it has held without a gap, on a clock that does not jump.
        held_ms: u64,
        /// Why there is no data.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        problem: Option<String>,
    },
    /// A person says that a manual step is done, or that it could not be.
    Confirmed {
        step: usize,
        attempt: u32,
        ok: bool,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
    },
    /// A step could not be done.
    Failed { step: usize, attempt: u32, why: String },
    /// A step took longer than it may.
    TimedOut { step: usize, attempt: u32 },
    /// A stop condition has shown.
    Stopped { condition: String, value: f64 },
    /// A call for help got through, or was given up.
    Escalated {
        /// Counts the run's escalations from 0.
        call: usize,
        ok: bool,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        detail: String,
    },
    /// A person has the step tried again.
    Retried { step: usize },
    /// A person passes over the step.
    Skipped { step: usize },
    /// A person ends the run.
    Aborted,
    /// The run took longer than it may.
    Expired,
    /// What somebody found worth saying once the run was over.
    Reviewed {
        about: ReviewAbout,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step: Option<usize>,
        note: String,
    },
}

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Something is wrong. What it killed stays killed.
    Rollback,
    /// Practice. What it took away is put back at its end, however it ends: artifacts, then flags.
    Drill,
}

/// Whether a person lets each step begin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Pace {
    #[default]
    Straight,
    StepByStep,
}

impl RunEvent {
    /// Its name in a record.
    pub fn name(&self) -> &'static str {
        match self {
            RunEvent::Started { .. } => "started",
            RunEvent::Called { .. } => "called",
            RunEvent::NotBegun { .. } => "not-begun",
            RunEvent::Went { .. } => "went",
            RunEvent::Killed { .. } => "killed",
            RunEvent::Dark { .. } => "dark",
            RunEvent::Restored { .. } => "restored",
            RunEvent::Delivered { .. } => "delivered",
            RunEvent::CalledBack { .. } => "called-back",
            RunEvent::Waited { .. } => "waited",
            RunEvent::MetricRead { .. } => "metric-read",
            RunEvent::Confirmed { .. } => "confirmed",
            RunEvent::Failed { .. } => "failed",
            RunEvent::TimedOut { .. } => "timed-out",
            RunEvent::Stopped { .. } => "stopped",
            RunEvent::Escalated { .. } => "escalated",
            RunEvent::Retried { .. } => "retried",
            RunEvent::Skipped { .. } => "skipped",
            RunEvent::Aborted => "aborted",
            RunEvent::Expired => "expired",
            RunEvent::Reviewed { .. } => "reviewed",
        }
    }

    /// Whether a person does this, and not the machine.
    pub fn is_by_hand(&self) -> bool {
        matches!(
            self,
            RunEvent::Started { .. }
                | RunEvent::Called { .. }
                | RunEvent::Went { .. }
                | RunEvent::Confirmed { .. }
                | RunEvent::Retried { .. }
                | RunEvent::Skipped { .. }
                | RunEvent::Aborted
                | RunEvent::NotBegun { .. }
                | RunEvent::Reviewed { .. }
        )
    }

    /// The step that it is about.
    pub fn step(&self) -> Option<usize> {
        match self {
            RunEvent::Went { step }
            | RunEvent::Killed { step, .. }
            | RunEvent::Dark { step, .. }
            | RunEvent::Delivered { step, .. }
            | RunEvent::CalledBack { step, .. }
            | RunEvent::Waited { step, .. }
            | RunEvent::MetricRead { step, .. }
            | RunEvent::Confirmed { step, .. }
            | RunEvent::Failed { step, .. }
            | RunEvent::TimedOut { step, .. }
            | RunEvent::Retried { step }
            | RunEvent::Skipped { step } => Some(*step),
            RunEvent::Reviewed { step, .. } => *step,
            RunEvent::Started { .. }
            | RunEvent::Called { .. }
            | RunEvent::NotBegun { .. }
            | RunEvent::Restored { .. }
            | RunEvent::Stopped { .. }
            | RunEvent::Escalated { .. }
            | RunEvent::Aborted
            | RunEvent::Expired => None,
        }
    }
}
