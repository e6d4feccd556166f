use crate::ids::{RegionKey, SegmentKey, TenantId};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// One clause of a `when`.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// The context's `tenant` is one of these.
    Tenant(Vec<TenantId>),
    /// The context's `region` is one of these or lies within one.
    Region(Vec<RegionKey>),
    Segment(Vec<SegmentKey>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Attribute {
        attribute: String,
        test: Test,
    },
}

/// An operator with its operands, each checked when it was read and kept as written.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    In(Vec<Scalar>),
    NotIn(Vec<Scalar>),
    Contains(Vec<String>),
    StartsWith(Vec<String>),
    EndsWith(Vec<String>),
    /// Regular expressions of the dialect in docs/reference/document.md.
    Matches(Vec<String>),
    Exists,
    Lt(f64),
    Le(f64),
    Gt(f64),
    Ge(f64),
    /// Low (inclusive) and high (exclusive), low < high.
    Between(f64, f64),
    /// Version ranges, such as `>=2.3.0 <3.0.0`.
    Semver(Vec<String>),
    Before(Scalar),
    After(Scalar),
    /// CIDR blocks, host bits zero, or single addresses.
    IpIn(Vec<String>),
}

/// A text, number or boolean.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    Text(String),
    /// Finite.
    Number(f64),
    Boolean(bool),
}

impl Test {
    /// The operator's name in the document.
    pub fn operator(&self) -> &'static str {
        match self {
            Test::In(_) => "in",
            Test::NotIn(_) => "not_in",
            Test::Contains(_) => "contains",
            Test::StartsWith(_) => "starts_with",
            Test::EndsWith(_) => "ends_with",
            Test::Matches(_) => "matches",
            Test::Exists => "exists",
            Test::Lt(_) => "lt",
            Test::Le(_) => "le",
            Test::Gt(_) => "gt",
            Test::Ge(_) => "ge",
            Test::Between(..) => "between",
            Test::Semver(_) => "semver",
            Test::Before(_) => "before",
            Test::After(_) => "after",
            Test::IpIn(_) => "ip_in",
        }
    }

    fn serialize_values<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match self {
            Test::In(values) | Test::NotIn(values) => map.serialize_entry("values", values),
            Test::Contains(values)
            | Test::StartsWith(values)
            | Test::EndsWith(values)
            | Test::Matches(values)
            | Test::Semver(values)
            | Test::IpIn(values) => map.serialize_entry("values", values),
            Test::Exists => Ok(()),
            Test::Lt(value) | Test::Le(value) | Test::Gt(value) | Test::Ge(value) => {
                map.serialize_entry("values", &[Scalar::Number(*value)])
            }
            Test::Between(low, high) => map.serialize_entry("values", &[Scalar::Number(*low), Scalar::Number(*high)]),
            Test::Before(value) | Test::After(value) => map.serialize_entry("values", &[value]),
        }
    }
}

impl Serialize for Scalar {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Scalar::Text(text) => serializer.serialize_str(text),
            Scalar::Boolean(value) => serializer.serialize_bool(*value),
            // A whole number is written without a fraction, as people write it.
            Scalar::Number(value) => match whole(*value) {
                Some(whole) => serializer.serialize_i64(whole),
                None => serializer.serialize_f64(*value),
            },
        }
    }
}

/// `value` as an integer if it is one of magnitude below 2^53 (and not -0, which has no integer form).
fn whole(value: f64) -> Option<i64> {
    let limit = 9_007_199_254_740_992.0;
    let is_whole = value.abs() < limit && value.fract() == 0.0 && !(value == 0.0 && value.is_sign_negative());
    #[expect(clippy::cast_possible_truncation, reason = "checked to be a whole number below 2^53")]
    is_whole.then_some(value as i64)
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self {
            Condition::Tenant(tenants) => map.serialize_entry("tenant", tenants)?,
            Condition::Region(regions) => map.serialize_entry("region", regions)?,
            Condition::Segment(segments) => map.serialize_entry("segment", segments)?,
            Condition::All(conditions) => map.serialize_entry("all", conditions)?,
            Condition::Any(conditions) => map.serialize_entry("any", conditions)?,
            Condition::Not(condition) => map.serialize_entry("not", condition)?,
            Condition::Attribute { attribute, test } => {
                map.serialize_entry("attribute", attribute)?;
                map.serialize_entry("op", test.operator())?;
                test.serialize_values(&mut map)?;
            }
        }
        map.end()
    }
}
