//! The one way to write a document as bytes, and the digest of these.

mod digests;
mod lexical;
mod scan;
mod write;

pub use digests::Digests;
pub use scan::{NotCanonical, Scan, check_canonical};

use crate::document::FlagSet;
use digests::whole;
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
    Ok(hexadecimal(&whole(document, None)?))
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
