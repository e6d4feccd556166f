//! The one way to write a document as bytes, and the digest of these.

use crate::document::{FlagSet, Flags};
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
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in bytes {
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
    const FLAGS: &str = "\"flags\":";
    // The flags are most of it, and what they are written as is known after the first time.
    let rest = FlagSet { flags: Flags::default(), ..document.clone() };
    let rest = canonical_bytes(&rest)?;
    // Only `environment` stands before it, whose characters never make this text.
    let at = rest.windows(FLAGS.len()).position(|window| window == FLAGS.as_bytes());
    let Some((before, after)) = at.and_then(|at| rest.split_at_checked(at + FLAGS.len())) else {
        return Ok(digest(&canonical_bytes(document)?));
    };
    let mut hash = Sha256::new();
    hash.update(before);
    hash.update(document.flags.canonical_bytes()?);
    hash.update(after.strip_prefix(b"[]").unwrap_or(after));
    Ok(hexadecimal(&hash.finalize()))
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
