//! Replay: one edit at a time, and what is told of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use downhaul_blast::population::{Builder, Limits, Mapping, Population};
use downhaul_blast::replay::{FlagReplay, Options, Progress, Replay, ReplayError, replay};
use downhaul_core::validate::Valid;
use serde_json::{Map, Value, json};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use support::{document, flag, population};

/// `u0` to `u999`, of tenants `acme` and `globex` in turn; every fourth in `eu`, the others in `us`.
fn people() -> Population {
    let rows: Vec<(Map<String, Value>, f64)> = (0..1000)
        .map(|row| {
            let tenant = if row % 2 == 0 { "acme" } else { "globex" };
            let region = if row % 4 == 0 { "eu" } else { "us" };
            let context =
                json!({ "targetingKey": format!("u{row}"), "tenant": tenant, "region": region, "age": row % 50 });
            (context.as_object().unwrap().clone(), 0.5)
        })
        .collect();
    population(&rows)
}

fn run(old: &Value, new: &Value) -> Replay {
    run_with(&document(old), &document(new), &people(), &Options::default())
}

fn run_with(old: &Valid, new: &Valid, people: &Population, options: &Options) -> Replay {
    replay(old, new, people, options, &mut |_| {}, &AtomicBool::new(false)).unwrap()
}

/// Moved weight and rows, transitions and rules in short.
fn short(flag: &FlagReplay) -> Value {
    let transitions: Vec<Value> =
        flag.transitions.iter().map(|each| json!([each.from, each.to, each.value_changed, each.weight])).collect();
    let rules: Vec<Value> = flag.rules.iter().map(|each| json!([each.from, each.to, each.weight])).collect();
    json!([flag.moved, flag.moved_rows, transitions, rules])
}

fn serve(conditions: &Value) -> Value {
    json!({ "rules": [{ "name": "first", "when": conditions, "serve": "on" }] })
}

#[test]
fn an_edited_rule_is_told_by_who_moves() {
    let regions = json!({ "eu": {}, "us": {} });
    let one = |conditions: &Value| json!({ "regions": regions, "flags": [flag("f", &serve(conditions))] });
    let found =
        run(&one(&json!([{ "tenant": ["acme"] }])), &one(&json!([{ "tenant": ["acme"] }, { "region": ["us"] }])));
    let told = &found.flags["f"];
    assert_eq!(
        short(told),
        json!([
            125.0, 250, [["on", "off", false, 125.0]],
            [[{ "reason": "TARGETING_MATCH", "rule": 0, "rule_name": "first" }, { "reason": "DEFAULT" }, 125.0]]
        ])
    );
    assert_eq!(
        (told.of, found.of, found.moved, found.moved_rows, found.rows, found.compared),
        (500.0, 500.0, 125.0, 250, 1000, 1)
    );
    let by = serde_json::to_value(&told.by).unwrap();
    assert_eq!(
        by,
        json!({
            "tenant": { "touched": 1, "groups": [{ "value": "acme", "moved": 125.0, "of": 250.0 }], "others": 0.0 },
            "region": {
                "touched": 1, "groups": [{ "value": "eu", "moved": 125.0, "of": 125.0 }], "others": 0.0,
            },
        })
    );
    assert_eq!(found.by, told.by);
    assert_eq!(serde_json::to_value(&told.tenants).unwrap(), by["tenant"]["groups"]);
    assert_eq!(told.examples.len(), 3);
    assert_eq!(told.examples[0].context["region"], "eu");
}

