//! What a client has of break-glass keys and their kills. Only ever more kills, until a restore names them.

use super::{BreakGlassKey, Named, ObjectHeader, SIZE_LIMIT, open};
use crate::envelope::{EnvelopeError, Frame, Header, PublicKey};
use downhaul_core::document::ClientKind;
use downhaul_core::kills::{KillEntry, KillSet};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Objects that are kept for the next run, at most.
const MOST_KEPT: usize = 16;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Held {
    /// Epoch and revision of the newest envelope that was accepted.
    heard: Option<(u64, u64)>,
    named: Named,
    /// In force, by id.
    kills: BTreeMap<String, KillEntry>,
    objects: Vec<KeptObject>,
}

/// An object that something was taken of, and the key that it was verified with: the key may be revoked later, and what it
/// killed stays until it is restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptObject {
    pub bytes: Vec<u8>,
    pub key: PublicKey,
}

/// Why nothing of an object is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("{0}")]
    Envelope(#[from] EnvelopeError),
    #[error("the environment names no break-glass key `{0}`: it was revoked, or is of another environment")]
    UnknownKey(String),
    #[error("the break-glass key `{}` has expired, on {}", .0.id, .0.expires)]
    Expired(BreakGlassKey),
    #[error("the break-glass kill is for the environment `{0}`")]
    OtherEnvironment(String),
    #[error("the break-glass kill is for other kinds of clients")]
    OtherClients,
    #[error("the break-glass kill `{0}` was restored")]
    Restored(String),
}

impl Held {
    /// What an accepted envelope says of keys and restores; true if a kill is over by it. An older one says nothing.
    pub fn hear(&mut self, header: &Header) -> bool {
        let at = (header.epoch, header.revision);
        if self.heard.is_some_and(|heard| at < heard) {
            return false;
        }
        self.heard = Some(at);
        self.named = header.break_glass.clone().unwrap_or_default();
        let before = self.kills.len();
        self.kills.retain(|id, _| !self.named.restored.contains(id));
        self.forget();
        self.kills.len() != before
    }

    /// Takes the kills of an object; true if there is one more.
    ///
    /// # Errors
    /// Why nothing of it is taken; what is held stays.
    pub fn take(
        &mut self,
        bytes: &[u8],
        environment: Option<&str>,
        kind: ClientKind,
        now: Timestamp,
    ) -> Result<bool, Refused> {
        if bytes.len() > SIZE_LIMIT {
            return Err(EnvelopeError::Malformed.into());
        }
        let frame = Frame::split(bytes)?;
        let id = frame.key_id();
        let Some(key) = self.key(&id).cloned() else {
            // What it says of itself is not believed, but chooses the word.
            return Err(if frame.says::<ObjectHeader>() {
                Refused::UnknownKey(id)
            } else {
                EnvelopeError::SignatureInvalid.into()
            });
        };
        if key.has_expired(now) {
            return Err(Refused::Expired(key));
        }
        let public = key.public().ok_or(EnvelopeError::SignatureInvalid)?;
        self.put(KeptObject { bytes: bytes.to_vec(), key: public }, environment, kind)
    }

    /// Takes what an earlier run has left. Whether its key is still believed is no question: what it killed stays.
    ///
    /// # Errors
    /// As for [`Held::take`].
    pub fn take_kept(
        &mut self,
        kept: KeptObject,
        environment: Option<&str>,
        kind: ClientKind,
    ) -> Result<bool, Refused> {
        self.put(kept, environment, kind)
    }

    fn put(&mut self, kept: KeptObject, environment: Option<&str>, kind: ClientKind) -> Result<bool, Refused> {
        let object = open(&kept.bytes, |id| (kept.key.id() == id).then(|| kept.key.clone()))?;
        if environment.is_some_and(|environment| environment != object.header.environment) {
            return Err(Refused::OtherEnvironment(object.header.environment));
        }
        if !object.header.clients.contains(&kind) {
            return Err(Refused::OtherClients);
        }
        let mut over = None;
        let mut is_more = false;
        let mut is_held = false;
        for kill in object.kills {
            if self.named.restored.contains(&kill.id) {
                over = Some(kill.id);
            } else {
                is_held = true;
                is_more |= self.kills.insert(kill.id.clone(), kill).is_none();
            }
        }
        if is_more {
            self.objects.push(kept);
            let many = self.objects.len().saturating_sub(MOST_KEPT);
            self.objects.drain(..many);
        }
        match over {
            Some(id) if !is_held => Err(Refused::Restored(id)),
            _ => Ok(is_more),
        }
    }

    /// For the next run.
    pub fn objects(&self) -> &[KeptObject] {
        &self.objects
    }

    pub fn is_empty(&self) -> bool {
        self.kills.is_empty()
    }

    /// The kills of the control plane with those of break-glass keys, but for what it has charted itself.
    pub fn join(&self, mut set: KillSet) -> KillSet {
        let added: Vec<KillEntry> =
            self.kills.values().filter(|kill| set.kills.iter().all(|known| known.id != kill.id)).cloned().collect();
        set.kills.extend(added);
        set
    }

    fn key(&self, id: &str) -> Option<&BreakGlassKey> {
        self.named.keys.iter().find(|key| key.id == id)
    }

    /// Objects of which nothing is in force any more.
    fn forget(&mut self) {
        let kills = &self.kills;
        self.objects.retain(|kept| {
            let object = open(&kept.bytes, |_| Some(kept.key.clone()));
            object.is_ok_and(|object| object.kills.iter().any(|kill| kills.contains_key(&kill.id)))
        });
    }
}
