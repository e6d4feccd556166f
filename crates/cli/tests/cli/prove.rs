//! `downhaul prove`, and the lints of `downhaul check`, as whole runs.

use crate::support::Place;
use insta::assert_snapshot;

fn flags(on: u32) -> String {
    format!(
        r#"{{ "schema": 1, "environment": "production", "revision": 1, "regions": {{ "eu": {{ "de": {{}} }}, "us": {{}} }},
  "flags": [
    {{ "key": "checkout-v2", "owner": "payments", "kind": "release", "expires": "2099-01-31",
      "variants": {{ "on": true, "off": false }}, "degraded": {{ "variant": "off", "meaning": "Old checkout" }},
      "rules": [{{ "when": [{{ "tenant": ["acme"] }}, {{ "region": ["eu"] }}],
                  "split": {{ "slices": [["on", {on}], ["off", {}]] }} }}],
      "default": "off" }} ] }}"#,
        100_000 - on
    )
}

const CLAIMS: &str = r#"{"assertions": [
  {"name": "the rest of the world", "claim": "changes-nothing", "when": [{"not": {"region": ["eu"]}}]},
  {"claim": "only-narrows"},
  {"claim": {"never-serves": "on"}, "flags": ["checkout-v2"], "when": [{"region": ["us"]}]}
]}"#;

#[test]
fn claims_are_proved_or_refuted() {
    let place = Place::new();
    place.write("old.json", flags(10_000));
    place.write("new.json", flags(25_000));
    place.write("claims.json", CLAIMS);
    assert_snapshot!(place.run("prove old.json new.json --assert claims.json"), @r#"
    exit status 2
    --- out
    proved   the rest of the world
    refuted  every flag: only narrows
             checkout-v2: {"region":"de","targetingKey":"user-4","tenant":"acme"} goes from `off` to `on`
    proved   checkout-v2: never serves `on` where region within `us`
    "#);
    assert_snapshot!(place.run("prove new.json old.json --assert claims.json --format plain"), @"
    exit status 0
    --- out
    proved: the rest of the world
    proved: every flag: only narrows
    proved: checkout-v2: never serves `on` where region within `us`
    ");
    assert_snapshot!(place.run("prove old.json new.json --assert claims.json --format json"), @r#"
    exit status 2
    --- out
    [{"name":"the rest of the world","outcome":"proved"},{"name":"every flag: only narrows","outcome":"refuted","against":[{"flag":"checkout-v2","context":{"region":"de","targetingKey":"user-4","tenant":"acme"},"from":"off","to":"on","from_reason":"SPLIT","to_reason":"SPLIT","why":"goes from `off` to `on`"}]},{"name":"checkout-v2: never serves `on` where region within `us`","outcome":"proved"}]
    "#);
}

#[test]
fn assertions_that_cannot_be_read() {
    let place = Place::new();
    place.write("flags.json", flags(10_000));
    place.write("claims.json", r#"{"assertions": [{"claim": "changes-everything"}]}"#);
    assert_snapshot!(place.run("prove flags.json flags.json --assert claims.json"), @"
    exit status 3
    --- err
    error: `claims.json` cannot be read as assertions: unknown variant `changes-everything`, expected one of `changes-nothing`, `only-narrows`, `never-serves` at line 1 column 46

    help: see `downhaul prove --help` for what a file of assertions looks like
    ");
}

#[test]
fn what_is_said_in_vain_is_a_warning() {
    let place = Place::new();
    let text = flags(10_000).replace(
        "\"rules\": [",
        "\"rules\": [{ \"name\": \"europe\", \"when\": [{ \"region\": [\"eu\"] }], \"serve\": \"on\" }, ",
    );
    place.write("flags.json", text);
    assert_snapshot!(place.run("check flags.json"), @r#"
    exit status 0
    --- out
    warning[unreachable-rule]

      ⚠ this rule can never be reached: rule 1 decides for its contexts
       ╭─[flags.json:5:86]
     4 │       "variants": { "on": true, "off": false }, "degraded": { "variant": "off", "meaning": "Old checkout" },
     5 │       "rules": [{ "name": "europe", "when": [{ "region": ["eu"] }], "serve": "on" }, { "when": [{ "tenant": ["acme"] }, { "region": ["eu"] }],
       ·                 ┬                                                                    ─
       ·                 ╰── see here
     6 │                   "split": { "slices": [["on", 10000], ["off", 90000]] } }],
       ╰────
      help: put it before them, or narrow them, or take it out (the other is at line 5)


    1 flag: 1 warning
    "#);
    assert_snapshot!(place.run("check flags.json --no-lints --format plain"), @"exit status 0");
}
