use super::recorder::Recorder;
use super::words::{condition_words, value_words};
use crate::document::{Condition, FlagSet, Test};
use crate::ids::SegmentKey;
use crate::observe::SegmentBy;
use crate::prepare::look_up;
use crate::program::Program;
use serde::Serialize;
use serde_json::{Map, Value};

/// One condition, what it saw, and why it did not hold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConditionTrace {
    /// The condition in words.
    pub text: String,
    /// As in the document.
    pub condition: Condition,
    /// Absent where evaluation had no need to look at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<bool>,
    /// The attribute's value; absent where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub saw: Option<Value>,
    /// Why it did not hold, or how it did, where the text alone does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Conditions within this one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inner: Vec<ConditionTrace>,
    /// The segments that this one names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<SegmentTrace>,
}

/// How a segment came out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SegmentTrace {
    pub segment: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<ConditionTrace>,
}

/// Puts what was recorded beside the conditions of the document.
pub(super) struct Tracer<'a> {
    pub(super) document: &'a FlagSet,
    pub(super) program: &'a Program,
    pub(super) recorder: &'a Recorder,
    pub(super) context: &'a Map<String, Value>,
}

impl Tracer<'_> {
    /// `node` is the condition's node, and is moved past it and all within it: each condition has one, in the order of the text.
    pub(super) fn condition(&self, condition: &Condition, node: &mut u32) -> ConditionTrace {
        let held = self.recorder.nodes.get(node).copied();
        *node += 1;
        let mut inner = Vec::new();
        let mut segments = Vec::new();
        let (saw, why) = match condition {
            Condition::All(all) | Condition::Any(all) => {
                inner = all.iter().map(|each| self.condition(each, node)).collect();
                (None, None)
            }
            Condition::Not(not) => {
                inner.push(self.condition(not, node));
                (None, None)
            }
            Condition::Segment(keys) => {
                segments = keys.iter().map(|key| self.segment(key)).collect();
                (self.attribute("targetingKey"), None)
            }
            Condition::Tenant(_) => self.text_only("tenant", held),
            Condition::Region(_) => self.region(held),
            Condition::Attribute { attribute, test } => {
                let saw = self.attribute(attribute);
                let why = if held == Some(false) { Some(why_not(attribute, test, saw.as_ref())) } else { None };
                (saw, why)
            }
        };
        ConditionTrace {
            text: condition_words(condition),
            condition: condition.clone(),
            held,
            saw,
            why,
            inner,
            segments,
        }
    }

    fn segment(&self, key: &SegmentKey) -> SegmentTrace {
        let number =
            self.program.segments.iter().position(|record| self.program.string(record.key) == Some(key.as_str()));
        let seen = number.and_then(|number| {
            let number = crate::program::word(number);
            self.recorder.segments.get(&number).map(|seen| (number, *seen))
        });
        let mut conditions = Vec::new();
        if let Some((number, (_, SegmentBy::When))) = seen
            && let (Some(record), Some(segment)) =
                (self.program.segments.get(number as usize), self.document.segments.get(key))
        {
            let mut node = record.start;
            conditions = segment.when.iter().map(|condition| self.condition(condition, &mut node)).collect();
        }
        SegmentTrace {
            segment: key.to_string(),
            held: seen.map(|(_, (held, _))| held),
            why: seen.map(|(_, (held, by))| match (by, held) {
                (SegmentBy::Exclude, _) => "`exclude` lists the targetingKey",
                (SegmentBy::Include, _) => "`include` lists the targetingKey",
                (_, true) => "its conditions hold",
                (_, false) if conditions.is_empty() => "not listed",
                (_, false) => "not listed, and its conditions do not hold",
            }),
            conditions,
        }
    }

    fn text_only(&self, name: &str, held: Option<bool>) -> (Option<Value>, Option<String>) {
        let saw = self.attribute(name);
        let why = (held == Some(false)).then(|| match &saw {
            None => format!("`{name}` is absent"),
            Some(Value::String(text)) => format!("`{name}` is `{text}`"),
            Some(other) => format!("`{name}` is {}, not a text", value_words(other)),
        });
        (saw, why)
    }

    fn region(&self, held: Option<bool>) -> (Option<Value>, Option<String>) {
        let (saw, mut why) = self.text_only("region", held);
        if let Some(own) = saw.as_ref().and_then(Value::as_str) {
            let above = path(&self.document.regions, own);
            why = match (held, above) {
                (Some(false), None) => {
                    Some(format!("`{own}` is no region of this flag set, so it lies within nothing"))
                }
                (Some(_), Some(above)) if above.len() > 1 => Some(above.join(" > ")),
                _ => why,
            };
        }
        (saw, why)
    }

    /// The value that a name reads, null left out.
    fn attribute(&self, name: &str) -> Option<Value> {
        let found = match name.strip_prefix("tenant.") {
            Some(rest) => {
                let tenant = self.context.get("tenant").and_then(Value::as_str);
                tenant.and_then(|tenant| self.document.tenants.get(tenant)).and_then(|declared| look_up(declared, rest))
            }
            None => look_up(self.context, name),
        };
        found.filter(|value| !value.is_null()).cloned()
    }

    /// The bucketing unit as text.
    pub(super) fn unit(&self, by: &str) -> Option<String> {
        match self.attribute(by)? {
            Value::String(text) if !text.is_empty() => Some(text),
            Value::Number(number) => Some(crate::bucket::integer(number.as_f64()?)?.to_string()),
            _ => None,
        }
    }
}

