use super::KillView;
use serde::{Deserialize, Serialize};

/// `GET E/break-glass-keys`: the keys that may kill where the control plane cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BreakGlassKeyPage {
    /// Those in force, those that have expired, those that were revoked; each the newest first.
    pub keys: Vec<BreakGlassKeyView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BreakGlassKeyView {
    /// 16 hexadecimal digits, which follow from the public key.
    pub id: String,
    /// Base64 of the 32 bytes.
    pub public_key: String,
    pub standing: BreakGlassStanding,
    pub expires: String,
    pub made_at: String,
    /// The actor's name if it is known, else the opaque id.
    pub made_by: String,
    /// Why it was made: who holds it, as a rule.
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<String>,
    /// Kills by it that the chart has, restored ones included.
    pub kills: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum BreakGlassStanding {
    InForce,
    Expired,
    Revoked,
}

impl BreakGlassStanding {
    pub fn as_str(self) -> &'static str {
        match self {
            BreakGlassStanding::InForce => "in force",
            BreakGlassStanding::Expired => "expired",
            BreakGlassStanding::Revoked => "revoked",
        }
    }
}

/// `POST E/break-glass-keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BreakGlassKeyRequest {
    /// Base64 of the public key; the secret half never comes here.
    pub public_key: String,
    /// RFC 3339, within a year.
    pub expires: String,
    pub reason: String,
}

/// `POST E/break-glass-keys/{id}/revoke`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct BreakGlassRevokeRequest {
    pub reason: String,
}

/// The answer to `POST E/break-glass`, whose body is what a break-glass key has signed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BreakGlassReport {
    /// Id of the key.
    pub key: String,
    /// Kills that are charted now.
    pub charted: Vec<KillView>,
    /// Ids of those that were already.
    pub known: Vec<String>,
}
