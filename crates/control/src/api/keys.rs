use super::Attributes;
use downhaul_core::document::ClientKind;
use serde::{Deserialize, Serialize};

/// `GET E/client-keys`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClientKeys {
    pub keys: Vec<ClientKeyView>,
}

/// `POST E/client-keys`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ClientKeyRequest {
    /// For people.
    pub name: String,
    /// Where the key's holder runs.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub kind: ClientKind,
    /// What every holder of the key is: the flag set is specialised by it.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub pinned: Attributes,
    /// For browsers: `https://shop.example`; `*` for any. Edge and server keys have none.
    #[serde(default)]
    pub origins: Vec<String>,
    /// Context tokens signed with EdDSA: base64 of the Ed25519 public key. Absent means HS256 with the key's own secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_public_key: Option<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClientKeyView {
    pub id: String,
    pub name: String,
    /// Where the key's holder runs.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub kind: ClientKind,
    pub environment: String,
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub pinned: Attributes,
    #[serde(default)]
    pub origins: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_public_key: Option<String>,
    pub created_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<String>,
}

/// The answer to `POST E/client-keys`. The secrets are in no other answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ClientKeyCreated {
    pub view: ClientKeyView,
    /// What clients send as bearer.
    pub key: String,
    /// What the customer's back end signs context tokens with (HS256); never given to a browser.
    pub token_secret: String,
}
