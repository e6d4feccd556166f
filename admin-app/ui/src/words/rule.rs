//! Rules as sentences. Every condition form has its words, and says what it does with an absent attribute.

use super::sentence::{Kind, Sentence};
use downhaul_core::document::{Condition, Outcome, Rule, Scalar, Segment, Test};

/// A whole rule: `If tenant is acme and region is within eu serve on`, `… split by user`.
pub fn rule(rule: &Rule) -> Sentence {
    let mut sentence = Sentence::new();
    if rule.when.is_empty() {
        sentence.text("For everyone");
    } else {
        sentence.text("If ").push_all(all_of(&rule.when));
    }
    match &rule.then {
        Outcome::Serve(variant) => sentence.text(" serve ").variant(variant.as_str()),
        Outcome::Split(split) if split.by == "targetingKey" => sentence.text(" split by user"),
        Outcome::Split(split) => sentence.text(" split by ").value(Kind::Plain, &split.by),
    };
    sentence
}

/// Whom a segment holds.
pub fn segment(segment: &Segment) -> Sentence {
    let mut sentence = Sentence::new();
    if !segment.include.is_empty() {
        sentence.text("user is ").any_of(Kind::Plain, &segment.include);
    }
    if !segment.when.is_empty() {
        if !segment.include.is_empty() {
            sentence.text(", or ");
        }
        sentence.push_all(all_of(&segment.when));
    }
    if sentence.0.is_empty() {
        sentence.text("no one");
    }
    if !segment.exclude.is_empty() {
        sentence.text("; never ").any_of(Kind::Plain, &segment.exclude);
    }
    sentence
}

/// A group that is all there is needs no brackets.
fn all_of(conditions: &[Condition]) -> Sentence {
    match conditions {
        [Condition::Any(several)] if !several.is_empty() => joined(several, " or "),
        [Condition::All(several)] if !several.is_empty() => joined(several, " and "),
        _ => joined(conditions, " and "),
    }
}

fn joined(conditions: &[Condition], with: &str) -> Sentence {
    let mut sentence = Sentence::new();
    for (at, condition) in conditions.iter().enumerate() {
        if at > 0 {
            sentence.text(with);
        }
        sentence.push_all(self::condition(condition));
    }
    sentence
}

/// One condition, as a clause that can stand after *if*.
pub fn condition(condition: &Condition) -> Sentence {
    let mut sentence = Sentence::new();
    match condition {
        Condition::Tenant(tenants) => sentence.text("tenant is ").any_of(Kind::Tenant, &texts(tenants)),
        Condition::Region(regions) => sentence.text("region is within ").any_of(Kind::Region, &texts(regions)),
        Condition::Segment(segments) => {
            sentence.text("the user is in segment ").any_of(Kind::Segment, &texts(segments))
        }
        Condition::All(conditions) if conditions.is_empty() => sentence.text("always"),
        Condition::Any(conditions) if conditions.is_empty() => sentence.text("never"),
        Condition::All(conditions) => grouped(&mut sentence, conditions, " and "),
        Condition::Any(conditions) => grouped(&mut sentence, conditions, " or "),
        Condition::Not(condition) => negated(&mut sentence, condition),
        Condition::Attribute { attribute, test } => attribute_test(&mut sentence, attribute, test),
    };
    sentence
}

fn grouped<'a>(sentence: &'a mut Sentence, conditions: &[Condition], with: &str) -> &'a mut Sentence {
    match conditions {
        [one] => sentence.push_all(condition(one)),
        several => sentence.text("(").push_all(joined(several, with)).text(")"),
    }
}

/// What `not` gives is true of an absent attribute too, which the plain negative says for tenant, region and segment;
/// for attributes it is spelled out.
fn negated<'a>(sentence: &'a mut Sentence, inner: &Condition) -> &'a mut Sentence {
    match inner {
        Condition::Tenant(tenants) => sentence.text("tenant is not ").any_of(Kind::Tenant, &texts(tenants)),
        Condition::Region(regions) => sentence.text("region is not within ").any_of(Kind::Region, &texts(regions)),
        Condition::Segment(segments) => {
            sentence.text("the user is not in segment ").any_of(Kind::Segment, &texts(segments))
        }
        Condition::Attribute { attribute, test: Test::Exists } => {
            sentence.value(Kind::Plain, attribute).text(" is not given")
        }
        Condition::All(_) | Condition::Any(_) | Condition::Not(_) | Condition::Attribute { .. } => {
            sentence.text("it is not so that ").push_all(condition(inner))
        }
    }
}

fn attribute_test<'a>(sentence: &'a mut Sentence, attribute: &str, test: &Test) -> &'a mut Sentence {
    sentence.value(Kind::Plain, attribute);
    match test {
        Test::In(values) => sentence.text(" is ").any_of(Kind::Plain, &scalars(values)),
        // `not_in` is false of an absent attribute, unlike `not`.
        Test::NotIn(values) => sentence.text(" is given and is not ").any_of(Kind::Plain, &scalars(values)),
        Test::Contains(values) => sentence.text(" contains ").any_of(Kind::Plain, values),
        Test::StartsWith(values) => sentence.text(" starts with ").any_of(Kind::Plain, values),
        Test::EndsWith(values) => sentence.text(" ends with ").any_of(Kind::Plain, values),
        Test::Matches(values) => sentence.text(" matches the pattern ").any_of(Kind::Plain, values),
        Test::Exists => sentence.text(" is given"),
        Test::Lt(value) => sentence.text(" is below ").value(Kind::Plain, &number(*value)),
        Test::Le(value) => sentence.text(" is at most ").value(Kind::Plain, &number(*value)),
        Test::Gt(value) => sentence.text(" is above ").value(Kind::Plain, &number(*value)),
        Test::Ge(value) => sentence.text(" is at least ").value(Kind::Plain, &number(*value)),
        Test::Between(low, high) => sentence
            .text(" is at least ")
            .value(Kind::Plain, &number(*low))
            .text(" and below ")
            .value(Kind::Plain, &number(*high)),
        Test::Semver(values) => sentence.text(" is a version in ").any_of(Kind::Plain, values),
        Test::Before(value) => sentence.text(" is before ").value(Kind::Plain, &scalar(value)),
        Test::After(value) => sentence.text(" is after ").value(Kind::Plain, &scalar(value)),
        Test::IpIn(values) => sentence.text(" is an address in ").any_of(Kind::Plain, values),
    }
}

/// As in the document, but without quotes where no one could take the text for a number or a boolean.
fn scalar(value: &Scalar) -> String {
    match value {
        Scalar::Text(text) if text.parse::<f64>().is_ok() || text == "true" || text == "false" => format!("\"{text}\""),
        Scalar::Text(text) => text.clone(),
        Scalar::Number(value) => number(*value),
        Scalar::Boolean(value) => value.to_string(),
    }
}

fn scalars(values: &[Scalar]) -> Vec<String> {
    values.iter().map(scalar).collect()
}

fn number(value: f64) -> String {
    value.to_string()
}

fn texts<T: ToString>(names: &[T]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests;
