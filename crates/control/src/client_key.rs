use crate::api::{Attributes, ClientKeyView};
use crate::hash::Hash;
use crate::secret::{Secret, SecretKind};
use crate::state::KeyState;
use downhaul_core::document::ClientKind;
use downhaul_core::ids::EnvironmentKey;
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// Who a client is to the control plane: what the chart keeps of a client key, which is everything but its secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientKey {
    pub id: String,
    /// For people.
    pub name: String,
    pub kind: ClientKind,
    /// What every holder is; flag sets are specialised by it.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub pinned: Attributes,
    /// For browsers: `https://shop.example`, or `*` for any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<String>,
    /// Base64 of an Ed25519 public key, where context tokens are signed with EdDSA.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_public_key: Option<String>,
    /// SHA-256 of the secret.
    pub secret_hash: Hash,
}

impl ClientKey {
    /// Whether a page of this origin may use the key. Edge and server keys are for no page.
    pub fn allows_origin(&self, origin: &str) -> bool {
        self.kind == ClientKind::Browser && self.origins.iter().any(|allowed| allowed == "*" || allowed == origin)
    }

    /// Whether a bearer is this key.
    pub fn is(&self, bearer: &Secret) -> bool {
        bearer.kind() == SecretKind::Client && bearer.id() == self.id && bearer.hash().matches(&self.secret_hash)
    }

    pub fn view(state: &KeyState, environment: &EnvironmentKey) -> ClientKeyView {
        let KeyState { key, created, revoked } = state;
        ClientKeyView {
            id: key.id.clone(),
            name: key.name.clone(),
            kind: key.kind,
            environment: environment.to_string(),
            pinned: key.pinned.clone(),
            origins: key.origins.clone(),
            token_public_key: key.token_public_key.clone(),
            created_at: created.at.clone(),
            revoked_at: revoked.as_ref().map(|touch| touch.at.clone()),
        }
    }
}

/// What the customer's back end signs context tokens of a key with (HS256).
///
/// It is derived, so that no secret has to be kept per key: HMAC-SHA-256 under the control plane's own secret.
/// The key that clients send cannot serve, because every visitor of a page can read it there.
pub fn token_secret(root: &[u8; 32], key_id: &str) -> String {
    // A key of 32 bytes is within the limits of HMAC.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(root) else { return String::new() };
    mac.update(b"downhaul context token 1\0");
    mac.update(key_id.as_bytes());
    format!("dht_{}", crate::hash::hex(&mac.finalize().into_bytes()))
}

/// What a context token says, after its signature was checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContextClaims {
    /// The environment.
    pub aud: String,
    /// Seconds since 1970.
    pub exp: u64,
    /// The targetingKey.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// Become known attributes.
    #[serde(default, skip_serializing_if = "Attributes::is_empty")]
    pub attributes: Attributes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_secrets_differ_by_key_and_root() {
        let one = token_secret(&[1; 32], "a");
        assert_eq!(one, token_secret(&[1; 32], "a"));
        assert_ne!(one, token_secret(&[1; 32], "b"));
        assert_ne!(one, token_secret(&[2; 32], "a"));
        assert_eq!(one.len(), 68);
    }

    #[test]
    fn origins() {
        let mut key = ClientKey {
            id: "a".to_owned(),
            name: String::new(),
            kind: ClientKind::Browser,
            pinned: Attributes::new(),
            origins: vec!["https://shop.example".to_owned()],
            token_public_key: None,
            secret_hash: Hash::ZERO,
        };
        assert!(key.allows_origin("https://shop.example"));
        for other in ["https://shop.example.evil", "http://shop.example", "null", ""] {
            assert!(!key.allows_origin(other), "{other}");
        }
        key.origins = vec!["*".to_owned()];
        assert!(key.allows_origin("http://localhost:5173"));
        key.kind = ClientKind::Server;
        assert!(!key.allows_origin("http://localhost:5173"));
    }
}
