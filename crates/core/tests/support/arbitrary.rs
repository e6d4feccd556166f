//! Random documents that are valid by construction, over a small vocabulary, and contexts that hit it often.

use downhaul_core::document::{
    ClientKind, Condition, Degraded, Flag, FlagKind, FlagSet, Kill, OnStale, Outcome, Prerequisite, RegionTree,
    Reversibility, Rule, Scalar, Scope, Segment, Slice, Split, Test, Until,
};
use downhaul_core::ids::{FlagKey, RegionKey, SegmentKey, TenantId, VariantKey};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::ops::Range;

const TENANTS: [&str; 4] = ["acme", "globex", "initech", "Ünïcode GmbH"];
const REGIONS: [&str; 6] = ["world", "eu", "eu-west", "eu-north", "us", "us-east"];
const SEGMENTS: [&str; 3] = ["staff", "beta", "nested"];
const VARIANTS: [&str; 3] = ["on", "off", "half"];
const ATTRIBUTES: [&str; 10] =
    ["plan", "email", "app.version", "age", "now", "ip", "tags", "tenant.plan", "tenant.seats", "targetingKey"];
const TEXTS: [&str; 10] =
    ["", "pro", "free", "a@example.com", "é", "2.3.0", "2026-01-01T00:00:00Z", "10.0.0.1", "user-7", "日本語 text"];
const NUMBERS: [f64; 8] = [0.0, -0.0, 1.0, 7.0, 0.1, -3.5, 9_007_199_254_740_991.0, 1e300];
const PATTERNS: [&str; 6] = ["^pro$", "@example", "^[a-z]+$", "é|語", "^.{2,4}$", "[0-9]\\.[0-9]"];
const RANGES: [&str; 7] = [">=2.3.0 <3.0.0", "^1.4", "~2.3", "2.3.0", "<=2.3.0-rc.1", ">0.9", "^0.2"];
const BLOCKS: [&str; 5] = ["10.0.0.0/8", "10.0.0.1", "0.0.0.0/0", "2001:db8::/32", "::1"];
const TIMES: [&str; 3] = ["2026-01-01T00:00:00Z", "2025-12-31T23:00:00.5-02:00", "1970-01-01T00:00:00Z"];

/// Between the bounds and at them, and of no pool.
const VERSIONS: [&str; 9] =
    ["1.4.7", "2.0.0-rc.9", "2.3.0-rc.1", "v2.3", "3.0.0-0", "0.2.9", "0.9", "18446744073709551615.0.0", "1.4.0-0"];
const MOMENTS: [&str; 4] =
    ["2026-01-01T00:00:00.001Z", "2025-12-31T23:59:59+00:00", "1969-12-31T23:59:59.9Z", "2031-05-05T05:05:05Z"];

pub fn flag_set() -> impl Strategy<Value = FlagSet> {
    flag_set_of(1..6, 0..4)
}

/// With so many flags and kills.
pub fn flag_set_of(flags: Range<usize>, kills: Range<usize>) -> impl Strategy<Value = FlagSet> {
    let flags = vec(flag_parts(), flags);
    let segments = vec((lists(), lists(), vec(condition(vec!["staff", "beta"]), 0..3)), 3);
    (flags, segments, vec(kill_parts(), kills)).prop_map(|(flags, segments, kills)| {
        let mut set = FlagSet::empty("test".parse().unwrap());
        set.revision = 1;
        set.regions = regions();
        set.tenants = tenants();
        set.segments = SEGMENTS
            .iter()
            .zip(segments)
            .map(|(key, (include, exclude, when))| {
                // Only the last may name the others, so that there is no cycle.
                let when = if *key == "nested" { when } else { without_segments(when) };
                (key.parse::<SegmentKey>().unwrap(), Segment { description: String::new(), include, exclude, when })
            })
            .collect();
        let count = flags.len();
        set.flags = flags.into_iter().enumerate().map(|(index, make)| finish(make, index)).collect();
        set.kills =
            kills.into_iter().enumerate().map(|(index, (flag, scope))| kill(index, flag % count, scope)).collect();
        set
    })
}

pub fn context() -> impl Strategy<Value = Map<String, Value>> {
    let attributes = btree_map(select(&ATTRIBUTES[..7]), value(), 0..6);
    let key = option::weighted(0.8, prop_oneof![user().prop_map(Value::from), value()]);
    let tenant = option::weighted(0.7, prop_oneof![4 => select(&TENANTS[..]).prop_map(Value::from), 1 => value()]);
    let region = option::weighted(0.7, prop_oneof![4 => select(&REGIONS[..]).prop_map(Value::from), 1 => value()]);
    let nested = option::of(value());
    (attributes, key, tenant, region, nested).prop_map(|(attributes, key, tenant, region, nested)| {
        let mut context: Map<String, Value> =
            attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        for (name, value) in [("targetingKey", key), ("tenant", tenant), ("region", region)] {
            if let Some(value) = value {
                context.insert(name.to_owned(), value);
            }
        }
        if let Some(version) = nested {
            context.insert("app".to_owned(), json!({ "version": version }));
        }
        context
    })
}

