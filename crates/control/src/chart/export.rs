//! An export: one record a line, exactly as it is stored, and the signed head in the last line.

use super::head::SignedHead;
use crate::verify::Stored;

const HASH: &[u8] = b"{\"hash\":\"";
const RECORD: &[u8] = b"\",\"record\":";
const DIGITS: usize = 64;

/// `{"hash":"…","record":…}`, where the record is the bytes that were hashed.
pub fn export_line(stored: &Stored) -> Vec<u8> {
    [HASH, stored.hash.as_bytes(), RECORD, &stored.bytes, b"}\n"].concat()
}

/// `{"head":"…"}`, the last line.
pub fn head_line(head: &SignedHead) -> Vec<u8> {
    let mut line = serde_json::json!({ "head": head.as_str() }).to_string().into_bytes();
    line.push(b'\n');
    line
}

/// Hash and record of a line that [`export_line`] wrote; nothing where it is another line.
pub fn read_export_line(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let (hash, rest) = line.strip_prefix(HASH)?.split_at_checked(DIGITS)?;
    Some((hash, rest.strip_prefix(RECORD)?.strip_suffix(b"}")?))
}