#[test]
fn regions_are_summed_up_the_tree() {
    let at = |region: &str, weight: f64| {
        (json!({ "targetingKey": "u", "region": region }).as_object().unwrap().clone(), weight)
    };
    let people =
        population(&[at("de", 1.0), at("by", 2.0), at("eu", 4.0), at("fr", 8.0), at("us", 16.0), at("mars", 32.0)]);
    let regions = json!({ "world": { "eu": { "de": { "by": {} }, "fr": {} }, "us": {} }, "moon": { "sea": {} } });
    let one = |conditions: &Value| json!({ "regions": regions, "flags": [flag("f", &serve(conditions))] });
    let (old, new) = (
        document(&one(&json!([{ "region": ["moon"] }]))),
        document(&one(&json!([{ "not": { "region": ["us", "fr"] } }]))),
    );
    let found = run_with(&old, &new, &people, &Options::default());
    let within = |region: &str, parent: Value, sums: [f64; 4]| {
        let mut it = json!({ "region": region, "moved": sums[0], "of": sums[1], "directly": { "moved": sums[2], "of": sums[3] } });
        if !parent.is_null() {
            it["parent"] = parent;
        }
        it
    };
    assert_eq!(
        serde_json::to_value(&found.flags["f"].by["region"].within).unwrap(),
        json!([
            within("world", json!(null), [7.0, 31.0, 0.0, 0.0]),
            within("eu", json!("world"), [7.0, 15.0, 4.0, 4.0]),
            within("de", json!("eu"), [3.0, 3.0, 1.0, 1.0]),
        ])
    );
    assert_eq!(found.moved, 39.0);
    let two = run_with(&old, &new, &people, &Options { groups: 2, ..Options::default() });
    let names: Vec<&str> = two.by["region"].within.iter().map(|it| it.region.as_str()).collect();
    assert_eq!(names, ["world", "eu"]);
}

/// What a flag rests on, edited elsewhere in the document.
#[test]
fn edits_reach_every_flag_that_they_change() {
    let parts = |segment: &Value, plan: &str, regions: &Value, base: &str, kills: &Value| {
        json!({
            "regions": regions,
            "tenants": { "acme": { "plan": plan, "other": plan } },
            "segments": { "old": { "when": [segment] }, "older": { "when": [{ "segment": ["old"] }] } },
            "flags": [
                flag("by-segment", &serve(&json!([{ "segment": ["older"] }]))),
                flag("by-plan", &serve(&json!([{ "attribute": "tenant.plan", "op": "in", "values": ["pro"] }]))),
                flag("by-region", &serve(&json!([{ "region": ["world"] }]))),
                flag("base", &json!({ "default": base })),
                flag("dependent", &json!({ "requires": [{ "flag": "base", "variants": ["on"] }], "default": "on" })),
                flag("killed", &json!({ "default": "on" })),
                flag("untouched", &serve(&json!([{ "attribute": "age", "op": "lt", "values": [10] }]))),
            ],
            "kills": kills,
        })
    };
    let age = |limit: u32| json!({ "attribute": "age", "op": "lt", "values": [limit] });
    let world = json!({ "world": { "eu": {} }, "us": {} });
    let same = parts(&age(10), "pro", &world, "on", &json!([]));
    let kill = json!([{ "id": "k", "flag": "killed", "scope": { "tenant": ["acme"] }, "reason": "r", "by": "b", "at": "2026-01-01T00:00:00Z" }]);
    for (new, expected) in [
        (parts(&age(20), "pro", &world, "on", &json!([])), json!({ "by-segment": 100.0 })),
        (parts(&age(10), "free", &world, "on", &json!([])), json!({ "by-plan": 250.0 })),
        (
            parts(&age(10), "pro", &json!({ "world": { "us": {} }, "eu": {} }), "on", &json!([])),
            json!({ "by-region": 500.0 }),
        ),
        (parts(&age(10), "pro", &world, "off", &json!([])), json!({ "base": 500.0, "dependent": 500.0 })),
        (parts(&age(10), "pro", &world, "on", &kill), json!({ "killed": 250.0 })),
    ] {
        let found = run(&same, &new);
        let moved: Map<String, Value> =
            found.flags.iter().map(|(key, flag)| (key.clone(), json!(flag.moved))).collect();
        assert_eq!(Value::Object(moved), expected);
    }
    let found = run(&same, &parts(&age(10), "pro", &world, "on", &kill));
    assert_eq!(found.flags["killed"].rules[0].to.kill.as_deref(), Some("k"));
    let found = run(&same, &parts(&age(20), "pro", &world, "on", &json!([])));
    let segments = &found.flags["by-segment"].by["segment"];
    assert_eq!(
        serde_json::to_value(&segments.groups).unwrap(),
        json!([{ "value": "old", "moved": 100.0, "of": 200.0 }, { "value": "older", "moved": 100.0, "of": 200.0 }])
    );
    // All flags of one person at once count that person once.
    let found = run(&same, &parts(&age(20), "free", &world, "off", &kill));
    assert_eq!((found.flags.len(), found.moved), (5, 500.0));
}

