//! Verbs that need neither contexts nor a control plane, as whole runs.

use crate::support::{Place, SHOP};
use insta::assert_snapshot;

#[test]
fn the_digest_is_that_of_the_meaning_not_of_the_text() {
    let place = Place::new();
    place.write("flags.json", SHOP);
    let compact: serde_json::Value = serde_json::from_str(SHOP).unwrap();
    place.write("compact.json", compact.to_string());
    let digest = place.run("digest flags.json").done().stdout;
    assert_eq!(digest.trim().len(), 64);
    assert_eq!(place.run("digest compact.json").done().stdout, digest);
    assert_eq!(place.run("digest flags.json --format json").done().json()["digest"], digest.trim());
    place.write("other.json", SHOP.replace("25000", "25001").replace("75000", "74999"));
    assert_ne!(place.run("digest other.json").done().stdout, digest);
}

#[test]
fn rebalance_moves_the_fewest() {
    let place = Place::new();
    place.write("flags.json", SHOP);
    assert_snapshot!(place.run("rebalance flags.json --flag checkout-v2 --to on=50% --to off=50%"), @r#"
    exit status 0
    --- out
    [["on",25000],["off",50000],["on",25000]]
    --- err
    25.000 % of bucketing units change their variant
    "#);
    assert_snapshot!(place.run("rebalance flags.json --flag checkout-v2 --to on=50% --to of=50%"), @r#"
    exit status 2
    --- err
    error: `checkout-v2` has no variant `of`

    help: its variants are on, off
    "#);
    assert_snapshot!(place.run("rebalance flags.json --flag banner --to plain=50%"), @r#"
    exit status 2
    --- err
    error: no rule of `banner` splits
    "#);
    assert_snapshot!(place.run("rebalance flags.json --flag checkout --to on=50% --format json"), @r#"
    exit status 2
    --- err
    {"error":{"code":"unknown-flag","help":"its flags are checkout-v2, banner","message":"there is no flag `checkout` in the flag set"}}
    "#);
    assert_snapshot!(place.run("rebalance flags.json --flag checkout-v2 --to on=110%"), @r#"
    exit status 2
    --- err
    error: invalid value 'on=110%' for '--to <VARIANT=WEIGHT>': write it as `variant=25%`, at most three digits after the point, or as `variant=25000`

    For more information, try '--help'.
    "#);
}

#[test]
fn a_context_token_carries_what_it_is_told() {
    let place = Place::new();
    let line = "token --key secret --attribute tenant=acme --attribute beta=true --targeting-key user-1 --format json";
    let run = place.run(line).done().json();
    assert_eq!(run["claims"]["attributes"], serde_json::json!({ "tenant": "acme", "beta": true }));
    assert_eq!((&run["claims"]["aud"], &run["claims"]["sub"]), (&"production".into(), &"user-1".into()));
    assert_eq!(run["token"].as_str().unwrap().split('.').count(), 3);
    assert_snapshot!(place.run("token --attribute tenant"), @r#"
    exit status 2
    --- err
    error: invalid value 'tenant' for '--attribute <NAME=VALUE>': write it as `name=value`, such as `tenant=acme`

    For more information, try '--help'.
    "#);
}

#[test]
fn completions_for_every_shell() {
    let place = Place::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = place.run(&format!("completions {shell}")).done().stdout;
        assert!(script.contains("restore"), "{shell}");
    }
}

#[test]
fn the_schema_is_json_and_names_the_fields() {
    let schema = Place::new().run("schema").done().json();
    assert!(schema["properties"]["flags"].is_object(), "{schema}");
}

#[test]
fn an_x_ray_in_lines_and_as_json() {
    let place = Place::new();
    place.write("flags.json", SHOP);
    place.write("context.json", r#"{ "targetingKey": "user-1", "tenant": "acme", "region": "eu-west" }"#);
    let line = "explain --flags flags.json --flag banner --context @context.json";
    assert_snapshot!(place.run(line), @r#"
    exit status 0
    --- out
    banner gives none ({}): PREREQUISITE_FAILED
      which means: No banner
    - requires checkout-v2 to be on; it is off (SPLIT)
    "#);
    assert_snapshot!(place.run("explain --flags flags.json --flag checkout-v2 --context @context.json"), @r#"
    exit status 0
    --- out
    checkout-v2 gives off (false): SPLIT
    - rule 1 "staff"
        - in segment `staff`
            - staff: not listed
    + rule 2 "first cohort" gives off
        + tenant is `acme`
        + region within `eu`: eu > eu-west
        targetingKey `user-1` with salt `checkout-v2` falls into bucket 47285 of 100000
        on: 0 to below 25000
        off: 25000 to below 100000
    "#);
    let xray = place.run(&format!("{line} --format json")).done().json();
    assert_eq!((&xray["variant"], &xray["reason"]), (&"none".into(), &"PREREQUISITE_FAILED".into()));
    assert_snapshot!(place.run("explain --flags flags.json --flag checkout-v2 --context {} --degraded checkout-v2=breaker"), @r#"
    exit status 0
    --- out
    checkout-v2 gives off (false): DISABLED
      which means: Old three-page checkout; gift cards cannot be used
    + held down by the client: breaker
    "#);
    assert_snapshot!(place.run("explain --flags flags.json --flag checkout --context {}"), @r#"
    exit status 2
    --- err
    error: there is no flag `checkout` in the flag set

    help: its flags are checkout-v2, banner
    "#);
    assert_snapshot!(place.run("explain --flags flags.json --flag checkout-v2 --context {]"), @r#"
    exit status 3
    --- err
    error: this is not JSON: key must be a string at column 2

    help: a context is one JSON object on one line, such as `{"targetingKey": "user-1"}`
    "#);
    assert_snapshot!(place.run("explain --flags flags.json --flag checkout-v2 --context @nowhere.json --format plain"), @r#"
    exit status 1
    --- err
    error[cannot-read]: cannot read `nowhere.json`: there is no such file (check the path; it is relative to the current folder)
    "#);
}

#[test]
fn a_specialised_flag_set_knows_nothing_of_other_tenants() {
    let place = Place::new();
    place.write("flags.json", SHOP);
    let run = place.run("specialise flags.json --known tenant=globex --format json").done();
    assert!(!run.stdout.contains("acme"), "{run}");
    let run = place.run("specialise flags.json --known tenant=acme --known region=eu-west --format json").done();
    assert_eq!(run.json()["flags"][0]["rules"][1]["when"], serde_json::Value::Null, "{run}");
    assert_snapshot!(place.run("specialise flags.json --known tenant"), @r#"
    exit status 2
    --- err
    error: invalid value 'tenant' for '--known <NAME=VALUE>': write it as `name=value`, such as `tenant=acme`

    For more information, try '--help'.
    "#);
}
