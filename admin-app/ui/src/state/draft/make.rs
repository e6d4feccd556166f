//! New parts of a flag, and edits that reach several places at once.

use super::edit::{Edit, step};
use crate::words::text::state as text;
use serde_json::{Map, Value, json};

/// What a new flag begins with: everything that is required, empty where only people can say it.
pub fn flag(expires: &str) -> Value {
    json!({
        "key": "", "description": "", "owner": "", "kind": "release", "expires": expires, "clients": ["server"],
        "variants": { "on": true, "off": false }, "degraded": { "variant": "off", "meaning": "" }, "default": "off",
    })
}

/// The same flag without its key. Its splits share no buckets with the old one's, unless they named a salt of their own.
pub fn duplicate(flag: &Value) -> Value {
    let mut copy = flag.clone();
    let key = copy.get("key").cloned().unwrap_or_default();
    if let Some(members) = copy.as_object_mut() {
        members.insert("key".to_owned(), Value::from(""));
        members.remove("created");
    }
    for rule in copy.get_mut("rules").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(Value::Object(split)) = rule.get_mut("split")
            && split.get("salt") == Some(&key)
        {
            split.remove("salt");
        }
    }
    copy
}

/// A rule that gives everyone what the default gives, so that adding it moves nobody.
pub fn rule(flag: &Value) -> Value {
    json!({ "serve": flag.get("default").cloned().unwrap_or_default() })
}

/// What a condition is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    Tenant,
    Region,
    Segment,
    Attribute,
    All,
    Any,
    Not,
}

impl Subject {
    pub const ALL: [Subject; 7] = [
        Subject::Tenant,
        Subject::Region,
        Subject::Segment,
        Subject::Attribute,
        Subject::All,
        Subject::Any,
        Subject::Not,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Subject::Tenant => "tenant",
            Subject::Region => "region",
            Subject::Segment => "segment",
            Subject::Attribute => "attribute",
            Subject::All => "all",
            Subject::Any => "any",
            Subject::Not => "not",
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Subject::Tenant => "tenant is",
            Subject::Region => "region is within",
            Subject::Segment => text::IS_IN_SEGMENT,
            Subject::Attribute => "attribute",
            Subject::All => text::ALL_OF_THESE,
            Subject::Any => text::ONE_OF_THESE,
            Subject::Not => text::NOT_THIS,
        }
    }

    pub fn of(condition: &Value) -> Option<Subject> {
        let has = |subject: &Subject| condition.get(subject.name()).is_some();
        Subject::ALL.into_iter().find(has).or(condition.get("op").map(|_| Subject::Attribute))
    }

    /// A condition about it that says nothing yet. What is grouped or negated is kept.
    pub fn condition(self, before: Option<&Value>) -> Value {
        let inner = || match before {
            Some(before) => match Subject::of(before) {
                Some(Subject::All | Subject::Any) => {
                    before.get("all").or(before.get("any")).cloned().unwrap_or_else(|| json!([]))
                }
                Some(Subject::Not) => json!([before.get("not").cloned().unwrap_or_default()]),
                _ => json!([before]),
            },
            None => json!([]),
        };
        match self {
            Subject::Tenant => json!({ "tenant": [] }),
            Subject::Region => json!({ "region": [] }),
            Subject::Segment => json!({ "segment": [] }),
            Subject::Attribute => json!({ "attribute": "", "op": "in", "values": [] }),
            Subject::All => json!({ "all": inner() }),
            Subject::Any => json!({ "any": inner() }),
            Subject::Not => match inner().as_array().map(Vec::as_slice) {
                Some([one]) => json!({ "not": one }),
                Some([]) | None => json!({ "not": { "tenant": [] } }),
                Some(several) => json!({ "not": { "all": several } }),
            },
        }
    }
}

/// What stands behind an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operand {
    Nothing,
    Scalars,
    Texts,
    Patterns,
    Versions,
    Blocks,
    Number,
    TwoNumbers,
    Time,
}

pub const OPERATORS: [(&str, &str, Operand); 16] = [
    ("in", "is", Operand::Scalars),
    ("not_in", text::IS_GIVEN_AND_IS_NOT, Operand::Scalars),
    ("contains", "contains", Operand::Texts),
    ("starts_with", text::STARTS_WITH, Operand::Texts),
    ("ends_with", text::ENDS_WITH, Operand::Texts),
    ("matches", text::MATCHES_THE_PATTERN, Operand::Patterns),
    ("exists", text::IS_GIVEN, Operand::Nothing),
    ("lt", text::IS_BELOW, Operand::Number),
    ("le", text::IS_AT_MOST, Operand::Number),
    ("gt", text::IS_ABOVE, Operand::Number),
    ("ge", text::IS_AT_LEAST, Operand::Number),
    ("between", "is between", Operand::TwoNumbers),
    ("semver", text::IS_A_VERSION_IN, Operand::Versions),
    ("before", text::IS_BEFORE, Operand::Time),
    ("after", text::IS_AFTER, Operand::Time),
    ("ip_in", text::IS_AN_ADDRESS_IN, Operand::Blocks),
];