#[test]
fn a_ramp_moves_exactly_the_slice() {
    let split = |width: u32| {
        let split = json!({ "salt": "s", "slices": [["on", width], ["off", 100_000 - width]] });
        document(&json!({ "flags": [flag("f", &json!({ "rules": [{ "split": split }] }))] }))
    };
    let found = run_with(&split(10_000), &split(25_000), &people(), &Options::default());
    let seed = downhaul_core::bucket::seed("s");
    let within = (0..1000)
        .filter(|row| (10_000..25_000).contains(&downhaul_core::bucket::bucket(seed, format!("u{row}").as_bytes())))
        .count();
    let told = &found.flags["f"];
    assert_eq!((told.moved_rows, told.transitions.len(), told.transitions[0].to.as_str()), (within as u64, 1, "on"));
}

#[test]
fn an_edited_value_moves_people_too() {
    let with = |value: bool| json!({ "flags": [flag("f", &json!({ "variants": { "on": value, "off": false }, "default": "on" }))] });
    let found = run(&with(true), &with(false));
    assert_eq!(
        short(&found.flags["f"]),
        json!([500.0, 1000, [["on", "on", true, 500.0]], [[{ "reason": "STATIC" }, { "reason": "STATIC" }, 500.0]]])
    );
}

#[test]
fn the_same_for_another_reason_is_counted_apart() {
    let static_off = json!({ "flags": [flag("f", &json!({}))] });
    let ruled_off =
        json!({ "flags": [flag("f", &json!({ "rules": [{ "when": [{ "tenant": ["acme"] }], "serve": "off" }] }))] });
    let found = run(&static_off, &ruled_off);
    let told = &found.flags["f"];
    assert_eq!((told.moved, told.moved_rows, told.transitions.len(), told.by.len()), (0.0, 0, 0, 0));
    assert_eq!(
        serde_json::to_value(&told.reason_only).unwrap(),
        json!({
            "weight": 500.0, "rows": 1000,
            "changes": [
                { "from": { "reason": "STATIC" }, "to": { "reason": "DEFAULT" }, "weight": 250.0, "rows": 500 },
                { "from": { "reason": "STATIC" }, "to": { "reason": "TARGETING_MATCH", "rule": 0 }, "weight": 250.0, "rows": 500 },
            ]
        })
    );
    assert_eq!((found.moved, told.examples.len()), (0.0, 3));
    // A rule that was only renamed or moved is no difference.
    let named = |name: &str| json!({ "flags": [flag("f", &json!({ "rules": [{ "name": name, "serve": "on" }] }))] });
    assert!(run(&named("a"), &named("b")).flags.is_empty());
}

#[test]
fn flags_of_one_document_are_told_as_such() {
    let half = json!({ "rules": [{ "when": [{ "tenant": ["acme"] }, { "region": ["eu"] }], "serve": "on" }] });
    let one = json!({ "regions": { "eu": {} }, "flags": [flag("old", &half), flag("both", &json!({}))] });
    let other = json!({ "regions": { "eu": {} }, "flags": [flag("both", &json!({})), flag("new", &half)] });
    let found = run(&one, &other);
    assert_eq!((found.flags.len(), found.moved, found.compared), (0, 0.0, 1));
    let given = json!([
        { "variant": "off", "weight": 375.0, "rows": 750 }, { "variant": "on", "weight": 125.0, "rows": 250 }
    ]);
    assert_eq!(serde_json::to_value(&found.added).unwrap(), json!({ "new": given }));
    assert_eq!(serde_json::to_value(&found.removed).unwrap(), json!({ "old": given }));
}

