//! The exact difference agrees with the evaluator: on random pairs of documents, every sampled context is in a region
//! exactly when the two evaluators differ, regions are disjoint, and every witness differs.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

#[path = "../../core/tests/support/arbitrary.rs"]
#[expect(unreachable_pub, reason = "shared with the tests of the core")]
mod arbitrary;

use downhaul_blast::exact::{Bucket, Comparison, Options, Region, Status, compare};
use downhaul_core::bucket::{self, Decimal};
use downhaul_core::compile::{Audience, compile};
use downhaul_core::document::{Flag, FlagSet, Outcome, Rule};
use downhaul_core::evaluate::evaluate;
use downhaul_core::kills::{KillSet, Loaded};
use downhaul_core::prepare::{look_up, prepare};
use downhaul_core::read::{self, Format};
use downhaul_core::validate::{Valid, validate};
use proptest::collection::btree_map;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Value, json};

type Context = Map<String, Value>;

fn valid(document: &FlagSet) -> Option<Valid> {
    validate(document.clone(), None).ok().map(|(valid, _)| valid)
}

fn loaded(valid: &Valid) -> Loaded {
    let program = compile(valid, &downhaul_core::compile::Options { audience: Audience::All });
    let kills = KillSet::encode(&valid.document().kills, &valid.document().regions, 0, |_| None);
    Loaded::new(program, kills)
}

fn decide(document: &FlagSet, loaded: &Loaded, flag: &str, context: &Context) -> Option<(String, &'static str)> {
    let number = loaded.program.flag_index(flag)?;
    let decision = evaluate(loaded, &[], &mut prepare(loaded, context), number).unwrap();
    let flag = document.flag(flag).unwrap();
    Some((flag.variants[usize::from(decision.variant)].0.to_string(), decision.reason.as_str()))
}

fn unit(context: &Context, by: &str) -> Option<Vec<u8>> {
    match look_up(context, by)? {
        Value::String(text) if !text.is_empty() => Some(text.clone().into_bytes()),
        Value::Number(number) => Some(Decimal::new(bucket::integer(number.as_f64()?)?).as_bytes().to_vec()),
        _ => None,
    }
}

fn in_bucket(context: &Context, wanted: &Bucket) -> bool {
    unit(context, &wanted.by).is_some_and(|unit| {
        let at = bucket::bucket(bucket::seed(&wanted.salt), &unit);
        (wanted.from..wanted.to).contains(&at)
    })
}

/// A region, and the real evaluator loaded with its words.
struct Judged<'a> {
    region: &'a Region,
    document: FlagSet,
    loaded: Loaded,
}

impl<'a> Judged<'a> {
    fn new(document: &FlagSet, region: &'a Region) -> Self {
        let mut set = FlagSet::empty("judge".parse().unwrap());
        set.regions = document.regions.clone();
        set.tenants = document.tenants.clone();
        set.segments = document.segments.clone();
        let mut flag: Flag = document.flags[0].clone();
        let [inside, outside] = [flag.variants[0].0.clone(), flag.variants[1].0.clone()];
        flag.requires.clear();
        flag.rules = vec![Rule { name: None, when: region.when.clone(), then: Outcome::Serve(inside) }];
        flag.default = outside;
        set.flags = vec![flag].into();
        let valid = validate(set, None).unwrap_or_else(|problems| panic!("{:?}: {problems:?}", region.when)).0;
        Judged { region, loaded: loaded(&valid), document: valid.into_document() }
    }

    fn holds(&self, context: &Context) -> bool {
        let mut aside = context.clone();
        for name in &self.region.lists_aside {
            if aside.get(name).is_some_and(Value::is_array) {
                aside.insert(name.clone(), Value::Array(Vec::new()));
            }
        }
        let flag = &self.document.flags[0];
        self.region.bucket.iter().chain(&self.region.and_buckets).all(|bucket| in_bucket(context, bucket))
            && self.region.no_unit.iter().all(|by| unit(context, by).is_none())
            && self.region.unit.iter().all(|by| unit(context, by).is_some())
            && decide(&self.document, &self.loaded, flag.key.as_str(), &aside).unwrap().0 == flag.variants[0].0.as_str()
    }
}

