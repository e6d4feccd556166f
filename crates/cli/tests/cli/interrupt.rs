//! Ctrl-C, as whole runs.

use crate::support::{Place, Run, SHOP};
use insta::assert_snapshot;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

/// Starts a run that gets `stdin` and nothing after it, interrupts it once a line with `until` stands on standard error,
/// and gives how it ended, with the rest of what it said.
fn interrupted(place: &Place, line: &str, stdin: &str, until: &str) -> Run {
    let mut command = place.command(line.split_whitespace());
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let mut input = child.stdin.take().expect("standard input is piped");
    input.write_all(stdin.as_bytes()).expect("it reads");
    let mut said = BufReader::new(child.stderr.take().expect("standard error is piped"));
    let mut heard = String::new();
    while !heard.contains(until) {
        assert_ne!(said.read_line(&mut heard).expect("it is UTF-8"), 0, "it ended: {heard}");
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
    let mut rest = String::new();
    said.read_to_string(&mut rest).expect("it is UTF-8");
    let mut run = Run::from(child.wait_with_output().expect("a run ends"));
    run.stderr = rest;
    // Until now there could have been more of it.
    drop(input);
    run
}

#[test]
fn a_replay_stops() {
    let place = Place::new();
    let flag = |number: usize, on: u32| {
        format!(
            r#"{{ "key": "flag-{number}", "owner": "web", "kind": "ops", "review": "2099-01-31",
              "variants": {{ "on": true, "off": false }}, "degraded": {{ "variant": "off", "meaning": "Less" }},
              "default": "off", "rules": [{{ "split": {{ "slices": [["on", {on}], ["off", {}]] }} }}] }}"#,
            100_000 - on
        )
    };
    let set = |on: u32| {
        // More than anyone waits for.
        let flags: Vec<String> = (0..3000).map(|number| flag(number, on)).collect();
        format!(r#"{{ "schema": 1, "environment": "production", "revision": 1, "flags": [{}] }}"#, flags.join(","))
    };
    place.write("old.json", set(0));
    place.write("new.json", set(50_000));
    let rows: Vec<String> = (0..40_000).map(|number| format!("user-{number}\n")).collect();
    // That a row is left out is said once all of it is read.
    place.write("people.csv", format!("targetingKey\n{}one,too,many\n", rows.concat()));
    let line =
        "plan old.json new.json --population people.csv --no-exact --malformed 1 --save plan.json --format plain";
    assert_snapshot!(interrupted(&place, line, "", "row 40002"), @r#"
    exit status 1
    --- err
    error[cancelled]: cancelled before there was a result; nothing was written
    "#);
    assert!(!place.path().join("plan.json").exists());
}

#[test]
fn reading_stops() {
    let place = Place::new();
    // Of a tenant that may be misspelt a warning is given, before the population is read.
    place.write("old.json", SHOP.replace(r#""tenant": ["acme"]"#, r#""tenant": ["acmee"]"#));
    place.write("new.json", SHOP);
    let person = r#"{ "targetingKey": "user-1" }"#;
    let line = "plan old.json new.json --population - --format plain";
    assert_snapshot!(interrupted(&place, line, person, "acmee"), @r#"
    exit status 1
    --- err
    error[cancelled]: cancelled before there was a result; nothing was written
    "#);
    let line = "plan old.json new.json --population - --format json";
    assert_snapshot!(interrupted(&place, line, person, "acmee"), @r#"
    exit status 1
    --- err
    {"error":{"code":"cancelled","message":"cancelled before there was a result; nothing was written"}}
    "#);
}
