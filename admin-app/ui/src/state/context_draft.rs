use crate::words::text::state as text;
use downhaul_core::document::{Condition, Flag, FlagSet, Outcome, Scalar, Test};
use serde_json::{Map, Value};
use std::rc::Rc;
use yew::Reducible;

/// An evaluation context that someone is trying: kept as JSON text, edited as text or as a form.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ContextDraft {
    pub text: String,
    pub as_json: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    AsJson(bool),
    Text(String),
    /// A whole context, such as an example.
    Put(Map<String, Value>),
    /// One attribute, as typed into the form; an empty text takes it away.
    Set(String, String),
}

impl Reducible for ContextDraft {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut draft = (*self).clone();
        match action {
            Action::AsJson(as_json) => draft.as_json = as_json,
            Action::Text(text) => draft.text = text,
            Action::Put(context) => draft.text = pretty(&context),
            Action::Set(name, typed) => {
                // While the text is not a context, the form is not shown.
                if let Ok(mut context) = draft.parsed() {
                    if typed.is_empty() {
                        context.remove(&name);
                    } else {
                        context.insert(name, read_value(&typed));
                    }
                    draft.text = pretty(&context);
                }
            }
        }
        draft.into()
    }
}

impl ContextDraft {
    pub fn of(context: &Map<String, Value>) -> Self {
        ContextDraft { text: pretty(context), as_json: false }
    }

    /// # Errors
    /// Why the text is not a context, for people.
    pub fn parsed(&self) -> Result<Map<String, Value>, String> {
        if self.text.trim().is_empty() {
            return Ok(Map::new());
        }
        match serde_json::from_str(&self.text) {
            Ok(Value::Object(context)) => Ok(context),
            Ok(_) => Err(text::A_CONTEXT_IS_AN_OBJECT.to_owned()),
            Err(error) => Err(text::this_is_not_json_yet(&error)),
        }
    }
}

fn pretty(context: &Map<String, Value>) -> String {
    serde_json::to_string_pretty(context).unwrap_or_default()
}

/// What was typed into a form's field: JSON where it is a number, boolean, list or object, else text. Quotes make text of anything.
pub fn read_value(typed: &str) -> Value {
    match serde_json::from_str::<Value>(typed) {
        Ok(value) => value,
        Err(_) => Value::String(typed.to_owned()),
    }
}

/// How a value stands in a form's field, so that reading it gives the same value.
pub fn shown_value(value: &Value) -> String {
    match value {
        Value::String(text) if matches!(read_value(text), Value::String(_)) && !text.starts_with('"') => text.clone(),
        other => other.to_string(),
    }
}

