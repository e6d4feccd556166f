//! Why a condition held or not, beside what it says.

use super::sentence::Sentence;
use crate::state::context_draft::shown_value;
use crate::state::xray::{Checked, Membership};
use downhaul_core::document::{Condition, RegionTree, Rule, Test};
use serde_json::{Map, Value};

/// A condition of a rule as one line of its X-ray.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub words: Sentence,
    /// Within how many groups it stands.
    pub depth: usize,
    /// `None` if the evaluator did not get so far.
    pub held: Option<bool>,
    /// What the context has, or why that cannot hold.
    pub found: String,
}

/// Every condition of a rule, each before those within it, with what was found.
pub fn lines(
    rule: &Rule,
    checked: &[Checked],
    context: &Map<String, Value>,
    tenant: Option<&Map<String, Value>>,
    regions: &RegionTree,
) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut number = 0;
    let facts = Facts { context, tenant, regions };
    for condition in &rule.when {
        collect(condition, 0, &mut number, checked, &facts, &mut lines);
    }
    lines
}

struct Facts<'a> {
    context: &'a Map<String, Value>,
    tenant: Option<&'a Map<String, Value>>,
    regions: &'a RegionTree,
}

fn collect(
    condition: &Condition,
    depth: usize,
    number: &mut usize,
    checked: &[Checked],
    facts: &Facts<'_>,
    lines: &mut Vec<Line>,
) {
    let mine = checked.iter().find(|each| each.number == *number);
    *number += 1;
    let inner: &[Condition] = match condition {
        Condition::All(inner) | Condition::Any(inner) => inner,
        Condition::Not(inner) => std::slice::from_ref(inner),
        Condition::Tenant(_) | Condition::Region(_) | Condition::Segment(_) | Condition::Attribute { .. } => &[],
    };
    let mut heading = Sentence::new();
    let words = match condition {
        Condition::All(inner) if !inner.is_empty() => heading.text("all of these hold").clone(),
        Condition::Any(inner) if !inner.is_empty() => heading.text("one of these holds").clone(),
        Condition::Not(_) => heading.text("this does not hold").clone(),
        _ => super::rule::condition(condition),
    };
    let found = mine.map_or_else(String::new, |mine| found(condition, mine, facts));
    lines.push(Line { words, depth, held: mine.map(|mine| mine.held), found });
    for each in inner {
        collect(each, depth + 1, number, checked, facts, lines);
    }
}

fn found(condition: &Condition, checked: &Checked, facts: &Facts<'_>) -> String {
    match condition {
        Condition::Tenant(_) => value_of(facts, "tenant"),
        Condition::Region(_) => match facts.context.get("region").and_then(Value::as_str) {
            Some(region) => match path(facts.regions, region) {
                Some(path) => path.join(", in "),
                None => format!("{region} is not a region of this environment"),
            },
            None => value_of(facts, "region"),
        },
        Condition::Segment(_) => match (checked.segment, checked.held) {
            (Some(Membership::Excluded), _) => "excluded by name".to_owned(),
            (Some(Membership::Listed), _) => "listed by name".to_owned(),
            (Some(Membership::ByConditions), true) => "its conditions hold".to_owned(),
            (Some(Membership::ByConditions), false) => "neither listed nor by its conditions".to_owned(),
            (None, _) => String::new(),
        },
        Condition::All(_) | Condition::Any(_) | Condition::Not(_) => String::new(),
        Condition::Attribute { attribute, test } => {
            let Some(value) = attribute_of(facts, attribute) else { return "not given".to_owned() };
            let shown = shorten(shown_value(value));
            match wrong_type(test, value) {
                Some(why) => format!("{shown}: {why}"),
                None => shown,
            }
        }
    }
}

fn value_of(facts: &Facts<'_>, name: &str) -> String {
    attribute_of(facts, name).map_or_else(|| "not given".to_owned(), |value| shorten(shown_value(value)))
}

/// As the evaluator looks: the own key first, then the dotted path; null is absent; `tenant.` reads the tenant.
fn attribute_of<'a>(facts: &Facts<'a>, name: &str) -> Option<&'a Value> {
    let value = match name.strip_prefix("tenant.") {
        Some(rest) => facts.tenant.and_then(|tenant| look_up(tenant, rest)),
        None => look_up(facts.context, name),
    };
    value.filter(|value| !value.is_null())
}

pub fn look_up<'a>(attributes: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    if let Some(value) = attributes.get(name) {
        return Some(value);
    }
    let (first, rest) = name.split_once('.')?;
    let first = attributes.get(first)?;
    rest.split('.').try_fold(first, |value, part| value.as_object()?.get(part))
}

