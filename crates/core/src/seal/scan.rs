//! Whether bytes are RFC 8785 canonical JSON, in one pass and without building anything of them.

use super::lexical::{number, order, plain_len};
use std::borrow::Cow;
use std::cmp::Ordering;

/// Levels that may be open; serde_json reads no more.
const DEPTH: usize = 127;

/// Where bytes are not canonical JSON: the offset of the value or key that is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotCanonical(pub usize);

/// Checks that the bytes are what [`super::canonical_bytes`] writes for what they say.
///
/// # Errors
/// They are no JSON, or not in canonical form.
pub fn check_canonical(bytes: &[u8]) -> Result<(), NotCanonical> {
    let Ok(whole) = std::str::from_utf8(bytes) else { return Err(NotCanonical(0)) };
    let mut scan = Scan { whole, at: 0 };
    scan.value(0)?;
    if scan.at == bytes.len() { Ok(()) } else { Err(NotCanonical(scan.at)) }
}

/// Goes over canonical JSON piece by piece, for readers that know what comes next.
///
/// What it has passed is canonical JSON, as far as one value can be judged by itself: that members are in order, and none is
/// there twice, is up to who takes them one by one with [`Scan::take`].
#[derive(Debug, Clone)]
pub struct Scan<'t> {
    whole: &'t str,
    at: usize,
}

impl<'t> Scan<'t> {
    pub fn new(text: &'t str) -> Self {
        Scan { whole: text, at: 0 }
    }

    /// Bytes that were passed.
    pub fn at(&self) -> usize {
        self.at
    }

    pub fn is_at_end(&self) -> bool {
        self.at == self.whole.len()
    }

    /// What was passed since an earlier [`Scan::at`].
    pub fn since(&self, start: usize) -> &'t str {
        self.whole.get(start..self.at).unwrap_or_default()
    }

    /// Passes this, if it comes next.
    pub fn take(&mut self, literal: &str) -> bool {
        self.literal(literal.as_bytes()).is_ok()
    }

    /// Passes a text.
    pub fn text(&mut self) -> Option<Cow<'t, str>> {
        let text = self.string().ok()?;
        Some(if text.escapes { Cow::Owned(text.unescaped()) } else { Cow::Borrowed(text.raw) })
    }

    /// Passes a whole number from 0 to 10^15.
    pub fn whole(&mut self) -> Option<u64> {
        let start = self.at;
        self.number().ok()?;
        let written = self.since(start);
        if is_plain_integer(written.as_bytes()) { written.parse().ok() } else { None }
    }

    /// Passes a value, whatever it is; what it is written as.
    pub fn any(&mut self) -> Option<&'t str> {
        let start = self.at;
        self.value(0).ok()?;
        Some(self.since(start))
    }

    fn rest(&self) -> &'t [u8] {
        self.whole.as_bytes().get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.whole.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> Result<(), NotCanonical> {
        if self.peek() != Some(byte) {
            return Err(NotCanonical(self.at));
        }
        self.at += 1;
        Ok(())
    }

    fn literal(&mut self, literal: &[u8]) -> Result<(), NotCanonical> {
        if !self.rest().starts_with(literal) {
            return Err(NotCanonical(self.at));
        }
        self.at += literal.len();
        Ok(())
    }

    fn value(&mut self, depth: usize) -> Result<(), NotCanonical> {
        if depth > DEPTH {
            return Err(NotCanonical(self.at));
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.string().map(drop),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'n') => self.literal(b"null"),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<(), NotCanonical> {
        self.eat(b'{')?;
        if self.peek() == Some(b'}') {
            return self.eat(b'}');
        }
        let mut before: Option<Text<'t>> = None;
        loop {
            let start = self.at;
            let key = self.string()?;
            if before.is_some_and(|before| before.order(key) != Ordering::Less) {
                return Err(NotCanonical(start));
            }
            before = Some(key);
            self.eat(b':')?;
            self.value(depth + 1)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                _ => return self.eat(b'}'),
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<(), NotCanonical> {
        self.eat(b'[')?;
        if self.peek() == Some(b']') {
            return self.eat(b']');
        }
        loop {
            self.value(depth + 1)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                _ => return self.eat(b']'),
            }
        }
    }

    /// A text; its bytes between the quotes.
    fn string(&mut self) -> Result<Text<'t>, NotCanonical> {
        let start = self.at;
        self.eat(b'"')?;
        let mut escapes = false;
        loop {
            self.at += plain_len(self.rest());
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    escapes = true;
                    self.escape()?;
                }
                None => return Err(NotCanonical(start)),
                Some(_) => return Err(NotCanonical(self.at)),
            }
        }
        let raw = self.whole.get(start + 1..self.at).unwrap_or_default();
        self.at += 1;
        Ok(Text { raw, escapes })
    }

    /// An escape that nothing shorter could stand for.
    fn escape(&mut self) -> Result<(), NotCanonical> {
        let length = match self.rest() {
            [b'\\', b'"' | b'\\' | b'b' | b't' | b'n' | b'f' | b'r', ..] => 2,
            [b'\\', b'u', b'0', b'0', high @ (b'0' | b'1'), low @ (b'0'..=b'9' | b'a'..=b'f'), ..] => {
                let has_short = *high == b'0' && matches!(low, b'8' | b'9' | b'a' | b'c' | b'd');
                if has_short {
                    return Err(NotCanonical(self.at));
                }
                6
            }
            _ => return Err(NotCanonical(self.at)),
        };
        self.at += length;
        Ok(())
    }

    fn number(&mut self) -> Result<(), NotCanonical> {
        let start = self.at;
        let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e');
        let length = self.rest().iter().take_while(|byte| is_part(byte)).count();
        let written = self.whole.get(start..start + length).unwrap_or_default();
        if !is_plain_integer(written.as_bytes()) {
            let value: f64 = written.parse().map_err(|_| NotCanonical(start))?;
            let mut canonical = Vec::with_capacity(32);
            number(value, &mut canonical).map_err(|_| NotCanonical(start))?;
            if canonical != written.as_bytes() {
                return Err(NotCanonical(start));
            }
        }
        self.at += length;
        Ok(())
    }
}