#[test]
fn rows_without_a_time_get_the_one_given() {
    let before = |time: &str| {
        document(
            &json!({ "flags": [flag("f", &serve(&json!([{ "attribute": "now", "op": "before", "values": [time] }])))] }),
        )
    };
    let rows: Vec<(Map<String, Value>, f64)> =
        ["{}", r#"{"now": null}"#, r#"{"now": "2026-06-01T00:00:00Z"}"#, r#"{"now": 0}"#]
            .iter()
            .map(|context| (serde_json::from_str(context).unwrap(), 1.0))
            .collect();
    let (old, new) = (before("2026-01-01T00:00:00Z"), before("2027-01-01T00:00:00Z"));
    for (now, moved) in [(None, 1.0), (Some(json!("2026-03-01T00:00:00Z")), 2.0), (Some(json!(5)), 1.0)] {
        for rows in [rows.clone(), rows.iter().rev().cloned().collect()] {
            let options = Options { now: now.clone(), ..Options::default() };
            let found = run_with(&old, &new, &population(&rows), &options);
            assert_eq!(found.moved, moved, "{now:?}");
            assert!(found.flags["f"].examples.iter().all(|example| example.context.contains_key("now")));
        }
    }
    // As a bucketing unit.
    let split = |slices: Value| {
        document(
            &json!({ "flags": [flag("f", &json!({ "rules": [{ "split": { "by": "now", "slices": slices } }] }))] }),
        )
    };
    let (none, all) = (split(json!([["off", 100_000]])), split(json!([["on", 100_000]])));
    let options = Options { now: Some(json!(5)), ..Options::default() };
    // Null stands for no unit.
    assert_eq!(run_with(&none, &all, &population(&rows), &options).moved, 3.0);
    assert_eq!(run_with(&none, &all, &population(&rows), &Options::default()).moved, 2.0);
    // Nobody has the attribute at all.
    let empty = population(&[(Map::new(), 1.0)]);
    let options = Options { now: Some(json!("2026-03-01T00:00:00Z")), ..Options::default() };
    assert_eq!(run_with(&old, &new, &empty, &options).moved, 1.0);
}

/// More rows than one thread takes at a time, of uneven weights.
fn many() -> Population {
    let mut builder = Builder::new(&Limits::default());
    let mut state = 7u64;
    for row in 0..100_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let draw = state >> 33;
        let region = ["eu", "us", "de"].into_iter().nth(usize::try_from(draw % 3).unwrap());
        let context = json!({
            "targetingKey": format!("user-{}", draw % 60_000), "tenant": format!("t{}", draw % 997),
            "region": region, "email": format!("u{row}@example.{}", if draw.is_multiple_of(5) { "com" } else { "org" })
        });
        #[expect(clippy::cast_precision_loss, reason = "small")]
        builder.push(context.as_object().unwrap(), (draw % 1000) as f64 / 7.0).unwrap();
    }
    builder.finish()
}

