//! The conditions of a rule as the lines of an X-ray.

use super::change::marked;
use super::rule;
use super::sentence::{Kind, Sentence};
use crate::state::context_draft::shown_value;
use downhaul_core::document::Condition;
use downhaul_core::explain::{ConditionTrace, SegmentTrace};

/// A condition of a rule as one line of its X-ray.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub words: Sentence,
    /// Within how many groups it stands.
    pub depth: usize,
    /// `None` if the evaluator did not get so far.
    pub held: Option<bool>,
    /// What the context has, or why that cannot hold.
    pub found: Sentence,
}

/// Every condition, each before those within it, with what was found.
pub fn lines(conditions: &[ConditionTrace]) -> Vec<Line> {
    let mut lines = Vec::new();
    for condition in conditions {
        collect(condition, 0, &mut lines);
    }
    lines
}

fn collect(traced: &ConditionTrace, depth: usize, lines: &mut Vec<Line>) {
    let mut heading = Sentence::new();
    let words = match &traced.condition {
        Condition::All(inner) if !inner.is_empty() => heading.text("all of these hold").clone(),
        Condition::Any(inner) if !inner.is_empty() => heading.text("one of these holds").clone(),
        Condition::Not(_) => heading.text("this does not hold").clone(),
        condition => rule::condition(condition),
    };
    let line = |found| Line { words, depth, held: traced.held, found };
    match traced.segments.as_slice() {
        [] => lines.push(line(found(traced))),
        // One segment needs no line beside the condition that names it.
        [only] => {
            lines.push(line(only.why.map(marked).unwrap_or_default()));
            members(only, depth + 1, lines);
        }
        several => {
            lines.push(line(Sentence::new()));
            for segment in several {
                let mut words = Sentence::new();
                words.text("segment ").value(Kind::Segment, &segment.segment);
                let found = segment.why.map(marked).unwrap_or_default();
                lines.push(Line { words, depth: depth + 1, held: segment.held, found });
                members(segment, depth + 2, lines);
            }
        }
    }
    for inner in &traced.inner {
        collect(inner, depth + 1, lines);
    }
}

fn members(segment: &SegmentTrace, depth: usize, lines: &mut Vec<Line>) {
    for condition in &segment.conditions {
        collect(condition, depth, lines);
    }
}

/// Why it came out so, or the value that it saw.
fn found(traced: &ConditionTrace) -> Sentence {
    let mut found = Sentence::new();
    match (&traced.why, &traced.saw, traced.held) {
        (_, _, None) => {}
        (Some(why), _, _) => found = marked(&shorten(why.clone())),
        (None, Some(value), _) => {
            found.text(&shorten(shown_value(value)));
        }
        (None, None, Some(_)) if matches!(traced.condition, Condition::Attribute { .. }) => {
            found.text("not given");
        }
        (None, None, Some(_)) => {}
    }
    found
}

const LONGEST: usize = 90;

