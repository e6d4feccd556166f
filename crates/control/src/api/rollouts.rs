use super::{ActView, ApprovalView, Position};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `POST E/rollouts`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct StartRolloutRequest {
    /// The rollout, see docs/reference/rollout.md.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub rollout: Value,
    /// Why; it stands in the chart.
    pub reason: String,
    /// The revision that it started from: refused if the flag changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<u64>,
}

/// What a person does with a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum RolloutAct {
    /// It stays at its stage.
    Pause,
    /// It goes on, and the stage bakes anew. Where somebody else has edited the flag, it goes on from that.
    Resume,
    /// The stage before is entered, and it is paused.
    StepBack,
    /// What was before the start is put back, and it ends.
    RollBack,
    /// It ends where it is, and the flag stays as it is.
    End,
}

/// `POST E/rollouts/{id}/{act}`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RolloutActRequest {
    /// The stage that is meant: refused where it is at another one by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<usize>,
    /// Why; it stands in the chart.
    pub reason: String,
}

/// `POST E/rollouts/{id}/approve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ApproveStageRequest {
    /// The `approval.digest` of the rollout that was looked at; refused if what the stage would do is another thing by now.
    pub digest: String,
    pub reason: String,
}

/// `GET E/rollouts`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RolloutPage {
    pub position: Position,
    /// Those that go on and the last 200 of the others, newest first.
    pub rollouts: Vec<RolloutSummary>,
}

/// A rollout in a line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RolloutSummary {
    /// Such as `ro-7`.
    pub id: String,
    pub flag: String,
    pub variant: String,
    pub description: String,
    /// The change that started it.
    pub started: ActView,
    /// The stage that it is at, from 1; 0 before the first and once it was rolled back.
    pub stage: usize,
    /// How many there are.
    pub stage_count: usize,
    pub standing: RolloutStanding,
}

/// What a rollout waits for, or how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RolloutStanding {
    /// `baking approval gates held paused due complete rolled-back ended`
    pub kind: String,
    /// In words.
    pub words: String,
    /// What holds it: `frozen killed edited not-holding no-data no-answer refused`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
    /// When the stage has baked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The change that paused or ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<ActView>,
}

/// `GET E/rollouts/{id}`, and the answer to whatever is done with one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RolloutView {
    pub position: Position,
    #[serde(flatten)]
    pub summary: RolloutSummary,
    /// As it is carried out: with `by` and `salt`.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub rollout: Value,
    pub stages: Vec<StageView>,
    /// Who has approved that the next stage is entered; absent where nobody is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<StageApproval>,
    /// What the gates of this stage read last; empty until it has nearly baked.
    pub gates: Vec<GateView>,
    /// What has been charted as keeping it at this stage.
    pub held: Vec<HeldView>,
    /// Each stage that was entered, in order, with the change that did it; those gone back to included.
    pub entered: Vec<EnteredView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StageView {
    /// From 1.
    pub number: usize,
    pub name: String,
    /// Whom it adds, in words, such as `5 % of everyone`.
    pub cohort: String,
    pub percent: f64,
    pub bake_seconds: u32,
    /// How many have to approve before it is entered.
    pub approvals: u32,
    /// Names and conditions of its gates, such as `errors < 0.01 for 60 s`.
    pub gates: Vec<String>,
    /// `waiting current passed`; of a rollout that is over also `taken-back` and `left-out`.
    pub state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StageApproval {
    /// The stage that would be entered.
    pub stage: usize,
    /// What an approval is bound to.
    pub digest: String,
    /// Approvals that are needed, and those that count.
    pub needed: u32,
    pub counting: u32,
    pub approvals: Vec<ApprovalView>,
}

/// A gate as it was last read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GateView {
    pub name: String,
    pub at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    pub holds: bool,
    /// For how long it has held without a gap, in milliseconds.
    pub held_ms: u64,
    /// Why there is no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HeldView {
    /// `not-holding no-data no-answer refused`
    pub kind: String,
    pub why: String,
    pub at: String,
    pub revision: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EnteredView {
    pub stage: usize,
    #[serde(flatten)]
    pub change: ActView,
}
