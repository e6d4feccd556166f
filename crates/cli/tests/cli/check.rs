//! `downhaul check`, as whole runs.

use crate::support::{Place, SHOP};
use insta::assert_snapshot;

#[test]
fn a_good_flag_set() {
    let place = Place::new();
    place.write("flags.json", SHOP);
    assert_snapshot!(place.run("check flags.json"), @r#"
    exit status 0
    --- out
    2 flags: no problems
    "#);
    assert_snapshot!(place.run("check flags.json --format plain"), @"exit status 0");
    assert_snapshot!(place.run("check flags.json --format json"), @r#"
    exit status 0
    --- out
    []
    "#);
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
    assert_snapshot!(place.run("check flags.json"), @r#"
    exit status 3
    --- out
    error[unknown-variant]

      × flag `checkout-v2` has no variant `of`
       ╭─[flags.json:5:32]
     4 │       "variants": { "on": true, "off": false },
     5 │       "degraded": { "variant": "of", "meaning": "Old checkout" },
       ·                                ────
     6 │       "rules": [{ "serve": "on", "wen": [] }],
       ╰────
      help: did you mean `off`?

    error[unknown-field]

      × a rule has no field `wen`
       ╭─[flags.json:6:34]
     5 │       "degraded": { "variant": "of", "meaning": "Old checkout" },
     6 │       "rules": [{ "serve": "on", "wen": [] }],
       ·                                  ─────
     7 │       "default": "off" } ] }
       ╰────
      help: did you mean `when`?


    1 file: 2 errors
    "#);
    assert_snapshot!(place.run("check flags.json --format plain"), @r#"
    exit status 3
    --- out
    flags.json:5:32: error[unknown-variant]: flag `checkout-v2` has no variant `of` (did you mean `off`?)
    flags.json:6:34: error[unknown-field]: a rule has no field `wen` (did you mean `when`?)
    "#);
    assert_snapshot!(place.run("check flags.json --format json"), @r#"
    exit status 3
    --- out
    [{"code":"unknown-variant","severity":"error","message":"flag `checkout-v2` has no variant `of`","help":"did you mean `off`?","place":{"file":"flags.json","pointer":"/flags/0/degraded/variant","span":{"start":244,"end":248,"line":5,"column":32}}},{"code":"unknown-field","severity":"error","message":"a rule has no field `wen`","help":"did you mean `when`?","place":{"file":"flags.json","pointer":"/flags/0/rules/0/wen","span":{"start":312,"end":317,"line":6,"column":34}}}]
    "#);
}

#[test]
fn a_passed_date_is_a_warning() {
    let place = Place::new();
    place.write("flags.json", SHOP);
    assert_snapshot!(place.run("check flags.json --format plain --today 2099-02-01"), @r#"
    exit status 0
    --- out
    flags.json:7:116: warning[date-passed]: the flag expired on 31 January 2099 (retire it, or give it a later date and say why)
    flags.json:17:65: warning[date-passed]: the flag was to be reviewed on 31 January 2099 (decide whether it is still needed, and set the next date)
    "#);
    assert_snapshot!(place.run("check flags.json --today 2099-13-01"), @r#"
    exit status 2
    --- err
    error: invalid value '2099-13-01' for '--today <YYYY-MM-DD>': failed to parse two digit integer as month: parameter 'month' is not in the required range of 1..=12

    For more information, try '--help'.
    "#);
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
    assert_snapshot!(place.run("check flags"), @r#"
    exit status 0
    --- out
    2 flags: no problems
    "#);
    assert_snapshot!(place.run_on("check -", flag("c")), @r#"
    exit status 0
    --- out
    1 flag: no problems
    "#);
    assert_snapshot!(place.run_on("check - --format plain", SHOP), @"exit status 0");

    place.write("flags/again.yaml", flag("b"));
    assert_snapshot!(place.run("check flags --format plain"), @r#"
    exit status 3
    --- out
    flags/b.yaml:1:6: error[duplicate-flag]: flag `b` is defined already, at `/flags/0/key` (give one of the two another key (the other is at line 1 of flags/again.yaml))
    "#);
}

#[test]
fn what_cannot_be_read() {
    let place = Place::new();
    assert_snapshot!(place.run("check nowhere.json"), @r#"
    exit status 1
    --- err
    error: cannot read `nowhere.json`: there is no such file

    help: check the path; it is relative to the current folder
    "#);
    assert_snapshot!(place.run("check nowhere.json --format json"), @r#"
    exit status 1
    --- err
    {"error":{"code":"cannot-read","help":"check the path; it is relative to the current folder","message":"cannot read `nowhere.json`: there is no such file"}}
    "#);
    std::fs::create_dir(place.path().join("empty")).unwrap();
    assert_snapshot!(place.run("check empty"), @r#"
    exit status 1
    --- err
    error: no document in `empty`

    help: a folder of flags holds files that end in .json, .yaml or .yml
    "#);
    place.write("latin.json", b"{ \"schema\": 1,\n  \"environment\": \"caf\xE9\" }");
    assert_snapshot!(place.run("check latin.json"), @r#"
    exit status 3
    --- out
    error[not-utf-8]

      × byte 36 is not UTF-8
       ╭─[latin.json:2:22]
     1 │ { "schema": 1,
     2 │   "environment": "caf�" }
       ·                      ─
       ╰────
      help: save the file as UTF-8


    1 file: 1 error
    "#);
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
    assert_snapshot!(place.run("check"), @r#"
    exit status 2
    --- err
    error: the following required arguments were not provided:
      <PATH>...

    Usage: downhaul check <PATH>...

    For more information, try '--help'.
    "#);
    assert_snapshot!(place.run("check --format json"), @r#"
    exit status 2
    --- err
    {"error":{"code":"usage","help":"Usage: downhaul check --format <FORMAT> <PATH>...; For more information, try '--help'.","message":"the following required arguments were not provided: <PATH>..."}}
    "#);
    assert_snapshot!(place.run("chek flags.json --format plain"), @r#"
    exit status 2
    --- err
    error[usage]: unrecognized subcommand 'chek' (tip: some similar subcommands exist: 'schema', 'check'; Usage: downhaul [OPTIONS] <COMMAND>; For more information, try '--help'.)
    "#);
}
