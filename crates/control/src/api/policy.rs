use super::{ChangeView, Position};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// `GET E/policy`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PolicyView {
    pub position: Position,
    /// The whole policy, defaults included; docs/reference/policy.md says what it means.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub policy: Value,
    /// Absent while it is the one that every environment begins with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_change: Option<ChangeView>,
}

/// `GET E/freeze`, and the answer to `POST E/freeze` and `POST E/unfreeze`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FreezeView {
    pub position: Position,
    /// Absent while it is not frozen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frozen: Option<Frozen>,
}

/// Who froze an environment, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Frozen {
    pub at: String,
    /// The name if it is known, else the opaque id.
    pub by: String,
    pub reason: String,
    pub revision: u64,
}

/// `POST E/freeze` and `POST E/unfreeze`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct FreezeRequest {
    pub reason: String,
}

/// `PUT E/policy`: replaces it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PutPolicyRequest {
    /// What it leaves out is as in the policy that every environment begins with.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub policy: Value,
    pub reason: String,
    /// The revision that the edit started from; refused if the policy changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<u64>,
}