fn regions() -> RegionTree {
    serde_json::from_value::<BTreeMap<RegionKey, Value>>(
        json!({ "world": { "eu": { "eu-west": {}, "eu-north": {} }, "us": { "us-east": {} } } }),
    )
    .map(|top| RegionTree(top.into_iter().map(|(key, below)| (key, tree(&below))).collect()))
    .unwrap()
}

fn tree(value: &Value) -> RegionTree {
    let below = value.as_object().unwrap();
    RegionTree(below.iter().map(|(key, below)| (key.parse().unwrap(), tree(below))).collect())
}

fn tenants() -> BTreeMap<TenantId, Map<String, Value>> {
    [
        ("acme", json!({ "plan": "pro", "seats": 7 })),
        ("globex", json!({ "plan": "free" })),
        ("Ünïcode GmbH", json!({ "plan": ["pro", 7], "seats": null })),
    ]
    .into_iter()
    .map(|(tenant, attributes)| (tenant.parse().unwrap(), attributes.as_object().unwrap().clone()))
    .collect()
}

fn user() -> impl Strategy<Value = String> {
    (0..200_u32).prop_map(|number| format!("user-{number}"))
}

fn lists() -> impl Strategy<Value = Vec<String>> {
    vec(user(), 0..4).prop_map(|mut users| {
        users.sort();
        users.dedup();
        users
    })
}

fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        4 => select(&TEXTS[..]).prop_map(Value::from),
        1 => ".{0,6}".prop_map(Value::from),
        2 => select(&VERSIONS[..]).prop_map(Value::from),
        1 => select(&MOMENTS[..]).prop_map(Value::from),
        1 => (-5.0..10.0).prop_map(Value::from),
        2 => select(&NUMBERS[..]).prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    scalar.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![vec(inner.clone(), 0..4).prop_map(Value::from), inner.prop_map(|value| json!({ "version": value }))]
    })
}

fn scalar() -> impl Strategy<Value = Scalar> {
    prop_oneof![
        select(&TEXTS[..]).prop_map(|text| Scalar::Text(text.to_owned())),
        select(&NUMBERS[..]).prop_map(Scalar::Number),
        any::<bool>().prop_map(Scalar::Boolean),
    ]
}

fn some<T: Clone + std::fmt::Debug + 'static>(of: &[T]) -> impl Strategy<Value = Vec<T>> + use<T> {
    let count = of.len();
    subsequence(of.to_vec(), 1..=count.min(3))
}

fn texts(of: &[&'static str]) -> impl Strategy<Value = Vec<String>> + use<> {
    some(of).prop_map(|texts| texts.into_iter().map(str::to_owned).collect())
}

fn test() -> impl Strategy<Value = Test> {
    let number = || select(&NUMBERS[..]);
    let time = || {
        prop_oneof![
            select(&TIMES[..]).prop_map(|text| Scalar::Text(text.to_owned())),
            select(&[0.0, -0.5, 7.9, 1_767_225_600_000.0][..]).prop_map(Scalar::Number)
        ]
    };
    prop_oneof![
        3 => vec(scalar(), 1..4).prop_map(Test::In),
        2 => vec(scalar(), 1..4).prop_map(Test::NotIn),
        1 => texts(&TEXTS[1..]).prop_map(Test::Contains),
        1 => texts(&TEXTS[1..]).prop_map(Test::StartsWith),
        1 => texts(&TEXTS[1..]).prop_map(Test::EndsWith),
        1 => texts(&PATTERNS).prop_map(Test::Matches),
        1 => Just(Test::Exists),
        1 => number().prop_map(Test::Lt),
        1 => number().prop_map(Test::Le),
        1 => number().prop_map(Test::Gt),
        1 => number().prop_map(Test::Ge),
        1 => (-4.0..4.0, 0.5..9.0).prop_map(|(low, width)| Test::Between(low, low + width)),
        1 => texts(&RANGES).prop_map(Test::Semver),
        1 => time().prop_map(Test::Before),
        1 => time().prop_map(Test::After),
        1 => texts(&BLOCKS).prop_map(Test::IpIn),
    ]
}

fn condition(segments: Vec<&'static str>) -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        6 => (select(&ATTRIBUTES[..]), test()).prop_map(|(name, test)| Condition::Attribute { attribute: name.to_owned(), test }),
        2 => some(&TENANTS).prop_map(|keys| Condition::Tenant(keys.iter().map(|key| key.parse().unwrap()).collect())),
        2 => some(&REGIONS).prop_map(|keys| Condition::Region(keys.iter().map(|key| key.parse().unwrap()).collect())),
        2 => some(&segments).prop_map(|keys| Condition::Segment(keys.iter().map(|key| key.parse().unwrap()).collect())),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Condition::All),
            vec(inner.clone(), 0..3).prop_map(Condition::Any),
            inner.prop_map(|inner| Condition::Not(Box::new(inner))),
        ]
    })
}