fn why_not(name: &str, test: &Test, saw: Option<&Value>) -> String {
    let Some(value) = saw else { return format!("`{name}` is absent") };
    let takes = match test {
        Test::In(_) | Test::NotIn(_) | Test::Exists => None,
        Test::Contains(_) | Test::StartsWith(_) | Test::EndsWith(_) | Test::Matches(_) => Some("a text"),
        Test::Lt(_) | Test::Le(_) | Test::Gt(_) | Test::Ge(_) | Test::Between(..) => Some("a number"),
        Test::Semver(_) => Some("a text that is a version"),
        Test::Before(_) | Test::After(_) => Some("a time as text, or epoch milliseconds"),
        Test::IpIn(_) => Some("a text that is an address"),
    };
    let fits = match (test, value) {
        (Test::Contains(_) | Test::StartsWith(_) | Test::EndsWith(_) | Test::Matches(_), Value::String(_)) => true,
        (Test::Lt(_) | Test::Le(_) | Test::Gt(_) | Test::Ge(_) | Test::Between(..), Value::Number(_)) => true,
        (Test::Semver(_), Value::String(text)) => crate::version::Version::parse(text).is_some(),
        (Test::Before(_) | Test::After(_), Value::String(text)) => crate::time::parse(text).is_some(),
        (Test::Before(_) | Test::After(_), Value::Number(_)) => true,
        (Test::IpIn(_), Value::String(text)) => crate::ip::Address::parse(text).is_some(),
        _ => takes.is_none(),
    };
    let seen = format!("`{name}` is {}", value_words(value));
    match takes.filter(|_| !fits) {
        Some(_) if matches!((test, value), (Test::Contains(_), Value::Array(_))) => {
            format!("{seen}, and `contains` takes a text: to look into a list use `in`")
        }
        Some(takes) => format!("{seen}, and `{}` takes {takes}", test.operator()),
        None => seen,
    }
}

/// The region and those it lies within, outermost first.
fn path(tree: &crate::document::RegionTree, own: &str) -> Option<Vec<String>> {
    tree.0.iter().find_map(|(name, below)| {
        if name.as_str() == own {
            return Some(vec![name.to_string()]);
        }
        let mut inner = path(below, own)?;
        inner.insert(0, name.to_string());
        Some(inner)
    })
}
