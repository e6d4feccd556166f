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

#[test]
fn hundreds_of_patterns_for_one_attribute() {
    let rules: Vec<Value> = (0..200)
        .map(|number| {
            serve(json!([{ "attribute": "mail", "op": "matches", "values": [format!("^team-{number}-.*@example$")] }]))
        })
        .collect();
    assert_whole(without_last(&rules));
}

/// 2^30 ways lead down, and each flag is decided once.
#[test]
fn prerequisites_that_meet_again_and_again() {
    let of = |last: &str| {
        let flags: Vec<Value> = (0..60)
            .map(|number: usize| {
                let next = number / 2 * 2 + 2;
                let requires: Vec<Value> = (next..(next + 2).min(60))
                    .map(|next| json!({ "flag": format!("f{next}"), "variants": ["on", "more"] }))
                    .collect();
                let region = if next < 60 { "eu" } else { last };
                flag(&format!("f{number}"), &json!({
                    "variants": { "on": true, "more": true, "off": false },
                    "requires": requires, "default": "more",
                    "rules": [{ "when": [{ "region": [region] }, is_in(&format!("a{number}"), json!([1]))], "serve": "on" }]
                }))
            })
            .collect();
        document(&json!({ "regions": { "eu": {}, "us": {} }, "flags": flags }))
    };
    let comparison = compare(&of("eu"), &of("us"), &Options::default());
    let found = comparison.flag("f58").unwrap();
    assert!(found.status == Status::Compared && found.regions.len() == 2, "{found:#?}");
    // All the others only ask whether it is one of both, and it always is.
    assert!(comparison.flags.iter().all(|flag| flag.status == Status::Compared), "{comparison:#?}");
    assert_eq!(comparison.flags.len(), 2);
    lints(of("eu").document(), &Options::default());
}

#[test]
fn hundreds_of_segments() {
    let of = |last: &str| {
        let segments: serde_json::Map<String, Value> = (0..300)
            .map(|number| {
                let users: Vec<String> = (0..20).map(|user| format!("user-{}", number * 20 + user)).collect();
                let country = if number == 299 { last.to_owned() } else { format!("c{number}") };
                (format!("s{number}"), json!({ "include": users, "when": [is_in("country", json!([country]))] }))
            })
            .collect();
        let rules: Vec<Value> = (0..300)
            .map(|number| json!({ "when": [{ "segment": [format!("s{number}")] }], "serve": if number % 2 == 0 { "off" } else { "on" } }))
            .collect();
        document(&json!({ "segments": segments, "flags": [flag("f", &json!({ "rules": rules }))] }))
    };
    let found = compare(&of("c299"), &of("c300"), &Options::default()).flag("f").cloned().unwrap();
    assert_eq!(found.status, Status::Compared);
    // Words for them are too much work; that they say more than is moved is said.
    assert!(found.regions.iter().all(|region| region.witness.is_some()), "{found:#?}");
    assert_eq!(found.regions.len(), 2, "{found:#?}");
}

#[test]
fn ten_thousand_values_in_each_of_many_rules() {
    let rules: Vec<Value> = (0..8)
        .map(|rule| {
            let values: Vec<String> = (0..10_000).map(|number| format!("v{}", number * (rule + 1))).collect();
            serve(json!([is_in("sku", json!(values))]))
        })
        .collect();
    assert_whole(without_last(&rules));
}

#[test]
fn kills_of_many_scopes() {
    let of = |last: &str| {
        let kills: Vec<Value> = (0..200)
            .map(|number| {
                let tenant = if number == 199 { last.to_owned() } else { format!("tenant-{number}") };
                json!({ "id": format!("k-{number}"), "flag": "f", "reason": "r", "by": "b", "at": "2026-11-01T00:00:00Z",
                        "scope": { "tenant": [tenant], "region": [if number % 2 == 0 { "eu" } else { "us" }] } })
            })
            .collect();
        let rules = json!([{ "when": [{ "region": ["eu", "us"] }], "split": { "slices": [["on", 50_000]] } }]);
        document(
            &json!({ "regions": { "eu": {}, "us": {} }, "flags": [flag("f", &json!({ "rules": rules }))], "kills": kills }),
        )
    };
    let (old, new) = (of("tenant-199"), of("acme"));
    let found = compare(&old, &new, &Options::default()).flag("f").cloned().unwrap();
    assert_eq!(found.status, Status::Compared);
    assert!(found.regions.iter().all(|region| region.exact && region.witness.is_some()), "{found:#?}");
    assert_eq!(lints(old.document(), &Options::default()), []);
}