#[test]
fn the_answer_is_the_same_on_any_number_of_threads() {
    let people = many();
    let one = |width: u32, ends: &str| {
        document(&json!({
            "regions": { "eu": { "de": {} }, "us": {} },
            "segments": { "com": { "include": ["user-1", "user-2"], "when": [{ "attribute": "email", "op": "ends_with", "values": [ends] }] } },
            "flags": [
                flag("a", &json!({ "rules": [{ "when": [{ "region": ["eu"] }], "split": { "slices": [["on", width]] } }] })),
                flag("b", &serve(&json!([{ "segment": ["com"] }]))),
                flag("c", &json!({ "rules": [{ "split": { "by": "email", "slices": [["on", width]] } }] })),
            ]
        }))
    };
    let (old, new) = (one(10_000, ".com"), one(20_000, ".org"));
    let with = |threads: usize| {
        let options = Options {
            threads: NonZeroUsize::new(threads),
            by: vec!["email".to_owned()],
            groups: 20,
            ..Options::default()
        };
        serde_json::to_string(&run_with(&old, &new, &people, &options)).unwrap()
    };
    let alone = with(1);
    assert!(alone.contains("\"moved\""));
    for threads in [2, 3, 8] {
        assert_eq!(with(threads), alone, "{threads} threads");
    }
    // And the same after the way to a page.
    let read = Population::from_sample_bytes(&people.to_sample_bytes(usize::MAX), &Limits::default()).unwrap();
    let options = Options { by: vec!["email".to_owned()], groups: 20, ..Options::default() };
    assert_eq!(serde_json::to_string(&run_with(&old, &new, &read, &options)).unwrap(), alone);
}

#[test]
fn long_lists_are_cut_and_add_up() {
    let people = many();
    let with = |value: &str| document(&json!({ "flags": [flag("f", &json!({ "default": value }))] }));
    let options = Options { groups: 12, ..Options::default() };
    let found = run_with(&with("on"), &with("off"), &people, &options);
    let tenants = &found.by["tenant"];
    assert_eq!((tenants.touched, tenants.groups.len(), found.tenants.len()), (997, 12, 10));
    let listed: f64 = tenants.groups.iter().map(|group| group.moved).sum();
    assert!((listed + tenants.others - found.moved).abs() < 1e-6);
    assert!(tenants.groups.is_sorted_by(|one, other| one.moved >= other.moved));
    assert!(tenants.groups.last().unwrap().moved > tenants.others / 985.0);
    assert!((found.moved - people.weight()).abs() < 1e-6);
}

#[test]
fn progress_is_told_and_it_can_be_cancelled() {
    let people = many();
    let with = |value: &str| {
        document(
            &json!({ "flags": [flag("f", &json!({ "default": value })), flag("g", &json!({ "default": value })), flag("h", &json!({}))] }),
        )
    };
    let (old, new) = (with("on"), with("off"));
    let mut seen: Vec<Progress> = Vec::new();
    replay(&old, &new, &people, &Options::default(), &mut |progress| seen.push(progress), &AtomicBool::new(false))
        .unwrap();
    assert!(seen.is_sorted_by_key(|progress| progress.done));
    // `h` cannot differ.
    assert!(seen.iter().all(|progress| progress.of == 400_000 && progress.done <= progress.of));
    let split = |on: u32| {
        document(&json!({ "flags": [flag("f", &json!({ "rules": [{ "split": { "slices": [["on", on]] } }] }))] }))
    };
    let mut seen: Vec<Progress> = Vec::new();
    let told = &mut |progress| seen.push(progress);
    let options = Options { threads: NonZeroUsize::new(1), ..Options::default() };
    replay(&split(1), &split(2), &people, &options, told, &AtomicBool::new(false)).unwrap();
    assert!(seen.is_sorted_by_key(|progress| progress.done));
    assert!(seen.iter().any(|progress| progress.done > 0 && progress.done < 100_000), "while values are looked at");
    let cancel = AtomicBool::new(false);
    let mut calls = 0;
    let stop = &mut |_| {
        calls += 1;
        cancel.store(true, Ordering::Relaxed);
    };
    assert_eq!(replay(&old, &new, &people, &options, stop, &cancel), Err(ReplayError::Cancelled));
    assert_eq!(calls, 1);
}

#[test]
fn nobody_is_no_problem() {
    let with = |value: &str| document(&json!({ "flags": [flag("f", &json!({ "default": value }))] }));
    let nobody = population(&[]);
    let found = run_with(&with("on"), &with("off"), &nobody, &Options::default());
    assert_eq!((found.of, found.moved, found.flags.len()), (0.0, 0.0, 0));
    // People of no weight move all the same.
    let weightless = population(&[(Map::new(), 0.0)]);
    let found = run_with(&with("on"), &with("off"), &weightless, &Options::default());
    assert_eq!((found.moved, found.moved_rows, found.flags["f"].examples.len()), (0.0, 1, 1));
}

