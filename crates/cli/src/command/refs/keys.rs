//! Keys of flags in a text: found by one automaton for all of them, and counted only where one stands as a whole.

use aho_corasick::{AhoCorasick, MatchKind};
use downhaul_core::ids::FlagKey;
use grep_matcher::{Match, Matcher, NoCaptures, NoError};
use serde::Serialize;
use std::collections::BTreeMap;
use std::ops::Range;

/// Calls of the SDK that take a key and then a default; further ones come from the command line.
const CALLS: &[&str] = &[
    // The npm package.
    "boolean",
    "string",
    "number",
    "object",
    "details",
    // OpenFeature, as its SDKs for JavaScript, Java, .NET, Go, Python and Rust write it.
    "getBooleanValue",
    "getStringValue",
    "getNumberValue",
    "getIntegerValue",
    "getDoubleValue",
    "getObjectValue",
    "getBooleanDetails",
    "getStringDetails",
    "getNumberDetails",
    "getIntegerDetails",
    "getDoubleDetails",
    "getObjectDetails",
    "GetBooleanValueAsync",
    "GetStringValueAsync",
    "GetIntegerValueAsync",
    "GetDoubleValueAsync",
    "GetObjectValueAsync",
    "BooleanValue",
    "StringValue",
    "IntValue",
    "FloatValue",
    "ObjectValue",
    "get_boolean_value",
    "get_string_value",
    "get_integer_value",
    "get_float_value",
    "get_object_value",
    "get_bool_value",
    "get_int_value",
    "get_struct_value",
    "useBooleanFlagValue",
    "useStringFlagValue",
    "useNumberFlagValue",
    "useObjectFlagValue",
    "useFlag",
];

/// How far behind a call's name the comma after its key may stand, in bytes.
const CALL_LENGTH: usize = 400;

/// How a key stands in code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum How {
    /// As the key that a call of the SDK asks for.
    Call,
    /// Between quotes.
    Quoted,
    /// Between other delimiters.
    Bare,
}

/// One place in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hit {
    /// All that was looked at, with the name of the call.
    pub(super) span: Range<usize>,
    /// The key alone.
    pub(super) key: Range<usize>,
    pub(super) how: How,
}

/// Finds keys, and what calls ask for.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    automaton: AhoCorasick,
    /// By pattern.
    patterns: Vec<Pattern>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Pattern {
    is_call: bool,
    is_key: bool,
}

impl Keys {
    /// `calls` are names of functions that take a key like the SDK's own.
    pub(super) fn new<'a>(keys: impl IntoIterator<Item = &'a str>, calls: &'a [String]) -> Result<Self, String> {
        let mut patterns: BTreeMap<&str, Pattern> = BTreeMap::new();
        for call in CALLS.iter().copied().chain(calls.iter().map(String::as_str)) {
            patterns.entry(call).or_default().is_call = true;
        }
        for key in keys {
            patterns.entry(key).or_default().is_key = true;
        }
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(patterns.keys())
            .map_err(|error| error.to_string())?;
        Ok(Keys { automaton, patterns: patterns.into_values().collect() })
    }

    /// The first place from `at` on.
    pub(super) fn next(&self, text: &[u8], mut at: usize) -> Option<Hit> {
        while at <= text.len() {
            let found = self.automaton.find(aho_corasick::Input::new(text).range(at..))?;
            let pattern = self.patterns.get(found.pattern().as_usize()).copied().unwrap_or_default();
            let call = pattern.is_call.then(|| call(text, found.range())).flatten();
            let hit = call.or_else(|| pattern.is_key.then(|| whole(text, found.range())).flatten());
            if hit.is_some() {
                return hit;
            }
            // Names have no delimiter in them, so the next that stands as a whole begins behind this one.
            at = found.end();
        }
        None
    }
}

impl Matcher for Keys {
    type Captures = NoCaptures;
    type Error = NoError;

    fn find_at(&self, haystack: &[u8], at: usize) -> Result<Option<Match>, NoError> {
        Ok(self.next(haystack, at).map(|hit| Match::new(hit.span.start, hit.span.end)))
    }

    fn new_captures(&self) -> Result<NoCaptures, NoError> {
        Ok(NoCaptures::new())
    }
}

/// `name(`, perhaps a first argument that is a name, a text between quotes, and a comma.
fn call(text: &[u8], name: Range<usize>) -> Option<Hit> {
    let before = name.start.checked_sub(1).and_then(|at| text.get(at));
    if before.is_some_and(|byte| is_of_name(*byte)) {
        return None;
    }
    let mut cursor = Cursor { text: text.get(..text.len().min(name.end + CALL_LENGTH))?, at: name.end };
    cursor.type_arguments();
    cursor.expect(b'(')?;
    if !cursor.peek().is_some_and(is_quote) {
        cursor.name()?;
        cursor.expect(b',')?;
    }
    let key = cursor.quoted()?;
    cursor.expect(b',')?;
    // A key is never empty, and has the characters of one.
    let is_key = std::str::from_utf8(text.get(key.clone())?).is_ok_and(|key| key.parse::<FlagKey>().is_ok());
    is_key.then_some(Hit { span: name.start..key.end + 1, key, how: How::Call })
}