pub fn operand(op: &str) -> Option<Operand> {
    OPERATORS.iter().find(|(name, ..)| *name == op).map(|(.., operand)| *operand)
}

/// Another operator for a condition at `pointer`; its values stay where they can mean the same.
pub fn operator(pointer: &str, condition: &Value, op: &str) -> Edit {
    let before = condition.get("op").and_then(Value::as_str).and_then(operand);
    let after = operand(op);
    let is_list = |kind| {
        matches!(
            kind,
            Some(Operand::Scalars | Operand::Texts | Operand::Patterns | Operand::Versions | Operand::Blocks)
        )
    };
    let stays = before == after || (is_list(before) && is_list(after));
    let mut edits = vec![Edit::put(step(pointer, "op"), op)];
    match after {
        Some(Operand::Nothing) => edits.push(Edit::remove(step(pointer, "values"))),
        _ if stays => {}
        _ => edits.push(Edit::put(step(pointer, "values"), json!([]))),
    }
    Edit::All(edits)
}

/// `kind` decides whether a flag expires or is reviewed; the date stays.
pub fn kind(flag: &Value, kind: &str) -> Edit {
    let (gone, wanted) =
        if matches!(kind, "ops" | "permission") { ("expires", "review") } else { ("review", "expires") };
    let mut edits = vec![Edit::put("/kind", kind)];
    if let Some(date) = flag.get(gone) {
        edits.push(Edit::remove(step("", gone)));
        if flag.get(wanted).is_none() {
            edits.push(Edit::put(step("", wanted), date.clone()));
        }
    }
    Edit::All(edits)
}

/// Another key for a variant, everywhere in the flag.
pub fn rename_variant(flag: &Value, from: &str, to: &str) -> Edit {
    let taken = flag.get("variants").and_then(|variants| variants.get(to)).is_some();
    if taken || from == to {
        return Edit::All(Vec::new());
    }
    let mut flag = flag.clone();
    let rename = |place: Option<&mut Value>| {
        if let Some(place) = place.filter(|place| place.as_str() == Some(from)) {
            *place = Value::from(to);
        }
    };
    if let Some(Value::Object(variants)) = flag.get_mut("variants")
        && let Some(value) = variants.remove(from)
    {
        variants.insert(to.to_owned(), value);
    }
    rename(flag.get_mut("default"));
    rename(flag.pointer_mut("/degraded/variant"));
    for rule in flag.get_mut("rules").and_then(Value::as_array_mut).into_iter().flatten() {
        let slices = rule.pointer_mut("/split/slices").and_then(Value::as_array_mut);
        slices.into_iter().flatten().for_each(|slice| rename(slice.get_mut(0)));
        rename(rule.get_mut("serve"));
    }
    Edit::put("", flag)
}

/// A variant that is not there yet, of the type that the others have.
pub fn add_variant(flag: &Value) -> Edit {
    let none = Map::new();
    let variants = flag.get("variants").and_then(Value::as_object).unwrap_or(&none);
    let name =
        (1..).map(|number| format!("variant-{number}")).find(|name| !variants.contains_key(name)).unwrap_or_default();
    let value = match variants.values().next() {
        Some(Value::Bool(_)) | None => json!(true),
        Some(Value::Number(_)) => json!(0),
        Some(Value::String(_)) => json!(""),
        Some(Value::Array(_)) => json!([]),
        Some(Value::Object(_)) => json!({}),
        Some(Value::Null) => Value::Null,
    };
    Edit::put(step("/variants", name), value)
}

/// From serving one variant to a split that gives all of it to that variant, and back: nobody is moved by the switch itself
/// but those without a bucketing unit.
pub fn as_split(pointer: &str, rule: &Value) -> Edit {
    let variant = rule.get("serve").cloned().unwrap_or_default();
    Edit::All(vec![
        Edit::remove(step(pointer, "serve")),
        Edit::put(step(pointer, "split"), json!({ "slices": [[variant, 100_000]] })),
    ])
}

pub fn as_serve(pointer: &str, rule: &Value) -> Edit {
    let slices = rule.pointer("/split/slices").and_then(Value::as_array);
    let width = |slice: &&Value| slice.get(1).and_then(Value::as_u64).unwrap_or(0);
    let widest = slices.into_iter().flatten().max_by_key(width);
    let variant = widest.and_then(|slice| slice.get(0)).cloned().unwrap_or_default();
    Edit::All(vec![Edit::remove(step(pointer, "split")), Edit::put(step(pointer, "serve"), variant)])
}
