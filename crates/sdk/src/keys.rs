//! The keys that a client trusts: the pinned ones only, or those that the control plane names over its own connection.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use downhaul_control::envelope::PublicKey;
use std::sync::{Mutex, PoisonError};

#[derive(Debug)]
pub(crate) struct KeyRing {
    pinned: bool,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// Those that are believed; `None` before any are known.
    ring: Option<Vec<PublicKey>>,
    /// Those that were pinned or fetched, in force or not.
    all: Vec<PublicKey>,
    /// The last unknown id that keys were asked for because of.
    missed: Option<String>,
    /// What was last said to be in force.
    told: Option<Vec<String>>,
}

impl KeyRing {
    pub(crate) fn pinned(keys: Vec<PublicKey>) -> KeyRing {
        KeyRing { pinned: true, inner: Mutex::new(Inner { ring: Some(keys.clone()), all: keys, ..Inner::default() }) }
    }

    pub(crate) fn asking() -> KeyRing {
        KeyRing { pinned: false, inner: Mutex::default() }
    }

    pub(crate) fn is_pinned(&self) -> bool {
        self.pinned
    }

    /// Keys to begin with, from an earlier run.
    pub(crate) fn seed(&self, keys: Vec<PublicKey>) {
        let mut inner = self.lock();
        if !self.pinned && inner.ring.is_none() && !keys.is_empty() {
            (inner.ring, inner.all) = (Some(keys.clone()), keys);
        }
    }

    /// What the control plane names.
    pub(crate) fn fetched(&self, keys: Vec<PublicKey>) {
        let mut inner = self.lock();
        if !self.pinned && !keys.is_empty() {
            (inner.ring, inner.all) = (Some(keys.clone()), keys);
        }
    }

    /// Whether keys have to be asked for before an envelope by this key is judged. Once for each id, so that an unknown
    /// id can't be made into a stream of requests.
    pub(crate) fn wants(&self, id: &str) -> bool {
        let mut inner = self.lock();
        match &inner.ring {
            _ if self.pinned => false,
            None => true,
            Some(ring) if ring.iter().any(|key| key.id() == id) => false,
            Some(_) if inner.missed.as_deref() == Some(id) => false,
            Some(_) => {
                inner.missed = Some(id.to_owned());
                true
            }
        }
    }

    pub(crate) fn believed(&self) -> Vec<PublicKey> {
        self.lock().ring.clone().unwrap_or_default()
    }

    /// What an envelope that was accepted says of the keys in force: no other is believed any more. True if keys have to be
    /// asked for: there are new ones, or what is kept should be what is in force.
    pub(crate) fn in_force(&self, ids: &[String]) -> bool {
        let mut inner = self.lock();
        if inner.ring.is_none() || inner.told.as_deref() == Some(ids) {
            return false;
        }
        inner.told = Some(ids.to_vec());
        let left: Vec<PublicKey> = inner.all.iter().filter(|key| ids.contains(&key.id())).cloned().collect();
        // A list that names none of ours would leave nobody to believe; it changes nothing.
        if left.is_empty() {
            return false;
        }
        let count = left.len();
        inner.ring = Some(left);
        !self.pinned && (count < inner.all.len() || count < ids.len())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The 32 bytes of a public key in base64; `None` where it is none.
pub(crate) fn read_key(text: &str) -> Option<PublicKey> {
    let bytes: [u8; 32] = STANDARD.decode(text).ok()?.try_into().ok()?;
    PublicKey::from_bytes(&bytes)
}

pub(crate) fn write_key(key: &PublicKey) -> String {
    STANDARD.encode(key.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_control::envelope::EnvelopeSigner;

    fn key(seed: u8) -> PublicKey {
        EnvelopeSigner::new(&[seed; 32]).public_key()
    }

    fn ids(keys: &[PublicKey]) -> Vec<String> {
        keys.iter().map(PublicKey::id).collect()
    }

    #[test]
    fn an_unknown_id_is_asked_for_once() {
        let ring = KeyRing::asking();
        assert!(ring.wants("a") && ring.wants("a"), "as long as no keys are known");
        ring.fetched(vec![key(1)]);
        assert!(!ring.wants(&key(1).id()));
        assert!(ring.wants("a"));
        assert!(!ring.wants("a"));
        assert!(ring.wants("b"));
        ring.fetched(vec![]);
        assert_eq!(ring.believed(), [key(1)], "an answer without keys takes none away");
    }

    #[test]
    fn pinned_keys_are_the_only_ones() {
        let ring = KeyRing::pinned(vec![key(1)]);
        ring.seed(vec![key(2)]);
        ring.fetched(vec![key(2)]);
        assert!(!ring.wants("a"));
        assert_eq!(ring.believed(), [key(1)]);
    }

    #[test]
    fn what_is_not_in_force_is_not_believed() {
        let ring = KeyRing::asking();
        ring.fetched(vec![key(1), key(2)]);
        assert!(!ring.in_force(&ids(&[key(9)])), "a list that names none of ours");
        assert_eq!(ring.believed().len(), 2);
        assert!(ring.in_force(&ids(&[key(2)])));
        assert_eq!(ring.believed(), [key(2)]);
        assert!(!ring.in_force(&ids(&[key(2)])), "asked once");
        assert!(ring.in_force(&ids(&[key(2), key(3)])), "there is a new one");
        // Named again after all.
        ring.in_force(&ids(&[key(1), key(2)]));
        assert_eq!(ring.believed(), [key(1), key(2)]);
    }

    #[test]
    fn keys_as_text() {
        assert_eq!(read_key(&write_key(&key(1))), Some(key(1)));
        for bad in ["", "AAAA", "not base64"] {
            assert_eq!(read_key(bad), None, "{bad}");
        }
    }
}
