//! Populations from JSON lines and CSV: what is read, and what is refused with which words.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use downhaul_blast::population::{Limits, Mapping, Population, PopulationError, Report};
use serde_json::{Value, json};

fn mapping(json: Value) -> Mapping {
    serde_json::from_value(json).unwrap()
}

fn json_lines(text: &str, map: Value) -> Result<(Population, Report), PopulationError> {
    Population::from_json_lines(text.as_bytes(), &mapping(map), &Limits::default())
}

fn csv(text: &str, map: Value) -> Result<(Population, Report), PopulationError> {
    Population::from_csv(text.as_bytes(), &mapping(map), &Limits::default())
}

fn contexts(population: &Population) -> Value {
    (0..population.rows()).map(|row| Value::Object(population.context(row))).collect()
}

fn weights(population: &Population) -> Vec<f64> {
    (0..population.rows()).map(|row| population.row_weight(row)).collect()
}

/// Code, message and help of what reading gives.
fn refusal(read: Result<(Population, Report), PopulationError>) -> String {
    let error = read.unwrap_err();
    format!("{}: {error}; {}", error.code(), error.help())
}

#[test]
fn json_lines_come_back_as_they_were() {
    let lines = [
        json!({ "targetingKey": "a", "app": { "version": "2.4.1", "flags": [1, "x", null, { "y": {} }] } }),
        json!({ "targetingKey": 7, "app.version": null, "app": {}, "ok": true }),
        json!({}),
        json!({ "targetingKey": "a", "app": "none", "deep": { "a": { "b": { "c": -0.5 } } } }),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\r\n\n")).collect();
    let (population, report) = json_lines(&text, json!({})).unwrap();
    assert_eq!(contexts(&population), json!(lines));
    assert_eq!(weights(&population), [1.0; 4]);
    assert_eq!(report, Report { rows: 4, ..Report::default() });
    // A byte order mark, and no line break at the end.
    let (population, _) = json_lines("\u{FEFF}{\"a\":1}\n{\"a\":2}", json!({})).unwrap();
    assert_eq!(contexts(&population), json!([{ "a": 1 }, { "a": 2 }]));
    assert_eq!(json_lines("", json!({ "tenant": "t" })).unwrap().0.rows(), 0);
}

#[test]
fn a_mapping_says_what_columns_become() {
    let text = r#"{"user": {"id": "u1", "mail": "x@y"}, "org": "acme", "v": "1.2", "share": 2.5, "secret": {"a": 1}}
{"user": {"id": "u2"}, "org": null, "share": 0, "secret": {"keep": {"me": [1]}}}"#;
    let map = json!({
        "targetingKey": "user.id", "tenant": "org", "weight": "share",
        "rename": { "v": "app.version", "secret.keep": "kept" }, "drop": ["secret", "user.mail"]
    });
    let (population, report) = json_lines(text, map).unwrap();
    assert_eq!(
        contexts(&population),
        json!([
            { "targetingKey": "u1", "tenant": "acme", "app.version": "1.2" },
            { "targetingKey": "u2", "tenant": null, "kept": { "me": [1] } },
        ])
    );
    assert_eq!(weights(&population), [2.5, 0.0]);
    assert_eq!((population.weight(), report.rows), (2.5, 2));
}

#[test]
fn weights_are_found_by_their_usual_name() {
    let text = "{\"a\":1,\"weight\":3}\n{\"a\":2}";
    let (population, report) = json_lines(text, json!({})).unwrap();
    assert_eq!((weights(&population), report.without_weight), (vec![3.0, 1.0], 1));
    let (population, _) = json_lines(text, json!({ "weight": false })).unwrap();
    assert_eq!(contexts(&population), json!([{ "a": 1, "weight": 3 }, { "a": 2 }]));
    assert_eq!(
        refusal(json_lines(text, json!({ "weight": "weight" }))),
        "population-malformed: row 2: it has no weight; give each row a weight, or name another column for it"
    );
}

#[test]
fn csv_is_text_unless_declared_otherwise() {
    let text = "targetingKey,tenant,app.version,age,beta,extra,share\r\n\
                u1,acme,2.4,42,TRUE,\"{\"\"a\"\": [1]}\",0.5\r\n\
                \"u,\n2\",,,,,,1e2\r\n";
    let map = json!({
        "weight": "share", "types": { "age": "number", "beta": "boolean", "extra": "json", "tenant": "text" }
    });
    let (population, report) = csv(text, map).unwrap();
    assert_eq!(
        contexts(&population),
        json!([
            { "targetingKey": "u1", "tenant": "acme", "app": { "version": "2.4" }, "age": 42, "beta": true, "extra": { "a": [1] } },
            { "targetingKey": "u,\n2" },
        ])
    );
    assert_eq!((weights(&population), report.rows), (vec![0.5, 100.0], 2));
    let (population, _) = csv("a;b\n1;2\n", json!({ "delimiter": ";" })).unwrap();
    assert_eq!(contexts(&population), json!([{ "a": "1", "b": "2" }]));
    // What cannot be nested keeps its dots; a column without a name is none.
    let (population, _) = csv("app,app.version,x.,,y\n1,2,3,4,5\n", json!({})).unwrap();
    assert_eq!(contexts(&population), json!([{ "app": "1", "app.version": "2", "x.": "3", "y": "5" }]));
}

#[test]
fn the_whole_may_be_refused() {
    for (read, expected) in [
        (
            csv("user,plan\nu,p\n", json!({ "targetingKey": "user_id" })),
            "population-missing-column: the mapping names the column `user_id`, which the file lacks; it has `user`, `plan`; \
             name one that is there, or take it out of the mapping",
        ),
        (
            json_lines("{\"user\": 1}\n", json!({ "drop": ["mail"] })),
            "population-missing-column: the mapping names the column `mail`, which the file lacks; it has `user`; \
             name one that is there, or take it out of the mapping",
        ),
        (
            csv("a,b\n", json!({ "tenant": "a", "region": "a" })),
            "population-column-named-twice: the mapping names the column `a` for two things; \
             name each column once: as an attribute, as the weight, or to be dropped",
        ),
        (
            csv("tenant,org\n", json!({ "tenant": "org" })),
            "population-same-attribute: the columns `tenant` and `org` both give the attribute `tenant`; \
             drop or rename one of them in the mapping",
        ),
        (
            csv("a,b,a\n", json!({})),
            "population-same-attribute: the columns `a` and `a` both give the attribute `a`; \
             drop or rename one of them in the mapping",
        ),
        (
            csv("", json!({})),
            "population-no-header: the first line names no columns; begin the file with a line of column names",
        ),
        (
            csv(",,\n", json!({})),
            "population-no-header: the first line names no columns; begin the file with a line of column names",
        ),
        (
            csv("a\n", json!({ "delimiter": "é" })),
            "population-delimiter: `é` cannot part the fields of CSV; give one ASCII character that is no quote and no line break",
        ),
        (
            json_lines("{\"weight\": 1e308}\n{\"weight\": 1e308}\n", json!({})),
            "population-total-weight: the weights add up to more than a number can hold, reached in row 2; \
             divide all weights by the same number",
        ),
    ] {
        assert_eq!(refusal(read), expected);
    }
}

#[test]
fn malformed_rows_are_told_by_row_and_column() {
    let deep = format!("{}1{}", "{\"a\":".repeat(33), "}".repeat(33));
    for (line, map, expected) in [
        ("{\"a\":}", json!({}), "row 2: it is not JSON: expected value at column 6"),
        ("{\"a\":1} x", json!({}), "row 2: it is not JSON: trailing characters at column 9"),
        ("{\"a\":1e999}", json!({}), "row 2: it is not JSON: number out of range at column 10"),
        ("[1]", json!({}), "row 2: a context is an object, not a list"),
        ("\"x\"", json!({}), "row 2: a context is an object, not a text"),
        ("{\"a\":1,\"a\":2}", json!({}), "row 2, column `a`: the key stands twice in one object"),
        ("{\"a\":{\"b\":1},\"a\":{\"c\":2}}", json!({}), "row 2, column `a`: the key stands twice in one object"),
        ("{\"a\":[{\"b\":1,\"b\":1}]}", json!({}), "row 2: the key stands twice in one object"),
        (
            deep.as_str(),
            json!({}),
            "row 2, column `a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.…`: it is nested more than 32 levels deep",
        ),
        ("{\"weight\":-1}", json!({}), "row 2, column `weight`: -1 is no weight"),
        ("{\"weight\":\"NaN\"}", json!({}), "row 2, column `weight`: `NaN` is no weight"),
        ("{\"weight\":[1]}", json!({}), "row 2, column `weight`: [1] is no weight"),
        ("{\"weight\":{\"x\":1}}", json!({}), "row 2, column `weight`: an object is no weight"),
        ("{\"a\":true}", json!({ "types": { "a": "number" } }), "row 2, column `a`: true is not a number"),
        (
            "{\"c\":1,\"x\":{\"y\":2}}",
            json!({ "rename": { "c": "x" } }),
            "row 2: there is a value and something nested within it at `x`",
        ),
        ("{\"c\":\"42\"}", json!({ "types": { "c": "number" } }), "row 2, column `c`: `42` is not a number"),
        ("{\"c\":{\"x\":1}}", json!({ "types": { "c": "text" } }), "row 2, column `c`: an object is not a text"),
        ("{\"c\":{}}", json!({ "types": { "c": "text" } }), "row 2, column `c`: an object is not a text"),
        (
            "{\"b\":1,\"c\":2}",
            json!({ "tenant": "b", "rename": { "c": "tenant" } }),
            "row 2, column `c`: another column gives the attribute `tenant` as well",
        ),
    ] {
        let text = format!("{{\"a\":1,\"b\":null,\"weight\":1}}\n{line}\n");
        let error = json_lines(&text, map).unwrap_err();
        assert_eq!(error.to_string(), expected, "{line}");
        assert!(!error.help().is_empty());
    }
    for (text, map, expected) in [
        ("a,b\n1\n", json!({}), "row 2: it has 1 fields; the first line names 2"),
        ("a\nx\n", json!({ "types": { "a": "number" } }), "row 2, column `a`: `x` is not a number"),
        ("a\nnan\n", json!({ "types": { "a": "number" } }), "row 2, column `a`: `nan` is not a number"),
        ("a\nyes\n", json!({ "types": { "a": "boolean" } }), "row 2, column `a`: `yes` is not a boolean"),
        ("a\n{\n", json!({ "types": { "a": "json" } }), "row 2, column `a`: `{` is not JSON"),
        ("a,weight\n1,inf\n", json!({}), "row 2, column `weight`: `inf` is no weight"),
        ("a,weight\n1,-0.1\n", json!({}), "row 2, column `weight`: `-0.1` is no weight"),
        ("a,weight\n1,\n", json!({ "weight": "weight" }), "row 2: it has no weight"),
    ] {
        assert_eq!(csv(text, map).unwrap_err().to_string(), expected, "{text}");
    }
    let latin = Population::from_csv(&b"a,b\n1,\xe9\n"[..], &Mapping::default(), &Limits::default());
    assert_eq!(latin.unwrap_err().to_string(), "row 2, column `b`: it is not UTF-8");
    let latin = Population::from_csv(&b"a,\xe9\n1,2\n"[..], &Mapping::default(), &Limits::default());
    assert_eq!(latin.unwrap_err().to_string(), "row 1: it is not UTF-8");
    let latin = Population::from_json_lines(&b"{\"a\":\"\xe9\"}\n"[..], &Mapping::default(), &Limits::default());
    assert_eq!(latin.unwrap_err().to_string(), "row 1: it is not UTF-8");
}

#[test]
fn malformed_rows_may_be_left_out() {
    let text = "{\"a\":1,\"b\":[1]}\n{\"a\":2,\"b\":\n{\"a\":3,\"b\":3,\"c\":4,\"c\":5}\n\n{\"weight\":-1,\"d\":1}\n{\"a\":6}\n";
    let limits = Limits { malformed_rows: 3, described: 2, ..Limits::default() };
    let (population, report) = Population::from_json_lines(text.as_bytes(), &Mapping::default(), &limits).unwrap();
    assert_eq!(contexts(&population), json!([{ "a": 1, "b": [1] }, { "a": 6 }]));
    assert_eq!(
        serde_json::to_value(&report).unwrap(),
        json!({
            "rows": 2, "malformed": 3, "without_weight": 0,
            "problems": [
                { "row": 2, "column": null, "code": "not-json", "message": "it is not JSON: EOF while parsing a value at column 11",
                  "help": "each line is one JSON object, such as `{\"targetingKey\": \"user-1\"}`" },
                { "row": 3, "column": "c", "code": "duplicate-key", "message": "the key stands twice in one object",
                  "help": "give the key once" },
            ]
        })
    );
    // Columns of refused rows are none.
    assert_eq!(population.columns().iter().map(|column| column.name()).collect::<Vec<_>>(), ["a", "b"]);
    let limits = Limits { malformed_rows: 2, ..limits };
    let error = Population::from_json_lines(text.as_bytes(), &Mapping::default(), &limits).unwrap_err();
    assert_eq!(error.to_string(), "row 5, column `weight`: -1 is no weight (and 2 malformed rows before it)");
    let text = "a,b\n1,2\n3\n\n5,6\n";
    let (population, report) = Population::from_csv(text.as_bytes(), &Mapping::default(), &limits).unwrap();
    assert_eq!(contexts(&population), json!([{ "a": "1", "b": "2" }, { "a": "5", "b": "6" }]));
    assert_eq!((report.malformed, report.problems[0].row), (1, 3));
}

#[test]
fn limits_hold() {
    let limits = Limits { rows: 2, ..Limits::default() };
    let three = "a\n1\n2\n3\n";
    let read = |limits: &Limits| Population::from_csv(three.as_bytes(), &Mapping::default(), limits);
    assert_eq!(
        refusal(read(&limits)),
        "population-too-many-rows: the population has more than 2 rows; draw a sample of it, or replay it with `downhaul-scale`, which holds a part of it at a time"
    );
    assert_eq!(read(&Limits { rows: 3, ..Limits::default() }).unwrap().0.rows(), 3);
    let error = read(&Limits { bytes: 90, ..Limits::default() }).unwrap_err();
    assert!(
        error.to_string().starts_with("the population takes more than 90 bytes of memory, reached in row "),
        "{error}"
    );

    let many: String = (0..50).map(|number| format!("{{\"k{number}\":1}}\n")).collect();
    let limits = Limits { columns: 10, malformed_rows: u64::MAX, ..Limits::default() };
    let error = Population::from_json_lines(many.as_bytes(), &Mapping::default(), &limits).unwrap_err();
    assert_eq!(error.to_string(), "the population has more than 10 columns; the last one met was `k10`");

    let limits = Limits { line_bytes: 20, malformed_rows: u64::MAX, ..Limits::default() };
    let text = format!("{{\"a\":1}}\n{{\"a\":\"{}\"}}\n{{\"a\":3}}", "x".repeat(1 << 20));
    let (population, report) = Population::from_json_lines(text.as_bytes(), &Mapping::default(), &limits).unwrap();
    assert_eq!(contexts(&population), json!([{ "a": 1 }, { "a": 3 }]));
    assert_eq!(report.problems[0].to_string(), "row 2: it is longer than 20 bytes");
    let text = format!("a\n1\n{}\n3\n", "x".repeat(1000));
    let (population, report) = Population::from_csv(text.as_bytes(), &Mapping::default(), &limits).unwrap();
    assert_eq!((population.rows(), report.problems[0].to_string().as_str()), (2, "row 3: it is longer than 20 bytes"));
}

/// A quote that is never closed, in a file without an end.
#[test]
fn an_endless_record_takes_no_memory() {
    struct Endless;
    impl std::io::Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            buffer.fill(b'x');
            Ok(buffer.len())
        }
    }
    use std::io::Read;
    let limits = Limits { malformed_rows: u64::MAX, ..Limits::default() };
    let error = Population::from_csv(b"a\n\"".chain(Endless), &Mapping::default(), &limits).unwrap_err();
    assert!(error.to_string().contains("longer than 1048576 bytes"), "{error}");
    // A line of JSON as long is skipped, in no more memory than a line may have.
    let reader = b"{\"a\":\"".chain(Endless.take(1 << 24)).chain(&b"\"}\n{\"a\":1}\n"[..]);
    let (population, report) = Population::from_json_lines(reader, &Mapping::default(), &limits).unwrap();
    assert_eq!((population.rows(), report.malformed), (1, 1));
}

#[test]
fn a_reader_that_fails_is_told_so() {
    struct Broken;
    impl std::io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the cable was pulled"))
        }
    }
    for read in [
        Population::from_json_lines(Broken, &Mapping::default(), &Limits::default()),
        Population::from_csv(Broken, &Mapping::default(), &Limits::default()),
    ] {
        assert_eq!(read.unwrap_err().to_string(), "reading the population failed: the cable was pulled");
    }
}

/// Values that only refused rows had, and what differs only by type.
#[test]
fn types_keep_apart() {
    let (population, _) =
        json_lines("{\"a\":1}\n{\"a\":\"1\"}\n{\"a\":1.0}\n{\"a\":true}\n{\"a\":\"true\"}\n", json!({})).unwrap();
    assert_eq!(contexts(&population), json!([{ "a": 1 }, { "a": "1" }, { "a": 1.0 }, { "a": true }, { "a": "true" }]));
    assert_eq!(population.columns()[0].dictionary().len(), 5);
}