/// A key, where nothing that a key may hold is around it. Behind it a full stop or colon may end a sentence or a label.
fn whole(text: &[u8], key: Range<usize>) -> Option<Hit> {
    let before = key.start.checked_sub(1).and_then(|at| text.get(at)).copied();
    let behind = text.get(key.end).copied();
    let quoted = before.is_some_and(is_quote) && before == behind;
    if quoted {
        return Some(Hit { span: key.clone(), key, how: How::Quoted });
    }
    let goes_on = match behind {
        Some(b'.' | b':') => text.get(key.end + 1).is_some_and(|next| is_of_key(*next)),
        Some(byte) => is_of_key(byte),
        None => false,
    };
    // An ordinary word stands in any text.
    let is_word = text.get(key.clone())?.iter().all(u8::is_ascii_alphabetic);
    let counts = !goes_on && !is_word && !before.is_some_and(is_of_key);
    counts.then_some(Hit { span: key.clone(), key, how: How::Bare })
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

fn is_of_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'/' | b'@' | b':' | b'-') || byte >= 0x80
}

fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$')
}

/// Reads on behind the name of a call; white space may stand before everything.
struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek() == Some(byte)).then(|| self.at += 1)
    }

    /// `<"on" | "off">`
    fn type_arguments(&mut self) {
        if self.peek() == Some(b'<')
            && let Some(length) = self.text.get(self.at..).and_then(|rest| rest.iter().position(|byte| *byte == b'>'))
        {
            self.at += length + 1;
        }
    }

    /// `ctx`, `context.Background()`
    fn name(&mut self) -> Option<()> {
        self.peek();
        let from = self.at;
        while self.text.get(self.at).is_some_and(|byte| is_of_name(*byte) || matches!(byte, b'.' | b'(' | b')')) {
            self.at += 1;
        }
        (self.at > from).then_some(())
    }

    /// The text between two quotes of one kind.
    fn quoted(&mut self) -> Option<Range<usize>> {
        let quote = self.peek().filter(|byte| is_quote(*byte))?;
        let from = self.at + 1;
        let length = self.text.get(from..)?.iter().position(|byte| *byte == quote || *byte == b'\n')?;
        self.at = from + length + 1;
        (self.text.get(from + length) == Some(&quote)).then(|| from..from + length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let keys = ["checkout-v2", "checkout-v2-copy", "cart", "a.b/c@d:e_f", "details"];
        let calls = ["isEnabled".to_owned()];
        let keys = Keys::new(keys, &calls).unwrap();
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(hit) = keys.next(text.as_bytes(), at) {
            found.push(format!("{:?} {}", hit.how, text.get(hit.key.clone()).unwrap()));
            at = hit.span.end;
        }
        found
    }

    #[test]
    fn what_counts_as_a_key() {
        for (text, expected) in [
            ("\"checkout-v2\"", vec!["Quoted checkout-v2"]),
            ("x = 'checkout-v2';", vec!["Quoted checkout-v2"]),
            ("checkout-v2: on", vec!["Bare checkout-v2"]),
            ("see checkout-v2.", vec!["Bare checkout-v2"]),
            ("(checkout-v2)", vec!["Bare checkout-v2"]),
            ("checkout-v2", vec!["Bare checkout-v2"]),
            ("checkout-v2.enabled checkout-v2-old x-checkout-v2 /checkout-v2 --checkout-v2 checkout-v21", vec![]),
            ("\"checkout-v2-copy\" 'checkout-v2-cop'", vec!["Quoted checkout-v2-copy"]),
            ("the cart and \"cart\"", vec!["Quoted cart"]),
            ("<a.b/c@d:e_f>", vec!["Bare a.b/c@d:e_f"]),
            ("ü\"cart\"ü", vec!["Quoted cart"]),
            ("flags.boolean(\"cart\", false)", vec!["Call cart"]),
            ("flags.boolean(\n  'gone',\n  false,\n)", vec!["Call gone"]),
            ("flags.string<\"a\" | \"b\">(`gone`, `a`)", vec!["Call gone"]),
            ("client.BooleanValue(context.Background(), \"gone\", false, of)", vec!["Call gone"]),
            ("isEnabled('gone', x) wasEnabled('gone', x) xisEnabled('gone', x)", vec!["Call gone"]),
            // Other libraries have functions of that name, which take no default.
            ("z.string(\"message\") argv.boolean('verbose')", vec![]),
            ("z.string(\"a message\", 1) z.string(\"${x}\", 1) boolean(\"open, 1)", vec![]),
            ("flags.details(\"details\", null)", vec!["Call details"]),
            ("\"details\"", vec!["Quoted details"]),
            ("", vec![]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }
}
