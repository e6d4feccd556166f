//! The one way to write a document as bytes, and the digest of these.

mod lexical;
mod scan;
mod write;

pub use scan::{NotCanonical, check_canonical};

use crate::document::FlagSet;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// RFC 8785: the same value always gives the same bytes.
///
/// # Errors
/// A value that JSON cannot hold, such as an infinite number; none of this crate's documents has one.
pub fn canonical_bytes<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = Vec::with_capacity(128);
    write::write(value, &mut bytes)?;
    Ok(bytes)
}

/// SHA-256 in lower-case hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

/// Bytes in lower-case hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble });
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0xF));
    }
    text
}

/// The digest of a document's canonical bytes.
///
/// Only what changed since the last digest of the same flags, or of those that they were made from, is written anew, and
/// only from the first changed flag on is hashed again.
///
/// # Errors
/// As for [`canonical_bytes`].
pub fn document_digest(document: &FlagSet) -> Result<String, serde_json::Error> {
    let mut before = Vec::with_capacity(64);
    before.extend_from_slice(b"{\"environment\":");
    write::write(&document.environment, &mut before)?;
    before.extend_from_slice(b",\"flags\":[");
    let mut hash = document.flags.hashed_after(&before)?;
    hash.update(after_flags(document)?);
    Ok(hexadecimal(&hash.finalize()))
}

/// What stands behind the last flag of a document.
fn after_flags(document: &FlagSet) -> Result<Vec<u8>, serde_json::Error> {
    // Taken apart, so that a new member cannot be forgotten here.
    let FlagSet {
        schema,
        environment: _,
        revision,
        issued_at,
        valid_until,
        regions,
        tenants,
        segments,
        flags: _,
        kills,
        retired,
    } = document;
    let mut after = Vec::with_capacity(512);
    after.push(b']');
    let mut member = |name: &str, value: &dyn Fn(&mut Vec<u8>) -> Result<(), serde_json::Error>| {
        after.extend_from_slice(format!(",\"{name}\":").as_bytes());
        value(&mut after)
    };
    if let Some(issued_at) = issued_at {
        member("issued_at", &|out| write::write(issued_at, out))?;
    }
    if !kills.is_empty() {
        member("kills", &|out| write::write(kills, out))?;
    }
    if !regions.is_empty() {
        member("regions", &|out| write::write(regions, out))?;
    }
    if !retired.is_empty() {
        member("retired", &|out| write::write(retired, out))?;
    }
    member("revision", &|out| write::write(revision, out))?;
    member("schema", &|out| write::write(schema, out))?;
    if !segments.is_empty() {
        member("segments", &|out| write::write(segments, out))?;
    }
    if !tenants.is_empty() {
        member("tenants", &|out| write::write(tenants, out))?;
    }
    if let Some(valid_until) = valid_until {
        member("valid_until", &|out| write::write(valid_until, out))?;
    }
    after.push(b'}');
    Ok(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_bytes_are_those_of_rfc_8785() {
        let value = serde_json::json!({ "b": 1.0, "a": [1e30, -0.0, "é\u{8}"], "": null });
        let bytes = canonical_bytes(&value).unwrap();
        assert_eq!(String::from_utf8(bytes).unwrap(), "{\"\":null,\"a\":[1e+30,0,\"é\\b\"],\"b\":1}");
    }

    #[test]
    fn digest_is_sha_256() {
        // FIPS 180-4, the empty message.
        assert_eq!(digest(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
