//! The quick reader of flags in canonical form, held against the reader of documents and the writer.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use downhaul_core::document::Flag;
use downhaul_core::read::written_flag;
use downhaul_core::seal::{Scan, canonical_bytes};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::arbitrary::flag_set;

/// What the quick reader takes as a whole.
fn quick(text: &str) -> Option<Flag> {
    let mut scan = Scan::new(text);
    written_flag(&mut scan).filter(|_| scan.is_at_end())
}

fn canonical(value: &impl serde::Serialize) -> String {
    String::from_utf8(canonical_bytes(value).unwrap()).unwrap()
}

/// What is taken is what the other reader reads, and is written as the same text.
fn check(text: &str) -> bool {
    let Some(taken) = quick(text) else { return false };
    assert_eq!(Some(&taken), serde_json::from_str::<Flag>(text).ok().as_ref(), "{text}");
    assert_eq!(canonical(&taken), text);
    true
}

/// With everything that a flag can have.
fn whole() -> Value {
    let conditions = json!([
        { "attribute": "plan", "op": "in", "values": ["pro", 1, 0.5, true, false, -7, 1e21] },
        { "attribute": "plan", "op": "not_in", "values": ["\"quoted\"\n"] },
        { "attribute": "email", "op": "contains", "values": ["@"] },
        { "attribute": "email", "op": "starts_with", "values": ["a"] },
        { "attribute": "email", "op": "ends_with", "values": ["é"] },
        { "attribute": "email", "op": "matches", "values": ["^a+$"] },
        { "attribute": "email", "op": "exists" },
        { "attribute": "age", "op": "lt", "values": [1] }, { "attribute": "age", "op": "le", "values": [1] },
        { "attribute": "age", "op": "gt", "values": [1] }, { "attribute": "age", "op": "ge", "values": [1] },
        { "attribute": "age", "op": "between", "values": [1, 2.5] },
        { "attribute": "version", "op": "semver", "values": [">=1"] },
        { "attribute": "now", "op": "before", "values": ["2026-01-01T00:00:00Z"] },
        { "attribute": "now", "op": "after", "values": [1] },
        { "attribute": "ip", "op": "ip_in", "values": ["10.0.0.0/8"] },
        { "tenant": ["acme"] }, { "region": ["eu"] }, { "segment": ["staff"] },
        { "all": [{ "any": [] }, { "not": { "not": { "tenant": ["a b"] } } }] },
    ]);
    json!({
        "key": "a", "description": "d", "owner": "payments", "kind": "migration", "created": "2026-01-01",
        "expires": "2027-01-31", "phase": "expand", "unaffected": ["shop"], "critical": true,
        "clients": ["server", "edge", "browser"],
        "variants": { "a": true, "b": false, "c": { "deep": [null, 1.5, "x", {}] }, "d": 17, "e": "text", "f": [1] },
        "degraded": { "variant": "a", "meaning": "m" }, "on_stale": "degraded",
        "requires": [{ "flag": "b", "variants": ["on", "half"] }, { "flag": "c", "variants": [] }],
        "rules": [
            { "name": "first", "when": conditions, "serve": "a" },
            { "name": "", "split": { "by": "targetingKey", "salt": "a salt", "slices": [["a", 0], ["b", 100_000]] } },
            { "split": { "by": "id", "salt": "s", "slices": [] } },
        ],
        "default": "b", "reversibility": "forward-fix-only", "forward_fix": "mend it",
        "breaker": { "mode": "observe", "failure_share": 0.25, "slow_ms": 800, "probe": "never", "crash_loop": 3 },
        "guards": [
            { "name": "errors", "variant": "a", "against": "b", "relative": 1.1, "absolute": 0.0005, "level": 0.001, "dry_run": false },
            { "name": "slow", "metric": "checkout.pay", "slower_than_ms": 800, "variant": "a", "action": "step-back" },
        ],
    })
}

#[test]
fn a_flag_with_everything_is_taken() {
    assert!(check(&canonical(&whole())));
    let mut reviewed = whole();
    reviewed["kind"] = json!("ops");
    reviewed.as_object_mut().unwrap().remove("expires");
    reviewed["review"] = json!("2027-01-31");
    assert!(check(&canonical(&reviewed)));
}

