use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// `PUT E/segments/{key}`: create or replace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PutSegmentRequest {
    /// The segment as in a document.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub segment: Value,
    pub reason: String,
    /// The revision that the edit started from; refused if the segment changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<u64>,
}

/// `PUT E/tenants/{tenant}`: declare, or give other attributes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PutTenantRequest {
    /// All of them: what is left out is gone.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub attributes: Map<String, Value>,
    pub reason: String,
    /// The revision that the edit started from; refused if the tenant changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<u64>,
}

/// `PUT E/regions`: replace the region tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PutRegionsRequest {
    /// The whole tree, as in a document.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub regions: Value,
    pub reason: String,
    /// The revision that the edit started from; refused if the tree changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<u64>,
}

/// `POST E/segments/{key}/remove` and `POST E/tenants/{tenant}/remove`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RemoveDefinitionRequest {
    pub reason: String,
    /// The revision that was looked at; refused if it changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<u64>,
}