/// Why a value of this type can never pass the test.
fn wrong_type(test: &Test, value: &Value) -> Option<&'static str> {
    match test {
        Test::In(_) | Test::NotIn(_) | Test::Exists => None,
        Test::Lt(_) | Test::Le(_) | Test::Gt(_) | Test::Ge(_) | Test::Between(..) => {
            (!value.is_number()).then_some("not a number")
        }
        Test::Before(_) | Test::After(_) => (!value.is_number() && !value.is_string()).then_some("not a time"),
        Test::Contains(_) if value.is_array() => Some("a list; `in` looks into lists"),
        Test::Contains(_)
        | Test::StartsWith(_)
        | Test::EndsWith(_)
        | Test::Matches(_)
        | Test::Semver(_)
        | Test::IpIn(_) => (!value.is_string()).then_some("not text"),
    }
}

/// `eu-west, in eu, in world`.
fn path(tree: &RegionTree, region: &str) -> Option<Vec<String>> {
    tree.0.iter().find_map(|(name, below)| {
        if name.as_str() == region {
            return Some(vec![name.to_string()]);
        }
        let mut path = path(below, region)?;
        path.push(name.to_string());
        Some(path)
    })
}

const LONGEST: usize = 48;

fn shorten(text: String) -> String {
    if text.chars().count() <= LONGEST { text } else { text.chars().take(LONGEST).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_core::read::{self, Format};
    use serde_json::json;

    fn told(when: &str, checked: &[(usize, bool)], context: Value) -> String {
        let flag = format!(
            r#"{{"key": "f", "owner": "o", "kind": "ops", "review": "2027-01-01", "variants": {{"on": true, "off": false}},
                "degraded": {{"variant": "off", "meaning": "m"}}, "default": "off", "rules": [{{"when": [{when}], "serve": "on"}}]}}"#
        );
        let (flag, _) = read::flag(&flag, Format::Json).expect(when);
        let (regions, _) = read::regions(r#"{"world": {"eu": {"eu-west": {}}}}"#, Format::Json).unwrap();
        let checked: Vec<Checked> =
            checked.iter().map(|(number, held)| Checked { number: *number, held: *held, segment: None }).collect();
        let tenant = json!({"plan": "free"});
        let lines = lines(&flag.rules[0], &checked, context.as_object().unwrap(), tenant.as_object(), &regions);
        let line = |line: &Line| {
            let mark = match line.held {
                Some(true) => "yes",
                Some(false) => "no",
                None => "not read",
            };
            format!("{}{mark}: {} <{}>", "  ".repeat(line.depth), line.words, line.found)
        };
        lines.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn groups_values_and_what_was_not_read() {
        let when = r#"{"region": ["eu"]},
            {"any": [{"tenant": ["acme"]}, {"not": {"attribute": "app.version", "op": "semver", "values": [">=2.0.0"]}}]},
            {"attribute": "tenant.plan", "op": "in", "values": ["free"]}, {"attribute": "email", "op": "exists"}"#;
        let checked = [(0, true), (1, true), (2, false), (3, true), (4, false), (5, true)];
        let context = json!({"region": "eu-west", "tenant": "globex", "app": {"version": "1.9.0"}});
        insta::assert_snapshot!(told(when, &checked, context), @"
        yes: region is within [eu] <eu-west, in eu, in world>
        yes: one of these holds <>
          no: tenant is [acme] <globex>
          yes: this does not hold <>
            no: [app.version] is a version in [>=2.0.0] <1.9.0>
        yes: [tenant.plan] is [free] <free>
        not read: [email] is given <>
        ");
    }

    #[test]
    fn absent_values_and_wrong_types_say_so() {
        let check = |when: &str, context: Value, found: &str| {
            let told = told(when, &[(0, false)], context);
            assert!(told.ends_with(&format!("<{found}>")), "{told}");
        };
        let contains = r#"{"attribute": "email", "op": "contains", "values": ["@"]}"#;
        check(contains, json!({}), "not given");
        check(contains, json!({"email": null}), "not given");
        check(contains, json!({"email": 5}), "5: not text");
        check(contains, json!({"email": ["@"]}), "[\"@\"]: a list; `in` looks into lists");
        check(r#"{"attribute": "age", "op": "lt", "values": [5]}"#, json!({"age": "4"}), "\"4\": not a number");
        check(r#"{"region": ["eu"]}"#, json!({"region": "mars"}), "mars is not a region of this environment");
        check(r#"{"region": ["eu"]}"#, json!({}), "not given");
    }
}
