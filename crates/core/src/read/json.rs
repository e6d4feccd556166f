use super::tree::{Content, Member, Node, Numeral, Range};
use super::{place, too_deep};
use crate::diagnostic::Diagnostic;
use jsonc_parser::ast::{ObjectPropName, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde::de::IgnoredAny;
use std::borrow::Cow;

/// RFC 8259 and nothing more: no comments, no trailing commas.
pub(crate) fn parse(text: &str, file: u32, depth: usize) -> Result<Node<'_>, Diagnostic> {
    if text.starts_with('\u{FEFF}') {
        return Err(syntax("a byte order mark stands before the JSON", Range::new(file, 0, 3))
            .help("save the file as UTF-8 without a byte order mark"));
    }
    // Before any parser that calls itself.
    if let Some(at) = first_bracket_below(text, depth) {
        return Err(too_deep(Range::new(file, at, at + 1), depth));
    }
    // serde_json is strict and says exactly what is wrong; jsonc-parser knows the places.
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| of_serde(&error, text, file))?;
    let parsed = parse_to_ast(text, &CollectOptions::default(), &STRICT).map_err(|error| {
        let range = error.range();
        syntax(&first_lower(&error.kind().to_string()), Range::new(file, range.start, range.end))
    })?;
    match &parsed.value {
        Some(value) => Ok(convert(value, file)),
        None => Err(syntax("the text is empty", Range::new(file, 0, 0))),
    }
}

const STRICT: ParseOptions = ParseOptions {
    allow_comments: false,
    allow_loose_object_property_names: false,
    allow_trailing_commas: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

fn convert<'t>(value: &Value<'t>, file: u32) -> Node<'t> {
    let range = value.range();
    let range = Range::new(file, range.start, range.end);
    let content = match value {
        Value::NullKeyword(_) => Content::Null,
        Value::BooleanLit(literal) => Content::Boolean(literal.value),
        Value::NumberLit(literal) => Content::Number(Numeral::of_decimal(literal.value)),
        Value::StringLit(literal) => Content::Text(literal.value.clone()),
        Value::Array(array) => Content::List(array.elements.iter().map(|element| convert(element, file)).collect()),
        Value::Object(object) => Content::Object(
            object
                .properties
                .iter()
                .map(|property| {
                    let key = property.name.range();
                    Member {
                        key: key_of(&property.name),
                        key_range: Range::new(file, key.start, key.end),
                        value: convert(&property.value, file),
                    }
                })
                .collect(),
        ),
    };
    Node { range, content }
}

fn key_of<'t>(name: &ObjectPropName<'t>) -> Cow<'t, str> {
    match name {
        ObjectPropName::String(literal) => literal.value.clone(),
        ObjectPropName::Word(literal) => Cow::Borrowed(literal.value),
    }
}

/// Where the text first opens more than `depth` lists and objects, skipping what stands in strings.
fn first_bracket_below(text: &str, depth: usize) -> Option<usize> {
    let (mut level, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                level += 1;
                if level > depth {
                    return Some(at);
                }
            }
            b']' | b'}' => level = level.saturating_sub(1),
            _ => {}
        }
    }
    None
}

fn of_serde(error: &serde_json::Error, text: &str, file: u32) -> Diagnostic {
    let at = place::offset_of(text, error.line(), error.column());
    // The place is told apart from the message.
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let end = at + text.get(at..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    let found = text.get(at..end).unwrap_or_default();
    let before = text.get(..at).unwrap_or_default().trim_end();
    let message = if matches!(found, "}" | "]") && before.ends_with(',') { "trailing comma" } else { message };
    let diagnostic = syntax(&first_lower(message), Range::new(file, at, end));
    match found {
        "/" | "#" => diagnostic.help("JSON has no comments: use `description`, or write the file as YAML"),
        "'" => diagnostic.help("JSON texts stand in double quotes"),
        _ => diagnostic,
    }
}

fn syntax(message: &str, range: Range) -> Diagnostic {
    let mut diagnostic = Diagnostic::error("syntax", "", format!("not JSON: {message}"));
    diagnostic.place.span = Some(range.span());
    diagnostic
}

fn first_lower(message: &str) -> String {
    let mut chars = message.chars();
    match chars.next() {
        // `EOF` and the like keep their capitals.
        Some(first) if chars.clone().next().is_some_and(char::is_lowercase) => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => message.to_owned(),
    }
}