/// The attributes that a form offers where any flag may be meant: those of all flags, in the order of their names.
pub fn all_attributes_read(document: &FlagSet) -> Vec<String> {
    let mut names: Vec<String> = document.flags.iter().flat_map(|flag| attributes_read(document, flag)).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The attributes that a form offers for a flag: what its rules and the segments in them read, after the three that every
/// context has. Attributes of tenants are not the context's.
pub fn attributes_read(document: &FlagSet, flag: &Flag) -> Vec<String> {
    let mut names = vec!["targetingKey".to_owned(), "tenant".to_owned(), "region".to_owned()];
    let mut add = |name: &str| {
        if !name.starts_with("tenant.") && !names.iter().any(|each| each == name) {
            names.push(name.to_owned());
        }
    };
    for rule in &flag.rules {
        for condition in &rule.when {
            visit(document, condition, 0, &mut |condition| {
                if let Condition::Attribute { attribute, .. } = condition {
                    add(attribute);
                }
            });
        }
        if let Outcome::Split(split) = &rule.then {
            add(&split.by);
        }
    }
    names
}

/// Segments may name segments; validation refuses cycles, but a bound costs nothing.
const SEGMENT_DEPTH: usize = 8;

fn visit(document: &FlagSet, condition: &Condition, depth: usize, see: &mut impl FnMut(&Condition)) {
    see(condition);
    match condition {
        Condition::All(inner) | Condition::Any(inner) => {
            inner.iter().for_each(|each| visit(document, each, depth, see))
        }
        Condition::Not(inner) => visit(document, inner, depth, see),
        Condition::Segment(keys) if depth < SEGMENT_DEPTH => {
            for segment in keys.iter().filter_map(|key| document.segments.get(key.as_str())) {
                segment.when.iter().for_each(|each| visit(document, each, depth + 1, see));
            }
        }
        Condition::Segment(_) | Condition::Tenant(_) | Condition::Region(_) | Condition::Attribute { .. } => {}
    }
}

/// Contexts to begin with: one made for each rule, and one for nobody in particular. They are guesses; the X-ray shows
/// whether a rule takes them.
pub fn examples(document: &FlagSet, flag: &Flag) -> Vec<(String, Map<String, Value>)> {
    let mut examples: Vec<(String, Map<String, Value>)> = flag
        .rules
        .iter()
        .enumerate()
        .map(|(at, rule)| {
            let mut context = Map::new();
            context.insert("targetingKey".to_owned(), Value::from(format!("user-{}", 1000 + 77 * at)));
            rule.when.iter().for_each(|condition| satisfy(document, condition, 0, &mut context));
            if let Outcome::Split(split) = &rule.then
                && !context.contains_key(&split.by)
            {
                context.insert(split.by.clone(), Value::from(format!("{}-{}", split.by, at + 1)));
            }
            (rule.name.clone().unwrap_or_else(|| text::rule_at(&(at + 1))), context)
        })
        .collect();
    let mut nobody = Map::new();
    nobody.insert("targetingKey".to_owned(), Value::from("user-1042"));
    examples.push((text::ANYONE_ELSE.to_owned(), nobody));
    examples.push((text::WITHOUT_TARGETINGKEY.to_owned(), Map::new()));
    examples
}

fn satisfy(document: &FlagSet, condition: &Condition, depth: usize, context: &mut Map<String, Value>) {
    let mut put = |name: &str, value: Value| {
        if !name.starts_with("tenant.") {
            context.insert(name.to_owned(), value);
        }
    };
    match condition {
        Condition::Tenant(names) => {
            names.first().into_iter().for_each(|name| put("tenant", Value::from(name.as_str())))
        }
        Condition::Region(names) => {
            names.first().into_iter().for_each(|name| put("region", Value::from(name.as_str())))
        }
        Condition::Segment(keys) if depth < SEGMENT_DEPTH => {
            let Some(segment) = keys.first().and_then(|key| document.segments.get(key.as_str())) else { return };
            match segment.include.first() {
                Some(listed) => put("targetingKey", Value::from(listed.as_str())),
                None => segment.when.iter().for_each(|each| satisfy(document, each, depth + 1, context)),
            }
        }
        Condition::All(inner) => inner.iter().for_each(|each| satisfy(document, each, depth, context)),
        Condition::Any(inner) => inner.iter().take(1).for_each(|each| satisfy(document, each, depth, context)),
        Condition::Segment(_) | Condition::Not(_) => {}
        Condition::Attribute { attribute, test } => {
            if let Some(value) = passing(test) {
                put(attribute, value);
            }
        }
    }
}

/// A value that the test takes, where one is easily told.
fn passing(test: &Test) -> Option<Value> {
    let text = |values: &[String], make: fn(&str) -> String| values.first().map(|value| Value::from(make(value)));
    match test {
        Test::In(values) => values.first().map(|value| match value {
            Scalar::Text(text) => Value::from(text.as_str()),
            Scalar::Number(number) => Value::from(*number),
            Scalar::Boolean(value) => Value::from(*value),
        }),
        Test::NotIn(_) => Some(Value::from("other")),
        Test::Contains(values) | Test::StartsWith(values) => text(values, str::to_owned),
        Test::EndsWith(values) => text(values, |value| format!("mia{value}")),
        Test::Matches(_) => None,
        Test::Exists => Some(Value::from(true)),
        Test::Lt(bound) => Some(Value::from(bound - 1.0)),
        Test::Gt(bound) => Some(Value::from(bound + 1.0)),
        Test::Le(bound) | Test::Ge(bound) | Test::Between(bound, _) => Some(Value::from(*bound)),
        Test::Semver(values) => text(values, |range| {
            let first = range.split(' ').next().unwrap_or_default();
            first.trim_start_matches(['<', '>', '=', '^', '~']).to_owned()
        }),
        Test::Before(_) => Some(Value::from("2020-01-01T00:00:00Z")),
        Test::After(_) => Some(Value::from("2100-01-01T00:00:00Z")),
        Test::IpIn(values) => text(values, |block| block.split('/').next().unwrap_or_default().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_core::read::{self, Format};
    use serde_json::json;

    fn run(actions: Vec<Action>) -> Rc<ContextDraft> {
        actions.into_iter().fold(Rc::new(ContextDraft::default()), |draft, action| draft.reduce(action))
    }

    #[test]
    fn a_form_writes_json() {
        let set = |name: &str, typed: &str| Action::Set(name.to_owned(), typed.to_owned());
        let draft = run(vec![
            set("tenant", "acme"),
            set("age", "18"),
            set("zip", "\"0815\""),
            set("gone", "x"),
            set("gone", ""),
        ]);
        assert_eq!(Value::from(draft.parsed().unwrap()), json!({"tenant": "acme", "age": 18, "zip": "0815"}));
        let broken = run(vec![Action::Text("{\"a\": ".into()), set("b", "c")]);
        assert_eq!(broken.text, "{\"a\": ", "a half-typed text is not thrown away");
        assert!(broken.parsed().is_err());
        assert!(run(vec![Action::Text("[]".into())]).parsed().is_err());
        assert_eq!(run(vec![]).parsed().unwrap(), Map::new());
    }

    #[test]
    fn what_a_field_shows_reads_back_as_the_same() {
        for value in [
            json!("acme"),
            json!("18"),
            json!(18),
            json!("true"),
            json!(true),
            json!("\"x\""),
            json!(["a", 1]),
            json!(""),
        ] {
            assert_eq!(read_value(&shown_value(&value)), value);
        }
    }

    #[test]
    fn forms_and_examples_come_from_the_rules() {
        let text = r#"{
            "schema": 1, "environment": "e", "revision": 1,
            "segments": {"staff": {"when": [{"attribute": "email", "op": "ends_with", "values": ["@example.com"]}]}},
            "flags": [{"key": "f", "owner": "o", "kind": "ops", "review": "2027-01-01", "variants": {"on": true, "off": false},
                "degraded": {"variant": "off", "meaning": "m"}, "default": "off", "rules": [
                {"name": "Staff", "when": [{"segment": ["staff"]}], "serve": "on"},
                {"when": [{"not": {"attribute": "beta", "op": "exists"}}, {"attribute": "tenant.plan", "op": "exists"},
                          {"attribute": "app.version", "op": "semver", "values": [">=2.3.0 <3.0.0"]}],
                 "split": {"by": "company", "slices": [["on", 100000]]}}]}]}"#;
        let (document, _) = read::flag_set(text, Format::Json).unwrap();
        let flag = document.flag("f").unwrap();
        let names = attributes_read(&document, flag);
        assert_eq!(names, ["targetingKey", "tenant", "region", "email", "beta", "app.version", "company"]);
        let examples = examples(&document, flag);
        let names: Vec<&str> = examples.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Staff", "Rule 2", "Anyone else", "Without targetingKey"]);
        assert_eq!(
            Value::from(examples[0].1.clone()),
            json!({"targetingKey": "user-1000", "email": "mia@example.com"})
        );
        assert_eq!(
            Value::from(examples[1].1.clone()),
            json!({"targetingKey": "user-1077", "app.version": "2.3.0", "company": "company-2"})
        );
    }
}
