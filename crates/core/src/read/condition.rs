use super::fields::{At, Fields, Reader, shortened};
use super::tree::{Content, Node};
use crate::document::{Condition, Scalar, Test};
use crate::ids::{RegionKey, SegmentKey, TenantId};

/// What an operator takes as `values`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operands {
    None,
    /// Texts, numbers and booleans, at least one.
    Scalars,
    /// Texts, at least one.
    Texts,
    OneNumber,
    TwoNumbers,
    /// A text or a number of epoch milliseconds.
    OneTime,
}

/// Every operator, its operands, and how its line in the schema begins.
pub(crate) const OPERATORS: &[(&str, Operands)] = &[
    ("in", Operands::Scalars),
    ("not_in", Operands::Scalars),
    ("contains", Operands::Texts),
    ("starts_with", Operands::Texts),
    ("ends_with", Operands::Texts),
    ("matches", Operands::Texts),
    ("exists", Operands::None),
    ("lt", Operands::OneNumber),
    ("le", Operands::OneNumber),
    ("gt", Operands::OneNumber),
    ("ge", Operands::OneNumber),
    ("between", Operands::TwoNumbers),
    ("semver", Operands::Texts),
    ("before", Operands::OneTime),
    ("after", Operands::OneTime),
    ("ip_in", Operands::Texts),
];

/// The keys of which a condition has exactly one.
pub(crate) const FORMS: &[&str] = &["attribute", "tenant", "region", "segment", "all", "any", "not"];
const FIELDS: &[&str] = &["attribute", "op", "values", "tenant", "region", "segment", "all", "any", "not"];

pub(crate) fn read_conditions(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> Vec<Condition> {
    let items = reader.list(node, at).iter().enumerate();
    items.map(|(index, item)| read_condition(reader, item, at.index(index))).collect()
}

pub(crate) fn read_condition(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> Condition {
    let what = "a condition";
    let Some(fields) = reader.fields(node, at, what, FIELDS) else { return stand_in() };
    let mut forms = FORMS.iter().copied().filter(|form| fields.has(form));
    let form = match (forms.next(), forms.next()) {
        (Some(form), None) => form,
        (Some(first), Some(second)) => {
            let help = "write them as two conditions of the list: all of it must hold";
            let message = format!("`{first}` and `{second}` stand in one condition");
            reader.error("condition-form", node, at, message, Some(help.to_owned()));
            return stand_in();
        }
        (None, _) if fields.has("op") || fields.has("values") => {
            reader.required(&fields, at, what, "attribute", "name the attribute of the context that is tested");
            "attribute"
        }
        (None, _) => {
            let help = format!("a condition has exactly one of {}", crate::suggest::quoted(FORMS));
            reader.error("condition-form", node, at, "the condition tests nothing", Some(help));
            return stand_in();
        }
    };
    if form == "attribute" {
        return read_attribute(reader, &fields, at);
    }
    for extra in ["op", "values"] {
        if let Some(node) = fields.get(extra) {
            let message = format!("`{extra}` belongs to `attribute`, not to `{form}`");
            let help = format!("leave `{extra}` out: `{form}` is an operator by itself");
            reader.error("condition-form", node, at.key(extra), message, Some(help));
        }
    }
    let Some(node) = fields.get(form) else { return stand_in() };
    let at = at.key(form);
    match form {
        "tenant" => Condition::Tenant(reader.names(node, at, "a tenant", TenantId::stand_in)),
        "region" => Condition::Region(reader.names(node, at, "a region", RegionKey::stand_in)),
        "segment" => Condition::Segment(reader.names(node, at, "a segment", SegmentKey::stand_in)),
        "all" => Condition::All(read_conditions(reader, node, at)),
        "any" => Condition::Any(read_conditions(reader, node, at)),
        _ => Condition::Not(Box::new(read_condition(reader, node, at))),
    }
}

fn read_attribute(reader: &mut Reader<'_>, fields: &Fields<'_>, at: At<'_>) -> Condition {
    let what = "a condition";
    let attribute = fields.get("attribute").and_then(|node| reader.filled_text(node, at.key("attribute")));
    let operator = reader
        .required(fields, at, what, "op", "name the operator, such as `\"op\": \"in\"`")
        .and_then(|node| read_operator(reader, node, at.key("op")));
    let attribute = attribute.unwrap_or_default();
    let Some((operator, operands)) = operator else { return Condition::Attribute { attribute, test: Test::Exists } };
    if operands == Operands::None {
        if let Some(node) = fields.get("values") {
            let message = format!("`{operator}` takes no values");
            reader.error("operand-count", node, at.key("values"), message, Some("leave `values` out".to_owned()));
        }
        return Condition::Attribute { attribute, test: Test::Exists };
    }
    let help =
        if fields.has("attribute") { "write what the attribute is compared with, as a list" } else { "as a list" };
    let Some(values) = reader.required(fields, at, what, "values", help) else {
        return Condition::Attribute { attribute, test: Test::Exists };
    };
    let test = read_test(reader, operator, operands, values, at.key("values")).unwrap_or(Test::Exists);
    Condition::Attribute { attribute, test }
}

fn read_operator(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>) -> Option<(&'static str, Operands)> {
    let text = reader.text(node, at)?;
    let known = OPERATORS.iter().find(|(operator, _)| *operator == text);
    if known.is_none() {
        let help = foreign(text)
            .map(str::to_owned)
            .or_else(|| reader.suggestions().help(text, OPERATORS.iter().map(|(operator, _)| *operator)));
        reader.error("unknown-operator", node, at, format!("there is no operator `{}`", shortened(text)), help);
    }
    known.copied()
}

/// How other systems call what is here.
fn foreign(operator: &str) -> Option<&'static str> {
    Some(match operator {
        "eq" | "==" | "=" | "equals" | "is" | "one_of" => "`in` with one value tests for equality",
        "ne" | "!=" | "neq" | "not" | "none_of" => "`not_in` tests for inequality",
        "<" => "write `lt`",
        "<=" | "lte" => "write `le`",
        ">" => "write `gt`",
        ">=" | "gte" => "write `ge`",
        "regex" | "regexp" | "match" => "write `matches`",
        "cidr" | "ip" => "write `ip_in`",
        "segment" | "in_segment" => "write the condition `{ \"segment\": [\"…\"] }`",
        _ => return None,
    })
}

fn read_test(reader: &mut Reader<'_>, operator: &str, operands: Operands, node: &Node<'_>, at: At<'_>) -> Option<Test> {
    let items = match &node.content {
        Content::List(items) => items.as_slice(),
        _ => {
            reader.list(node, at);
            return None;
        }
    };
    let count = |reader: &mut Reader<'_>, wanted: usize, words: &str| {
        if items.len() != wanted {
            let message = format!("`{operator}` takes {words}, here are {}", items.len());
            reader.error("operand-count", node, at, message, None);
        }
        items.len() == wanted
    };
    Some(match operands {
        Operands::None => Test::Exists,
        Operands::Scalars => {
            let scalars = items.iter().enumerate().map(|(index, item)| {
                read_scalar(reader, item, at.index(index), "a text, a number or a boolean")
                    .unwrap_or(Scalar::Boolean(false))
            });
            of_scalars(operator, scalars.collect())
        }
        Operands::Texts => of_texts(operator, reader.texts(node, at)),
        Operands::OneNumber => {
            let number = if count(reader, 1, "one value") { items.first() } else { None };
            of_number(operator, reader.number(number?, at.index(0))?)
        }
        Operands::TwoNumbers => {
            if !count(reader, 2, "two values, low and high") {
                return None;
            }
            let [low, high] = items else { return None };
            let (low, high) = (reader.number(low, at.index(0)), reader.number(high, at.index(1)));
            Test::Between(low?, high?)
        }
        Operands::OneTime => {
            let time = if count(reader, 1, "one value") { items.first() } else { None };
            let time = time?;
            if matches!(time.content, Content::Boolean(_)) {
                let message = "expected a time, found a boolean";
                reader.error("wrong-type", time, at.index(0), message, None);
                return None;
            }
            of_time(operator, read_scalar(reader, time, at.index(0), "a time")?)
        }
    })
}

