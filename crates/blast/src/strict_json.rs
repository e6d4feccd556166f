//! JSON read so that it means one thing: no key twice, nothing nested too deeply. Contexts are read so, wherever they
//! come from. Start from [`object`].

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// Deepest nesting of a context; the context itself is level 1.
pub const DEPTH_LIMIT: usize = 32;

/// Why bytes are no context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// A stable kebab-case name.
    pub code: &'static str,
    pub message: String,
    /// What to do about it.
    pub help: String,
}

impl Malformed {
    /// With a code in kebab-case.
    pub fn new(code: &'static str, message: impl Into<String>, help: impl Into<String>) -> Self {
        Malformed { code, message: message.into(), help: help.into() }
    }
}

/// One JSON object, in which no key stands twice: of two values, which one counts would be anyone's guess.
///
/// # Errors
/// Where it is none.
pub fn object(bytes: &[u8]) -> Result<Map<String, Value>, Malformed> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Malformed::new("not-utf-8", format!("byte {} is not UTF-8", error.valid_up_to() + 1), "write it as UTF-8")
    })?;
    let mut reader = serde_json::Deserializer::from_str(text);
    // The level is counted here, so that the limit is the one that the documentation names.
    let read = Checked { level: 1 }.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    match read {
        Ok(Value::Object(members)) => Ok(members),
        Ok(other) => Err(Malformed::new(
            "not-an-object",
            format!("a context is an object, not {}", kind(&other)),
            "write it as `{\"targetingKey\": \"user-1\"}`",
        )),
        Err(error) => Err(describe(&error)),
    }
}

/// How errors of [`Checked`] begin where a key stands twice.
pub(crate) const DUPLICATE: &str = "duplicate key ";
/// Where something is nested too deeply.
pub(crate) const DEEP: &str = "nested too deeply";

fn describe(error: &serde_json::Error) -> Malformed {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(before, _)| before);
    let column = error.column();
    if let Some(key) = text.strip_prefix(DUPLICATE) {
        return Malformed::new(
            "duplicate-key",
            format!("the key {key} stands twice in one object, at column {column}"),
            "give it once",
        );
    }
    if text == DEEP {
        return Malformed::new(
            "too-deep",
            format!("lists and objects are nested more than {DEPTH_LIMIT} levels deep at column {column}"),
            "flatten it: rules read attributes by a path such as `app.version`",
        );
    }
    let help = match text {
        "number out of range" => "a number has to fit into an IEEE double: at most about 1.8e308",
        _ if text.contains("surrogate") => "write a character beyond U+FFFF as itself or as a pair of escapes",
        _ if error.is_eof() => "the line ends too early: one context is one line",
        "trailing characters" => "one context is one line: put the next one on a line of its own",
        _ => "a context is one JSON object on one line, such as `{\"targetingKey\": \"user-1\"}`",
    };
    Malformed::new("not-json", format!("this is not JSON: {text} at column {column}"), help)
}

/// A value, in words.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Reads a value that stands at this level.
pub(crate) struct Checked {
    pub(crate) level: usize,
}

impl<'de> DeserializeSeed<'de> for Checked {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checked {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let level = self.below()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Checked { level })? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let level = self.below()?;
        let mut object = Map::new();
        while let Some(Key(key)) = members.next_key()? {
            if object.contains_key(&key) {
                return Err(A::Error::custom(format!("{DUPLICATE}`{}`", key.escape_debug())));
            }
            object.insert(key, members.next_value_seed(Checked { level })?);
        }
        Ok(Value::Object(object))
    }
}

impl Checked {
    /// The level of what stands in this list or object.
    fn below<E: Error>(&self) -> Result<usize, E> {
        if self.level > DEPTH_LIMIT { Err(E::custom(DEEP)) } else { Ok(self.level + 1) }
    }
}

#[derive(Deserialize)]
struct Key(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_serde_json_reads() {
        let text = r#"{"a": [1, -2, 3.5, 1e300, 12345678901234567890123], "b": {"c": null, "d": "é😀"}, "": true}"#;
        assert_eq!(Value::Object(object(text.as_bytes()).unwrap()), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn refuses_with_a_code() {
        let deep = |levels: usize| format!("{}{}", "{\"a\":".repeat(levels - 1), "{}") + &"}".repeat(levels - 1);
        let cases: Vec<(Vec<u8>, &str)> = vec![
            (b"{\"a\": 1, \"a\": 1}".to_vec(), "duplicate-key"),
            (b"{\"a\": {\"b\": 1, \"\\u0062\": 2}}".to_vec(), "duplicate-key"),
            (deep(DEPTH_LIMIT + 1).into_bytes(), "too-deep"),
            (deep(200_000).into_bytes(), "too-deep"),
            ("[".repeat(200_000).into_bytes(), "too-deep"),
            (b"{\"a\": 1e999}".to_vec(), "not-json"),
            (b"{\"a\": \"\\ud800\"}".to_vec(), "not-json"),
            (b"{\"a\": \"\xff\"}".to_vec(), "not-utf-8"),
            (b"[]".to_vec(), "not-an-object"),
            (b"null".to_vec(), "not-an-object"),
            (b"{} {}".to_vec(), "not-json"),
            (b"{\"a\": 1,}".to_vec(), "not-json"),
            (b"{".to_vec(), "not-json"),
            (b"NaN".to_vec(), "not-json"),
            (b"{\"a\": NaN}".to_vec(), "not-json"),
        ];
        for (bytes, code) in cases {
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
            assert_eq!(object(&bytes).map_err(|malformed| malformed.code), Err(code), "{shown}");
        }
        assert!(object(deep(DEPTH_LIMIT).as_bytes()).is_ok());
    }
}
