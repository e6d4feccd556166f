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
    loop {
        let (plain, from) = rest.split_at(plain_len(rest));
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
    out.push(b'"');
}

/// How many bytes stand before the first that a text cannot hold as it is: a quote, a backslash or a control character.
pub(super) fn plain_len(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let found = special(u64::from_le_bytes(*word));
        if found != 0 {
            return 8 * number + (found.trailing_zeros() / 8) as usize;
        }
    }
    let is_special = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    8 * words.len() + rest.iter().position(is_special).unwrap_or(rest.len())
}

/// The high bit of every special byte among eight. Above the lowest of them others may be set too.
fn special(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * EACH;
    // Below `limit`: taking it away borrows. A byte of 0x80 or more is none of these.
    let below = |word: u64, limit: u64| word.wrapping_sub(limit * EACH) & !word & HIGH;
    let is = |byte: u8| below(word ^ (u64::from(byte) * EACH), 1);
    below(word, 0x20) | is(b'"') | is(b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_special_byte_is_found() {
        for length in 0..40 {
            let plain = vec![b'a'; length];
            assert_eq!(plain_len(&plain), length);
            for at in 0..length {
                for byte in 0..=u8::MAX {
                    let mut bytes = plain.clone();
                    bytes[at] = byte;
                    let is_special = byte < 0x20 || byte == b'"' || byte == b'\\';
                    assert_eq!(plain_len(&bytes), if is_special { at } else { length }, "{byte:#04x} at {at}");
                    // Behind one, whatever follows.
                    bytes[at] = b'\n';
                    bytes.push(byte);
                    assert_eq!(plain_len(&bytes), at);
                }
            }
        }
    }
}
