use super::{ChangeView, Position, Trust};
use downhaul_core::document::ClientKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `POST E/kills`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct KillRequest {
    pub flag: String,
    /// Never left out: everyone is written `{}`.
    pub scope: KillScope,
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
}

/// Whom a kill reaches: every part present must hold, within a part one suffices; `{}` is everyone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct KillScope {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segment: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<Vec<String>>,
}

impl KillScope {
    pub fn is_everyone(&self) -> bool {
        *self == KillScope::default()
    }
}

/// `GET E/kills`: kills in force, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KillPage {
    pub position: Position,
    pub kills: Vec<KillView>,
}

/// `GET E/kills/{id}`, and the answer to a kill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KillView {
    pub id: String,
    pub flag: String,
    pub scope: KillScope,
    /// The scope in words, such as `everyone`, `everyone within region eu` or `tenant acme, within region eu`.
    pub scope_text: String,
    pub reason: String,
    /// The actor's name if it is known, else the opaque id.
    pub by: String,
    pub at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    /// The flag's `degraded.meaning`: what users see.
    pub effect: String,
    pub degraded_variant: String,
    /// Of a flag that is `forward-fix-only`: what to do instead of turning it back; empty where nobody has written it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward_fix: Option<String>,
    /// The position that the kill made.
    pub position: Position,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restored: Option<Restored>,
    /// Absent where this server was not yet running when the kill was made and has not measured it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Restored {
    pub at: String,
    pub by: String,
    pub reason: String,
    pub revision: u64,
}

/// How far a kill has come, from acknowledgements.
///
/// Counts are of instances. Those counted for the kill were in the roster when it was committed or have joined since
/// without it: `live + hidden + unknown` of them, of which `dark` have applied it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Progress {
    /// Heard of within the lease and not hidden.
    pub live: usize,
    /// Of `live`: have applied the kill. Includes instances that closed or hid after they applied it only in
    /// `dark_total`.
    pub dark: usize,
    /// All that have ever acknowledged the kill.
    pub dark_total: usize,
    /// Page hidden or frozen; not waited for.
    pub hidden: usize,
    /// Not heard of for the lease, without having acknowledged.
    pub unknown: usize,
    /// Edge and server keys.
    pub trusted: Split,
    /// Browser keys: what they say is a claim.
    pub claimed: Split,
    /// Time to disable, from the server's commit to its receipt of the acknowledgement; absent while none has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_ms: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50_ms: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99_ms: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slowest_ms: Option<f64>,
    /// Since the commit.
    pub elapsed_ms: f64,
    /// By region as the instances report it; `""` for those that report none.
    pub by_region: BTreeMap<String, RegionProgress>,
    /// At most 100, those last heard of longest ago first.
    pub stragglers: Vec<Straggler>,
    /// How many stragglers there are in all.
    pub stragglers_total: usize,
    /// Every live instance is dark and none is unknown before its stale deadline.
    pub complete: bool,
    /// Seconds without a byte after which a client degrades flags with `on_stale: degraded`.
    pub stale_seconds: u32,
    /// Whether the killed flag has `on_stale: degraded`, so that even the unreachable go dark by their stale deadline.
    pub degrades_when_stale: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Split {
    pub live: usize,
    pub dark: usize,
    pub unknown: usize,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RegionProgress {
    pub live: usize,
    pub dark: usize,
    pub unknown: usize,
}

/// An instance that has not acknowledged the kill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Straggler {
    pub instance: String,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub kind: ClientKind,
    pub trust: Trust,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    pub sdk: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// How long ago, in milliseconds.
    pub last_seen_ms: u64,
    /// The revision it last acknowledged.
    pub revision: u64,
    /// What happens to it and when, such as `connected, has not acknowledged` or `degrades within 6 s`.
    pub will: String,
}

/// `POST E/kills/{id}/restore`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RestoreRequest {
    pub reason: String,
}

/// The answer to a restore.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RestoreReport {
    pub position: Position,
    pub change: ChangeView,
}
