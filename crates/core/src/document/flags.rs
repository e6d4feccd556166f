use super::Flag;
use crate::seal::canonical_bytes;
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The flags of a document, in the order of the text.
///
/// Copies share them until one is changed: a kill makes a document that differs in its kills alone, and must not wait for
/// thousands of flags to be copied, nor to be written out for the digest once more. [`Flags::put`] and [`Flags::remove`]
/// keep what is known of the other flags; every other way to change them forgets it.
#[derive(Clone, Default)]
pub struct Flags(Arc<Shared>);

#[derive(Default)]
struct Shared {
    list: Vec<Flag>,
    written: Mutex<Written>,
}

/// What the digest needs of the flags, as far as it was asked for.
#[derive(Clone, Default)]
struct Written {
    /// Each flag as RFC 8785 writes it.
    pieces: Vec<Option<Arc<[u8]>>>,
    /// What stood before the flags when `hashes` were made.
    before: Vec<u8>,
    /// The hash of what stands before the flags, and of the first 0, 1, 2, … flags.
    hashes: Vec<Sha256>,
}

impl Flags {
    /// Puts a flag in the place of the one with its key, or at the end.
    pub fn put(&mut self, flag: Flag) {
        self.put_piece(flag, None);
    }

    /// [`Flags::put`] of a flag whose canonical form is known: it is not written again for the digest.
    ///
    /// INVARIANT: `written` is what [`canonical_bytes`] gives for the flag, as it is of one that
    /// [`written_flag`](crate::read::written_flag) took.
    pub fn put_written(&mut self, flag: Flag, written: &str) {
        debug_assert_eq!(canonical_bytes(&flag).ok().as_deref(), Some(written.as_bytes()));
        self.put_piece(flag, Some(written.as_bytes().into()));
    }

    fn put_piece(&mut self, flag: Flag, written_as: Option<Arc<[u8]>>) {
        let shared = Arc::make_mut(&mut self.0);
        let written = written_mut(&mut shared.written);
        written.pieces.resize(shared.list.len(), None);
        match shared.list.iter().position(|each| each.key == flag.key) {
            Some(at) => {
                if let (Some(place), Some(piece)) = (shared.list.get_mut(at), written.pieces.get_mut(at)) {
                    (*place, *piece) = (flag, written_as);
                }
                written.hashes.truncate(at + 1);
            }
            None => {
                shared.list.push(flag);
                written.pieces.push(written_as);
            }
        }
    }

    /// Takes the flag with this key away, if there is one.
    pub fn remove(&mut self, key: &str) {
        let Some(at) = self.0.list.iter().position(|each| each.key.as_str() == key) else { return };
        let shared = Arc::make_mut(&mut self.0);
        let written = written_mut(&mut shared.written);
        written.pieces.resize(shared.list.len(), None);
        shared.list.remove(at);
        written.pieces.remove(at);
        written.hashes.truncate(at + 1);
    }

    /// Bytes of the flags, each as RFC 8785 writes it; 0 where that was not asked for yet.
    pub fn written_len(&self) -> usize {
        self.0.lock().pieces.iter().flatten().map(|piece| piece.len()).sum()
    }

    /// SHA-256 of these bytes and, behind them, the flags in canonical form, parted by commas; to be continued.
    pub(crate) fn hashed_after(&self, before: &[u8]) -> Result<Sha256, serde_json::Error> {
        let Shared { list, .. } = &*self.0;
        let mut written = self.0.lock();
        let Written { pieces, before: known, hashes } = &mut *written;
        if known != before || hashes.is_empty() {
            before.clone_into(known);
            *hashes = vec![Sha256::new_with_prefix(before)];
        }
        pieces.resize(list.len(), None);
        let from = hashes.len() - 1;
        let mut hash = hashes.last().cloned().unwrap_or_default();
        for (at, (flag, piece)) in list.iter().zip(pieces).enumerate().skip(from) {
            if at > 0 {
                hash.update(b",");
            }
            match piece {
                Some(piece) => hash.update(&*piece),
                None => hash.update(&**piece.insert(canonical_bytes(flag)?.into())),
            }
            hashes.push(hash.clone());
        }
        Ok(hash)
    }
}

impl Shared {
    /// Whoever held the lock and panicked left nothing half-made that is believed: pieces are whole, hashes are pushed last.
    fn lock(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn written_mut(written: &mut Mutex<Written>) -> &mut Written {
    written.get_mut().unwrap_or_else(PoisonError::into_inner)
}

impl Clone for Shared {
    /// For a copy that is about to be changed.
    fn clone(&self) -> Self {
        Shared { list: self.list.clone(), written: Mutex::new(self.lock().clone()) }
    }
}

impl Deref for Flags {
    type Target = Vec<Flag>;

    fn deref(&self) -> &Vec<Flag> {
        &self.0.list
    }
}

impl DerefMut for Flags {
    fn deref_mut(&mut self) -> &mut Vec<Flag> {
        let shared = Arc::make_mut(&mut self.0);
        *written_mut(&mut shared.written) = Written::default();
        &mut shared.list
    }
}

impl From<Vec<Flag>> for Flags {
    fn from(list: Vec<Flag>) -> Self {
        Flags(Arc::new(Shared { list, written: Mutex::default() }))
    }
}

impl FromIterator<Flag> for Flags {
    fn from_iter<I: IntoIterator<Item = Flag>>(flags: I) -> Self {
        Vec::from_iter(flags).into()
    }
}

impl<'a> IntoIterator for &'a Flags {
    type Item = &'a Flag;
    type IntoIter = std::slice::Iter<'a, Flag>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.list.iter()
    }
}

impl PartialEq for Flags {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.list == other.0.list
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.list.fmt(f)
    }
}

impl Serialize for Flags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.list.serialize(serializer)
    }
}
