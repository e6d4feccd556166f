//! `downhaul states`: test matrices, as whole runs.

use crate::support::{Place, SHOP};
use insta::assert_snapshot;
use serde_json::{Value, json};

fn three() -> Place {
    let place = Place::new();
    let banner = r#"{ "key": "banner", "#;
    let more = r#"{ "key": "theme", "owner": "web", "kind": "release", "expires": "2099-01-31",
      "variants": { "light": "l", "dark": "d", "high-contrast": "h" },
      "degraded": { "variant": "light", "meaning": "The light theme" }, "default": "light" },
    { "key": "banner", "#;
    place.write("flags.json", SHOP.replace(banner, more));
    place
}

#[test]
fn every_pair_that_can_happen() {
    let place = three();
    assert_snapshot!(place.run("states --flags flags.json"), @r#"
    exit status 0
    --- out
    checkout-v2  on             off    on     on     off   off            on
    theme        high-contrast  light  light  dark   dark  high-contrast  high-contrast
    banner       none           none   plain  plain  none  none           plain
    --- err
    7 states, one a column, with every pair of variants: 15; left out, as it cannot happen: 1
    "#);
    let states = place.run("states --flags flags.json --format json").done().json();
    for state in states.as_array().unwrap() {
        assert!(state["banner"] == "none" || state["checkout-v2"] == "on", "banner requires checkout-v2: {state}");
    }
    // Each theme with and without checkout, and once checkout without a banner.
    assert_eq!(states.as_array().unwrap().len(), 7);
    let again = place.run("states --flags flags.json --format json").done().json();
    assert_eq!(states, again);
    let held =
        place.run("states --flags flags.json --include theme,banner --fixed checkout-v2=off --format plain").done();
    let mut lines: Vec<&str> = held.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["theme=dark\tbanner=none", "theme=high-contrast\tbanner=none", "theme=light\tbanner=none"]);
    let deeper = place.run("states --flags flags.json --strength 3 --format json").done().json();
    assert_eq!(deeper.as_array().unwrap().len(), 9, "3 x (on with either banner, off with none)");
}

#[test]
fn a_matrix_for_github_actions() {
    let place = three();
    let matrix = place.run("states --flags flags.json --include checkout-v2,banner --matrix").done().json();
    let jobs = matrix["include"].as_array().unwrap();
    assert_eq!(jobs.len(), 3);
    assert_eq!(jobs[0]["state"], "1 of 3");
    let flags: Vec<Value> =
        jobs.iter().map(|job| serde_json::from_str(job["flags"].as_str().unwrap()).unwrap()).collect();
    assert!(flags.contains(&json!({ "checkout-v2": "off", "banner": "none" })), "{flags:?}");
}

#[test]
fn what_has_no_states() {
    let place = three();
    assert_snapshot!(place.run("states --flags flags.json --include chekout"), @r#"
    exit status 2
    --- err
    error: there is no flag `chekout` in the flag set

    help: its flags are checkout-v2, theme, banner
    "#);
    assert_snapshot!(place.run("states --flags flags.json --fixed theme=pink --format plain"), @r#"
    exit status 2
    --- err
    error[unknown-variant]: `theme` has no variant `pink` (its variants are light, dark, high-contrast)
    "#);
    assert_snapshot!(place.run("states --flags flags.json --fixed banner=plain --fixed checkout-v2=off"), @r#"
    exit status 2
    --- err
    error: no state is possible: `checkout-v2` can give none of its variants

    help: a flag gives its degraded variant unless its prerequisites are met; fix fewer flags, or others
    "#);
    assert_snapshot!(place.run("states --flags flags.json --fixed banner"), @r#"
    exit status 2
    --- err
    error: invalid value 'banner' for '--fixed <FLAG=VARIANT>': write it as `flag=variant`

    For more information, try '--help'.
    "#);
}
