//! Kills by a key of their own, for when the control plane cannot be asked.
//!
//! A break-glass key signs kills and nothing else, for one environment, until it expires. Clients believe it because an
//! envelope of the environment names it; they learn in the same way that it was revoked, and which of its kills are over.
//! Such a kill is a [`seal`]ed object of its own type, which [`open`] reads; a client keeps what it took of them in a
//! [`Held`], beside the kills of the control plane.

mod held;
mod object;

pub use held::{Held, KeptObject, Refused};
pub use object::{Object, ObjectHeader, SIZE_LIMIT, id_of_key, kill_id, open, seal, signed_by};

use crate::envelope::PublicKey;
use crate::signing_key::SigningKey;
use crate::state::Touch;
use crate::time;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Keys of an environment that are in force, at most: every envelope names all of them.
pub const MOST: usize = 8;
/// Kills that every envelope says are over, at most: the newest.
const MOST_RESTORED: usize = 256;

/// What the chart keeps of a break-glass key, and what envelopes say of it: its public half, and until when it may kill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlassKey {
    /// 16 hexadecimal digits, which follow from the public key.
    pub id: String,
    /// Base64 of the 32 bytes.
    pub public_key: String,
    pub expires: String,
}

impl BreakGlassKey {
    pub fn new(key: &PublicKey, expires: Timestamp) -> BreakGlassKey {
        let SigningKey { id, public_key } = SigningKey::new(key);
        BreakGlassKey { id, public_key, expires: time::to_text(expires) }
    }

    /// What verifies; `None` where the text is no public key.
    pub fn public(&self) -> Option<PublicKey> {
        SigningKey { id: self.id.clone(), public_key: self.public_key.clone() }.public()
    }

    /// Whether the id follows from the public key.
    pub(crate) fn is_whole(&self) -> bool {
        SigningKey { id: self.id.clone(), public_key: self.public_key.clone() }.is_whole()
    }

    /// What cannot be read has expired.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        time::from_text(&self.expires).is_none_or(|expires| now > expires)
    }
}

/// What every envelope says of break-glass keys, under its signature.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Those in force; whoever believes another one believes it no more.
    #[serde(default)]
    pub keys: Vec<BreakGlassKey>,
    /// Ids of kills by such keys that were restored: no client takes or keeps any of them.
    #[serde(default)]
    pub restored: Vec<String>,
}

/// The break-glass keys of an environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BreakGlassKeys {
    /// By id, revoked and expired ones included.
    pub known: BTreeMap<String, BreakGlassKeyState>,
    /// Ids of their kills that are over, oldest first.
    restored: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BreakGlassKeyState {
    pub key: BreakGlassKey,
    pub made: Touch,
    pub revoked: Option<Touch>,
}

impl BreakGlassKeys {
    /// Those that clients believe at a time, by id.
    pub fn in_force(&self, now: Timestamp) -> impl Iterator<Item = &BreakGlassKeyState> {
        self.known.values().filter(move |known| known.revoked.is_none() && !known.key.has_expired(now))
    }

    /// What an envelope says that is issued at a time. Absent while there never was a key.
    pub fn named(&self, issued: Timestamp) -> Option<Named> {
        let keys = || self.in_force(issued).map(|known| known.key.clone()).collect();
        (!self.known.is_empty()).then(|| Named { keys: keys(), restored: self.restored.clone() })
    }

    /// Whether a kill of this id is one of a key that the environment has, or had.
    pub fn is_own(&self, kill: &str) -> bool {
        id_of_key(kill).is_some_and(|key| self.known.contains_key(key))
    }

    pub fn is_restored(&self, kill: &str) -> bool {
        self.restored.iter().any(|known| known == kill)
    }

    pub(crate) fn add(&mut self, key: BreakGlassKey, made: Touch) {
        self.known.insert(key.id.clone(), BreakGlassKeyState { key, made, revoked: None });
    }

    pub(crate) fn revoke(&mut self, id: &str, touch: Touch) {
        if let Some(known) = self.known.get_mut(id) {
            known.revoked = Some(touch);
        }
    }

    pub(crate) fn restored(&mut self, kill: &str) {
        if self.is_own(kill) && !self.is_restored(kill) {
            self.restored.push(kill.to_owned());
            let over = self.restored.len().saturating_sub(MOST_RESTORED);
            self.restored.drain(..over);
        }
    }
}
