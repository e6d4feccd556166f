//! A second evaluator, straight over the document and as slow as the text of the design reads.
//!
//! It shares no code with the engine, not even a hash: murmur3, semver, jiff, ipnet and regex come from their crates.

use downhaul_core::document::{Condition, Flag, FlagSet, Kill, OnStale, Outcome, Scalar, Segment, Split, Test};
use downhaul_core::ids::VariantKey;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::io::Cursor;
use std::net::IpAddr;

pub type Context = Map<String, Value>;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub variant: VariantKey,
    pub reason: &'static str,
    pub rule: Option<usize>,
}

/// Why a client degrades a flag by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Override {
    Stale,
    Breaker,
    CrashLoop,
}

/// Design, section 5. `None` where the flag is unknown.
pub fn decide(set: &FlagSet, key: &str, context: &Context, overrides: &BTreeMap<String, Override>) -> Option<Answer> {
    let flag = set.flag(key)?;
    let degraded = |reason| Answer { variant: flag.degraded.variant.clone(), reason, rule: None };
    let kills: Vec<&Kill> = set.kills.iter().filter(|kill| kill.flag == flag.key).collect();
    if kills.iter().any(|kill| kill.scope.is_everyone()) {
        return Some(degraded("DISABLED"));
    }
    if kills.iter().any(|kill| kill.scope.variant.is_none() && reaches(set, kill, context)) {
        return Some(degraded("DISABLED"));
    }
    match overrides.get(key) {
        Some(Override::Stale) => return Some(degraded("STALE")),
        Some(Override::Breaker | Override::CrashLoop) => return Some(degraded("DISABLED")),
        None => {}
    }
    for prerequisite in &flag.requires {
        let given = decide(set, prerequisite.flag.as_str(), context, overrides)?;
        if !prerequisite.variants.contains(&given.variant) {
            return Some(degraded("PREREQUISITE_FAILED"));
        }
    }
    let reached = by_rules(set, flag, context);
    let killed = |kill: &&Kill| {
        kill.scope.variant.as_ref().is_some_and(|variants| variants.contains(&reached.variant))
            && reaches(set, kill, context)
    };
    Some(if kills.iter().any(killed) { degraded("DISABLED") } else { reached })
}

/// The flags that a client past its stale deadline degrades.
pub fn stale_overrides(set: &FlagSet) -> BTreeMap<String, Override> {
    let stale = set.flags.iter().filter(|flag| flag.on_stale == OnStale::Degraded);
    stale.map(|flag| (flag.key.to_string(), Override::Stale)).collect()
}

fn reaches(set: &FlagSet, kill: &Kill, context: &Context) -> bool {
    let scope = &kill.scope;
    let parts = [
        scope.tenant.clone().map(Condition::Tenant),
        scope.region.clone().map(Condition::Region),
        scope.segment.clone().map(Condition::Segment),
    ];
    parts.iter().flatten().all(|part| holds(set, part, context))
}

fn by_rules(set: &FlagSet, flag: &Flag, context: &Context) -> Answer {
    for (index, rule) in flag.rules.iter().enumerate() {
        if !rule.when.iter().all(|condition| holds(set, condition, context)) {
            continue;
        }
        match &rule.then {
            Outcome::Serve(variant) => {
                return Answer { variant: variant.clone(), reason: "TARGETING_MATCH", rule: Some(index) };
            }
            Outcome::Split(split) => {
                if let Some(variant) = slice(set, split, context) {
                    return Answer { variant, reason: "SPLIT", rule: Some(index) };
                }
            }
        }
    }
    let reason = if flag.rules.is_empty() { "STATIC" } else { "DEFAULT" };
    Answer { variant: flag.default.clone(), reason, rule: None }
}

