//! Conditions, scopes and values as people read them.

use crate::document::{Condition, Scalar, Scope, Test};
use serde_json::Value;

/// A condition in words, such as `` `plan` is `pro` or `enterprise` ``.
pub fn condition_words(condition: &Condition) -> String {
    match condition {
        Condition::Tenant(tenants) => format!("tenant is {}", any_of(tenants)),
        Condition::Region(regions) => format!("region within {}", any_of(regions)),
        Condition::Segment(segments) => format!("in segment {}", any_of(segments)),
        Condition::All(all) if all.is_empty() => "always".to_owned(),
        Condition::Any(any) if any.is_empty() => "never".to_owned(),
        Condition::All(_) => "all of".to_owned(),
        Condition::Any(_) => "any of".to_owned(),
        Condition::Not(_) => "not".to_owned(),
        Condition::Attribute { attribute, test } => format!("`{attribute}` {}", test_words(test)),
    }
}

/// A condition in words with all that is within it, such as `(tenant is `acme` or not (in segment `staff`))`.
pub fn whole_condition_words(condition: &Condition) -> String {
    let joined =
        |inner: &[Condition], with: &str| inner.iter().map(whole_condition_words).collect::<Vec<_>>().join(with);
    match condition {
        Condition::All(inner) | Condition::Any(inner) if inner.len() == 1 => joined(inner, ""),
        Condition::All(inner) if !inner.is_empty() => format!("({})", joined(inner, " and ")),
        Condition::Any(inner) if !inner.is_empty() => format!("({})", joined(inner, " or ")),
        Condition::Not(inner) => match whole_condition_words(inner) {
            grouped if grouped.starts_with('(') => format!("not {grouped}"),
            plain => format!("not ({plain})"),
        },
        other => condition_words(other),
    }
}

/// A kill's scope in words, such as `tenant acme, within region eu`; `everyone` if it says nothing.
pub fn scope_words(scope: &Scope) -> String {
    let mut parts = Vec::new();
    if let Some(tenants) = &scope.tenant {
        parts.push(format!("tenant {}", plain(tenants)));
    }
    if let Some(regions) = &scope.region {
        parts.push(format!("within region {}", plain(regions)));
    }
    if let Some(segments) = &scope.segment {
        parts.push(format!("in segment {}", plain(segments)));
    }
    if let Some(variants) = &scope.variant {
        parts.push(format!("where the variant is {}", plain(variants)));
    }
    if parts.is_empty() { "everyone".to_owned() } else { parts.join(", ") }
}

/// A value in words: a text in backticks, a list or object by its kind.
pub(super) fn value_words(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{text}`"),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string(),
    }
}

fn test_words(test: &Test) -> String {
    match test {
        Test::In(values) => format!("is {}", scalars(values)),
        Test::NotIn(values) => format!("is there and is not {}", scalars(values)),
        Test::Contains(values) => format!("contains {}", any_of(values)),
        Test::StartsWith(values) => format!("starts with {}", any_of(values)),
        Test::EndsWith(values) => format!("ends with {}", any_of(values)),
        Test::Matches(values) => format!("matches {}", any_of(values)),
        Test::Exists => "is there".to_owned(),
        Test::Lt(value) => format!("is below {value}"),
        Test::Le(value) => format!("is at most {value}"),
        Test::Gt(value) => format!("is above {value}"),
        Test::Ge(value) => format!("is at least {value}"),
        Test::Between(low, high) => format!("is at least {low} and below {high}"),
        Test::Semver(ranges) => format!("is a version {}", any_of(ranges)),
        Test::Before(value) => format!("is before {}", scalar(value)),
        Test::After(value) => format!("is after {}", scalar(value)),
        Test::IpIn(blocks) => format!("is an address in {}", any_of(blocks)),
    }
}

fn scalars(values: &[Scalar]) -> String {
    joined(values.iter().map(scalar).collect())
}

fn scalar(value: &Scalar) -> String {
    match value {
        Scalar::Text(text) => format!("`{text}`"),
        Scalar::Number(number) => number.to_string(),
        Scalar::Boolean(boolean) => boolean.to_string(),
    }
}

fn any_of(values: &[impl ToString]) -> String {
    joined(values.iter().map(|value| format!("`{}`", value.to_string())).collect())
}

fn plain(values: &[impl ToString]) -> String {
    joined(values.iter().map(ToString::to_string).collect())
}

/// `a`, `a or b`, `a, b or c`, and for many `a, b, c or 7 more`.
fn joined(mut words: Vec<String>) -> String {
    const SHOWN: usize = 6;
    if words.len() > SHOWN {
        let more = words.len() - SHOWN;
        words.truncate(SHOWN);
        words.push(format!("{more} more"));
    }
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        Some((last, _)) => last.clone(),
        None => "nothing".to_owned(),
    }
}
