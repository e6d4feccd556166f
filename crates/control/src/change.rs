mod written;

use crate::api::Impact;
use crate::command::Command;
use crate::guards::GuardEvidence;
use crate::hash::Hash;
use crate::proposal::Landed;
use downhaul_core::ids::EnvironmentKey;
use downhaul_core::seal::{canonical_bytes, check_canonical};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::ops::Range;

/// Something that happened, as it is hashed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// From 1, without gaps.
    pub revision: u64,
    pub environment: EnvironmentKey,
    /// RFC 3339 in UTC with milliseconds.
    pub at: String,
    /// An opaque id; the name is kept elsewhere and can be erased.
    pub actor: String,
    pub reason: String,
    pub command: Command,
    /// What the guard was shown that made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Box<GuardEvidence>>,
    pub impact: Impact,
    /// The proposal that it carries out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub landed: Option<Landed>,
    /// Hash of the change before; [`Hash::ZERO`] for the first.
    pub prev: Hash,
}

/// A change with the bytes that are hashed and stored.
///
/// INVARIANT: `bytes` are the RFC 8785 canonical JSON of `change`, `hash` is their SHA-256, and `change` is what reading
/// `bytes` gives, so folding it now and replaying it later are the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    change: Change,
    bytes: Vec<u8>,
    hash: Hash,
    /// Where `bytes` have the flags that it puts.
    flags: written::Flags,
}

/// A record that nobody needs any more, for what is taken out of it.
pub(crate) struct Parts {
    pub(crate) change: Change,
    bytes: Vec<u8>,
    flags: std::vec::IntoIter<Range<usize>>,
}

/// Why bytes are not a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Also the mark of a record by a newer version, which knows more commands.
    #[error("the record cannot be read: {0}")]
    Unreadable(String),
    #[error("the record is not in canonical form (RFC 8785)")]
    NotCanonical,
    #[error("the change does not survive being written and read: {0}")]
    Unstable(String),
}

impl Record {
    /// Writes a change. Object members end up in canonical order; what is kept is what reading the bytes gives.
    pub fn write(change: &Change) -> Result<Record, RecordError> {
        let bytes = canonical_bytes(change).map_err(|why| RecordError::Unstable(why.to_string()))?;
        Record::read(bytes).map_err(|why| RecordError::Unstable(why.to_string()))
    }

    /// Reads stored bytes.
    pub fn read(bytes: Vec<u8>) -> Result<Record, RecordError> {
        let hash = Hash::of(&bytes);
        Record::read_hashed(bytes, hash)
    }

    /// [`Record::read`] of bytes whose hash is known.
    pub(crate) fn read_hashed(bytes: Vec<u8>, hash: Hash) -> Result<Record, RecordError> {
        let unreadable = |why: serde_json::Error| RecordError::Unreadable(why.to_string());
        let text = std::str::from_utf8(&bytes).map_err(|why| RecordError::Unreadable(why.to_string()))?;
        if let Some(written::Canonical { change, flags }) = written::canonical(text) {
            return Ok(Record { change, bytes, hash, flags });
        }
        let change = written::change(text).map_err(unreadable)?;
        // Of the text, not of the change: how a document is written may gain a default later.
        check_canonical(&bytes).map_err(|_| RecordError::NotCanonical)?;
        Ok(Record { change, bytes, hash, flags: Vec::new() })
    }

    pub(crate) fn into_parts(self) -> Parts {
        let Record { change, bytes, flags, .. } = self;
        Parts { change, bytes, flags: flags.into_iter() }
    }

    pub fn change(&self) -> &Change {
        &self.change
    }

    /// What is stored and hashed.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The record with its `hash`, as the protocol shows it.
    pub fn to_json(&self) -> Value {
        let mut json: Value = serde_json::from_slice(&self.bytes).unwrap_or_default();
        if let Value::Object(members) = &mut json {
            members.insert("hash".to_owned(), Value::String(self.hash.to_string()));
        }
        json
    }
}

impl Parts {
    /// The canonical form of the next flag that the command puts, where it is known.
    pub(crate) fn next_flag(&mut self) -> Option<&str> {
        let place = self.flags.next().filter(|place| !place.is_empty())?;
        std::str::from_utf8(self.bytes.get(place)?).ok()
    }
}
