use super::SubjectView;
use crate::runbook::{Pace, Purpose};
use serde::{Deserialize, Serialize};

/// `GET E/runs`, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunPage {
    pub runs: Vec<RunView>,
}

/// `GET E/runs/{id}`, and the answer to whatever is done with a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunView {
    /// Such as `r-7`.
    pub id: String,
    #[serde(flatten)]
    pub subject: SubjectView,
    pub purpose: Purpose,
    pub pace: Pace,
    /// The name if it is known, else the opaque id.
    pub by: String,
    pub reason: String,
    pub began: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// `running awaiting-go held unwinding ended`
    pub phase: String,
    /// `done incomplete aborted expired not-begun`, once it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// The step that it is at, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// Why it is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// From its beginning to its end, or to now.
    pub elapsed_ms: u64,
    pub objective_seconds: u32,
    pub steps: Vec<RunStepView>,
    pub kills: Vec<RunKillView>,
    /// Calls for help.
    pub calls: Vec<CallView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunStepView {
    /// From 1.
    pub number: usize,
    /// `kill restore redeploy wait verify purge manual escalate`
    pub kind: String,
    /// What it does, in one line.
    pub what: String,
    pub expect: String,
    pub limit_seconds: u32,
    /// `waiting running done failed skipped`
    pub state: String,
    /// From 1; 0 where it has not begun.
    pub attempt: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// From its beginning to its end, or to now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// How it stands, or what was said at its end.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// A kill of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunKillView {
    pub flag: String,
    pub kill: String,
    /// It was in force already.
    pub found: bool,
    /// The run has ended it.
    pub restored: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CallView {
    pub target: String,
    pub message: String,
    pub at: String,
    /// Whether it got through; absent while it is under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub through: Option<bool>,
}

/// `POST E/runs/{id}/{act}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RunActRequest {
    /// The step that is meant, from 1: refused where the run is at another one by now. Not needed to abort.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<usize>,
    /// Goes to the chart.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// What a person does with a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RunAct {
    /// The manual step is done.
    Confirm,
    /// The manual step could not be done.
    Fail,
    /// The next step may begin.
    Go,
    /// The step that failed is tried again.
    Retry,
    /// The step that failed, or has not begun, is passed over.
    Skip,
    /// The run ends.
    Abort,
}
