//! Changes in the text of a file, and nothing but the changes: comments, order and layout stay.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstArray, CstInputValue, CstNode, CstObject, CstObjectProp, CstRootNode};
use serde_json::Value;

/// The text of a file with what differs between `before` and `after` changed in one of its objects; both are of that
/// object. What others have changed in the text meanwhile stays. Nothing if it cannot be read.
pub fn json(
    file: &CstRootNode,
    find: impl FnOnce(&CstRootNode) -> Option<CstObject>,
    before: &Value,
    after: &str,
) -> Option<String> {
    let wanted = parse(after)?.value()?.as_object()?;
    object(&find(file)?, before, &wanted);
    Some(file.to_string())
}

pub fn parse(text: &str) -> Option<CstRootNode> {
    CstRootNode::parse(text, &ParseOptions::default()).ok()
}

fn object(text: &CstObject, before: &Value, after: &CstObject) {
    for wanted in after.properties() {
        let (Some(name), Some(value)) = (name_of(&wanted), wanted.value()) else { continue };
        let was = before.get(&name);
        if was.is_some() && was == value.to_serde_value().as_ref() {
            continue;
        }
        match text.get(&name) {
            None => drop(text.append(&name, input(&value))),
            Some(written) => {
                let inside = written.value().zip(was).is_some_and(|(written, was)| within(&written, was, &value));
                if !inside {
                    written.set_value(input(&value));
                }
            }
        }
    }
    let left_out =
        before.as_object().into_iter().flat_map(|before| before.keys()).filter(|name| after.get(name).is_none());
    for name in left_out {
        if let Some(written) = text.get(name) {
            written.remove();
        }
    }
}

/// Changes a value from within, if it is still of the kind that it was.
fn within(text: &CstNode, before: &Value, after: &CstNode) -> bool {
    if let (Some(text), Value::Object(_), Some(after)) = (text.as_object(), before, after.as_object()) {
        object(&text, before, &after);
        return true;
    }
    match (text.as_array(), before, after.as_array()) {
        (Some(text), Value::Array(before), Some(after)) if text.elements().len() == before.len() => {
            array(&text, before, &after);
            true
        }
        _ => false,
    }
}

/// Elements before and behind those that differ are not touched.
fn array(text: &CstArray, before: &[Value], after: &CstArray) {
    let wanted = after.elements();
    let values: Vec<Option<Value>> = wanted.iter().map(CstNode::to_serde_value).collect();
    let same = |(was, is): &(&Value, &Option<Value>)| Some(*was) == is.as_ref();
    let ahead = before.iter().zip(&values).take_while(same).count();
    let shorter = before.len().min(values.len()) - ahead;
    let behind = before.iter().rev().zip(values.iter().rev()).take(shorter).take_while(same).count();
    let old = ahead..before.len() - behind;
    let new = ahead..values.len() - behind;
    for (at, wanted) in wanted.iter().enumerate().take(new.end).skip(new.start) {
        let written = text.elements().get(at).cloned().filter(|_| at < old.end);
        let inside = written.as_ref().zip(before.get(at)).is_some_and(|(text, was)| within(text, was, wanted));
        if inside {
            continue;
        }
        text.insert(at, input(wanted));
        if let Some(written) = written {
            written.remove();
        }
    }
    for _ in new.end..old.end {
        if let Some(left_over) = text.elements().get(new.end).cloned() {
            left_over.remove();
        }
    }
}

fn name_of(property: &CstObjectProp) -> Option<String> {
    property.decoded_name()
}

/// A value to be written, with its members in their order.
fn input(node: &CstNode) -> CstInputValue {
    if let Some(object) = node.as_object() {
        let member = |each: CstObjectProp| Some((name_of(&each)?, input(&each.value()?)));
        return CstInputValue::Object(object.properties().into_iter().filter_map(member).collect());
    }
    if let Some(array) = node.as_array() {
        return CstInputValue::Array(array.elements().iter().map(input).collect());
    }
    match node.to_serde_value() {
        Some(Value::Bool(value)) => CstInputValue::Bool(value),
        Some(Value::Number(value)) => CstInputValue::Number(value.to_string()),
        Some(Value::String(value)) => CstInputValue::String(value),
        // Arrays and objects are above.
        Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => CstInputValue::Null,
    }
}

/// The same for a mapping in YAML whose members begin at the start of their lines, as people write flags: a member that
/// differs is written anew, in JSON, which YAML contains. The caller reads the text again to see that it says what it should.
pub fn yaml(text: &str, before: &Value, after: &str) -> Option<String> {
    let wanted = parse(after)?.value()?.as_object()?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for property in wanted.properties() {
        let (Some(name), Some(value)) = (name_of(&property), property.value()) else { continue };
        let value = value.to_serde_value()?;
        if before.get(&name) == Some(&value) {
            continue;
        }
        let written = format!("{name}: {value}");
        match member(&lines, &name) {
            Some(place) => drop(lines.splice(place, [written])),
            None => lines.push(written),
        }
    }
    for name in before.as_object().into_iter().flat_map(|before| before.keys()) {
        if wanted.get(name).is_none()
            && let Some(place) = member(&lines, name)
        {
            lines.drain(place);
        }
    }
    Some(lines.join("\n") + "\n")
}