/// An old document and an edited one: some flags replaced, perhaps segments, tenants or kills too.
fn pairs() -> impl Strategy<Value = (FlagSet, FlagSet)> {
    (arbitrary::flag_set(), arbitrary::flag_set(), subsequence(vec![0, 1, 2, 3, 4], 0..3), 0..8_u8).prop_map(
        |(old, other, flags, parts)| {
            let mut new = old.clone();
            for index in flags {
                if let (Some(flag), Some(with)) = (new.flags.get_mut(index), other.flags.get(index)) {
                    *flag = with.clone();
                }
            }
            if parts & 1 != 0 {
                new.segments.clone_from(&other.segments);
            }
            if parts & 2 != 0 {
                new.kills = other.kills.iter().filter(|kill| new.flag(kill.flag.as_str()).is_some()).cloned().collect();
            }
            if parts == 4
                && let Some((_, attributes)) = new.tenants.iter_mut().next()
            {
                attributes.insert("plan".to_owned(), Value::from("free"));
            }
            (old, new)
        },
    )
}

/// Values at the borders of what the conditions of `arbitrary` compare with, and right beside them.
const VERSIONS: [&str; 16] = [
    "2.2.9",
    "2.3.0-rc.1",
    "2.3.0-rc.1.0",
    "2.3.0-rc.2",
    "2.3.0",
    "2.3.1-0",
    "2.4.0-0",
    "2.4.0",
    "2.0.0-0",
    "3.0.0-0",
    "1.4.0",
    "0.9.0",
    "0.9.1-0",
    "0.2.0",
    "0.3.0-0",
    "v1.4.0+x",
];
const TIMES: [&str; 6] = [
    "2025-12-31T23:59:59.999Z",
    "2026-01-01T00:00:00.0009Z",
    "2026-01-01T00:00:00.001Z",
    "2026-01-01T01:00:00.500Z",
    "2026-01-01T01:00:00.501Z",
    "1969-12-31T23:59:59.999Z",
];
const ADDRESSES: [&str; 8] = [
    "9.255.255.255",
    "10.0.0.0",
    "10.0.0.2",
    "10.255.255.255",
    "11.0.0.0",
    "::ffff:10.0.0.1",
    "2001:db8::",
    "2001:db9::",
];
const SHAPES: [&str; 6] = ["pro2.3.0", "a@example.co", "@example", "é語", "freepro", "user-7pro"];
const NUMBERS: [f64; 9] =
    [-0.5, 0.5, 6.5, 7.5, 8.0, 1_767_225_600_000.5, 1_767_225_600_001.0, 1_767_225_599_999.0, 9e15];

fn near_borders() -> impl Strategy<Value = Context> {
    let value = prop_oneof![
        select(&VERSIONS[..]).prop_map(Value::from),
        select(&TIMES[..]).prop_map(Value::from),
        select(&ADDRESSES[..]).prop_map(Value::from),
        select(&SHAPES[..]).prop_map(Value::from),
        select(&NUMBERS[..]).prop_map(Value::from),
    ];
    const NAMES: [&str; 8] = ["plan", "email", "app.version", "age", "now", "ip", "tags", "targetingKey"];
    (arbitrary::context(), btree_map(select(&NAMES[..]), value, 1..8)).prop_map(|(mut context, values)| {
        context.extend(values.into_iter().map(|(name, value)| (name.to_owned(), value)));
        context
    })
}