fn without_segments(conditions: Vec<Condition>) -> Vec<Condition> {
    fn names_segment(condition: &Condition) -> bool {
        match condition {
            Condition::Segment(_) => true,
            Condition::All(all) | Condition::Any(all) => all.iter().any(names_segment),
            Condition::Not(not) => names_segment(not),
            Condition::Tenant(_) | Condition::Region(_) | Condition::Attribute { .. } => false,
        }
    }
    conditions.into_iter().filter(|condition| !names_segment(condition)).collect()
}

fn variant() -> impl Strategy<Value = VariantKey> {
    select(&VARIANTS[..]).prop_map(|key| key.parse().unwrap())
}

fn split() -> impl Strategy<Value = Split> {
    let by = prop_oneof![3 => Just("targetingKey"), 1 => select(&ATTRIBUTES[..])];
    let salt = select(&["shared", "f0", "Ünïcode"][..]);
    (by, salt, vec((variant(), 0..=25_000_u32), 1..5)).prop_map(|(by, salt, slices)| Split {
        by: by.to_owned(),
        salt: salt.parse().unwrap(),
        slices: slices.into_iter().map(|(variant, width)| Slice { variant, width }).collect(),
    })
}

fn rule() -> impl Strategy<Value = Rule> {
    let then = prop_oneof![variant().prop_map(Outcome::Serve), split().prop_map(Outcome::Split)];
    (vec(condition(SEGMENTS.to_vec()), 0..3), then).prop_map(|(when, then)| Rule {
        name: Some("a rule".to_owned()),
        when,
        then,
    })
}

type FlagParts = (Vec<Rule>, VariantKey, VariantKey, bool, Vec<(usize, Vec<VariantKey>)>);

fn flag_parts() -> impl Strategy<Value = FlagParts> {
    let requires = vec((any::<usize>(), vec(variant(), 1..3)), 0..2);
    (vec(rule(), 0..4), variant(), variant(), any::<bool>(), requires)
}

/// Flag `index` may require those before it only.
fn finish((rules, default, degraded, stale, requires): FlagParts, index: usize) -> Flag {
    let requires = requires.into_iter().filter(|_| index > 0).map(|(flag, mut variants)| {
        variants.sort();
        variants.dedup();
        Prerequisite { flag: key(flag % index), variants }
    });
    Flag {
        key: key(index),
        description: String::new(),
        owner: "tests".to_owned(),
        kind: FlagKind::Release,
        created: None,
        until: Until::Expires("2030-01-01".to_owned()),
        phase: None,
        unaffected: Vec::new(),
        critical: false,
        clients: vec![ClientKind::Browser, ClientKind::Edge, ClientKind::Server],
        variants: VARIANTS
            .iter()
            .zip([1.5, 2.0, -3.0])
            .map(|(key, value)| (key.parse().unwrap(), json!(value)))
            .collect(),
        degraded: Degraded { variant: degraded, meaning: "less".to_owned() },
        on_stale: if stale { OnStale::Degraded } else { OnStale::Keep },
        requires: requires.collect(),
        rules,
        default,
        reversibility: Reversibility::RollbackSafe,
        forward_fix: None,
        breaker: None,
        guards: Vec::new(),
    }
}

fn key(index: usize) -> FlagKey {
    format!("f{index}").parse().unwrap()
}

fn kill_parts() -> impl Strategy<Value = (usize, Scope)> {
    fn parsed<T: std::str::FromStr<Err: std::fmt::Debug>>(keys: Vec<&'static str>) -> Vec<T> {
        keys.into_iter().map(|key| key.parse().unwrap()).collect()
    }
    let scope = (
        option::of(some(&TENANTS).prop_map(parsed)),
        option::of(some(&REGIONS).prop_map(parsed)),
        option::weighted(0.3, some(&SEGMENTS).prop_map(parsed)),
        option::weighted(0.3, some(&VARIANTS).prop_map(parsed)),
    )
        .prop_map(|(tenant, region, segment, variant)| Scope { tenant, region, segment, variant });
    (any::<usize>(), scope)
}

fn kill(index: usize, flag: usize, scope: Scope) -> Kill {
    Kill {
        id: format!("kill-{index}"),
        flag: key(flag),
        scope,
        reason: "tests".to_owned(),
        by: "a-1".to_owned(),
        at: "2026-11-01T00:00:00Z".to_owned(),
        incident: None,
    }
}
