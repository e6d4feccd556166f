//! Claims are proved, or refuted by a context that both evaluators confirm.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use downhaul_blast::exact::{Assertions, Options, Outcome, Verdict, prove};
use downhaul_core::read::{self, Format};
use downhaul_core::validate::{Valid, validate};

fn document(rules: &str, more: &str) -> Valid {
    let text = format!(
        r#"{{"schema": 1, "environment": "e", "revision": 1, "regions": {{"eu": {{"de": {{}}}}, "us": {{}}}},
           "flags": [{{"key": "f", "owner": "o", "kind": "release", "expires": "2030-01-01", "variants": {{"on": true, "off": false}},
              "degraded": {{"variant": "off", "meaning": "m"}}, "default": "off", "rules": [{rules}]}}{more}]}}"#
    );
    let (document, _) = read::flag_set(&text, Format::Json).unwrap();
    validate(document, None).unwrap().0
}

fn judged(old: &Valid, new: &Valid, assertion: &str) -> Verdict {
    let text = format!(r#"{{"assertions": [{assertion}]}}"#);
    let assertions: Assertions = serde_json::from_str(&text).unwrap();
    prove(old, new, &assertions.assertions, &Options::default()).remove(0)
}

fn split(width: u32) -> String {
    format!(
        r#"{{"when": [{{"tenant": ["acme", "globex"]}}, {{"region": ["eu"]}}], "split": {{"slices": [["on", {width}], ["off", {}]]}}}}"#,
        100_000 - width
    )
}

#[test]
fn claims_about_a_ramp() {
    let (old, new) = (document(&split(10_000), ""), document(&split(25_000), ""));
    let check = |assertion: &str, outcome: Outcome| {
        let verdict = judged(&old, &new, assertion);
        assert_eq!(verdict.outcome, outcome, "{assertion}: {verdict:?}");
        verdict
    };
    check(r#"{"claim": "changes-nothing", "when": [{"region": ["us"]}]}"#, Outcome::Proved);
    check(r#"{"claim": "changes-nothing", "when": [{"tenant": ["initech"]}]}"#, Outcome::Proved);
    check(
        r#"{"claim": "changes-nothing", "when": [{"attribute": "tenant", "op": "starts_with", "values": ["h"]}]}"#,
        Outcome::Proved,
    );
    let verdict = check(r#"{"claim": "changes-nothing", "when": [{"tenant": ["acme"]}]}"#, Outcome::Refuted);
    let context = verdict.against[0].context.as_ref().unwrap();
    assert_eq!((&context["tenant"], verdict.against[0].why.as_str()), (&"acme".into(), "goes from `off` to `on`"));
    check(r#"{"claim": "only-narrows"}"#, Outcome::Refuted);
    check(r#"{"claim": {"never-serves": "on"}, "when": [{"not": {"region": ["eu"]}}]}"#, Outcome::Proved);
    let verdict = check(r#"{"claim": {"never-serves": "on"}, "flags": ["f"]}"#, Outcome::Refuted);
    assert_eq!(verdict.name, "f: never serves `on`");
    // The way back only narrows.
    assert_eq!(judged(&new, &old, r#"{"claim": "only-narrows"}"#).outcome, Outcome::Proved);
    let same = judged(&new, &new, r#"{"name": "a refactoring", "claim": "changes-nothing"}"#);
    assert_eq!((same.outcome, same.name.as_str()), (Outcome::Proved, "a refactoring"));
}

#[test]
fn flags_that_come_and_go() {
    let other = r#", {"key": "g", "owner": "o", "kind": "release", "expires": "2030-01-01", "variants": {"on": true, "off": false},
        "degraded": {"variant": "off", "meaning": "m"}, "default": "off"}"#;
    let (without, with) = (document("", ""), document("", other));
    for (old, new, why) in [(&without, &with, "the flag is new"), (&with, &without, "the flag is gone")] {
        let verdict = judged(old, new, r#"{"claim": "changes-nothing"}"#);
        assert_eq!((verdict.outcome, verdict.against[0].why.as_str()), (Outcome::Refuted, why));
    }
    let unknown = judged(&with, &with, r#"{"claim": "changes-nothing", "flags": ["h"]}"#);
    assert_eq!(unknown.outcome, Outcome::Refuted);
}

#[test]
fn an_assertion_that_cannot_be_read_says_why() {
    for (text, why) in [
        (r#"{"assertions": [{"claim": "changes-everything"}]}"#, "changes-everything"),
        (r#"{"assertions": [{"claim": "only-narrows", "wehn": []}]}"#, "wehn"),
        (
            r#"{"assertions": [{"claim": "only-narrows", "when": [{"attribute": "a", "op": "lk", "values": [1]}]}]}"#,
            "lk",
        ),
    ] {
        let error = serde_json::from_str::<Assertions>(text).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}