/// Many attributes of many values, so that combinations are more than can have places of their own.
#[test]
fn combinations_may_be_more_than_any_table_holds() {
    let names: Vec<String> = (0..12).map(|number| format!("a{number}")).collect();
    let rules = |last: u32| {
        let conditions: Vec<Value> = names
            .iter()
            .flat_map(|name| {
                (0..12).map(move |limit| json!({ "not": { "attribute": name, "op": "in", "values": [limit * 7] } }))
            })
            .chain([json!({ "attribute": "a3", "op": "lt", "values": [last] })])
            .collect();
        document(&json!({ "flags": [flag("f", &serve(&json!(conditions)))] }))
    };
    let mut state = 3u64;
    let rows: Vec<(Map<String, Value>, f64)> = (0..3000)
        .map(|_| {
            let context = names.iter().map(|name| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (name.clone(), json!((state >> 33) % 90))
            });
            (context.collect(), 1.0)
        })
        .collect();
    let (old, new) = (rules(40), rules(60));
    let found = run_with(&old, &new, &population(&rows), &Options::default());
    let expected = support::direct::replay(&old, &new, &rows, &[], None);
    assert_eq!(support::direct::of(&found), expected);
    assert!(found.moved > 100.0);
}

/// Then no two values count as alike, and the answer is the same.
#[test]
fn conditions_may_be_more_than_can_be_judged_at_once() {
    let with = |last: &str| {
        let condition = |number: u32| json!({ "attribute": "n", "op": "contains", "values": [format!("x{number}y")] });
        let any: Vec<Value> = (0..10_050).map(condition).collect();
        let rule = json!({ "when": [{ "any": any }, { "attribute": "n", "op": "ends_with", "values": [last] }], "serve": "on" });
        document(&json!({ "flags": [flag("f", &json!({ "rules": [rule] }))] }))
    };
    let rows: Vec<(Map<String, Value>, f64)> = (0..40)
        .map(|row| {
            let context = json!({ "n": format!("x{}y{}", row * 300, row % 3) });
            (context.as_object().unwrap().clone(), 1.0)
        })
        .collect();
    let (old, new) = (with("0"), with("1"));
    let found = run_with(&old, &new, &population(&rows), &Options::default());
    assert_eq!(support::direct::of(&found), support::direct::replay(&old, &new, &rows, &[], None));
    assert!(found.moved > 20.0);
}

#[test]
fn a_population_of_lines_goes_all_the_way() {
    let lines = "{\"targetingKey\":\"u1\",\"app\":{\"version\":\"2.4.1\"},\"share\":20.5}\n{\"targetingKey\":\"u2\",\"app\":{\"version\":\"2.3.0\"},\"share\":4}\n";
    let mapping: Mapping = serde_json::from_value(json!({ "weight": "share" })).unwrap();
    let (people, _) = Population::from_json_lines(lines.as_bytes(), &mapping, &Limits::default()).unwrap();
    let with = |range: &str| {
        document(
            &json!({ "flags": [flag("f", &serve(&json!([{ "attribute": "app.version", "op": "semver", "values": [range] }])))] }),
        )
    };
    let options = Options { by: vec!["app.version".to_owned()], ..Options::default() };
    let found = run_with(&with(">=2.3.0"), &with(">=2.4.0"), &people, &options);
    assert_eq!((found.moved, found.of), (4.0, 24.5));
    assert_eq!(found.by["app.version"].groups[0].value, "2.3.0");
    let example = found.flags["f"].examples.first().unwrap();
    assert_eq!(Value::Object(example.context.clone()), json!({ "targetingKey": "u2", "app": { "version": "2.3.0" } }));
}
