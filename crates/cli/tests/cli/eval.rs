//! `downhaul eval`, as whole runs.

use crate::support::{Place, SHOP};
use insta::assert_snapshot;
use serde_json::json;
use std::io::Write;
use std::process::Stdio;

fn shop() -> Place {
    let place = Place::new();
    place.write("flags.json", SHOP);
    place
}

const EVAL: &str = "eval --flags flags.json --contexts - --format json";

const CONTEXTS: &str = r#"{"targetingKey": "user-7"}
{"targetingKey": "user-1", "tenant": "acme", "region": "eu-west"}
{"targetingKey": "user-2", "tenant": "globex", "region": "eu-west"}
{}
"#;

#[test]
fn one_line_for_each_context_in_order() {
    let place = shop();
    place.write("contexts.jsonl", CONTEXTS);
    let line = "eval --flags flags.json --contexts contexts.jsonl";
    assert_snapshot!(place.run(&format!("{line} --format json")), @r#"
    exit status 0
    --- out
    {"checkout-v2":{"variant":"on","reason":"TARGETING_MATCH","value":true},"banner":{"variant":"plain","reason":"STATIC","value":{"text":"Sale"}}}
    {"checkout-v2":{"variant":"off","reason":"SPLIT","value":false},"banner":{"variant":"none","reason":"PREREQUISITE_FAILED","value":{}}}
    {"checkout-v2":{"variant":"off","reason":"DEFAULT","value":false},"banner":{"variant":"none","reason":"PREREQUISITE_FAILED","value":{}}}
    {"checkout-v2":{"variant":"off","reason":"DEFAULT","value":false},"banner":{"variant":"none","reason":"PREREQUISITE_FAILED","value":{}}}
    "#);
    assert_snapshot!(place.run(line), @r#"
    exit status 0
    --- out
    line 1
      checkout-v2  on = true (TARGETING_MATCH)
      banner       plain = {"text":"Sale"} (STATIC)
    line 2
      checkout-v2  off = false (SPLIT)
      banner       none = {} (PREREQUISITE_FAILED)
    line 3
      checkout-v2  off = false (DEFAULT)
      banner       none = {} (PREREQUISITE_FAILED)
    line 4
      checkout-v2  off = false (DEFAULT)
      banner       none = {} (PREREQUISITE_FAILED)
    "#);
    assert_snapshot!(place.run(&format!("{line} --format plain")), @r#"
    exit status 0
    --- out
    1	checkout-v2	on	TARGETING_MATCH	true
    1	banner	plain	STATIC	{"text":"Sale"}
    2	checkout-v2	off	SPLIT	false
    2	banner	none	PREREQUISITE_FAILED	{}
    3	checkout-v2	off	DEFAULT	false
    3	banner	none	PREREQUISITE_FAILED	{}
    4	checkout-v2	off	DEFAULT	false
    4	banner	none	PREREQUISITE_FAILED	{}
    "#);
}

#[test]
fn chosen_flags_in_the_order_of_the_document_and_one_that_does_not_exist() {
    let place = shop();
    let run = place.run_on(&format!("{EVAL} --flag nowhere --flag banner --flag checkout-v2 --flag banner"), CONTEXTS);
    assert_snapshot!(run, @r#"
    exit status 0
    --- out
    {"checkout-v2":{"variant":"on","reason":"TARGETING_MATCH","value":true},"banner":{"variant":"plain","reason":"STATIC","value":{"text":"Sale"}},"nowhere":{"variant":null,"reason":"ERROR","value":null,"errorCode":"FLAG_NOT_FOUND"}}
    {"checkout-v2":{"variant":"off","reason":"SPLIT","value":false},"banner":{"variant":"none","reason":"PREREQUISITE_FAILED","value":{}},"nowhere":{"variant":null,"reason":"ERROR","value":null,"errorCode":"FLAG_NOT_FOUND"}}
    {"checkout-v2":{"variant":"off","reason":"DEFAULT","value":false},"banner":{"variant":"none","reason":"PREREQUISITE_FAILED","value":{}},"nowhere":{"variant":null,"reason":"ERROR","value":null,"errorCode":"FLAG_NOT_FOUND"}}
    {"checkout-v2":{"variant":"off","reason":"DEFAULT","value":false},"banner":{"variant":"none","reason":"PREREQUISITE_FAILED","value":{}},"nowhere":{"variant":null,"reason":"ERROR","value":null,"errorCode":"FLAG_NOT_FOUND"}}
    "#);
    let run = place.run_on("eval --flags flags.json --contexts - --flag nowhere", "{}");
    assert_snapshot!(run, @r#"
    exit status 0
    --- out
    line 1
      nowhere  - = null (ERROR FLAG_NOT_FOUND)
    "#);
}

#[test]
fn a_malformed_line_stands_in_its_place_and_the_rest_goes_on() {
    let place = shop();
    let contexts = "{\"targetingKey\": \"user-7\"}\n{\"targetingKey\": \n\n[1]\r\n{\"a\": 1, \"a\": 2}\r\n{}";
    assert_snapshot!(place.run_on(&format!("{EVAL} --flag checkout-v2"), contexts), @r#"
    exit status 3
    --- out
    {"checkout-v2":{"variant":"on","reason":"TARGETING_MATCH","value":true}}
    {"error":{"line":2,"code":"not-json","message":"this is not JSON: EOF while parsing a value at column 16","help":"the line ends too early: one context is one line"}}
    {"error":{"line":4,"code":"not-an-object","message":"a context is an object, not a list","help":"write it as `{\"targetingKey\": \"user-1\"}`"}}
    {"error":{"line":5,"code":"duplicate-key","message":"the key `a` stands twice in one object, at column 12","help":"give it once"}}
    {"checkout-v2":{"variant":"off","reason":"DEFAULT","value":false}}
    "#);
    assert_snapshot!(place.run_on("eval --flags flags.json --contexts - --flag checkout-v2", contexts), @r#"
    exit status 3
    --- out
    line 1
      checkout-v2  on = true (TARGETING_MATCH)
    line 6
      checkout-v2  off = false (DEFAULT)
    --- err
    line 2: error[not-json]: this is not JSON: EOF while parsing a value at column 16 (the line ends too early: one context is one line)
    line 4: error[not-an-object]: a context is an object, not a list (write it as `{"targetingKey": "user-1"}`)
    line 5: error[duplicate-key]: the key `a` stands twice in one object, at column 12 (give it once)
    3 lines of the contexts are malformed
    "#);
}

#[test]
fn hostile_lines() {
    let place = shop();
    let deep = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    let cases: Vec<(Vec<u8>, Option<&str>)> = vec![
        (deep(32).into_bytes(), None),
        (deep(33).into_bytes(), Some("too-deep")),
        (deep(100_000).into_bytes(), Some("too-deep")),
        ("[".repeat(500_000).into_bytes(), Some("too-deep")),
        (b"{\"a\": 1e999}".to_vec(), Some("not-json")),
        (b"{\"a\": -1e-999}".to_vec(), None),
        (b"{\"a\": \"\\ud83d\"}".to_vec(), Some("not-json")),
        (b"{\"a\": \"\\u0000\"}".to_vec(), None),
        (b"{\"a\": \"\xC3\"}".to_vec(), Some("not-utf-8")),
        (b"\xFF\xFE{\x00}\x00".to_vec(), Some("not-utf-8")),
        (b"{\"a\": 1, \"\\u0061\": 2}".to_vec(), Some("duplicate-key")),
        (b"{\"__proto__\": {\"tenant\": \"acme\"}, \"constructor\": 1}".to_vec(), None),
        (format!("{{\"a\": \"{}\"}}", "x".repeat(2 << 20)).into_bytes(), Some("too-long")),
        (b"{'a': 1}".to_vec(), Some("not-json")),
        (b"null".to_vec(), Some("not-an-object")),
        (b"\"\"".to_vec(), Some("not-an-object")),
        (b"{\"targetingKey\": {\"not\": \"text\"}, \"tenant\": [1], \"region\": null}".to_vec(), None),
        (b"{} {}".to_vec(), Some("not-json")),
        (b"{\"a\": 1e400}".to_vec(), Some("not-json")),
        (b"{\"a\": 123456789012345678901234567890}".to_vec(), None),
    ];
    let input: Vec<u8> = cases.iter().flat_map(|(line, _)| [line.as_slice(), b"\n"].concat()).collect();
    let run = place.run_on(EVAL, &input);
    assert_eq!(run.status, 3, "{}", run.stderr);
    let lines = run.json_lines();
    assert_eq!(lines.len(), cases.len());
    for (number, ((line, code), result)) in (1..).zip(cases.iter().zip(&lines)) {
        let shown = String::from_utf8_lossy(&line[..line.len().min(50)]).into_owned();
        match code {
            None => assert!(result["checkout-v2"]["reason"].is_string(), "{shown} gives {result}"),
            Some(code) => {
                let error = &result["error"];
                assert_eq!((&error["code"], &error["line"]), (&json!(code), &json!(number)), "{shown} gives {result}");
                for member in ["message", "help"] {
                    assert!(error[member].as_str().is_some_and(|text| !text.is_empty()), "{shown} gives {result}");
                }
            }
        }
    }
}

#[test]
fn empty_blank_and_marked_inputs() {
    let place = shop();
    for input in ["", "\n", "\r\n \t\r\n", "\u{FEFF}", "\u{FEFF}\n"] {
        let run = place.run_on(EVAL, input).done();
        assert_eq!(run.stdout, "", "{input:?}");
    }
    let run = place.run_on(&format!("{EVAL} --flag checkout-v2"), "\u{FEFF}{\"targetingKey\": \"user-7\"}").done();
    assert_eq!(run.json()["checkout-v2"]["reason"], "TARGETING_MATCH");
}

#[test]
fn order_is_kept_over_many_blocks_and_cores() {
    let place = shop();
    let contexts: String = (0..60_000).map(|user| format!("{{\"targetingKey\": \"user-{}\"}}\n", user % 11)).collect();
    let run = place.run_on(&format!("{EVAL} --flag checkout-v2"), &contexts).done();
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(lines.len(), 60_000);
    for (user, line) in lines.iter().enumerate() {
        assert_eq!(line.contains("TARGETING_MATCH"), user % 11 == 7, "line {}: {line}", user + 1);
    }
}

#[test]
fn now_is_filled_in_only_when_asked_for() {
    let place = Place::new();
    let flag = r#"{ "key": "sale", "owner": "web", "kind": "ops", "review": "2099-01-31",
        "variants": { "on": 1, "off": 0 }, "degraded": { "variant": "off", "meaning": "no sale" },
        "rules": [{ "when": [{ "attribute": "now", "op": "after", "values": ["2026-11-27T00:00:00Z"] }], "serve": "on" }],
        "default": "off" }"#;
    place.write("flags.json", flag);
    let contexts = "{}\n{\"now\": \"2026-01-01T00:00:00Z\"}\n{\"now\": null}\n";
    let variants = |now: &str| -> Vec<String> {
        let run = place.run_on(&format!("{EVAL} {now}"), contexts).done();
        run.json_lines().iter().map(|line| line["sale"]["variant"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(variants(""), ["off", "off", "off"]);
    assert_eq!(variants("--now=2026-12-01T00:00:00+01:00"), ["on", "off", "off"]);
    assert_eq!(variants("--now 2026-12-01T00:00:00Z"), ["on", "off", "off"]);
    assert_eq!(variants("--now=1796083200000"), ["on", "off", "off"]);
    assert_eq!(variants("--now=2026-11-26T00:00:00Z"), ["off", "off", "off"]);
    let by_clock = place.run_on(&format!("{EVAL} --now"), "{}").done();
    assert!(by_clock.json()["sale"]["variant"].is_string());
    assert_snapshot!(place.run_on(&format!("{EVAL} --now=tomorrow"), contexts), @r#"
    exit status 2
    --- err
    {"error":{"code":"usage","help":"For more information, try '--help'.","message":"invalid value 'tomorrow' for '--now[=<TIME>]': write it as `2026-11-23T20:00:00Z` or as epoch milliseconds"}}
    "#);
}

#[test]
fn a_reader_that_goes_away_ends_the_run_quietly() {
    let place = shop();
    let mut command = place.command(EVAL.split_whitespace());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().unwrap();
    // Written until the run has noticed and closed its end.
    while stdin.write_all(CONTEXTS.as_bytes()).is_ok() {}
    drop(stdin);
    let run = crate::support::Run::from(child.wait_with_output().unwrap());
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
}

#[test]
fn what_cannot_be_read_or_is_refused() {
    let place = shop();
    assert_snapshot!(place.run("eval --flags flags.json --contexts nowhere.jsonl --format json"), @r#"
    exit status 1
    --- err
    {"error":{"code":"cannot-read","help":"check the path; it is relative to the current folder","message":"cannot read `nowhere.jsonl`: there is no such file"}}
    "#);
    assert_snapshot!(place.run("eval --flags flags.json --contexts . --format plain"), @r#"
    exit status 1
    --- err
    error[cannot-read]: cannot read `.`: it is a folder
    "#);
    place.write("wrong.json", SHOP.replace("\"default\": \"off\"", "\"default\": \"of\""));
    assert_snapshot!(place.run_on("eval --flags wrong.json --contexts -", "{}"), @r#"
    exit status 3
    --- err
    error[unknown-variant]

      × flag `checkout-v2` has no variant `of`
        ╭─[wrong.json:16:18]
     15 │       ],
     16 │       "default": "of" },
        ·                  ────
     17 │     { "key": "banner", "owner": "web", "kind": "ops", "review": "2099-01-31",
        ╰────
      help: did you mean `off`?

    error: the flag set is refused: 1 error
    "#);
    assert_snapshot!(place.run_on("eval --flags wrong.json --contexts - --format json", "{}"), @r#"
    exit status 3
    --- err
    {"error":{"code":"document-refused","diagnostics":[{"code":"unknown-variant","help":"did you mean `off`?","message":"flag `checkout-v2` has no variant `of`","place":{"file":"wrong.json","pointer":"/flags/0/default","span":{"column":18,"end":845,"line":16,"start":841}},"severity":"error"}],"message":"the flag set is refused: 1 error"}}
    "#);
    assert_snapshot!(place.run_on("eval --flags - --contexts -", SHOP), @r#"
    exit status 2
    --- err
    error: flags and contexts cannot both come from standard input

    help: put one of them into a file
    "#);
    assert_snapshot!(place.run_on(&format!("{EVAL} --degraded nowhere=stale"), "{}"), @r#"
    exit status 2
    --- err
    {"error":{"code":"unknown-flag","help":"`--degraded` names flags of the flag set","message":"there is no flag `nowhere` in the flag set"}}
    "#);
}
