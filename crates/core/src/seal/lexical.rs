//! How RFC 8785 writes a number and a text, and orders keys.

use serde::ser::Error as _;
use serde_json::Error;
use std::cmp::Ordering;

/// Compares the UTF-8 of two keys as RFC 8785 orders them: by UTF-16 code units.
///
/// These order as code points do, and so as bytes, but that U+E000 to U+FFFF (from EE) come after surrogates (from F0).
pub(super) fn order(one: &[u8], other: &[u8]) -> Ordering {
    match one.iter().zip(other).find(|(one, other)| one != other) {
        None => one.len().cmp(&other.len()),
        Some((0xEE | 0xEF, 0xF0..)) => Ordering::Greater,
        Some((0xF0.., 0xEE | 0xEF)) => Ordering::Less,
        Some((one, other)) => one.cmp(other),
    }
}

/// A number as ECMAScript writes it, appended to `out`.
///
/// # Errors
/// It is infinite or no number.
pub(super) fn number(value: f64, out: &mut Vec<u8>) -> Result<(), Error> {
    if !value.is_finite() {
        return Err(Error::custom("JSON holds no infinite number"));
    }
    out.extend_from_slice(ryu_js::Buffer::new().format_finite(value).as_bytes());
    Ok(())
}

/// A text in quotes, with no more escapes than it needs, appended to `out`.
pub(super) fn text(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte < 0x20 || *byte == b'"' || *byte == b'\\') {
        let (plain, from) = rest.split_at(at);
        out.extend_from_slice(plain);
        let Some((byte, after)) = from.split_first() else { break };
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x09 => out.extend_from_slice(b"\\t"),
            0x0A => out.extend_from_slice(b"\\n"),
            0x0C => out.extend_from_slice(b"\\f"),
            0x0D => out.extend_from_slice(b"\\r"),
            other => out.extend_from_slice(format!("\\u{other:04x}").as_bytes()),
        }
        rest = after;
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}
