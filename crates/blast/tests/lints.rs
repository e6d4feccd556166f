//! What is said in vain is found, with its place; and what is found is so.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

#[path = "../../core/tests/support/arbitrary.rs"]
#[expect(unreachable_pub, reason = "shared with the tests of the core")]
mod arbitrary;

use downhaul_blast::exact::{Options, lints};
use downhaul_core::compile::{Audience, compile};
use downhaul_core::document::{FlagKind, FlagSet};
use downhaul_core::evaluate::evaluate;
use downhaul_core::kills::{KillSet, Loaded};
use downhaul_core::prepare::prepare;
use downhaul_core::read::{self, Format};
use downhaul_core::validate::validate;
use proptest::prelude::*;

/// The lints of a document whose flag `f` has these rules, one a line.
fn told(rules: &str, more: &str) -> String {
    let text = format!(
        r#"{{"schema": 1, "environment": "e", "revision": 1, "regions": {{"eu": {{"de": {{}}}}, "us": {{}}}},
           "tenants": {{"acme": {{"plan": "pro"}}}},
           "segments": {{"staff": {{"include": ["user-7"], "when": [{{"attribute": "email", "op": "ends_with", "values": ["@example.com"]}}]}}}},
           "flags": [
             {{"key": "base", "owner": "o", "kind": "release", "expires": "2030-01-01", "variants": {{"on": true, "off": false}},
              "degraded": {{"variant": "off", "meaning": "m"}}, "default": "off",
              "rules": [{{"when": [{{"region": ["eu"]}}], "serve": "on"}}]}},
             {{"key": "f", "owner": "o", "kind": "release", "expires": "2030-01-01", "variants": {{"on": true, "off": false, "half": 0.5}},
              "degraded": {{"variant": "off", "meaning": "m"}}, "default": "off", "rules": [{rules}]{more}"#
    )
    .replace("\"half\": 0.5", "\"half\": true");
    let (document, problems) =
        read::flag_set(&text, Format::Json).unwrap_or_else(|problems| panic!("{text}\n{problems:?}"));
    assert!(problems.is_empty(), "{problems:?}");
    let (valid, _) = validate(document, None).unwrap_or_else(|problems| panic!("{problems:?}"));
    let found = lints(valid.document(), &Options::default());
    let line = |diagnostic: &downhaul_core::diagnostic::Diagnostic| {
        let related: Vec<&str> = diagnostic.related.iter().map(|place| place.pointer.as_str()).collect();
        format!(
            "{} {} {}{}",
            diagnostic.code,
            diagnostic.place.pointer,
            diagnostic.message,
            if related.is_empty() { String::new() } else { format!(" (see {})", related.join(", ")) }
        )
    };
    found.iter().map(line).collect::<Vec<_>>().join("\n")
}

const END: &str = "}]}";

#[test]
fn rules_that_are_never_reached() {
    let rules = r#"{"when": [{"region": ["eu"]}], "serve": "on"}, {"name": "germans", "when": [{"region": ["de"]}, {"tenant": ["acme"]}], "serve": "half"},
        {"when": [{"region": ["us"]}], "serve": "half"}"#;
    insta::assert_snapshot!(told(rules, END), @"unreachable-rule /flags/1/rules/1 rule `germans` can never be reached: rule 1 decides for its contexts (see /flags/1/rules/0)");
    let rules = r#"{"when": [{"attribute": "app", "op": "semver", "values": [">=2.0.0"]}], "serve": "on"},
        {"when": [{"attribute": "app", "op": "semver", "values": ["^2.4"]}], "serve": "half"}"#;
    insta::assert_snapshot!(told(rules, END), @"unreachable-rule /flags/1/rules/1 this rule can never be reached: rule 1 decides for its contexts (see /flags/1/rules/0)");
    // A split leaves those without a unit, and what no slice covers.
    let rules = r#"{"split": {"slices": [["on", 100000]]}}, {"when": [{"tenant": ["acme"]}], "serve": "half"}"#;
    insta::assert_snapshot!(told(rules, END), @"");
}

#[test]
fn conditions_that_never_hold() {
    let rules = r#"{"when": [{"attribute": "age", "op": "lt", "values": [5]}, {"attribute": "age", "op": "gt", "values": [5]}], "serve": "on"}"#;
    insta::assert_snapshot!(told(rules, END), @"
    contradiction /flags/1/rules/0/when the conditions of this rule contradict each other
    kill-without-effect /flags/1/degraded/variant a kill of `f` would change nothing: every rule and the default give `off`, which is the degraded variant
    ");
    let rules = r#"{"when": [{"any": []}], "serve": "on"}, {"name": "both", "when": [{"tenant": ["acme"]}, {"attribute": "tenant.plan", "op": "in", "values": ["free"]}], "serve": "on"}"#;
    insta::assert_snapshot!(told(rules, END), @"
    never-holds /flags/1/rules/0/when/0 this can never hold: never
    never-holds /flags/1/rules/1/when/1 this can never hold: `tenant.plan` is `free`
    kill-without-effect /flags/1/degraded/variant a kill of `f` would change nothing: every rule and the default give `off`, which is the degraded variant
    ");
    let rules = r#"{"when": [{"attribute": "mail", "op": "ends_with", "values": ["@a.example"]}, {"attribute": "mail", "op": "matches", "values": ["^[^@]*$"]}], "serve": "on"}"#;
    insta::assert_snapshot!(told(rules, END), @"
    contradiction /flags/1/rules/0/when the conditions of this rule contradict each other
    kill-without-effect /flags/1/degraded/variant a kill of `f` would change nothing: every rule and the default give `off`, which is the degraded variant
    ");
}

#[test]
fn slices_whose_buckets_are_taken() {
    let rules = r#"{"name": "first", "split": {"slices": [["on", 50000]]}},
        {"name": "second", "when": [{"tenant": ["acme"]}], "split": {"slices": [["half", 25000], ["on", 50000]]}}"#;
    insta::assert_snapshot!(told(rules, END), @"unreachable-slice /flags/1/rules/1/split/slices/0 this slice of rule `second` is never reached: rules before it have decided all of its buckets");
    // Another salt is another dice.
    let rules = r#"{"split": {"slices": [["on", 50000]]}}, {"split": {"salt": "other", "slices": [["half", 25000]]}}"#;
    insta::assert_snapshot!(told(rules, END), @"");
}

#[test]
fn kills_and_degraded_variants_without_effect() {
    let rules = r#"{"when": [{"tenant": ["acme"]}], "serve": "off"}"#;
    insta::assert_snapshot!(told(rules, END), @"
    redundant-rule /flags/1/rules/0 this rule changes nothing: without it, all that it decides are given the same by what comes after it
    kill-without-effect /flags/1/degraded/variant a kill of `f` would change nothing: every rule and the default give `off`, which is the degraded variant
    ");
    let rules = r#"{"when": [{"region": ["eu"]}], "serve": "on"}"#;
    let kill = |scope: &str| {
        format!(
            r#"}}], "kills": [{{"id": "k-1", "flag": "f", "scope": {scope}, "reason": "r", "by": "b", "at": "2026-11-01T00:00:00Z"}}]}}"#
        )
    };
    insta::assert_snapshot!(told(rules, &kill(r#"{"region": ["us"]}"#)), @"kill-without-bite /kills/0 kill `k-1` changes nothing any more: without it, all that it reaches are given `off` as well");
    insta::assert_snapshot!(told(rules, &kill(r#"{"variant": ["half"]}"#)), @"kill-without-bite /kills/0 kill `k-1` changes nothing any more: without it, all that it reaches are given `off` as well");
    insta::assert_snapshot!(told(rules, &kill(r#"{"region": ["de"]}"#)), @"");
}

#[test]
fn flags_that_contradict_each_other() {
    let requires = r#", "requires": [{"flag": "base", "variants": ["on"]}]}]}"#;
    let rules = r#"{"name": "americans", "when": [{"region": ["us"]}], "serve": "on"}, {"when": [{"tenant": ["acme"]}], "serve": "on"}"#;
    insta::assert_snapshot!(told(rules, requires), @"shadowed-by-prerequisite /flags/1/rules/0 rule `americans` never decides: whenever it holds, a prerequisite of the flag is not met");
    let never = r#", "requires": [{"flag": "base", "variants": ["on"]}]},
        {"key": "last", "owner": "o", "kind": "release", "expires": "2030-01-01", "variants": {"on": true, "off": false, "x": true},
         "degraded": {"variant": "off", "meaning": "m"}, "default": "on", "requires": [{"flag": "f", "variants": ["half"]}]}]}"#;
    insta::assert_snapshot!(told(r#"{"when": [{"tenant": ["acme"]}], "serve": "on"}"#, never), @"prerequisite-never-met /flags/2/requires/0 `last` is never decided by its rules: no context is given `half` by `f`");
}

#[test]
fn conditions_that_always_hold() {
    let rules = r#"{"when": [{"not": {"any": []}}, {"region": ["eu"]}], "serve": "on"}"#;
    insta::assert_snapshot!(told(rules, END), @"always-holds /flags/1/rules/0/when/0 this always holds: not (never)");
    // Of an absent attribute it is false.
    let rules = r#"{"when": [{"attribute": "plan", "op": "not_in", "values": ["free"]}], "serve": "on"}"#;
    insta::assert_snapshot!(told(rules, END), @"");
    let rules = r#"{"when": [{"any": [{"region": ["eu"]}, {"not": {"region": ["de"]}}]}], "serve": "on"}"#;
    insta::assert_snapshot!(told(rules, END), @"always-holds /flags/1/rules/0/when/0 this always holds: (region within `eu` or not (region within `de`))");
}

#[test]
fn rules_whose_answer_follows_anyway() {
    // By default, by a later rule, and by a split that gives both parts the same.
    let rules = r#"{"name": "early", "when": [{"tenant": ["acme"]}, {"region": ["eu"]}], "serve": "on"}, {"when": [{"region": ["eu"]}], "serve": "on"},
        {"name": "rest", "when": [{"region": ["us"]}], "serve": "off"}"#;
    insta::assert_snapshot!(told(rules, END), @"
    redundant-rule /flags/1/rules/0 rule `early` changes nothing: without it, all that it decides are given the same by what comes after it
    redundant-rule /flags/1/rules/2 rule `rest` changes nothing: without it, all that it decides are given the same by what comes after it
    ");
    // It keeps some from the next rule.
    let rules = r#"{"when": [{"tenant": ["acme"]}], "serve": "off"}, {"when": [{"region": ["eu"]}], "serve": "on"}"#;
    insta::assert_snapshot!(told(rules, END), @"");
    // The same slices of the same buckets; of others, some are given something else.
    let rules = r#"{"when": [{"region": ["eu"]}], "split": {"slices": [["on", 50000]]}}, {"split": {"slices": [["on", 50000]]}}"#;
    insta::assert_snapshot!(told(rules, END), @"redundant-rule /flags/1/rules/0 this rule changes nothing: without it, all that it decides are given the same by what comes after it");
    let rules = r#"{"when": [{"region": ["eu"]}], "split": {"slices": [["on", 50001]]}}, {"split": {"slices": [["on", 50000]]}}"#;
    insta::assert_snapshot!(told(rules, END), @"");
    let rules = r#"{"when": [{"region": ["eu"]}], "split": {"salt": "other", "slices": [["on", 50000]]}}, {"split": {"slices": [["on", 50000]]}}"#;
    insta::assert_snapshot!(told(rules, END), @"");
    // A ramp that has not begun is meant to stay.
    let rules = r#"{"split": {"slices": [["on", 0], ["off", 100000]]}}"#;
    insta::assert_snapshot!(told(rules, END), @"kill-without-effect /flags/1/degraded/variant a kill of `f` would change nothing: every rule and the default give `off`, which is the degraded variant");
}

#[test]
fn experiments_that_overlap() {
    let told = |kind: &str, slices: [&str; 2], when: [&str; 2]| {
        let flags = ["a", "b"].iter().zip(slices).zip(when).map(|((key, slices), when)| {
            let until = if kind == "ops" { "review" } else { "expires" };
            format!(
                r#"{{"key": "{key}", "owner": "o", "kind": "{kind}", "{until}": "2030-01-01", "variants": {{"on": true, "off": false}},
                   "degraded": {{"variant": "off", "meaning": "m"}}, "default": "off",
                   "rules": [{{"when": [{when}], "split": {{"salt": "layer", "slices": [{slices}]}}}}]}}"#
            )
        });
        let flags = flags.collect::<Vec<_>>().join(",");
        let text = format!(
            r#"{{"schema": 1, "environment": "e", "revision": 1, "regions": {{"eu": {{"de": {{}}}}, "us": {{}}}}, "flags": [{flags}]}}"#
        );
        let (document, problems) = read::flag_set(&text, Format::Json).unwrap();
        assert!(problems.is_empty(), "{problems:?}");
        let found = lints(&document, &Options::default());
        found
            .iter()
            .map(|found| format!("{} {} {}", found.code, found.place.pointer, found.message))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let half = r#"["on", 50000]"#;
    let (other_half, most) = (r#"["off", 50000], ["on", 50000]"#, r#"["off", 40000], ["on", 60000]"#);
    let (everyone, eu, us) = ("", r#"{"region": ["eu"]}"#, r#"{"region": ["us"]}"#);
    insta::assert_snapshot!(told("experiment", [half, other_half], [everyone; 2]), @"");
    insta::assert_snapshot!(told("experiment", [half, most], [everyone; 2]), @"overlapping-experiments /flags/1/rules/0/split `b` and `a` share the salt `layer`, and some are in both: given `on` by the one and `on` by the other");
    insta::assert_snapshot!(told("experiment", [half, most], [eu, us]), @"");
    insta::assert_snapshot!(told("experiment", [half, half], [eu, everyone]), @"overlapping-experiments /flags/1/rules/0/split `b` and `a` share the salt `layer`, and some are in both: given `on` by the one and `on` by the other");
    // Releases that ramp for the same people share a salt on purpose.
    insta::assert_snapshot!(told("release", [half, half], [everyone; 2]), @"");
}

fn loaded(document: &FlagSet) -> Option<Loaded> {
    let (valid, _) = validate(document.clone(), None).ok()?;
    let program = compile(&valid, &downhaul_core::compile::Options { audience: Audience::All });
    let kills = KillSet::encode(&document.kills, &document.regions, 0, |_| None);
    Some(Loaded::new(program, kills))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn what_is_found_is_so(mut document in arbitrary::flag_set(), contexts in proptest::collection::vec(arbitrary::context(), 40)) {
        document.flags.iter_mut().for_each(|flag| flag.kind = FlagKind::Experiment);
        let Some(before) = loaded(&document) else { return Ok(()) };
        for lint in lints(&document, &Options::default()) {
            let parts: Vec<&str> = lint.place.pointer.split('/').collect();
            let number = |at: usize| parts[at].parse::<usize>().unwrap();
            for context in &contexts {
                match lint.code.as_str() {
                    "unreachable-rule" | "never-holds" | "contradiction" | "shadowed-by-prerequisite" => {
                        let flag = u32::try_from(number(2)).unwrap();
                        let decision = evaluate(&before, &[], &mut prepare(&before, context), flag).unwrap();
                        prop_assert!(decision.rule() != u32::try_from(number(4)).ok(), "{lint}\n{context:?}\n{:#?}", document.flags[number(2)]);
                    }
                    "redundant-rule" => {
                        let mut without = document.clone();
                        without.flags[number(2)].rules.remove(number(4));
                        let after = loaded(&without).unwrap();
                        for flag in 0..u32::try_from(document.flags.len()).unwrap() {
                            let variant = |loaded: &Loaded| evaluate(loaded, &[], &mut prepare(loaded, context), flag).unwrap().variant;
                            prop_assert_eq!(variant(&before), variant(&after), "{}\n{:?}", &lint, context);
                        }
                    }
                    "kill-without-bite" => {
                        let mut without = document.clone();
                        without.kills.remove(number(2));
                        let after = loaded(&without).unwrap();
                        for flag in 0..u32::try_from(document.flags.len()).unwrap() {
                            let variant = |loaded: &Loaded| evaluate(loaded, &[], &mut prepare(loaded, context), flag).unwrap().variant;
                            prop_assert_eq!(variant(&before), variant(&after), "{}\n{:?}", &lint, context);
                        }
                    }
                    "always-holds" => {
                        let mut without = document.clone();
                        without.flags[number(2)].rules[number(4)].when.remove(number(6));
                        let after = loaded(&without).unwrap();
                        let decided = |loaded: &Loaded| evaluate(loaded, &[], &mut prepare(loaded, context), u32::try_from(number(2)).unwrap()).unwrap();
                        prop_assert_eq!(decided(&before), decided(&after), "{}\n{:?}", &lint, context);
                    }
                    "overlapping-experiments" => {
                        let (_, shown) = lint.help.as_ref().unwrap().split_once("such as ").unwrap();
                        let shown: serde_json::Map<String, serde_json::Value> = serde_json::from_str(shown).unwrap();
                        let (_, first) = lint.related[0].pointer.rsplit_once('/').unwrap();
                        for flag in [number(2), first.parse().unwrap()] {
                            let decision = evaluate(&before, &[], &mut prepare(&before, &shown), u32::try_from(flag).unwrap()).unwrap();
                            let definition = &document.flags[flag];
                            prop_assert_eq!(decision.reason.as_str(), "SPLIT", "{}", &lint);
                            prop_assert!(definition.variants[usize::from(decision.variant)].0 != definition.default, "{lint}");
                        }
                    }
                    "prerequisite-never-met" => {
                        let flag = u32::try_from(number(2)).unwrap();
                        let decision = evaluate(&before, &[], &mut prepare(&before, context), flag).unwrap();
                        prop_assert!(decision.rule().is_none(), "{lint}\n{context:?}");
                    }
                    _ => {}
                }
            }
        }
    }
}

/// Every code that can be told is explained, and none is explained that cannot be told.
#[test]
fn every_lint_is_explained() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file| std::fs::read_to_string(root.join("src/exact").join(file)).unwrap();
    let source = read("lints.rs") + &read("layers.rs") + &read("redundant.rs");
    let told: std::collections::BTreeSet<&str> =
        source.split("Diagnostic::warning(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let reference = std::fs::read_to_string(root.join("../../docs/reference/lints.md")).unwrap();
    let explained = reference.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert_eq!(told, explained);
}
