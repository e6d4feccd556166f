use crate::ids::{FlagKey, RegionKey, SegmentKey, TenantId, VariantKey};
use serde::Serialize;

/// A flag turned off: for whom, why, by whom. Operational state, kept apart from the flag's definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Kill {
    /// Names the kill for its restore; a key like a flag's.
    pub id: String,
    pub flag: FlagKey,
    pub scope: Scope,
    pub reason: String,
    pub by: String,
    /// RFC 3339.
    pub at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
}

/// Whom a kill reaches. Every part present must hold; within a part one suffices. `None` means that the part is absent;
/// a part that is present is not empty. All absent (`{}`) is everyone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Scope {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<Vec<TenantId>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Vec<RegionKey>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment: Option<Vec<SegmentKey>>,
    /// Only contexts that would get one of these variants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<Vec<VariantKey>>,
}

impl Scope {
    pub fn is_everyone(&self) -> bool {
        *self == Scope::default()
    }
}
