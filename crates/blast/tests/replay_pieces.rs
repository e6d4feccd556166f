//! A replay in pieces finds what a replay of the whole finds, however the rows are parted.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]

mod support;

use downhaul_blast::replay::{Options, Partial, Piecewise, Replay, Replayer, TotalWeight};
use downhaul_core::document::FlagSet;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use support::arbitrary::{context, flag_set};
use support::{Context, document, flag, population, valid};

const VALUES: usize = 1000;

fn options() -> Options {
    Options { by: vec!["plan".to_owned(), "targetingKey".to_owned()], groups: 3, ..Options::default() }
}

/// By one that has replayed the way back before, and keeps what it learnt.
fn whole(old: &FlagSet, new: &FlagSet, rows: &[(Context, f64)]) -> Replay {
    let never = AtomicBool::new(false);
    let (old, new) = (valid(old.clone()), valid(new.clone()));
    let mut replayer = Replayer::new(Arc::new(population(rows)));
    replayer.replay(&new, &old, &options(), &mut |_| {}, &never).unwrap();
    replayer.replay(&old, &new, &options(), &mut |_| {}, &never).unwrap()
}

/// The pieces are added up in two accounts, of which one travels to the other.
fn in_pieces(old: &FlagSet, new: &FlagSet, rows: &[(Context, f64)], size: usize, values: usize) -> (Replay, Partial) {
    let mut total = TotalWeight::default();
    rows.iter().for_each(|(_, weight)| total.add(*weight));
    let total = rows.iter().any(|(_, weight)| *weight != 1.0).then(|| total.sum());
    let piecewise = Piecewise::new(valid(old.clone()), valid(new.clone()), options(), total, values);
    let mut accounts = [Partial::default(), Partial::default()];
    for (number, piece) in rows.chunks(size.max(1)).enumerate() {
        piecewise.add(&population(piece), &mut accounts[number % 2]);
    }
    let [mut one, other] = accounts;
    let travelled: Partial = serde_json::from_str(&serde_json::to_string(&other).unwrap()).unwrap();
    assert_eq!(travelled, other);
    piecewise.merge(&mut one, travelled);
    (piecewise.finish(one.clone()), one)
}

fn without_examples(mut found: Replay) -> Replay {
    found.flags.values_mut().for_each(|flag| flag.examples.clear());
    found
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pieces_give_what_the_whole_gives(
        (old, new) in (flag_set(), flag_set()),
        rows in vec((context(), select(vec![1.0, 1.0, 0.1, 3.5, 0.0, 1e-9])), 0..60),
        sizes in [1usize..8, 5..70],
    ) {
        let expected = without_examples(whole(&old, &new, &rows));
        let [small, large] = sizes.map(|size| in_pieces(&old, &new, &rows, size, VALUES).0);
        prop_assert_eq!(&small, &large, "examples do not depend on how rows are parted either");
        prop_assert_eq!(without_examples(small), expected);
    }
}

fn change() -> (FlagSet, FlagSet) {
    let set = |rules: Value, more: Value| {
        let mut flags = vec![flag("f", &json!({ "rules": rules }))];
        flags.extend(more.as_array().unwrap().iter().cloned());
        document(&json!({
            "segments": { "staff": { "include": ["user-1"] }, "beta": { "when": [{ "tenant": ["acme"] }] } },
            "flags": flags
        }))
        .document()
        .clone()
    };
    let split = |on| json!([{ "split": { "slices": [["on", on], ["off", 100_000 - on]] } }]);
    (set(split(0), json!([flag("old", &json!({}))])), set(split(50_000), json!([flag("new", &json!({}))])))
}

fn people(count: usize) -> Vec<(Context, f64)> {
    let row = |number: usize| {
        let tenant = if number.is_multiple_of(2) { "acme" } else { "globex" };
        let context = json!({ "targetingKey": format!("user-{number}"), "tenant": tenant });
        (context.as_object().unwrap().clone(), 1.0)
    };
    (0..count).map(row).collect()
}

#[test]
fn examples_move_and_are_spread_over_outcomes() {
    let (old, new) = change();
    let (found, _) = in_pieces(&old, &new, &people(500), 64, VALUES);
    let flag = &found.flags["f"];
    assert_eq!(flag.examples.len(), 3);
    for example in &flag.examples {
        assert_eq!((example.row, example.from.variant.as_str(), example.to.variant.as_str()), (None, "off", "on"));
        assert!(example.context.contains_key("tenant"));
    }
    assert!(found.added.contains_key("new") && found.removed.contains_key("old"));
    let again = in_pieces(&old, &new, &people(500), 7, VALUES).0;
    assert_eq!(again, found);
}

#[test]
fn regions_are_summed_up_their_tree_whatever_the_pieces() {
    let set = |on: u32| {
        let split = json!({ "slices": [["on", on], ["off", 100_000 - on]] });
        let document = document(&json!({
            "regions": { "world": { "eu": { "eu-west": {}, "eu-north": {} }, "us": {} } },
            "flags": [flag("f", &json!({ "rules": [{ "split": split }] }))]
        }));
        document.document().clone()
    };
    let regions = ["eu-west", "eu-north", "eu", "us", "nowhere", "world"];
    let person = |number: usize| {
        let region = regions[number % regions.len()];
        let context = json!({ "targetingKey": format!("user-{number}"), "region": region });
        (context.as_object().unwrap().clone(), 1.0)
    };
    let people: Vec<(Context, f64)> = (0..300).map(person).collect();
    let (old, new) = (set(0), set(100_000));
    let expected = whole(&old, &new, &people);
    let names: Vec<(&str, f64)> =
        expected.by["region"].within.iter().map(|within| (within.region.as_str(), within.moved)).collect();
    assert_eq!(names, [("world", 250.0), ("eu", 150.0)]);
    for size in [1, 7, 64, 300] {
        let (found, _) = in_pieces(&old, &new, &people, size, VALUES);
        assert_eq!(found.by["region"], expected.by["region"], "in pieces of {size}");
        assert_eq!(found.flags["f"].by, expected.flags["f"].by, "in pieces of {size}");
    }
}

#[test]
fn what_has_too_many_values_is_said_and_left_out() {
    let (old, new) = change();
    let expected = in_pieces(&old, &new, &people(500), 500, VALUES).0;
    for size in [3, 64, 500] {
        let (found, partial) = in_pieces(&old, &new, &people(500), size, 100);
        assert_eq!(partial.overfull().collect::<Vec<_>>(), ["targetingKey"], "in pieces of {size}");
        assert!(!found.by.contains_key("targetingKey") && !found.flags["f"].by.contains_key("targetingKey"));
        assert_eq!(found.by["tenant"], expected.by["tenant"]);
        assert_eq!(found.flags["f"].transitions, expected.flags["f"].transitions);
    }
}

#[test]
fn only_what_matters_is_looked_at() {
    let (old, new) = change();
    let piecewise = Piecewise::new(valid(old), valid(new), options(), None, VALUES);
    let names: Vec<String> = piecewise.attributes().into_iter().collect();
    assert_eq!(names, ["plan", "region", "targetingKey", "tenant"]);
}