fn check(old: &FlagSet, new: &FlagSet, contexts: &[Context]) -> Result<Option<Comparison>, TestCaseError> {
    let (Some(old_valid), Some(new_valid)) = (valid(old), valid(new)) else { return Ok(None) };
    let comparison = compare(&old_valid, &new_valid, &Options::default());
    let (before, after) = (loaded(&old_valid), loaded(&new_valid));
    let witnesses: Vec<&Context> = comparison
        .flags
        .iter()
        .flat_map(|flag| flag.regions.iter().chain(&flag.reason_regions))
        .filter_map(|region| region.witness.as_ref())
        .collect();
    for flag in &new.flags {
        let key = flag.key.as_str();
        let found = comparison.flag(key);
        if found.is_some_and(|found| found.status != Status::Compared) {
            continue;
        }
        let moves: Vec<Judged<'_>> =
            found.iter().flat_map(|found| &found.regions).map(|region| Judged::new(new, region)).collect();
        let others: Vec<Judged<'_>> =
            found.iter().flat_map(|found| &found.reason_regions).map(|region| Judged::new(new, region)).collect();
        for context in contexts.iter().chain(witnesses.iter().copied()) {
            let (from, to) = (decide(old, &before, key, context), decide(new, &after, key, context));
            let (Some(from), Some(to)) = (from, to) else { continue };
            let within = |regions: &[Judged<'_>]| -> Vec<Region> {
                regions.iter().filter(|region| region.holds(context)).map(|judged| judged.region.clone()).collect()
            };
            let (moved, reasons) = (within(&moves), within(&others));
            let exact = |regions: &[Region]| regions.iter().all(|region| region.exact);
            let told = || {
                format!(
                    "{key} {from:?} -> {to:?}\n{context:?}\n{moved:#?}\n{reasons:#?}\n{:#?}\n{:#?}\n{:#?}",
                    old.flag(key).unwrap(),
                    flag,
                    new.segments
                )
            };
            if from.0 != to.0 {
                prop_assert!(!moved.is_empty(), "missed: {}", told());
                prop_assert!(moved.len() == 1 || !exact(&moved), "not disjoint: {}", told());
                prop_assert!(
                    moved.iter().any(|region| region.transition.from == from.0 && region.transition.to == to.0),
                    "another move: {}",
                    told()
                );
            } else {
                prop_assert!(moved.iter().all(|region| !region.exact), "too much: {}", told());
                if from.1 == to.1 {
                    prop_assert!(reasons.iter().all(|region| !region.exact), "too much: {}", told());
                } else {
                    prop_assert!(!reasons.is_empty(), "missed reason: {}", told());
                }
            }
        }
    }
    Ok(Some(comparison))
}

/// Conditions of every operator on one attribute.
const CONDITIONS: [&str; 34] = [
    r#""op": "in", "values": ["pro", 7, true]"#,
    r#""op": "in", "values": ["pro", "2.3.0"]"#,
    r#""op": "not_in", "values": ["pro", 7]"#,
    r#""op": "contains", "values": ["pro"]"#,
    r#""op": "contains", "values": ["é", "."]"#,
    r#""op": "starts_with", "values": ["pro", "2"]"#,
    r#""op": "ends_with", "values": ["pro", "0"]"#,
    r#""op": "matches", "values": ["^[a-z]+$"]"#,
    r#""op": "matches", "values": ["^.{2,4}$", "[0-9]\\.[0-9]"]"#,
    r#""op": "exists""#,
    r#""op": "lt", "values": [7]"#,
    r#""op": "le", "values": [7]"#,
    r#""op": "gt", "values": [7]"#,
    r#""op": "ge", "values": [7.5]"#,
    r#""op": "between", "values": [6.5, 8]"#,
    r#""op": "between", "values": [0, 7]"#,
    r#""op": "semver", "values": [">=2.3.0 <3.0.0"]"#,
    r#""op": "semver", "values": ["^1.4", "2.3.0"]"#,
    r#""op": "semver", "values": ["<=2.3.0"]"#,
    r#""op": "semver", "values": ["<2.3.1-0"]"#,
    r#""op": "semver", "values": ["<=2.3.0-rc.1"]"#,
    r#""op": "semver", "values": [">2.3.0-rc.1"]"#,
    r#""op": "semver", "values": ["~2.3"]"#,
    r#""op": "semver", "values": ["<2.4.0"]"#,
    r#""op": "before", "values": ["2026-01-01T00:00:00Z"]"#,
    r#""op": "before", "values": [1767225600001]"#,
    r#""op": "after", "values": ["2026-01-01T00:00:00Z"]"#,
    r#""op": "after", "values": [1767225599999.5]"#,
    r#""op": "ip_in", "values": ["10.0.0.0/8"]"#,
    r#""op": "ip_in", "values": ["10.0.0.0/9", "10.128.0.0/9"]"#,
    r#""op": "ip_in", "values": ["10.0.0.0/8", "11.0.0.0"]"#,
    r#""op": "ip_in", "values": ["2001:db8::/32"]"#,
    r#""op": "ip_in", "values": ["2001:db8::/33"]"#,
    r#""op": "ip_in", "values": ["0.0.0.0/0"]"#,
];

/// One flag with one rule.
fn one_rule(condition: &str, serve: &str) -> FlagSet {
    let text = format!(
        r#"{{"schema": 1, "environment": "e", "revision": 1, "flags": [{{"key": "f", "owner": "o", "kind": "release",
           "expires": "2030-01-01", "variants": {{"on": true, "off": false}}, "degraded": {{"variant": "off", "meaning": "m"}},
           "rules": [{{"when": [{{"attribute": "a", {condition}}}], {serve}}}], "default": "off"}}]}}"#
    );
    let (document, problems) = read::flag_set(&text, Format::Json).unwrap();
    assert!(problems.is_empty(), "{condition}: {problems:?}");
    document
}