/// The lines of a member of the outermost mapping.
fn member(lines: &[String], name: &str) -> Option<std::ops::Range<usize>> {
    let begins = |line: &String| {
        let rest = line.strip_prefix(name).or_else(|| line.strip_prefix(&format!("\"{name}\"")));
        rest.is_some_and(|rest| rest.starts_with(':'))
    };
    let first = lines.iter().position(begins)?;
    let belongs = |line: &&String| line.starts_with([' ', '\t', '-']) || line.is_empty();
    let mut end = first + 1 + lines.iter().skip(first + 1).take_while(belongs).count();
    // Empty lines behind it part it from what follows.
    while end > first + 1 && lines.get(end - 1).is_some_and(String::is_empty) {
        end -= 1;
    }
    Some(first..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const FLAG: &str = r#"{
  // The new way to pay.
  "key": "checkout-v2",
  "variants": { "on": true, "off": false },
  "rules": [
    { "when": [{ "tenant": ["acme"] }], "serve": "on" }, // our first customer
    {
      "when": [{ "region": ["de"] }],
      "split": { "slices": [["on", 25000], ["off", 75000]] }
    }
  ],
  "default": "off" /* for now */
}
"#;

    fn flag() -> Value {
        json!({
            "key": "checkout-v2", "variants": { "on": true, "off": false }, "default": "off",
            "rules": [
                { "when": [{ "tenant": ["acme"] }], "serve": "on" },
                { "when": [{ "region": ["de"] }], "split": { "slices": [["on", 25_000], ["off", 75_000]] } },
            ],
        })
    }

    fn whole(text: &str, after: &Value) -> String {
        let root = |file: &CstRootNode| file.value()?.as_object();
        json(&parse(text).unwrap(), root, &flag(), &after.to_string()).unwrap()
    }

    fn edited(change: impl FnOnce(&mut Value)) -> String {
        let mut after = flag();
        change(&mut after);
        let text = whole(FLAG, &after);
        assert_eq!(parse(&text).unwrap().to_serde_value(), Some(after), "{text}");
        text
    }

    #[test]
    fn nothing_changed_is_the_same_text() {
        assert_eq!(edited(|_| {}), FLAG);
    }

    #[test]
    fn one_number_changes_one_line() {
        let text = edited(|flag| flag["rules"][1]["split"]["slices"] = json!([["on", 50_000], ["off", 50_000]]));
        assert_eq!(text, FLAG.replace("25000", "50000").replace("75000", "50000"));
    }

    #[test]
    fn comments_outlive_what_is_added_and_taken_away() {
        let text = edited(|flag| {
            flag["expires"] = json!("2027-03-31");
            flag["rules"].as_array_mut().unwrap().insert(1, json!({ "when": [], "serve": "off" }));
        });
        for part in ["// The new way to pay.", "// our first customer", "/* for now */"] {
            assert!(text.contains(part), "{text}");
        }
        let text = edited(|flag| drop(flag["rules"].as_array_mut().unwrap().remove(1)));
        assert!(text.contains("// our first customer") && !text.contains("slices"), "{text}");
        let text = edited(|flag| drop(flag.as_object_mut().unwrap().remove("rules")));
        assert!(text.contains("/* for now */") && !text.contains("acme"), "{text}");
    }

    #[test]
    fn what_others_changed_meanwhile_stays() {
        let theirs = FLAG.replace("\"default\": \"off\"", "\"default\": \"on\"");
        let mut after = flag();
        after["rules"][0]["serve"] = json!("off");
        let text = whole(&theirs, &after);
        assert!(text.contains("\"default\": \"on\" /* for now */") && text.contains("\"serve\": \"off\""), "{text}");
    }

    #[test]
    fn yaml_keeps_what_is_not_changed() {
        let text = "# The new way to pay.\nkey: a\n\nrules:\n- when: []   # everyone\n  serve: on\n\n# for now\ndefault: off\n";
        let before = json!({ "key": "a", "rules": [{ "when": [], "serve": "on" }], "default": "off" });
        let after = json!({ "key": "a", "rules": [], "default": "off", "owner": "payments" });
        let edited = yaml(text, &before, &after.to_string()).unwrap();
        assert_eq!(
            edited,
            "# The new way to pay.\nkey: a\n\nrules: []\n\n# for now\ndefault: off\nowner: \"payments\"\n"
        );
        let after = json!({ "key": "a", "default": "off" });
        let edited = yaml(text, &before, &after.to_string()).unwrap();
        assert_eq!(edited, "# The new way to pay.\nkey: a\n\n\n# for now\ndefault: off\n");
    }
}
