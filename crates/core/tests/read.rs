//! Reading: what a good document becomes.

use downhaul_core::check::{Source, check};
use downhaul_core::document::{ClientKind, FlagSet, Kill, OnStale, Outcome, Reversibility};
use downhaul_core::read::{self, Format};

const SHOP: &str = include_str!("documents/shop.json");

#[test]
fn the_design_s_example_is_read_and_written_back() {
    let checked =
        check(&[Source { name: "shop.json".into(), text: SHOP.into(), format: Format::Json }], Some("2026-11-24"));
    assert_eq!(checked.diagnostics, []);
    let document = checked.valid.unwrap().into_document();
    let text = serde_json::to_string(&document).unwrap();
    assert_eq!(read::flag_set(&text, Format::Json).unwrap().0, document);
    assert_eq!(serde_json::from_str::<FlagSet>(&text).unwrap(), document);
    assert_eq!(serde_json::from_value::<FlagSet>(serde_json::to_value(&document).unwrap()).unwrap().flags.len(), 2);
}

#[test]
fn what_is_left_out_has_the_design_s_defaults() {
    let text = r#"{"key": "a", "owner": "o", "kind": "release", "expires": "2027-01-31", "variants": {"z": 1, "b": 2},
        "degraded": {"variant": "z", "meaning": "m"}, "default": "b", "rules": [{"split": {"slices": [["z", 5]]}}]}"#;
    let flag = read::flag(text, Format::Json).unwrap().0;
    assert!(!flag.critical && flag.created.is_none() && flag.requires.is_empty() && flag.description.is_empty());
    assert_eq!(flag.clients, [ClientKind::Server]);
    assert_eq!(flag.on_stale, OnStale::Keep);
    assert_eq!(flag.reversibility, Reversibility::RollbackSafe);
    // Variants keep the order of the text.
    assert_eq!(flag.variants.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["z", "b"]);
    let Outcome::Split(split) = &flag.rules[0].then else { panic!("{:?}", flag.rules) };
    assert!(flag.rules[0].when.is_empty());
    assert_eq!((split.by.as_str(), split.salt.as_str()), ("targetingKey", "a"));

    let set =
        read::flag_set(r#"{"schema": 1, "environment": "e", "revision": 0, "flags": []}"#, Format::Json).unwrap().0;
    assert_eq!(set, FlagSet::empty("e".parse().unwrap()));
}

#[test]
fn serde_tells_the_first_problem_with_its_place_and_help() {
    let cases = [
        (
            r#"{"id": "k", "flag": "f", "reason": "r", "by": "b", "at": "t"}"#,
            "/scope: a kill needs `scope` (write `\"scope\": {}` to kill it for everyone)",
        ),
        (r#"{"id": "k", "id": "l"}"#, "/id: `id` stands twice in one object (keep one of the two)"),
        ("[]", "expected an object (a kill), found a list"),
    ];
    for (text, expected) in cases {
        let error = serde_json::from_str::<Kill>(text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

#[test]
fn an_empty_folder_is_no_flag_set() {
    let checked = check(&[], None);
    assert!(checked.valid.is_none());
    assert_eq!(checked.diagnostics[0].code, "missing-field");
}
