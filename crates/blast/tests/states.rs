//! Combinations of variants for tests: every possible pair, none that cannot happen, and few.
#![expect(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests end that way")]

use downhaul_blast::exact::{Options, sole_variants};
use downhaul_blast::states::{Combination, Question, Unanswered, cover};
use downhaul_core::check::{Source, check};
use downhaul_core::document::FlagSet;
use downhaul_core::read::Format;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn flag(key: &str, variants: usize, requires: &[(String, Vec<usize>)]) -> Value {
    let name = |number: &usize| format!("v{number}");
    let requires: Vec<Value> = requires
        .iter()
        .map(|(flag, accepted)| json!({ "flag": flag, "variants": accepted.iter().map(name).collect::<Vec<_>>() }))
        .collect();
    let values: serde_json::Map<String, Value> = (0..variants).map(|number| (name(&number), json!(number))).collect();
    json!({
        "key": key, "owner": "a", "kind": "release", "expires": "2099-01-01", "variants": values,
        "degraded": { "variant": "v0", "meaning": "nothing" }, "default": "v0", "requires": requires,
    })
}

fn document(flags: &[Value], kills: &[Value]) -> FlagSet {
    let text = json!({ "schema": 1, "environment": "test", "revision": 1, "flags": flags, "kills": kills }).to_string();
    let checked = check(&[Source { name: "flags.json".into(), text, format: Format::Json }], None);
    checked.valid.unwrap_or_else(|| panic!("{:?}", checked.diagnostics)).document().clone()
}

fn plain(shape: &[(usize, usize)]) -> FlagSet {
    let widths = shape.iter().flat_map(|(count, variants)| vec![*variants; *count]);
    let flags: Vec<Value> =
        widths.enumerate().map(|(number, variants)| flag(&format!("f{number}"), variants, &[])).collect();
    document(&flags, &[])
}

fn numbers(state: &Combination) -> Vec<usize> {
    state.iter().map(|(_, variant)| variant.as_str().trim_start_matches('v').parse().unwrap()).collect()
}

fn pairs(rows: &[Vec<usize>]) -> BTreeSet<[usize; 4]> {
    let of_row = |row: &Vec<usize>| {
        let row = row.clone();
        (0..row.len()).flat_map(move |a| {
            let row = row.clone();
            (0..a).map(move |b| [a, row[a], b, row[b]]).collect::<Vec<_>>()
        })
    };
    rows.iter().flat_map(of_row).collect()
}

#[test]
fn about_as_few_as_there_can_be() {
    // Flags with so many variants each, strength, the fewest states known, and what is allowed here.
    for (shape, strength, fewest, most) in [
        (vec![(2, 2)], 2, 4, 4),
        (vec![(3, 2)], 2, 4, 4),
        (vec![(10, 2)], 2, 6, 6),
        (vec![(100, 2)], 2, 10, 10),
        (vec![(4, 3)], 2, 9, 9),
        (vec![(13, 3)], 2, 15, 19),
        (vec![(1, 4), (5, 2)], 2, 8, 8),
        (vec![(3, 3), (20, 2)], 2, 9, 14),
        (vec![(4, 2)], 3, 8, 8),
        (vec![(10, 2)], 3, 12, 12),
        (vec![(3, 2)], 1, 2, 2),
        (vec![(1, 5)], 2, 5, 5),
    ] {
        let document = plain(&shape);
        let found = cover(&document, &Question { strength, ..Question::default() }).unwrap();
        let count = found.states.len();
        assert!((fewest..=most).contains(&count), "{shape:?}, strength {strength}: {count} states");
        assert_eq!(found.impossible, 0);
    }
}

#[test]
fn a_prerequisite_a_kill_and_a_fixed_flag_leave_out_what_they_forbid() {
    let flags = [flag("cart", 2, &[]), flag("checkout", 3, &[("cart".into(), vec![1])]), flag("banner", 2, &[])];
    let found = cover(&document(&flags, &[]), &Question::default()).unwrap();
    assert_eq!(found.impossible, 2);
    assert!(found.states.iter().map(numbers).all(|row| row[0] == 1 || row[1] == 0), "{found:?}");
    let kill =
        json!({ "id": "k-1", "flag": "cart", "scope": {}, "reason": "r", "by": "a", "at": "2026-11-01T00:00:00Z" });
    let found = cover(&document(&flags, &[kill]), &Question::default()).unwrap();
    let rows: BTreeSet<Vec<usize>> = found.states.iter().map(numbers).collect();
    assert_eq!(rows, BTreeSet::from([vec![0, 0, 0], vec![0, 0, 1]]));
    let kill = json!({ "id": "k-1", "flag": "cart", "scope": { "tenant": ["acme"] }, "reason": "r", "by": "a", "at": "2026-11-01T00:00:00Z" });
    assert_eq!(cover(&document(&flags, &[kill]), &Question::default()).unwrap().impossible, 2, "not for everyone");

    // What `checkout` requires is not named, and still has to be on.
    let question = Question {
        include: vec!["checkout".parse().unwrap(), "banner".parse().unwrap()],
        fixed: [("cart".parse().unwrap(), "v0".parse().unwrap())].into(),
        ..Question::default()
    };
    let found = cover(&document(&flags, &[]), &question).unwrap();
    assert!(found.states.iter().map(numbers).all(|row| row.len() == 2 && row[0] == 0), "{found:?}");
    let fixed =
        [("cart".parse().unwrap(), "v0".parse().unwrap()), ("checkout".parse().unwrap(), "v2".parse().unwrap())];
    let question = Question { fixed: fixed.into(), ..Question::default() };
    assert_eq!(cover(&document(&flags, &[]), &question), Err(Unanswered::Impossible("cart".parse().unwrap())));
}

