//! What an edit of a segment, a tenant, the region tree or the policy does, in words: line by line.

use super::difference::Line;
use super::rule;
use super::sentence::{Kind, Sentence};
use crate::state::definition::Subject;
use downhaul_core::document::Condition;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Everything in which `after` is another than `before`.
pub fn lines(subject: &Subject, before: Option<&Value>, after: &Value) -> Vec<Line> {
    match subject {
        Subject::Segment(_) => segment(before, after),
        Subject::Regions => regions(before, after),
        Subject::Tenant(_) | Subject::Policy => leaves(before, after),
    }
}

fn line(what: &str, before: Option<Sentence>, after: Option<Sentence>) -> Option<Line> {
    (before != after).then(|| Line { what: what.to_owned(), before, after, note: String::new() })
}

fn segment(before: Option<&Value>, after: &Value) -> Vec<Line> {
    let text = |of: &Value| {
        let text = of.get("description")?.as_str().filter(|text| !text.is_empty())?;
        Some(Sentence::new().text(text).clone())
    };
    let conditions = |of: &Value| {
        let conditions: Vec<Condition> = serde_json::from_value(of.get("when")?.clone()).ok()?;
        let mut sentence = Sentence::new();
        for (at, condition) in conditions.iter().enumerate() {
            sentence.text(if at > 0 { " and " } else { "" }).push_all(rule::condition(condition));
        }
        (!conditions.is_empty()).then_some(sentence)
    };
    let of = |what: &dyn Fn(&Value) -> Option<Sentence>| (before.and_then(what), what(after));
    let mut lines = Vec::new();
    let (was, is) = of(&conditions);
    lines.extend(line("Who is in it", was, is));
    for (member, what) in [("include", "Always in it"), ("exclude", "Never in it")] {
        lines.extend(list(what, before.and_then(|of| of.get(member)), after.get(member)));
    }
    let (was, is) = of(&text);
    lines.extend(line("Description", was, is));
    lines
}

/// Of a long list it says more to see what came and went than to see it twice.
fn list(what: &str, before: Option<&Value>, after: Option<&Value>) -> Option<Line> {
    let set = |of: Option<&Value>| -> BTreeSet<String> {
        of.and_then(Value::as_array).into_iter().flatten().filter_map(|each| each.as_str().map(str::to_owned)).collect()
    };
    let (was, is) = (set(before), set(after));
    let told = |these: &BTreeSet<String>, those: &BTreeSet<String>| {
        let only: Vec<&String> = these.difference(those).collect();
        (!only.is_empty()).then(|| Sentence::new().any_of(Kind::Plain, &only).clone())
    };
    line(what, told(&was, &is), told(&is, &was))
}

fn regions(before: Option<&Value>, after: &Value) -> Vec<Line> {
    let none = Value::Object(Map::new());
    let (was, is) = (parents(before.unwrap_or(&none)), parents(after));
    let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let words = |parent: &Option<String>| match parent {
        Some(parent) => Sentence::new().text("within ").value(Kind::Region, parent).clone(),
        None => Sentence::new().text("at the top").clone(),
    };
    names.into_iter().filter_map(|name| line(name, was.get(name).map(words), is.get(name).map(words))).collect()
}

/// Each region with the one in which it lies.
fn parents(tree: &Value) -> BTreeMap<String, Option<String>> {
    fn visit(level: &Value, parent: Option<&str>, into: &mut BTreeMap<String, Option<String>>) {
        for (name, below) in level.as_object().into_iter().flatten() {
            into.insert(name.clone(), parent.map(str::to_owned));
            visit(below, Some(name), into);
        }
    }
    let mut into = BTreeMap::new();
    visit(tree, None, &mut into);
    into
}

fn leaves(before: Option<&Value>, after: &Value) -> Vec<Line> {
    let none = Value::Object(Map::new());
    let [was, is] = [before.unwrap_or(&none), after].map(|value| {
        let mut into = BTreeMap::new();
        flatten(String::new(), value, &mut into);
        into
    });
    let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    names.into_iter().filter_map(|name| line(name, was.get(name).cloned(), is.get(name).cloned())).collect()
}

/// Lists are leaves: of a list it says more to see it whole.
fn flatten(path: String, value: &Value, into: &mut BTreeMap<String, Sentence>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (name, value) in members {
                flatten(if path.is_empty() { name.clone() } else { format!("{path}.{name}") }, value, into);
            }
        }
        Value::Object(_) if path.is_empty() => {}
        leaf => {
            let text = leaf.as_str().map_or_else(|| leaf.to_string(), str::to_owned);
            into.insert(path, Sentence::new().value(Kind::Plain, &text).clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn told(subject: Subject, before: Option<Value>, after: Value) -> Vec<String> {
        let side = |side: Option<Sentence>| side.map_or_else(|| "–".to_owned(), |side| side.to_string());
        let told = |line: Line| format!("{}: {} -> {}", line.what, side(line.before), side(line.after));
        lines(&subject, before.as_ref(), &after).into_iter().map(told).collect()
    }

    #[test]
    fn each_in_its_own_words() {
        let staff = json!({ "include": ["a", "b"], "when": [{ "tenant": ["acme"] }] });
        let next = json!({ "include": ["b", "c"], "description": "Ours", "when": [{ "tenant": ["acme"] }, { "region": ["eu"] }] });
        let lines = told(Subject::Segment("staff".into()), Some(staff.clone()), next);
        let expected = [
            "Who is in it: tenant is [acme] -> tenant is [acme] and region is within [eu]",
            "Always in it: [a] -> [c]",
            "Description: – -> Ours",
        ];
        assert_eq!(lines, expected);
        assert_eq!(told(Subject::Segment("staff".into()), Some(staff.clone()), staff).len(), 0);
        let tree = json!({ "eu": { "de": {} }, "us": {} });
        let moved = json!({ "world": { "eu": { "de": {} } } });
        let expected = ["eu: at the top -> within [world]", "us: at the top -> –", "world: – -> at the top"];
        assert_eq!(told(Subject::Regions, Some(tree), moved), expected);
        let policy = json!({ "approvals": { "critical": 1 }, "drill_days": 90 });
        let next = json!({ "approvals": { "critical": 2, "self": true }, "drill_days": 90 });
        assert_eq!(
            told(Subject::Policy, Some(policy), next),
            ["approvals.critical: [1] -> [2]", "approvals.self: – -> [true]"]
        );
        assert_eq!(told(Subject::Tenant("acme".into()), None, json!({ "plan": "paid" })), ["plan: – -> [paid]"]);
    }
}