/// Everything that stands in [`CONDITIONS`], and what lies right beside it.
fn values() -> Vec<Context> {
    let mut values: Vec<Value> =
        ["", "pro", "abc", "é", "ab.c", "10.0.0.1", "2001:db8:8000::", "0.0.0.0", "255.255.255.255"]
            .iter()
            .chain(&VERSIONS)
            .chain(&TIMES)
            .chain(&ADDRESSES)
            .chain(&SHAPES)
            .map(|text| Value::from(*text))
            .collect();
    values.extend(NUMBERS.iter().chain(&[0.0, 6.0, 7.0]).map(|number| Value::from(*number)));
    values.extend([
        json!(true),
        json!(false),
        json!(null),
        json!({}),
        json!([]),
        json!(["pro"]),
        json!(["x", 7]),
        json!([true]),
    ]);
    let context = |value: Value| [("a".to_owned(), value)].into_iter().collect::<Context>();
    values.into_iter().map(context).chain([Context::new()]).collect()
}

#[test]
fn every_operator_against_every_other() {
    let contexts = values();
    let (mut without_witness, mut alike) = (0, Vec::new());
    for before in CONDITIONS {
        let old = one_rule(before, r#""serve": "on""#);
        for after in CONDITIONS {
            let new = one_rule(after, r#""serve": "on""#);
            let comparison =
                check(&old, &new, &contexts).unwrap_or_else(|why| panic!("{before} to {after}: {why}")).unwrap();
            if comparison.changes_nothing() && before < after {
                alike.push((before, after));
            }
            assert!(before != after || comparison.changes_nothing(), "{before}: {comparison:?}");
            let regions = comparison.flags.iter().flat_map(|flag| &flag.regions);
            for region in regions {
                assert!(region.exact, "{before} to {after}: {region:?}");
                without_witness += usize::from(region.witness.is_none());
            }
        }
    }
    println!("{without_witness} regions without a witness");
    assert!(without_witness < 70, "{without_witness} regions have no witness");
    let two_halves =
        (r#""op": "ip_in", "values": ["10.0.0.0/8"]"#, r#""op": "ip_in", "values": ["10.0.0.0/9", "10.128.0.0/9"]"#);
    // What comes right after 2.3.0 is 2.3.1-0: nothing lies between.
    let next = (r#""op": "semver", "values": ["<2.3.1-0"]"#, r#""op": "semver", "values": ["<=2.3.0"]"#);
    assert_eq!(alike, [next, two_halves], "written otherwise, and the same");
}

/// So that the property is not about nothing.
#[test]
fn most_random_pairs_have_something_to_say() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut compared, mut regions, mut exact, mut unknown, mut bucketed, mut shown) = (0, 0, 0, 0, 0, 0);
    for _ in 0..150 {
        let (old, new) = pairs().new_tree(&mut runner).unwrap().current();
        let Some(comparison) = check(&old, &new, &[]).unwrap() else { continue };
        compared += 1;
        for flag in &comparison.flags {
            unknown += usize::from(flag.status == Status::Unknown);
            regions += flag.regions.len();
            exact += flag.regions.iter().filter(|region| region.exact).count();
            shown += flag.regions.iter().filter(|region| region.witness.is_some()).count();
            bucketed += flag.regions.iter().filter(|region| region.bucket.is_some()).count();
        }
    }
    println!(
        "{compared} compared, {regions} regions, {exact} exact, {shown} shown, {bucketed} with buckets, {unknown} unknown"
    );
    assert!(
        compared > 75
            && regions > 200
            && exact * 2 > regions
            && shown * 3 > regions * 2
            && bucketed > 50
            && unknown == 0
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_context_is_in_a_region_exactly_when_the_evaluators_differ(
        (old, new) in pairs(),
        contexts in proptest::collection::vec(prop_oneof![arbitrary::context(), near_borders()], 60),
    ) {
        check(&old, &new, &contexts)?;
    }

    #[test]
    fn nothing_changed_is_nothing_found(document in arbitrary::flag_set()) {
        if let Some(valid) = valid(&document) {
            prop_assert!(compare(&valid, &valid, &Options::default()).changes_nothing());
        }
    }
}