/// The test that an operator of [`Operands::Scalars`] makes.
pub(super) fn of_scalars(operator: &str, scalars: Vec<Scalar>) -> Test {
    if operator == "in" { Test::In(scalars) } else { Test::NotIn(scalars) }
}

/// The test that an operator of [`Operands::Texts`] makes.
pub(super) fn of_texts(operator: &str, texts: Vec<String>) -> Test {
    match operator {
        "contains" => Test::Contains(texts),
        "starts_with" => Test::StartsWith(texts),
        "ends_with" => Test::EndsWith(texts),
        "matches" => Test::Matches(texts),
        "semver" => Test::Semver(texts),
        _ => Test::IpIn(texts),
    }
}

/// The test that an operator of [`Operands::OneNumber`] makes.
pub(super) fn of_number(operator: &str, number: f64) -> Test {
    match operator {
        "lt" => Test::Lt(number),
        "le" => Test::Le(number),
        "gt" => Test::Gt(number),
        _ => Test::Ge(number),
    }
}

/// The test that an operator of [`Operands::OneTime`] makes.
pub(super) fn of_time(operator: &str, time: Scalar) -> Test {
    if operator == "before" { Test::Before(time) } else { Test::After(time) }
}

fn read_scalar(reader: &mut Reader<'_>, node: &Node<'_>, at: At<'_>, expected: &str) -> Option<Scalar> {
    match &node.content {
        Content::Text(text) => Some(Scalar::Text(text.clone().into_owned())),
        Content::Boolean(value) => Some(Scalar::Boolean(*value)),
        Content::Number(numeral) => reader.checked_number(node, at, *numeral).map(Scalar::Number),
        Content::Null | Content::List(_) | Content::Object(_) => {
            let help = match node.content {
                Content::Null => Some("absence is tested by `not` and `exists`".to_owned()),
                _ => None,
            };
            reader.error("wrong-type", node, at, format!("expected {expected}, found {}", node.content.kind()), help);
            None
        }
    }
}

/// True of everyone; a document in which it stands is refused.
fn stand_in() -> Condition {
    Condition::All(Vec::new())
}
