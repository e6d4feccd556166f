//! The digest of a document, without writing all of it for every one.

use super::write::write;
use crate::document::{FlagSet, Kill, RegionTree, Segment};
use crate::ids::{FlagKey, SegmentKey, TenantId};
use serde::Serialize;
use serde_json::{Error, Map, Value};
use sha2::Digest;
use std::collections::BTreeMap;

/// Digests of one document after another, as a replay makes them: what is the same as in the one before is not written again.
///
/// They are those of [`super::document_digest`].
#[derive(Debug, Clone, Default)]
pub struct Digests {
    kills: Piece<Vec<Kill>>,
    regions: Piece<RegionTree>,
    retired: Piece<BTreeMap<FlagKey, String>>,
    segments: Piece<BTreeMap<SegmentKey, Segment>>,
    tenants: Piece<BTreeMap<TenantId, Map<String, Value>>>,
}

impl Digests {
    /// SHA-256 of the document's canonical bytes.
    ///
    /// # Errors
    /// As for [`super::canonical_bytes`].
    pub fn of(&mut self, document: &FlagSet) -> Result<[u8; 32], Error> {
        whole(document, Some(self))
    }
}

/// A part of a document, and how it is written. Equal parts are written the same.
#[derive(Debug, Clone)]
struct Piece<T> {
    part: Option<T>,
    written: Vec<u8>,
}

impl<T> Default for Piece<T> {
    fn default() -> Self {
        Piece { part: None, written: Vec::new() }
    }
}

impl<T: Serialize + Clone + PartialEq> Piece<T> {
    fn of(&mut self, part: &T) -> Result<&[u8], Error> {
        if self.part.as_ref() != Some(part) {
            self.part = None;
            self.written.clear();
            write(part, &mut self.written)?;
            self.part = Some(part.clone());
        }
        Ok(&self.written)
    }
}

/// SHA-256 of a document; `known` holds parts of the one before.
pub(super) fn whole(document: &FlagSet, mut known: Option<&mut Digests>) -> Result<[u8; 32], Error> {
    // Taken apart, so that a new member cannot be forgotten here.
    let FlagSet {
        schema,
        environment,
        revision,
        issued_at,
        valid_until,
        regions,
        tenants,
        segments,
        flags,
        kills,
        retired,
    } = document;
    let before = &mut Vec::with_capacity(64);
    before.extend_from_slice(b"{\"environment\":");
    write(environment, before)?;
    before.extend_from_slice(b",\"flags\":[");
    let mut hash = flags.hashed_after(before)?;
    let after = &mut Vec::with_capacity(512);
    after.push(b']');
    if let Some(issued_at) = issued_at {
        after.extend_from_slice(b",\"issued_at\":");
        write(issued_at, after)?;
    }
    if !kills.is_empty() {
        after.extend_from_slice(b",\"kills\":");
        put(kills, known.as_deref_mut().map(|known| &mut known.kills), after)?;
    }
    if !regions.is_empty() {
        after.extend_from_slice(b",\"regions\":");
        put(regions, known.as_deref_mut().map(|known| &mut known.regions), after)?;
    }
    if !retired.is_empty() {
        after.extend_from_slice(b",\"retired\":");
        put(retired, known.as_deref_mut().map(|known| &mut known.retired), after)?;
    }
    after.extend_from_slice(b",\"revision\":");
    write(revision, after)?;
    after.extend_from_slice(b",\"schema\":");
    write(schema, after)?;
    if !segments.is_empty() {
        after.extend_from_slice(b",\"segments\":");
        put(segments, known.as_deref_mut().map(|known| &mut known.segments), after)?;
    }
    if !tenants.is_empty() {
        after.extend_from_slice(b",\"tenants\":");
        put(tenants, known.map(|known| &mut known.tenants), after)?;
    }
    if let Some(valid_until) = valid_until {
        after.extend_from_slice(b",\"valid_until\":");
        write(valid_until, after)?;
    }
    after.push(b'}');
    hash.update(after);
    Ok(hash.finalize().into())
}

fn put<T: Serialize + Clone + PartialEq>(
    part: &T,
    known: Option<&mut Piece<T>>,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    match known {
        None => write(part, out),
        Some(piece) => {
            out.extend_from_slice(piece.of(part)?);
            Ok(())
        }
    }
}
