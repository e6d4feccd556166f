use super::Position;
use crate::hygiene::StaleKind;
use downhaul_core::document::ClientKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `GET E/stale`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
pub struct StaleQuery {
    /// Days in place of the policy's `idle_days` and `one_variant_days`; 1 to 3650.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

/// Flags that someone should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StalePage {
    pub position: Position,
    /// Days without being asked for, and days of one and the same variant, that are allowed.
    pub idle_days: u32,
    pub one_variant_days: u32,
    /// In the order of the flag set.
    pub stale: Vec<StaleView>,
    /// Since when clients of a kind tell which flags they ask for.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub told_since: BTreeMap<ClientKind, String>,
    /// When the first change was made: of the time before nothing is known. Absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chart_since: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StaleView {
    pub flag: String,
    pub owner: String,
    pub kind: StaleKind,
    pub message: String,
    /// What to do.
    pub help: String,
}

/// `GET E/flags/{key}/retirement`: what would become of those who ask for it, and what is in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RetirementView {
    pub position: Position,
    pub flag: String,
    /// Who gets what now, in words.
    pub serves: String,
    /// What everyone gets now, where that is one variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sole: Option<String>,
    /// What whoever still asks gets afterwards, in words.
    pub after: String,
    pub obstacles: Vec<ObstacleView>,
    /// What is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObstacleView {
    pub code: String,
    /// Whether `anyway` sets it aside.
    pub may_be_set_aside: bool,
    pub message: String,
    pub help: String,
}

/// `GET E/flags/{key}/asked`: whether applications ask for a flag, as their clients tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AskedView {
    pub flag: String,
    /// One for each kind of client; the last first. Empty while nobody has asked.
    pub asked: Vec<AskedBy>,
}

/// When clients of a kind last told that their application asked for a flag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AskedBy {
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub kind: ClientKind,
    /// To the second.
    pub at: String,
}