fn slice(set: &FlagSet, split: &Split, context: &Context) -> Option<VariantKey> {
    let unit = unit(attribute(set, &split.by, context)?)?;
    let bucket = bucket(split.salt.as_str(), &unit);
    let mut end = 0;
    for slice in &split.slices {
        end += u64::from(slice.width);
        if bucket < end {
            return Some(slice.variant.clone());
        }
    }
    None
}

pub fn bucket(salt: &str, unit: &str) -> u64 {
    let seed = murmur3::murmur3_32(&mut Cursor::new(salt), 0).unwrap();
    let hash = murmur3::murmur3_32(&mut Cursor::new(unit), seed).unwrap();
    (u64::from(hash) * 100_000) >> 32
}

/// The text of a bucketing unit or targeting key.
fn unit(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => {
            let number = number.as_f64().unwrap();
            (number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0).then(|| format!("{}", number as i64))
        }
        _ => None,
    }
}

fn holds(set: &FlagSet, condition: &Condition, context: &Context) -> bool {
    match condition {
        Condition::All(all) => all.iter().all(|each| holds(set, each, context)),
        Condition::Any(any) => any.iter().any(|each| holds(set, each, context)),
        Condition::Not(not) => !holds(set, not, context),
        Condition::Tenant(tenants) => context
            .get("tenant")
            .and_then(Value::as_str)
            .is_some_and(|own| tenants.iter().any(|each| each.as_str() == own)),
        Condition::Region(regions) => context.get("region").and_then(Value::as_str).is_some_and(|own| {
            regions.iter().any(|each| {
                let below = set.regions.find(each.as_str()).unwrap();
                each.as_str() == own || below.names().iter().any(|name| name.as_str() == own)
            })
        }),
        Condition::Segment(segments) => segments.iter().any(|key| within(set, &set.segments[key], context)),
        Condition::Attribute { attribute: name, test } => {
            attribute(set, name, context).is_some_and(|value| passes(test, value))
        }
    }
}

fn within(set: &FlagSet, segment: &Segment, context: &Context) -> bool {
    let key = context.get("targetingKey").and_then(unit);
    let listed = |list: &[String]| key.as_ref().is_some_and(|key| list.contains(key));
    let matched = !segment.when.is_empty() && segment.when.iter().all(|condition| holds(set, condition, context));
    !listed(&segment.exclude) && (listed(&segment.include) || matched)
}

/// The value that a name reads; null reads as absent.
fn attribute<'a>(set: &'a FlagSet, name: &str, context: &'a Context) -> Option<&'a Value> {
    let (object, path) = match name.strip_prefix("tenant.") {
        Some(rest) => (set.tenants.get(context.get("tenant")?.as_str()?)?, rest),
        None => (context, name),
    };
    let found = match object.get(path) {
        Some(own) => own,
        None => {
            let mut segments = path.split('.');
            let mut value = object.get(segments.next()?)?;
            for segment in segments {
                value = value.as_object()?.get(segment)?;
            }
            value
        }
    };
    (!found.is_null()).then_some(found)
}

fn passes(test: &Test, value: &Value) -> bool {
    let text = value.as_str();
    let number = value.as_f64();
    match test {
        Test::Exists => true,
        Test::In(values) => is_in(values, value),
        Test::NotIn(values) => !is_in(values, value),
        Test::Contains(values) => text.is_some_and(|text| values.iter().any(|each| text.contains(each.as_str()))),
        Test::StartsWith(values) => text.is_some_and(|text| values.iter().any(|each| text.starts_with(each.as_str()))),
        Test::EndsWith(values) => text.is_some_and(|text| values.iter().any(|each| text.ends_with(each.as_str()))),
        Test::Matches(values) => {
            text.is_some_and(|text| values.iter().any(|each| regex::Regex::new(each).unwrap().is_match(text)))
        }
        Test::Lt(limit) => number.is_some_and(|number| number < *limit),
        Test::Le(limit) => number.is_some_and(|number| number <= *limit),
        Test::Gt(limit) => number.is_some_and(|number| number > *limit),
        Test::Ge(limit) => number.is_some_and(|number| number >= *limit),
        Test::Between(low, high) => number.is_some_and(|number| *low <= number && number < *high),
        Test::Semver(ranges) => {
            let version = text.and_then(version);
            version.is_some_and(|version| ranges.iter().any(|range| in_range(range, &version)))
        }
        Test::Before(limit) => millis(value).zip(scalar_millis(limit)).is_some_and(|(own, limit)| own < limit),
        Test::After(limit) => millis(value).zip(scalar_millis(limit)).is_some_and(|(own, limit)| own > limit),
        Test::IpIn(blocks) => {
            let address = text.and_then(|text| text.parse::<IpAddr>().ok()).map(|address| address.to_canonical());
            address.is_some_and(|address| {
                blocks.iter().any(|block| match block.parse::<ipnet::IpNet>() {
                    Ok(network) => network.contains(&address),
                    Err(_) => block.parse::<IpAddr>().unwrap().to_canonical() == address,
                })
            })
        }
    }
}

