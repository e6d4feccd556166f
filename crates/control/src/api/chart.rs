use super::BudgetVerdict;
use downhaul_core::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `GET E/chart`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
pub struct ChartQuery {
    /// Only changes before this revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// At most 200; 50 unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
    /// Only changes that name this flag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    /// `false` leaves out what the control plane did by itself, such as the heartbeat. A page then reaches as far back as its
    /// `next_before` says, whatever it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automatic: Option<bool>,
}

/// Changes, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChartPage {
    pub changes: Vec<ChangeView>,
    /// `before` of the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_before: Option<u64>,
    /// Hash of the newest change of the environment; 64 zeros where there is none.
    pub head: String,
}

/// A change as people read it. The record itself is in `record`, as it was hashed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeView {
    pub revision: u64,
    pub at: String,
    /// The opaque id.
    pub actor: String,
    /// Erasable; absent where it was erased or never known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor_name: Option<String>,
    pub reason: String,
    /// The command's type, such as `put-flag`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, in words, such as ``killed `checkout-v2` for everyone``.
    pub summary: String,
    /// The flag that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    /// The kill that it made or ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kill: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    pub impact: Impact,
    /// The proposal that it carries out, and who approved it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landed: Option<LandedView>,
    pub prev: String,
    pub hash: String,
    /// The record: `revision environment at actor reason command impact prev hash`.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub record: Value,
}

/// The proposal that a change carries out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LandedView {
    /// Such as `p-7`.
    pub proposal: String,
    /// Who made it: the name if it is known, else the opaque id.
    pub author: String,
    /// Those whose approvals counted, likewise.
    pub approvers: Vec<String>,
}

/// What a change does, as far as is known when it is made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Impact {
    /// Digest of the flag set after the change: a replay has to arrive at the same.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    /// The state before and after, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What is other than before, in words, such as ``rule 3 (`beta`) moved before rule 1``; [`Impact::EDITS`] at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<String>,
    /// Words that are not listed.
    #[serde(default, skip_serializing_if = "super::is_zero")]
    pub more_edits: u64,
    /// The newest revision that had all that an edit defines exactly so: the edit gives it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reverts: Option<u64>,
    /// What users see: the flag's `degraded.meaning`, for kills.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
    /// Flags that degrade with the one killed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<String>,
    /// Who is given another variant by an edit, exactly: the moves that reach most buckets first, [`Impact::MOVES`] at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<Move>,
    /// Moves that are not listed.
    #[serde(default, skip_serializing_if = "super::is_zero")]
    pub more_moves: u64,
    /// Flags of which the exact difference was too much work: any context may be given another variant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// How an edit keeps to the budget of the policy; absent where nothing was limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetVerdict>,
}

impl Impact {
    /// Moves that are kept with a change.
    pub const MOVES: usize = 100;
    /// Words about edits that are kept with a change.
    pub const EDITS: usize = 100;
}

/// Contexts that a change gives another variant of a flag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Move {
    pub flag: String,
    pub from: String,
    pub to: String,
    /// Who, in words: `everyone`, or the conditions that hold for them.
    pub who: String,
    /// How many of the 100 000 buckets of these contexts are moved; 100 000 where it is not by bucket.
    pub buckets: u32,
}

/// `GET E/chart/verify`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
pub struct VerifyQuery {
    /// A signed head that was witnessed elsewhere, as it was written: the chart has to come by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
}

/// `GET E/chart/proof`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
pub struct ProofQuery {
    /// The change to prove.
    pub revision: u64,
    /// Changes of the head to prove it by; all there are unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// `GET E/chart/consistency`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
pub struct ConsistencyQuery {
    /// Changes of the earlier head.
    pub old: u64,
    /// Changes of the later one; all there are unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// `GET E/chart/head`: the tree over all changes, signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChartHead {
    /// Which chart: `downhaul/EPOCH/ENVIRONMENT`.
    pub origin: String,
    /// How many changes.
    pub size: u64,
    /// Root over their records, in base64.
    pub root: String,
    /// All of it as a C2SP checkpoint, which is what to keep.
    pub note: String,
    /// The key that signed it, for whoever checks: `NAME+ID+KEY`.
    pub key: String,
}

/// `GET E/chart/{revision}`: one change in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ChangeDetail {
    pub change: ChangeView,
    /// What is other than before, one for each flag, segment, tenant and the region tree that the change touched.
    pub edits: Vec<Edit>,
}

/// A definition, before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Edit {
    /// `flag segment tenant regions`
    pub what: String,
    /// Empty for `regions`.
    pub key: String,
    /// What is other, in words, such as ``rule 3 (`beta`) moved before rule 1``.
    pub words: Vec<String>,
    /// The definition before; absent where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub before: Option<Value>,
    /// The definition after; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub after: Option<Value>,
}

/// The answer to `GET E/chart/verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifyReport {
    pub status: VerifyStatus,
    /// Changes that were replayed.
    pub changes: u64,
    /// Hash of the newest change, to be witnessed elsewhere; 64 zeros where there is none.
    pub head: String,
    /// Root of the tree over the records, in base64 as in a signed head.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub root: String,
    /// Digest of the flag set that the replay gives.
    pub document_digest: String,
    /// The first record that does not fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum VerifyStatus {
    Verified,
    Broken,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fault {
    /// The revision that should stand there.
    pub revision: u64,
    /// Such as `edited` or `missing`; listed in docs/reference/change-log.md.
    pub code: String,
    pub message: String,
    pub help: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}

/// `POST E/explain`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ExplainRequest {
    pub flag: String,
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub context: Value,
    /// As of this revision; the newest unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// As of this time, RFC 3339: the newest revision that was made by then. Not together with `revision`.
    ///
    /// With either, a context without the attribute `now` is given that time, or the time of that revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExplainResponse {
    pub flag: String,
    pub revision: u64,
    /// When the revision was made; absent before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<String>,
    /// The X-ray in words, as `downhaul explain` prints it.
    #[serde(default)]
    pub text: String,
    /// The X-ray, as `downhaul explain --format json` prints it.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub xray: Value,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub warnings: Vec<Diagnostic>,
}
