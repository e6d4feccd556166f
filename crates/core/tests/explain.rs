//! The X-ray says what the evaluator decides, and why, in words.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use downhaul_core::compile::{Audience, Options, compile};
use downhaul_core::evaluate::evaluate;
use downhaul_core::explain::{Explainer, explain};
use downhaul_core::kills::{KillSet, Loaded};
use downhaul_core::prepare::prepare;
use downhaul_core::validate::{Valid, validate};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

fn valid() -> Valid {
    let document = json!({
        "schema": 1, "environment": "test", "revision": 1,
        "regions": { "world": { "eu": { "eu-west": {} } } },
        "tenants": { "acme": { "plan": "pro" } },
        "segments": { "staff": { "include": ["user-7"], "when": [{ "attribute": "email", "op": "ends_with", "values": ["@example.com"] }] } },
        "flags": [
            { "key": "cart", "owner": "o", "kind": "release", "expires": "2030-01-01", "variants": { "on": true, "off": false },
              "degraded": { "variant": "off", "meaning": "No basket" }, "default": "on" },
            { "key": "checkout", "owner": "o", "kind": "release", "expires": "2030-01-01", "variants": { "on": true, "off": false },
              "degraded": { "variant": "off", "meaning": "Old checkout" }, "default": "off",
              "requires": [{ "flag": "cart", "variants": ["on"] }],
              "rules": [
                { "name": "staff", "when": [{ "segment": ["staff"] }], "serve": "on" },
                { "name": "tags", "when": [{ "attribute": "tags", "op": "contains", "values": ["beta"] }], "serve": "on" },
                { "name": "first cohort",
                  "when": [{ "region": ["eu"] }, { "not": { "attribute": "tenant.plan", "op": "in", "values": ["free"] } }],
                  "split": { "slices": [["on", 25000], ["off", 75000]] } }
              ] }
        ],
        "kills": [{ "id": "k-1", "flag": "checkout", "scope": { "tenant": ["globex"] }, "reason": "payments fail", "by": "a-1", "at": "2026-11-01T00:00:00Z" }]
    });
    validate(serde_json::from_value(document).unwrap(), None).unwrap().0
}

fn lines(flag: &str, context: Value) -> String {
    explain(&valid(), flag, context.as_object().unwrap()).to_string()
}

#[test]
fn a_split_shows_its_bucket_and_what_did_not_hold_before() {
    insta::assert_snapshot!(
        lines("checkout", json!({ "targetingKey": "user-1", "tenant": "acme", "region": "eu-west", "tags": ["beta"] })),
        @r#"
    checkout gives off (false): SPLIT
    - kill k-1 (tenant globex): payments fail
    + requires cart to be on; it is on (STATIC)
    - rule 1 "staff"
        - in segment `staff`
            - staff: not listed, and its conditions do not hold
                - `email` ends with `@example.com`: `email` is absent
    - rule 2 "tags"
        - `tags` contains `beta`: `tags` is a list of 1, and `contains` takes a text: to look into a list use `in`
    + rule 3 "first cohort" gives off
        + region within `eu`: world > eu > eu-west
        + not
            - `tenant.plan` is `free`: `tenant.plan` is `pro`
        targetingKey `user-1` with salt `checkout` falls into bucket 73432 of 100000
        on: 0 to below 25000
        off: 25000 to below 100000
    "#
    );
}

#[test]
fn a_kill_says_what_it_means() {
    insta::assert_snapshot!(lines("checkout", json!({ "tenant": "globex" })), @r#"
    checkout gives off (false): DISABLED
      which means: Old checkout
    + kill k-1 (tenant globex): payments fail
    "#);
}

#[test]
fn a_segment_shows_how_it_held() {
    insta::assert_snapshot!(lines("checkout", json!({ "targetingKey": "user-9", "email": "a@example.com" })), @r#"
    checkout gives on (true): TARGETING_MATCH
    - kill k-1 (tenant globex): payments fail
    + requires cart to be on; it is on (STATIC)
    + rule 1 "staff" gives on
        + in segment `staff`
            + staff: its conditions hold
                + `email` ends with `@example.com`
    . rule 2 "tags": not reached
    . rule 3 "first cohort": not reached
    "#);
}

#[test]
fn an_unknown_flag_is_an_error() {
    insta::assert_snapshot!(lines("chekout", json!({})), @r#"
    chekout is unknown: FLAG_NOT_FOUND
    "#);
}

#[test]
fn as_json_for_machines() {
    let xray = explain(&valid(), "checkout", json!({ "targetingKey": "user-7" }).as_object().unwrap());
    let json = serde_json::to_value(&xray).unwrap();
    assert_eq!(json["variant"], "on");
    assert_eq!(json["reason"], "TARGETING_MATCH");
    assert_eq!(json["rule_name"], "staff");
    let rule = json["steps"].as_array().unwrap().iter().find(|step| step["step"] == "rule").unwrap();
    assert_eq!(rule["conditions"][0]["segments"][0]["why"], "`include` lists the targetingKey");
}

proptest! {
    #[test]
    fn explain_agrees_with_evaluate(document in support::arbitrary::flag_set(), context in support::arbitrary::context()) {
        let (valid, _) = validate(document, None).map_err(|problems| TestCaseError::fail(format!("{problems:?}")))?;
        let document = valid.document();
        let kills = KillSet::encode(&document.kills, &document.regions, 1, |_| None);
        let loaded = Loaded::new(compile(&valid, &Options { audience: Audience::All }), kills);
        let explainer = Explainer::new(&valid);
        let context: Map<String, Value> = context;
        for (number, flag) in document.flags.iter().enumerate() {
            let mut prepared = prepare(&loaded, &context);
            let decided = evaluate(&loaded, &[], &mut prepared, u32::try_from(number).unwrap()).unwrap();
            let xray = explainer.explain(flag.key.as_str(), &context, &BTreeMap::new());
            prop_assert_eq!(xray.reason, decided.reason.as_str());
            prop_assert_eq!(xray.rule, decided.rule());
            prop_assert_eq!(xray.variant.as_deref(), Some(flag.variants[usize::from(decided.variant)].0.as_str()));
            // What the steps say and what was decided are one story.
            let gave = xray.steps.iter().any(|step| matches!(step, downhaul_core::explain::Step::Rule(rule) if rule.variant.is_some()));
            prop_assert_eq!(gave, decided.rule().is_some() || (xray.kill.is_some() && gave));
        }
    }
}
