//! `downhaul check`, as whole runs.

mod support;

use insta::assert_snapshot;
use support::{Place, SHOP};

#[test]
fn a_good_flag_set() {
    let place = Place::new();
    place.write("flags.json", SHOP);
    assert_snapshot!(place.run("check flags.json"), @"");
    assert_snapshot!(place.run("check flags.json --format plain"), @"");
    assert_snapshot!(place.run("check flags.json --format json"), @"");
}

const WRONG: &str = r#"{ "schema": 1, "environment": "production", "revision": 1,
  "flags": [
    { "key": "checkout-v2", "owner": "payments", "kind": "release", "expires": "2099-01-31",
      "variants": { "on": true, "off": false },
      "degraded": { "variant": "of", "meaning": "Old checkout" },
      "rules": [{ "serve": "on", "wen": [] }],
      "default": "off" } ] }"#;

#[test]
fn all_problems_at_once_in_three_formats() {
    let place = Place::new();
    place.write("flags.json", WRONG);
    assert_snapshot!(place.run("check flags.json"), @"");
    assert_snapshot!(place.run("check flags.json --format plain"), @"");
    assert_snapshot!(place.run("check flags.json --format json"), @"");
}

#[test]
fn a_passed_date_is_a_warning() {
    let place = Place::new();
    place.write("flags.json", SHOP);
    assert_snapshot!(place.run("check flags.json --format plain --today 2099-02-01"), @"");
    assert_snapshot!(place.run("check flags.json --today 2099-13-01"), @"");
}

#[test]
fn a_folder_of_flags_and_standard_input() {
    let place = Place::new();
    let flag = |key: &str| {
        format!(
            "key: {key}\nowner: web\nkind: ops\nreview: 2099-01-31\nvariants: {{ on: true, off: false }}\n\
             degraded: {{ variant: \"off\", meaning: nothing }}\ndefault: \"on\"\n"
        )
    };
    place.write("flags/b.yaml", flag("b"));
    place.write("flags/more/a.yml", flag("a"));
    place.write("flags/notes.txt", "not a flag");
    place.write("flags/.hidden.json", "not read");
    assert_snapshot!(place.run("check flags"), @"");
    assert_snapshot!(place.run_on("check -", flag("c")), @"");
    assert_snapshot!(place.run_on("check - --format plain", SHOP), @"");

    place.write("flags/again.yaml", flag("b"));
    assert_snapshot!(place.run("check flags --format plain"), @"");
}

#[test]
fn what_cannot_be_read() {
    let place = Place::new();
    assert_snapshot!(place.run("check nowhere.json"), @"");
    assert_snapshot!(place.run("check nowhere.json --format json"), @"");
    std::fs::create_dir(place.path().join("empty")).unwrap();
    assert_snapshot!(place.run("check empty"), @"");
    place.write("latin.json", b"{ \"schema\": 1,\n  \"environment\": \"caf\xE9\" }");
    assert_snapshot!(place.run("check latin.json"), @"");
    place.write("binary.json", [0, 1, 2, 0xFF]);
    assert_eq!(place.run("check binary.json").status, 3);
}

#[test]
fn excerpts_of_a_document_without_line_breaks_stay_short() {
    let place = Place::new();
    let long = format!("{{ \"schema\": 1, {}\"flags\": [], \"flag\": 1 }}", " ".repeat(100_000));
    place.write("flags.json", long);
    let run = place.run("check flags.json");
    assert_eq!(run.status, 3, "{run}");
    assert!(run.stdout.len() < 3000, "{} bytes", run.stdout.len());
    assert!(run.stdout.contains("\"flag\": 1"), "{run}");
}

#[test]
fn wrong_use() {
    let place = Place::new();
    assert_snapshot!(place.run("check"), @"");
    assert_snapshot!(place.run("check --format json"), @"");
    assert_snapshot!(place.run("chek flags.json --format plain"), @"");
}
