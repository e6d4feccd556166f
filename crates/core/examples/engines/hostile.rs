//! Values that JSON lacks and JavaScript has: texts of a fixed form stand for them in the file.
//!
//! U+E000 in a text stands for a lone surrogate; a text that begins with U+E001 for the value that it names.

use serde_json::Value;

const LONE: char = '\u{E000}';
const NAMED: char = '\u{E001}';

/// What a value reads as natively.
pub(crate) fn tame(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(name) = text.strip_prefix(NAMED) {
                *value = named(name);
            } else if text.contains(LONE) {
                *text = text.replace(LONE, "\u{FFFD}");
            }
        }
        Value::Array(items) => items.iter_mut().for_each(tame),
        Value::Object(members) => members.values_mut().for_each(tame),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn named(name: &str) -> Value {
    let number = match name.split_once(':') {
        // A big integer is read as a number where that is exact, and a date as its milliseconds.
        Some(("big", digits)) => digits.parse::<i64>().ok().filter(|whole| whole.unsigned_abs() < 1 << 53),
        Some(("date", millis)) => millis.parse().ok(),
        _ => None,
    };
    #[expect(clippy::cast_precision_loss, reason = "below 2^53")]
    number.map_or(Value::Null, |number| Value::from(number as f64))
}
