//! Rules of a draft as sentences, also where they are not finished.

use super::difference::rule_words;
use super::rule;
use super::sentence::Sentence;
use downhaul_core::document::{Condition, Rule};
use serde_json::Value;

/// A rule as a sentence; what cannot be read yet stands as `…`.
pub fn rule(rule: &Value) -> Sentence {
    // Splits need not name their salt.
    let mut whole = rule.clone();
    if let Some(Value::Object(split)) = whole.get_mut("split") {
        split.entry("salt").or_insert_with(|| Value::from("-"));
    }
    if !rule.get("when").is_some_and(has_hole)
        && let Ok(rule) = serde_json::from_value::<Rule>(whole)
    {
        return rule_words(&rule);
    }
    let mut sentence = Sentence::new();
    match rule.get("when").and_then(Value::as_array).map(Vec::as_slice) {
        None | Some([]) => sentence.text("For everyone"),
        Some(conditions) => {
            sentence.text("If ");
            for (at, condition) in conditions.iter().enumerate() {
                sentence.text(if at > 0 { " and " } else { "" });
                match serde_json::from_value::<Condition>(condition.clone()) {
                    Ok(read) if !has_hole(condition) => sentence.push_all(rule::condition(&read)),
                    Ok(_) | Err(_) => sentence.text("…"),
                };
            }
            &mut sentence
        }
    };
    match (rule.get("serve").and_then(Value::as_str), rule.get("split")) {
        (Some(variant), _) if !variant.is_empty() => sentence.text(" serve ").variant(variant),
        (_, Some(_)) => sentence.text(" split …"),
        (_, None) => sentence.text(" serve …"),
    };
    sentence
}

/// Whether a condition names nothing where it should.
fn has_hole(conditions: &Value) -> bool {
    let lists = ["tenant", "region", "segment", "values"];
    match conditions {
        Value::Array(conditions) => conditions.iter().any(has_hole),
        Value::Object(members) => members.iter().any(|(name, value)| match value {
            Value::Array(items) if lists.contains(&name.as_str()) => items.is_empty(),
            Value::String(text) => name == "attribute" && text.is_empty(),
            inner => has_hole(inner),
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_finished_is_left_open() {
        for (given, expected) in [
            (json!({ "serve": "on" }), "For everyone serve [on]"),
            (
                json!({ "when": [{ "tenant": ["acme"] }, { "region": [] }], "serve": "on" }),
                "If tenant is [acme] and … serve [on]",
            ),
            (json!({ "when": [], "serve": "" }), "For everyone serve …"),
            (
                json!({ "split": { "slices": [["on", 25_000], ["off", 75_000]] } }),
                "For everyone split by user: [on] 25 %, [off] 75 %",
            ),
            (json!({ "split": { "slices": 5 } }), "For everyone split …"),
        ] {
            assert_eq!(rule(&given).to_string().replace(['\u{202F}', '\u{a0}'], " "), expected);
        }
    }
}