#[test]
fn what_would_not_be_written_so_is_declined() {
    let declined = |pointer: &str, value: Value| {
        let mut flag = whole();
        *flag.pointer_mut(pointer).unwrap() = value;
        assert!(!check(&canonical(&flag)), "{pointer}");
    };
    for empty in ["/unaffected", "/requires", "/rules", "/rules/0/when", "/clients"] {
        declined(empty, json!([]));
    }
    declined("/description", json!(""));
    declined("/critical", json!(false));
    declined("/clients", json!(["edge", "edge"]));
    declined("/variants/a", json!(null));
    declined("/breaker", json!({ "consecutive": 1 }));
    declined("/breaker", json!({ "failure_share": 0 }));
    declined("/breaker", json!(null));
    declined("/guards", json!([]));
    declined("/guards/0/level", json!(0));
    declined("/guards/0/name", json!("not a name"));
    declined("/kind", json!("ops"));
    declined("/kind", json!("brewing"));
    declined("/key", json!("not a key"));
    declined("/rules/1/split/salt", json!(""));
    declined("/rules/1/split/slices/1/1", json!(100_001));
    declined("/rules/1/split/slices/1/1", json!(0.5));
    declined("/rules/0/when/7/values", json!([1, 2]));
    declined("/rules/0/when/11/values", json!([1]));
    declined("/rules/0/when/13/values", json!([true]));
    declined("/rules/0/when/13/values", json!([]));
    for blank in ["/owner", "/degraded/meaning", "/forward_fix", "/rules/1/split/by", "/unaffected/0"] {
        declined(blank, json!(" \n"));
    }
    for (member, _) in whole().as_object().unwrap() {
        let mut flag = whole();
        flag.as_object_mut().unwrap().remove(member);
        let may_be_absent = [
            "breaker",
            "created",
            "critical",
            "description",
            "forward_fix",
            "guards",
            "phase",
            "requires",
            "rules",
            "unaffected",
        ];
        assert_eq!(check(&canonical(&flag)), may_be_absent.contains(&member.as_str()), "{member}");
    }
}

/// As deep as documents may be, and no deeper.
#[test]
fn depth_has_the_same_limit() {
    let mut is_taken = Vec::new();
    for levels in 0..40 {
        let mut flag = whole();
        flag["rules"][0]["when"] =
            json!([(0..levels).fold(json!({ "tenant": ["a"] }), |inner, _| json!({ "not": inner }))]);
        is_taken.push(check(&canonical(&flag)));
        let mut flag = whole();
        flag["variants"]["c"] = (0..levels).fold(json!(1), |inner, _| json!([inner]));
        let text = canonical(&flag);
        assert_eq!(check(&text), serde_json::from_str::<Flag>(&text).is_ok(), "{levels}");
    }
    assert!(is_taken[26] && !is_taken[27], "{is_taken:?}");
}

fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, usize, String)>> {
    let pieces = prop::sample::select(vec![
        "",
        "\"",
        ",",
        "{}",
        "[]",
        "null",
        "true",
        "0",
        "-",
        " ",
        "\\n",
        "\\u0041",
        "1.0",
        "1e5",
        "é",
        "}",
        "]",
        ":\"\"",
        ",\"description\":\"\"",
        ",\"critical\":false",
        "\"on\"",
    ]);
    prop::collection::vec((any::<prop::sample::Index>(), 0..6_usize, pieces.prop_map(str::to_owned)), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_flag_is_taken_as_it_is_written(set in flag_set()) {
        for flag in &set.flags {
            prop_assert!(check(&canonical(flag)), "{}", canonical(flag));
        }
    }

    #[test]
    fn nothing_is_taken_that_would_be_written_otherwise(set in flag_set(), edits in edits()) {
        for text in set.flags.iter().map(canonical).chain([canonical(&whole())]) {
            let mut text = text.into_bytes();
            for (at, cut, piece) in &edits {
                let at = at.index(text.len());
                let end = (at + cut).min(text.len());
                text.splice(at..end, piece.bytes());
            }
            if let Ok(text) = String::from_utf8(text) {
                check(&text);
            }
        }
    }
}
