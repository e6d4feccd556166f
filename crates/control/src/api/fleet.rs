use super::{ClientState, Position, Transport};
use downhaul_core::document::ClientKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far an instance's word goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Trust {
    /// Acknowledges with an edge or server key.
    Trusted,
    /// Acknowledges with a browser key, which anyone can read in the page.
    Claimed,
}

impl Trust {
    /// Whose key is seen by nobody else is trusted.
    pub fn of(kind: ClientKind) -> Trust {
        match kind {
            ClientKind::Browser => Trust::Claimed,
            ClientKind::Edge | ClientKind::Server => Trust::Trusted,
        }
    }
}

/// `GET E/fleet`. Counts are of instances.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetView {
    pub position: Position,
    /// Heard of within the lease and not hidden.
    pub live: usize,
    pub hidden: usize,
    /// Not heard of for the lease, and dropped a little later.
    pub unknown: usize,
    pub trusted: usize,
    pub claimed: usize,
    /// Of `live`: at the newest revision.
    pub current: usize,
    /// By revision, kill revision, kind, release, SDK, region and state; largest first, at most 500.
    pub groups: Vec<FleetGroup>,
    /// Codes of what instances could not accept, and how many report each.
    pub problems: BTreeMap<String, usize>,
    /// Live instances that are behind, and unknown ones: those last heard of longest ago first, at most 100.
    pub behind: Vec<InstanceView>,
    /// Acknowledgements that were not counted because a limit per key or address was reached.
    pub refused: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FleetGroup {
    pub revision: u64,
    pub kill_revision: u64,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub kind: ClientKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    pub sdk: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// `live hidden unknown`
    pub state: String,
    pub instances: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InstanceView {
    pub instance: String,
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub kind: ClientKind,
    pub trust: Trust,
    pub state: ClientState,
    /// Not heard of for the lease.
    pub unknown: bool,
    pub position: Position,
    pub sdk: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<Transport>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// How long ago, in milliseconds.
    pub last_seen_ms: u64,
}