fn is_in(values: &[Scalar], value: &Value) -> bool {
    let equals = |value: &Value| {
        values.iter().any(|each| match (each, value) {
            (Scalar::Text(text), Value::String(own)) => text == own,
            (Scalar::Boolean(boolean), Value::Bool(own)) => boolean == own,
            (Scalar::Number(number), Value::Number(own)) => *number == own.as_f64().unwrap(),
            _ => false,
        })
    };
    match value {
        Value::Array(elements) => elements.iter().any(equals),
        value => equals(value),
    }
}

/// `v?MAJOR[.MINOR[.PATCH]][-pre][+build]`, made whole for the crate `semver`, which reads SemVer 2.0 strictly.
fn version(text: &str) -> Option<semver::Version> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (core, rest) = text.split_at(end);
    let missing = match core.matches('.').count() {
        0 => ".0.0",
        1 => ".0",
        _ => "",
    };
    semver::Version::parse(&format!("{core}{missing}{rest}")).ok()
}

fn in_range(range: &str, own: &semver::Version) -> bool {
    range.split(' ').all(|comparator| {
        let at = comparator.find(|c: char| c.is_ascii_digit() || c == 'v').unwrap();
        let (relation, operand) = comparator.split_at(at);
        let low = version(operand).unwrap();
        let order = own.cmp_precedence(&low);
        // Below every pre-release of the bound.
        let below = |major, minor, patch| {
            let mut bound = semver::Version::new(major, minor, patch);
            bound.pre = semver::Prerelease::new("0").unwrap();
            own.cmp_precedence(&bound).is_lt()
        };
        match relation {
            "" | "=" => order.is_eq(),
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            ">=" => order.is_ge(),
            "~" => order.is_ge() && below(low.major, low.minor + 1, 0),
            "^" if low.major > 0 => order.is_ge() && below(low.major + 1, 0, 0),
            "^" if low.minor > 0 => order.is_ge() && below(0, low.minor + 1, 0),
            "^" => order.is_ge() && below(0, 0, low.patch + 1),
            other => panic!("{other}"),
        }
    })
}

fn millis(value: &Value) -> Option<i128> {
    match value {
        Value::Number(number) => Some(number.as_f64().unwrap().floor() as i128),
        Value::String(text) => {
            // jiff reads more than the dialect does, so the shape is checked first.
            let shape = regex::Regex::new(
                r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$",
            );
            let time: jiff::Timestamp = shape.unwrap().is_match(text).then(|| text.parse().ok())??;
            Some(time.as_nanosecond().div_euclid(1_000_000))
        }
        _ => None,
    }
}

fn scalar_millis(scalar: &Scalar) -> Option<i128> {
    match scalar {
        Scalar::Text(text) => millis(&Value::String(text.clone())),
        Scalar::Number(number) => Some(number.floor() as i128),
        Scalar::Boolean(_) => None,
    }
}