fn shorten(text: String) -> String {
    if text.chars().count() <= LONGEST { text } else { text.chars().take(LONGEST).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_core::explain::{Explainer, Step};
    use downhaul_core::read::{self, Format};
    use downhaul_core::validate::validate;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    fn told(when: &str, context: Value) -> String {
        let document = format!(
            r#"{{"schema": 1, "environment": "e", "revision": 1, "issued_at": "2026-11-23T20:00:00Z", "valid_until": "2026-11-24T20:00:00Z",
                "regions": {{"world": {{"eu": {{"eu-west": {{}}}}}}}}, "tenants": {{"globex": {{"plan": "free"}}, "acme": {{}}}},
                "segments": {{
                    "staff": {{"include": ["user-7"], "when": [{{"attribute": "email", "op": "ends_with", "values": ["@example.com"]}}]}},
                    "beta": {{"exclude": ["user-8"], "include": ["user-9"]}}}},
                "flags": [{{"key": "f", "owner": "o", "kind": "ops", "review": "2027-01-01", "variants": {{"on": true, "off": false}},
                "degraded": {{"variant": "off", "meaning": "m"}}, "default": "off", "rules": [{{"when": [{when}], "serve": "on"}}]}}]}}"#
        );
        let (document, _) = read::flag_set(&document, Format::Json).expect(when);
        let (valid, _) = validate(document, None).unwrap();
        let xray = Explainer::new(valid).explain("f", context.as_object().unwrap(), &BTreeMap::new());
        let Some(Step::Rule(rule)) = xray.steps.first() else { panic!("{xray:?}") };
        let line = |line: &Line| {
            let mark = match line.held {
                Some(true) => "yes",
                Some(false) => "no",
                None => "not read",
            };
            format!("{}{mark}: {} <{}>", "  ".repeat(line.depth), line.words, line.found)
        };
        lines(&rule.conditions).iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn groups_values_and_what_was_not_read() {
        let when = r#"{"region": ["eu"]},
            {"any": [{"tenant": ["acme"]}, {"not": {"attribute": "app.version", "op": "semver", "values": [">=2.0.0"]}}]},
            {"attribute": "tenant.plan", "op": "in", "values": ["pro"]}, {"attribute": "email", "op": "exists"}"#;
        let context = json!({"region": "eu-west", "tenant": "globex", "app": {"version": "1.9.0"}});
        insta::assert_snapshot!(told(when, context), @"
        yes: region is within [eu] <world > eu > eu-west>
        yes: one of these holds <>
          no: tenant is [acme] <[tenant] is [globex]>
          yes: this does not hold <>
            no: [app.version] is a version in [>=2.0.0] <[app.version] is [1.9.0]>
        no: [tenant.plan] is [pro] <[tenant.plan] is [free]>
        not read: [email] is given <>
        ");
    }

    #[test]
    fn segments_are_opened() {
        let cases = [
            (r#"{"segment": ["staff"]}"#, json!({"targetingKey": "u", "email": "a@b.de"})),
            (r#"{"segment": ["staff"]}"#, json!({"targetingKey": "user-7"})),
            (r#"{"segment": ["beta", "staff"]}"#, json!({"targetingKey": "user-8"})),
        ];
        let told: Vec<String> = cases.into_iter().map(|(when, context)| told(when, context)).collect();
        insta::assert_snapshot!(told.join("\n\n"), @"
        no: the user is in segment [staff] <not listed, and its conditions do not hold>
          no: [email] ends with [@example.com] <[email] is [a@b.de]>

        yes: the user is in segment [staff] <[include] lists the targetingKey>

        no: the user is in segment [beta] or [staff] <>
          no: segment [beta] <[exclude] lists the targetingKey>
          no: segment [staff] <not listed, and its conditions do not hold>
            no: [email] ends with [@example.com] <[email] is absent>
        ");
    }

    #[test]
    fn absent_values_and_wrong_types_say_so() {
        let contains = r#"{"attribute": "email", "op": "contains", "values": ["@"]}"#;
        let cases = [
            (contains, json!({})),
            (contains, json!({"email": null})),
            (contains, json!({"email": 5})),
            (contains, json!({"email": ["@"]})),
            (r#"{"attribute": "age", "op": "lt", "values": [5]}"#, json!({"age": "4"})),
            (r#"{"region": ["eu"]}"#, json!({"region": "mars"})),
            (r#"{"region": ["eu"]}"#, json!({})),
            (r#"{"not": {"attribute": "age", "op": "exists"}}"#, json!({})),
        ];
        let told: Vec<String> = cases.into_iter().map(|(when, context)| told(when, context)).collect();
        insta::assert_snapshot!(told.join("\n"), @"
        no: [email] contains [@] <[email] is absent>
        no: [email] contains [@] <[email] is absent>
        no: [email] contains [@] <[email] is 5, and [contains] takes a text>
        no: [email] contains [@] <[email] is a list of 1, and [contains] takes a text: to look into a list use [in]>
        no: [age] is below [5] <[age] is [4], and [lt] takes a number>
        no: region is within [eu] <[mars] is no region of this flag set, so it lies within nothing>
        no: region is within [eu] <[region] is absent>
        yes: this does not hold <>
          no: [age] is given <[age] is absent>
        ");
    }
}
