use super::{Impact, MigrationStepRequest, Position, Source};
use crate::command::Command;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What would be carried out. Exactly one of `sources`, `flag`, `commands`, `rollout`, `migration`, `restore` and `policy` is given.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DraftRequest {
    /// A flag set, as `POST E/apply` takes it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// With `sources`: retire flags, and remove segments and tenants, that no source names.
    #[serde(default)]
    pub prune: bool,
    /// With `prune`: set aside what is in the way of retiring a flag, as far as that can be set aside.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anyway: bool,
    /// One flag, as in a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub flag: Option<Value>,
    /// Definitions, in order, as a change records them: `{"type": "retire-flag", "key": …}`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub commands: Vec<Command>,
    /// A rollout to start, as `POST E/rollouts` takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub rollout: Option<Value>,
    /// A step of a data change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migration: Option<MigrationDraft>,
    /// Id of the kill to restore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<String>,
    /// A policy, as `PUT E/policy` takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub policy: Option<Value>,
    /// Why; it stands in the chart, and lists show it.
    pub reason: String,
    /// The revision that it started from; the newest unless given. Refused if what it names was defined since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<u64>,
    /// The revision that has to be published; refused if another one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<u64>,
    /// The digest of the document that has to be published; refused if another one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_digest: Option<String>,
}

/// A step of a data change, to be proposed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MigrationDraft {
    pub flag: String,
    /// As `POST E/migrations/{flag}/steps` takes it; its `reason` is not looked at.
    pub step: MigrationStepRequest,
}

/// `POST E/proposals/{id}/approve`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ApproveRequest {
    /// The `digest` of the proposal that was looked at; refused if what it would do is another thing by now.
    pub digest: String,
    pub reason: String,
}

/// `POST E/proposals/{id}/reject`, `/withdraw` and `/land`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ProposalActRequest {
    /// Why; of a landing it may be left out, and is then the proposal's own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// `GET E/proposals`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProposalPage {
    pub position: Position,
    /// Those that are open and the last 500 of the others, newest first.
    pub proposals: Vec<ProposalSummary>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProposalSummary {
    /// Such as `p-7`.
    pub id: String,
    pub status: ProposalStatus,
    /// What it would do, in words, such as ``put `checkout-v2` ``.
    pub summary: String,
    /// The opaque id of its author.
    pub author: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author_name: Option<String>,
    pub made_at: String,
    pub reason: String,
    /// The last time that it was amended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amended: Option<ActView>,
    /// The revision that it started from.
    pub base: u64,
    /// What it names, in words.
    pub names: Vec<String>,
    /// Approvals that were given, whether or not they count now.
    pub approvals: usize,
    /// The opaque ids of those who gave them, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approved_by: Vec<String>,
    /// Of these, in a list of proposals, those who would have to look again: what it would do is another thing since.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lapsed: Vec<String>,
    /// What closed it; absent while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<ActView>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ProposalStatus {
    Open,
    Landed,
    Rejected,
    Withdrawn,
}

impl ProposalStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            ProposalStatus::Open => "open",
            ProposalStatus::Landed => "landed",
            ProposalStatus::Rejected => "rejected",
            ProposalStatus::Withdrawn => "withdrawn",
        }
    }
}

/// Something that someone did to a proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ActView {
    pub at: String,
    /// The opaque id.
    pub actor: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_name: Option<String>,
    pub reason: String,
    pub revision: u64,
}

/// `GET E/proposals/{id}`, and the answer to what is done to one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProposalView {
    pub position: Position,
    pub proposal: ProposalSummary,
    /// What would be carried out, as a change records it.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub command: Command,
    /// How it stands now; absent once it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<ProposalNow>,
    pub approvals: Vec<ApprovalView>,
}

/// What an open proposal would do as things are, and what is in its way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ProposalNow {
    /// What an approval is bound to; absent where it could not be carried out at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// Why it could not be landed now: of all reasons the first. Absent where it could.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<Blocked>,
    /// Approvals that are needed, and those that count.
    pub quorum: u32,
    pub counting: u32,
    /// Why so many are needed, by the members of the policy's `approvals`.
    pub grounds: Vec<GroundView>,
    /// Flags that it reaches, directly or through a prerequisite, segment, tenant or region.
    pub reaches: Vec<String>,
    pub conflicts: Vec<ConflictView>,
    /// What a change that carried it out would record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<Impact>,
    /// Whom it would move, as `downhaul plan --format json` says; of definitions only, and where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub plan: Option<Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Blocked {
    /// The code that its landing would be refused with.
    pub code: String,
    pub detail: String,
    pub help: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GroundView {
    /// `change`, `critical`, `over_budget`, `restore`, `critical_restore` or `policy`.
    pub kind: String,
    pub quorum: u32,
    /// Empty where the kind says it.
    pub why: String,
}

/// Someone or something else that is about the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConflictView {
    /// What both name, in words.
    pub what: String,
    /// The other open proposal; whichever lands first, the other has to be amended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<String>,
    /// The change that was made since this proposal began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<ActView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ApprovalView {
    #[serde(flatten)]
    pub act: ActView,
    /// Of an open proposal: whether it counts as things are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<bool>,
    /// Why it does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void: Option<String>,
}
