//! What one change may move without being asked about.

use downhaul_core::document::FlagSet;
use downhaul_core::ids::{RegionKey, TenantId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Limits; what is left out is not limited.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budget {
    /// Largest part of everyone that may be given something else, from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// Most tenants of which someone may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenants: Option<usize>,
    /// Tenants of which nobody may be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub critical_tenants: Vec<TenantId>,
    /// Regions within which nobody may be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<RegionKey>,
}

/// A budget, and how a plan keeps to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judgement {
    pub limits: Budget,
    /// One for each limit.
    pub findings: Vec<Finding>,
}

/// How a plan keeps to one limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    pub limit: Limit,
    /// The tenant or region, where the limit is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    pub outcome: Kept,
    /// In words.
    pub why: String,
    /// A flag that goes beyond the limit, or may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flag: Option<String>,
    /// Someone whom it moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Map<String, Value>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    Share,
    Tenants,
    CriticalTenant,
    Region,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kept {
    Within,
    Over,
    /// Neither can be said.
    Unknown,
}

impl Budget {
    pub fn is_empty(&self) -> bool {
        *self == Budget::default()
    }

    /// Regions that neither document has: nobody is ever within one, so a budget that names one says nothing.
    pub fn unknown_regions(&self, documents: [&FlagSet; 2]) -> Vec<&RegionKey> {
        let is_known = |region: &RegionKey| documents.iter().any(|set| set.regions.find(region.as_str()).is_some());
        self.regions.iter().filter(|region| !is_known(region)).collect()
    }

    /// Tenants that neither document declares.
    pub fn undeclared_tenants(&self, documents: [&FlagSet; 2]) -> Vec<&TenantId> {
        let is_declared = |tenant: &TenantId| documents.iter().any(|set| set.tenants.contains_key(tenant));
        self.critical_tenants.iter().filter(|tenant| !is_declared(tenant)).collect()
    }
}