/// Of a layer with many experiments, those whose slices meet are looked at, however many others there are.
#[test]
fn layers_of_many_experiments() {
    let of = |last: u32| {
        let flags: Vec<Value> = (0..120)
            .map(|number: u32| {
                let from = if number == 119 { last } else { number * 800 };
                flag(
                    &format!("f{number}"),
                    &json!({
                        "kind": "experiment", "expires": "2030-01-01", "review": null,
                        "rules": [{ "split": { "salt": "layer", "slices": [["off", from], ["on", 800]] } }]
                    }),
                )
            })
            .map(|mut flag| {
                flag.as_object_mut().unwrap().remove("review");
                flag
            })
            .collect();
        document(&json!({ "flags": flags }))
    };
    assert_eq!(lints(of(119 * 800).document(), &Options::default()), []);
    let found = lints(of(300).document(), &Options::default());
    let codes: Vec<&str> = found.iter().map(|found| found.code.as_str()).collect();
    assert_eq!(codes, ["overlapping-experiments"; 2], "{found:#?}");
}

#[test]
fn a_flag_whose_lints_are_too_much_says_so() {
    let rules: Vec<Value> = (0..40)
        .map(|number| {
            serve(json!([
                is_in(&format!("a{number}"), json!([1])),
                is_in(&format!("b{}", number % 7), json!([number]))
            ]))
        })
        .collect();
    let found = lints(with(&rules, "acme").document(), &Options { nodes: 50 });
    assert!(found.iter().any(|found| found.code == "not-looked-at" && found.place.pointer == "/flags/0"), "{found:#?}");
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

/// A document of many flags that are each too much: those after them are allowed less, and what is given up says so.
#[test]
fn many_hard_flags_have_a_limit_together() {
    let of = |serve_last: &str| {
        // Conditions on some of seven attributes in each of some rules; the last rule is edited.
        let flag_of = |key: &str, rules: usize, conditions: usize| {
            let rule = |rule: usize| {
                let condition =
                    |at: usize| is_in(&format!("a{}", (rule * (at + 1) + at) % 7), json!([format!("v{}", rule % 3)]));
                let when: Vec<Value> = (0..conditions).map(condition).collect();
                json!({ "when": when, "serve": if rule + 1 == rules { serve_last } else { "on" } })
            };
            flag(key, &json!({ "rules": (0..rules).map(rule).collect::<Vec<_>>() }))
        };
        let hard = (0..300).map(|number| flag_of(&format!("f{number}"), 6, 4));
        let others =
            |suffix: &str| [flag_of(&format!("easy-{suffix}"), 1, 1), flag_of(&format!("middle-{suffix}"), 2, 2)];
        document(
            &json!({ "flags": others("before").into_iter().chain(hard).chain(others("after")).collect::<Vec<_>>() }),
        )
    };
    let (old, new) = (of("on"), of("off"));
    let given_up = |nodes| {
        let comparison = compare(&old, &new, &Options { nodes });
        let unknown = comparison.flags.iter().filter(|found| found.status == Status::Unknown);
        let others = unknown.clone().filter(|found| !found.flag.starts_with('f'));
        (unknown.count(), others.map(|found| found.flag.clone()).collect::<Vec<_>>())
    };
    assert_eq!(given_up(20_000), (0, vec![]));
    assert_eq!(given_up(60), (301, vec!["middle-after".to_owned()]));
    let unseen = |nodes| {
        let found = lints(new.document(), &Options { nodes });
        found.iter().filter(|found| found.code == "not-looked-at" && found.place.pointer == "/flags/303").count()
    };
    assert_eq!([unseen(60), unseen(20_000)], [1, 0]);
}
