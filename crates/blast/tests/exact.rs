//! The exact difference agrees with the evaluator: on random pairs of documents, every sampled context is in a region
//! exactly when the two evaluators differ, regions are disjoint, and every witness differs.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use downhaul_blast::exact::{Options, compare};
use downhaul_core::document::FlagSet;
use downhaul_core::read::{self, Format};
use downhaul_core::validate::validate;
use proptest::prelude::*;
use serde_json::{Value, json};
use support::agreement::{ADDRESSES, NUMBERS, SHAPES, TIMES, Tally, Units, VERSIONS, check, contexts, pair, pairs};
use support::{Context, arbitrary};

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
                check(&old, &new, &contexts, None).unwrap_or_else(|why| panic!("{before} to {after}: {why}"));
            let (comparison, _) = comparison.unwrap();
            if comparison.changes_nothing() && before < after {
                alike.push((before, after));
            }
            assert!(before != after || comparison.changes_nothing(), "{before}: {comparison:?}");
            let regions = comparison.flags.iter().flat_map(|flag| &flag.regions);
            for region in regions {
                assert!(region.exact, "{before} to {after}: {region:?}");
                assert_eq!(region.witness.is_none(), region.undecided.is_some(), "{before} to {after}: {region:?}");
                without_witness += usize::from(region.witness.is_none());
            }
        }
    }
    println!("{without_witness} regions without a witness");
    // Most of these are empty, which is not worked out: no address of 2001:db8::/32 begins with another digit.
    assert!(without_witness <= 12, "{without_witness} regions have no witness");
    let two_halves =
        (r#""op": "ip_in", "values": ["10.0.0.0/8"]"#, r#""op": "ip_in", "values": ["10.0.0.0/9", "10.128.0.0/9"]"#);
    // What comes right after 2.3.0 is 2.3.1-0: nothing lies between.
    let next = (r#""op": "semver", "values": ["<2.3.1-0"]"#, r#""op": "semver", "values": ["<=2.3.0"]"#);
    assert_eq!(alike, [next, two_halves], "written otherwise, and the same");
}

/// Pairs of the run below, unless `DOWNHAUL_AGREE_PAIRS` says how many; `cargo xtask bench agree` runs 10 000.
const PAIRS: u64 = 30;

/// Over contexts near every border, and over all 100 000 buckets.
#[test]
fn numbered_pairs_agree_bucket_by_bucket() {
    let wanted = std::env::var("DOWNHAUL_AGREE_PAIRS").ok();
    let pairs = wanted.map_or(PAIRS, |wanted| wanted.parse().unwrap_or_else(|why| panic!("{wanted}: {why}")));
    let mut units = Units::default();
    let mut tally = Tally::default();
    for number in 0..pairs {
        let (old, new, contexts) = pair(number);
        if let Some((_, found)) =
            check(&old, &new, &contexts, Some(&mut units)).unwrap_or_else(|why| panic!("pair {number}: {why}"))
        {
            tally += found;
        }
    }
    println!("{tally:#?}");
    // So that this is not about nothing.
    assert!(tally.pairs * 2 > pairs && tally.regions > pairs && tally.unknown == 0, "{tally:#?}");
    assert!(tally.exact * 10 > tally.regions * 9 && tally.shown * 100 >= tally.regions * 97, "{tally:#?}");
    assert!(tally.counted * 4 > tally.countable * 3 && tally.counted * 4 > pairs, "{tally:#?}");
    assert!(tally.sharp * 3 > tally.differ, "{tally:#?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// The same for pairs that are new each time, and made smaller until they say most about what is wrong.
    #[test]
    fn every_context_is_in_a_region_exactly_when_the_evaluators_differ(
        (old, new) in pairs(),
        contexts in proptest::collection::vec(contexts(), 60),
    ) {
        check(&old, &new, &contexts, None).map_err(TestCaseError::fail)?;
    }

    #[test]
    fn nothing_changed_is_nothing_found(document in arbitrary::flag_set()) {
        if let Ok((valid, _)) = validate(document, None) {
            prop_assert!(compare(&valid, &valid, &Options::default()).changes_nothing());
        }
    }
}