#[test]
fn too_many_are_refused() {
    let question = Question { strength: 3, limit: 1000, ..Question::default() };
    assert_eq!(cover(&plain(&[(30, 2)]), &question), Err(Unanswered::TooMany { limit: 1000 }));
}

#[test]
fn flags_that_give_everyone_the_same() {
    let rule = |key: &str, rules: Value| {
        let mut flag = flag(key, 3, &[]);
        flag["rules"] = rules;
        flag
    };
    let mut needs = flag("needs", 2, &[("some".into(), vec![1])]);
    needs["default"] = json!("v1");
    let flags = [
        flag("none", 2, &[]),
        rule("all-alike", json!([{ "when": [{ "tenant": ["acme"] }], "serve": "v0" }])),
        rule("whole-split", json!([{ "split": { "slices": [["v1", 50000], ["v1", 50000]] } }])),
        rule("some", json!([{ "when": [{ "tenant": ["acme"] }], "serve": "v1" }])),
        rule("everyone", json!([{ "serve": "v2" }])),
        needs,
    ];
    let kill =
        json!({ "id": "k-1", "flag": "some", "scope": {}, "reason": "r", "by": "a", "at": "2026-11-01T00:00:00Z" });
    let found = sole_variants(&document(&flags, &[kill]), |_| true, &Options::default());
    let found: Vec<String> = found.iter().map(|(key, variant)| format!("{key} {variant}")).collect();
    // A split decides nothing without a unit: the default is then another variant.
    assert_eq!(found, ["all-alike v0", "everyone v2", "none v0"]);
}

/// Variants of each flag, and for some a prerequisite among those before, with the variants it accepts.
fn shapes() -> impl Strategy<Value = Vec<(usize, Option<(prop::sample::Index, u8)>)>> {
    prop::collection::vec((1_usize..4, prop::option::of((any::<prop::sample::Index>(), any::<u8>()))), 1..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_possible_pair_and_nothing_impossible(shape in shapes(), killed in prop::option::of(any::<prop::sample::Index>())) {
        let mut flags = Vec::new();
        let mut requires: Vec<Option<(usize, Vec<usize>)>> = Vec::new();
        for (number, (variants, required)) in shape.iter().enumerate() {
            let required = required.as_ref().filter(|_| number > 0).map(|(index, mask)| {
                let first = index.index(number);
                let mut accepted: Vec<usize> = (0..shape[first].0).filter(|value| mask >> value & 1 == 1).collect();
                if accepted.is_empty() { accepted.push(0); }
                (first, accepted)
            });
            let named: Vec<_> = required.iter().map(|(first, accepted)| (format!("f{first}"), accepted.clone())).collect();
            flags.push(flag(&format!("f{number}"), *variants, &named));
            requires.push(required);
        }
        let killed = killed.map(|index| index.index(shape.len()));
        let kills: Vec<Value> = killed.iter().map(|number| json!({ "id": "k-1", "flag": format!("f{number}"), "scope": {}, "reason": "r", "by": "a", "at": "2026-11-01T00:00:00Z" })).collect();
        let document = document(&flags, &kills);

        let mut all: Vec<Vec<usize>> = vec![vec![]];
        for (variants, _) in &shape {
            all = all.iter().flat_map(|row| (0..*variants).map(|value| [row.as_slice(), &[value]].concat())).collect();
        }
        let can_happen = |row: &Vec<usize>| {
            row.iter().enumerate().all(|(number, value)| {
                let is_met = requires[number].as_ref().is_none_or(|(first, accepted)| accepted.contains(&row[*first]));
                *value == 0 || (is_met && killed != Some(number))
            })
        };
        all.retain(can_happen);

        let found = cover(&document, &Question::default()).unwrap();
        let rows: Vec<Vec<usize>> = found.states.iter().map(numbers).collect();
        prop_assert!(rows.iter().all(can_happen), "{:?}", rows);
        prop_assert_eq!(pairs(&rows), pairs(&all));
        if shape.len() > 1 {
            prop_assert_eq!(found.covered, pairs(&all).len());
        }
        prop_assert_eq!(cover(&document, &Question::default()).unwrap(), found);
    }
}
