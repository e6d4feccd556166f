//! Documents made to be too much work: what can be decided is, and what cannot is said, in bounded time and memory.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod support;

use downhaul_blast::exact::{Assertions, FlagDifference, Options, Outcome, Status, compare, lints, prove};
use downhaul_core::validate::Valid;
use serde_json::{Value, json};
use support::{document, flag};

/// The rules as flag `f`, beside a plain flag `g` that gives `on` to some.
fn with(rules: &[Value], some: &str) -> Valid {
    let plain = flag("g", &json!({ "rules": [{ "when": [{ "tenant": [some] }], "serve": "on" }] }));
    document(&json!({ "flags": [flag("f", &json!({ "rules": rules })), plain] }))
}

/// What is said of `f` where its last rule is taken out. `g` is compared whatever becomes of `f`.
fn without_last(rules: &[Value]) -> Option<FlagDifference> {
    let (old, new) = (with(rules, "acme"), with(&rules[..rules.len() - 1], "globex"));
    let comparison = compare(&old, &new, &Options::default());
    let other = comparison.flag("g").unwrap();
    assert!(other.status == Status::Compared && other.regions.iter().all(|region| region.exact), "{other:#?}");
    let found = comparison.flag("f").cloned();
    if found.as_ref().is_some_and(|found| found.status == Status::Unknown) {
        let claims: Assertions = serde_json::from_value(json!({ "assertions": [
            { "claim": "changes-nothing", "flags": ["f"] },
            { "claim": "changes-nothing", "flags": ["g"], "when": [{ "tenant": ["initech"] }] },
        ] }))
        .unwrap();
        let verdicts = prove(&old, &new, &claims.assertions, &Options::default());
        assert_eq!((verdicts[0].outcome, verdicts[1].outcome), (Outcome::Open, Outcome::Proved));
        assert_eq!(verdicts[0].against[0].why, "the comparison ended at its limit of work");
    }
    // Nothing is said of what is too much, and it ends.
    lints(old.document(), &Options::default());
    found
}

fn is_in(attribute: &str, values: Value) -> Value {
    json!({ "attribute": attribute, "op": "in", "values": values })
}

fn serve(when: Value) -> Value {
    json!({ "when": when, "serve": "on" })
}

fn assert_whole(found: Option<FlagDifference>) {
    let found = found.unwrap();
    assert_eq!(found.status, Status::Compared);
    for region in &found.regions {
        assert!(region.exact && region.witness.is_some(), "{region:#?}");
    }
    assert_eq!(found.regions.len(), 1, "{found:#?}");
}

#[test]
fn many_values_of_one_attribute_are_no_work() {
    // As many sets of elements as there are lists: 2^100.
    let rules: Vec<Value> =
        (0..100).map(|number| serve(json!([is_in("country", json!([format!("c{number}")]))]))).collect();
    assert_whole(without_last(&rules));
}

#[test]
fn a_segment_of_ten_thousand() {
    let users: Vec<String> = (0..10_000).map(|number| format!("user-{number}")).collect();
    let of = |users: &[String]| {
        document(&json!({
            "segments": { "staff": { "include": users } },
            "flags": [flag("f", &json!({ "rules": [{ "when": [{ "segment": ["staff"] }], "split": { "slices": [["on", 50_000]] } }] }))],
        }))
    };
    let comparison = compare(&of(&users), &of(&users[..9999]), &Options::default());
    let found = comparison.flag("f").unwrap();
    assert_eq!(found.status, Status::Compared);
    let region = &found.regions[0];
    assert!(region.exact, "{:?} {:?}", region.when, region.bucket);
    assert_eq!(region.witness.as_ref().unwrap()["targetingKey"], "user-9999");
}

#[test]
fn thousands_of_borders() {
    let rules: Vec<Value> = (0..1000)
        .map(|number| serve(json!([{ "attribute": "age", "op": "between", "values": [number * 3, number * 3 + 2] }])))
        .collect();
    let found = without_last(&rules).unwrap();
    assert!(found.status == Status::Unknown || found.regions.iter().all(|region| region.exact), "{found:#?}");
}

#[test]
fn ten_thousand_endings() {
    let domains: Vec<String> = (0..10_000).map(|number| format!("@{number}.example")).collect();
    let rules = [
        serve(json!([{ "attribute": "mail", "op": "ends_with", "values": domains }])),
        serve(json!([{ "attribute": "mail", "op": "contains", "values": ["b"] }])),
    ];
    assert_eq!(without_last(&rules).unwrap().status, Status::Unknown);
}

#[test]
fn patterns_that_multiply() {
    // Each is small; together they ask where in the end of a text which letters stand.
    let rules: Vec<Value> = ('a'..='m')
        .map(|letter| serve(json!([{ "attribute": "a", "op": "matches", "values": [format!("{letter}.{{3}}$")] }])))
        .collect();
    let found = without_last(&rules).unwrap();
    assert_eq!(found.status, Status::Unknown);
}

#[test]
fn splits_that_leave_something_to_the_next() {
    let rules: Vec<Value> = (0..40)
        .map(|number| json!({ "split": { "salt": format!("s{number}"), "slices": [["on", 10_000], ["off", 10_000]] } }))
        .collect();
    let found = without_last(&rules).unwrap();
    assert_eq!(found.status, Status::Compared);
    assert!(found.regions.iter().all(|region| region.exact && region.and_buckets.len() == 39), "{found:#?}");
}

/// Whether an even number of attributes is 1, in a bad order: each attribute with the one that is farthest from it.
#[test]
fn hundreds_of_interlocking_conditions() {
    let rules: Vec<Value> = (0..300)
        .map(|number: usize| {
            let one = |at: usize| is_in(&format!("a{:02}", at % 60), json!([1]));
            let not = |at: usize| json!({ "not": one(at) });
            serve(json!([
                { "any": [one(number), not(number * 7 + 31)] },
                { "any": [one(number * 11 + 17), not(number + 30), one(number * 13)] },
                { "any": [{ "all": [one(number * 3), not(number * 5 + 1)] }, one(number + 45)] },
            ]))
        })
        .collect();
    assert_eq!(without_last(&rules).unwrap().status, Status::Unknown);
}