/// An integer that no double rounds, as almost every number of a record is.
fn is_plain_integer(written: &[u8]) -> bool {
    let digits = written.strip_prefix(b"-").unwrap_or(written);
    match digits {
        [b'0'] => written.len() == 1,
        [b'1'..=b'9', ..] => digits.len() <= 15 && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    }
}

/// A text as it is written.
#[derive(Debug, Clone, Copy)]
struct Text<'t> {
    raw: &'t str,
    escapes: bool,
}

impl Text<'_> {
    fn order(self, other: Text<'_>) -> Ordering {
        if self.escapes || other.escapes {
            return order(self.unescaped().as_bytes(), other.unescaped().as_bytes());
        }
        order(self.raw.as_bytes(), other.raw.as_bytes())
    }

    fn unescaped(self) -> String {
        serde_json::from_str(&format!("\"{}\"", self.raw)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_form_only() {
        for good in [
            "null",
            "{}",
            "[]",
            "{\"a\":1,\"b\":[true,false,null]}",
            "-1",
            "0",
            "1e+30",
            "0.5",
            "123456789012345680000",
            "\"\\b\\t\\n\\f\\r\\\"\\\\\\u0001\\u001fé\"",
            // By UTF-16 code units: the surrogates of U+1F600 come before U+FB33.
            "{\"\u{1F600}\":1,\"\u{FB33}\":2}",
            "{\"\\n\":1,\"1\":2}",
        ] {
            assert_eq!(check_canonical(good.as_bytes()), Ok(()), "{good}");
        }
        for (bad, at) in [
            ("", 0),
            (" null", 0),
            ("null ", 4),
            ("{\"b\":1,\"a\":2}", 7),
            ("{\"a\":1,\"a\":2}", 7),
            ("{\"\u{FB33}\":1,\"\u{1F600}\":2}", 9),
            ("{\"a\": 1}", 5),
            ("[1,]", 3),
            ("[1", 2),
            ("-0", 0),
            ("01", 0),
            ("1.0", 0),
            ("1e30", 0),
            ("123456789012345678901", 0),
            ("\"\\/\"", 1),
            ("\"\\u0041\"", 1),
            ("\"\\u0009\"", 1),
            ("\"\\u001F\"", 1),
            ("\"a", 0),
            ("tru", 0),
        ] {
            assert_eq!(check_canonical(bad.as_bytes()), Err(NotCanonical(at)), "{bad}");
        }
        assert_eq!(check_canonical(b"\"\xff\""), Err(NotCanonical(0)));
        let deep = |levels| "[".repeat(levels) + &"]".repeat(levels);
        assert!(check_canonical(deep(127).as_bytes()).is_ok());
        assert!(check_canonical(deep(100_000).as_bytes()).is_err(), "and no stack overflows");
    }
}
