use super::Flag;
use crate::seal::canonical_bytes;
use serde::{Serialize, Serializer};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, OnceLock};

/// The flags of a document, in the order of the text.
///
/// Copies share them until one is changed: a kill makes a document that differs in its kills alone, and must not wait for
/// thousands of flags to be copied, nor to be written out for the digest once more.
#[derive(Clone, Default)]
pub struct Flags(Arc<Shared>);

#[derive(Default)]
struct Shared {
    list: Vec<Flag>,
    /// Of the list, once it was asked for.
    canonical: OnceLock<Vec<u8>>,
}

impl Flags {
    /// The list as RFC 8785 writes it.
    pub(crate) fn canonical_bytes(&self) -> Result<&[u8], serde_json::Error> {
        if let Some(known) = self.0.canonical.get() {
            return Ok(known);
        }
        let bytes = canonical_bytes(&self.0.list)?;
        Ok(self.0.canonical.get_or_init(|| bytes))
    }
}

impl Clone for Shared {
    /// For a copy that is about to be changed.
    fn clone(&self) -> Self {
        Shared { list: self.list.clone(), canonical: OnceLock::new() }
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
        shared.canonical = OnceLock::new();
        &mut shared.list
    }
}

impl From<Vec<Flag>> for Flags {
    fn from(list: Vec<Flag>) -> Self {
        Flags(Arc::new(Shared { list, canonical: OnceLock::new() }))
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
