//! A flag's JSON as people write it: known members in their order, what is short on one line.

use crate::words::text::state as text;
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::read::{Format, other};
use serde_json::{Map, Value};

/// The members of a flag and its parts, in the order of the reference.
const ORDER: [&str; 36] = [
    "key",
    "description",
    "owner",
    "kind",
    "created",
    "expires",
    "review",
    "phase",
    "unaffected",
    "critical",
    "clients",
    "flag",
    "variants",
    "degraded",
    "on_stale",
    "requires",
    "rules",
    "name",
    "when",
    "serve",
    "split",
    "by",
    "salt",
    "slices",
    "attribute",
    "op",
    "values",
    "tenant",
    "region",
    "segment",
    "all",
    "any",
    "not",
    "variant",
    "meaning",
    "default",
];

/// Longest line, in characters.
const WIDTH: usize = 96;

pub fn pretty(value: &Value) -> String {
    let mut text = String::new();
    write(value, 0, 0, &mut text);
    text
}

/// # Errors
/// Why it is no JSON, or has a key twice.
pub fn parse(text: &str) -> Result<Value, Vec<Diagnostic>> {
    other(text, Format::Json, |_| (Some(()), Vec::new()))?;
    // The core reads numbers as the doubles that they will be; here they stay as they are written.
    serde_json::from_str(text).map_err(|error| vec![Diagnostic::error("syntax", "", text::this_is_no_json(&error))])
}

/// `before` is what stands before the value on its line.
fn write(value: &Value, depth: usize, before: usize, text: &mut String) {
    let line = one_line(value);
    let short = 2 * depth + before + line.chars().count() < WIDTH;
    let pad = "  ".repeat(depth + 1);
    match value {
        Value::Object(members) if !members.is_empty() && (depth == 0 || !short) => {
            text.push_str("{\n");
            for (at, (key, value)) in ordered(members).into_iter().enumerate() {
                let key = Value::from(key.as_str()).to_string();
                text.push_str(if at > 0 { ",\n" } else { "" });
                text.push_str(&format!("{pad}{key}: "));
                write(value, depth + 1, key.chars().count() + 2, text);
            }
            text.push_str(&format!("\n{}}}", "  ".repeat(depth)));
        }
        Value::Array(items) if !items.is_empty() && !short => {
            text.push_str("[\n");
            for (at, item) in items.iter().enumerate() {
                text.push_str(if at > 0 { ",\n" } else { "" });
                text.push_str(&pad);
                write(item, depth + 1, 0, text);
            }
            text.push_str(&format!("\n{}]", "  ".repeat(depth)));
        }
        _ => text.push_str(&line),
    }
}

fn one_line(value: &Value) -> String {
    match value {
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => {
            let members: Vec<String> = ordered(members)
                .into_iter()
                .map(|(key, value)| format!("{}: {}", Value::from(key.as_str()), one_line(value)))
                .collect();
            format!("{{ {} }}", members.join(", "))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(one_line).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

fn ordered(members: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by_key(|(key, _)| ORDER.iter().position(|known| known == key).unwrap_or(ORDER.len()));
    members
}
