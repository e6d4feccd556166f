//! The one way to write a document as bytes, and the digest of these.

use crate::document::FlagSet;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// RFC 8785: the same value always gives the same bytes.
///
/// # Errors
/// A value that JSON cannot hold, such as an infinite number; none of this crate's documents has one.
pub fn canonical_bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    serde_json_canonicalizer::to_vec(value)
}

/// SHA-256 in lower-case hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(bytes) {
        // Writing into a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The digest of a document's canonical bytes.
///
/// # Errors
/// As for [`canonical_bytes`].
pub fn document_digest(document: &FlagSet) -> Result<String, serde_json::Error> {
    Ok(digest(&canonical_bytes(document)?))
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
