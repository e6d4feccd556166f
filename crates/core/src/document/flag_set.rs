use super::{Flag, Flags, Kill, RegionTree, Segment};
use crate::ids::{EnvironmentKey, FlagKey, SegmentKey, TenantId};
use serde::Serialize;
use std::collections::BTreeMap;

/// The version of the document's format that this crate writes and reads.
pub const SCHEMA: u32 = 1;

/// Everything an environment decides by, at one revision.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FlagSet {
    /// Always [`SCHEMA`].
    pub schema: u32,
    pub environment: EnvironmentKey,
    pub revision: u64,
    /// RFC 3339. Never changes an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued_at: Option<String>,
    /// RFC 3339. Never changes an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<String>,
    #[serde(skip_serializing_if = "RegionTree::is_empty")]
    pub regions: RegionTree,
    /// Declared tenants and their attributes, any JSON values.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tenants: BTreeMap<TenantId, serde_json::Map<String, serde_json::Value>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub segments: BTreeMap<SegmentKey, Segment>,
    /// In the order of the text.
    pub flags: Flags,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kills: Vec<Kill>,
    /// Tombstones: keys that may never be used again, and the date (`YYYY-MM-DD`) each was retired.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub retired: BTreeMap<FlagKey, String>,
}

impl FlagSet {
    /// A flag set with nothing in it.
    pub fn empty(environment: EnvironmentKey) -> Self {
        FlagSet {
            schema: SCHEMA,
            environment,
            revision: 0,
            issued_at: None,
            valid_until: None,
            regions: RegionTree::default(),
            tenants: BTreeMap::new(),
            segments: BTreeMap::new(),
            flags: Flags::default(),
            kills: Vec::new(),
            retired: BTreeMap::new(),
        }
    }

    pub fn flag(&self, key: &str) -> Option<&Flag> {
        self.flags.iter().find(|flag| flag.key.as_str() == key)
    }
}
