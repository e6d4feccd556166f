use serde::{Deserialize, Serialize};

/// `GET E/signing-keys`: the keys that sign what clients get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SigningKeyPage {
    /// The one that signs first, then those in force, then those that were revoked.
    pub keys: Vec<SigningKeyView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SigningKeyView {
    /// 16 hexadecimal digits, which follow from the public key.
    pub id: String,
    /// Base64 of the 32 bytes; what clients are configured with.
    pub public_key: String,
    pub standing: SigningKeyStanding,
    /// Whether its secret half is in the data folder, so that it can sign.
    pub here: bool,
    /// Absent for a key that no change has named: the first one of the data folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at: Option<String>,
    /// When it was let sign last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signs_since: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SigningKeyStanding {
    /// It signs what is issued now.
    Signs,
    /// Clients believe it, and it does not sign.
    Believed,
    Revoked,
}

impl SigningKeyStanding {
    pub fn as_str(self) -> &'static str {
        match self {
            SigningKeyStanding::Signs => "signs",
            SigningKeyStanding::Believed => "believed",
            SigningKeyStanding::Revoked => "revoked",
        }
    }
}

/// `POST E/signing-keys`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SigningKeyRequest {
    /// Base64 of a public key whose secret half is kept elsewhere. Absent: the server makes a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// Whether it signs from now on.
    #[serde(default)]
    pub signs: bool,
    pub reason: String,
}

/// `POST E/signing-keys/{id}/use` and `POST E/signing-keys/{id}/revoke`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SigningKeyActRequest {
    pub reason: String,
}
