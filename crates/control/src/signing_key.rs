//! Keys that sign what clients get: which one does, and which are still believed.

use crate::envelope::PublicKey;
use crate::state::Touch;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Keys of an environment that are not revoked, at most: every envelope names all of them.
pub const MOST: usize = 16;

/// What the chart keeps of a signing key: its public half.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigningKey {
    /// 16 hexadecimal digits, which follow from the public key.
    pub id: String,
    /// Base64 of the 32 bytes.
    pub public_key: String,
}

impl SigningKey {
    pub fn new(key: &PublicKey) -> SigningKey {
        SigningKey { id: key.id(), public_key: STANDARD.encode(key.as_bytes()) }
    }

    /// From base64 of 32 bytes; `None` where that is no public key.
    pub fn read(text: &str) -> Option<SigningKey> {
        let bytes: [u8; 32] = STANDARD.decode(text.trim()).ok()?.try_into().ok()?;
        PublicKey::from_bytes(&bytes).map(|key| SigningKey::new(&key))
    }

    /// What verifies; `None` where the text is no public key.
    pub fn public(&self) -> Option<PublicKey> {
        let bytes: [u8; 32] = STANDARD.decode(&self.public_key).ok()?.try_into().ok()?;
        PublicKey::from_bytes(&bytes)
    }

    /// Whether the id follows from the public key.
    pub(crate) fn is_whole(&self) -> bool {
        SigningKey::read(&self.public_key).is_some_and(|read| read == *self)
    }
}

/// The signing keys that the chart of an environment names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SigningKeys {
    /// Id of the one that signs. Absent while none was named: then it is the first one of the data folder.
    pub signs: Option<String>,
    /// By id, revoked ones included.
    pub known: BTreeMap<String, SigningKeyState>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKeyState {
    pub key: SigningKey,
    pub made: Touch,
    /// Since it signs, or did last.
    pub signed: Option<Touch>,
    pub revoked: Option<Touch>,
}

impl SigningKeys {
    /// Those that clients believe, by id.
    pub fn in_force(&self) -> impl Iterator<Item = &SigningKeyState> {
        self.known.values().filter(|state| state.revoked.is_none())
    }

    /// What every envelope says about its keys: the ids of those in force. Absent while the chart names none.
    pub fn named(&self) -> Option<Vec<String>> {
        let ids: Vec<String> = self.in_force().map(|state| state.key.id.clone()).collect();
        (!ids.is_empty()).then_some(ids)
    }
}
