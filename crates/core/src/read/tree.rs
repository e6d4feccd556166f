use crate::diagnostic::Span;
use serde_json::{Map, Number, Value};
use std::borrow::Cow;

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node<'t> {
    pub(crate) range: Range,
    pub(crate) content: Content<'t>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content<'t> {
    Null,
    Boolean(bool),
    Number(Numeral),
    Text(Cow<'t, str>),
    List(Vec<Node<'t>>),
    /// In the order of the text, and with every key that stands twice.
    Object(Vec<Member<'t>>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Member<'t> {
    /// Of the text itself, where it has no escapes.
    pub(crate) key: Cow<'t, str>,
    pub(crate) key_range: Range,
    pub(crate) value: Node<'t>,
}

/// Bytes of one of the sources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Range {
    pub(crate) file: u32,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

/// A number: every engine calculates with doubles, so a document holds nothing else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Numeral {
    /// Infinite where the text is beyond the doubles.
    pub(crate) value: f64,
    /// The text was an integer which no double equals.
    pub(crate) rounded: bool,
}

impl Range {
    pub(crate) fn new(file: u32, start: usize, end: usize) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Range { file, start: clamp(start), end: clamp(end) }
    }

    /// Line and column are filled in later, all at once.
    pub(crate) fn span(self) -> Span {
        Span { start: self.start as usize, end: self.end as usize, line: 0, column: 0 }
    }

    /// The first byte alone, where the whole would be too much to underline.
    pub(crate) fn head(self) -> Self {
        Range { end: self.end.min(self.start.saturating_add(1)), ..self }
    }
}

impl Numeral {
    /// `text` is a JSON number, or one of YAML's decimal ones.
    pub(crate) fn of_decimal(text: &str) -> Self {
        // Correctly rounded; a JSON number always parses, so NaN never shows.
        let value = text.parse::<f64>().unwrap_or(f64::NAN);
        let digits = text.trim_start_matches(['-', '+']);
        let is_integer = digits.bytes().all(|byte| byte.is_ascii_digit());
        let digits = digits.trim_start_matches('0');
        let rounded = is_integer && digits.len() > 15 && value.is_finite() && format!("{:.0}", value.abs()) != digits;
        Numeral { value, rounded }
    }

    /// A whole number of magnitude up to 2^53, beyond which doubles skip some.
    pub(crate) fn whole(self) -> Option<i64> {
        let exact = self.value.fract() == 0.0 && self.value.abs() <= 9_007_199_254_740_992.0;
        #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
        (exact && !self.rounded).then_some(self.value as i64)
    }
}

impl Content<'_> {
    /// What it is, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Content::Null => "null",
            Content::Boolean(_) => "a boolean",
            Content::Number(_) => "a number",
            Content::Text(_) => "a text",
            Content::List(_) => "a list",
            Content::Object(_) => "an object",
        }
    }
}

impl<'t> Node<'t> {
    pub(crate) fn member(&self, key: &str) -> Option<&Member<'t>> {
        match &self.content {
            Content::Object(members) => members.iter().find(|member| member.key == key),
            _ => None,
        }
    }

    /// The plain JSON of it. Of a key that stands twice the first value counts; a whole number has no fraction.
    pub(crate) fn to_json(&self) -> Value {
        match &self.content {
            Content::Null => Value::Null,
            Content::Boolean(value) => Value::Bool(*value),
            Content::Number(numeral) => Value::Number(json_number(numeral.value)),
            Content::Text(text) => Value::String(text.clone().into_owned()),
            Content::List(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Content::Object(members) => {
                let mut map = Map::new();
                for member in members {
                    map.entry(member.key.as_ref()).or_insert_with(|| member.value.to_json());
                }
                Value::Object(map)
            }
        }
    }
}

/// As JavaScript would write it: no fraction where there is none, and no negative zero.
fn json_number(value: f64) -> Number {
    let in_range = value.abs() < 9_223_372_036_854_775_808.0;
    if value.fract() == 0.0 && in_range {
        #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
        return Number::from(value as i64);
    }
    // Infinity is reported where it is read; the document is refused.
    Number::from_f64(value).unwrap_or_else(|| Number::from(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_doubles_and_know_when_they_lost_digits() {
        let cases = [
            ("1", 1.0, false),
            ("-0", -0.0, false),
            ("1.50", 1.5, false),
            ("9007199254740992", 9_007_199_254_740_992.0, false),
            ("9007199254740993", 9_007_199_254_740_992.0, true),
            ("-9007199254740993", -9_007_199_254_740_992.0, true),
            ("100000000000000000000", 1e20, false),
            ("9007199254740993.0", 9_007_199_254_740_992.0, false),
            ("1e999", f64::INFINITY, false),
        ];
        for (text, value, rounded) in cases {
            assert_eq!(Numeral::of_decimal(text), Numeral { value, rounded }, "{text}");
        }
    }
}
