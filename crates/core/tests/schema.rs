//! The generated JSON Schema, judged by another implementation over the validation vectors.

#![expect(clippy::disallowed_methods, reason = "the vectors are files; only the library does no I/O")]

use downhaul_core::schema::json_schema;
use serde_json::Value;
use std::path::Path;

/// What a schema can see. The rest is about names, sums and texts within texts.
const ABOUT_SHAPE: &[&str] = &[
    "bad-name",
    "condition-form",
    "duplicate-value",
    "empty-list",
    "empty-text",
    "missing-field",
    "number-out-of-range",
    "operand-count",
    "serve-or-split",
    "unknown-field",
    "unknown-operator",
    "unknown-value",
    "unsupported-schema",
    "wrong-date-field",
    "wrong-type",
];

#[test]
fn vectors_of_good_shape_fit_and_others_do_not() {
    let schema = json_schema();
    assert!(jsonschema::draft202012::meta::is_valid(&schema));
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let (mut fitting, mut refused) = (0, 0);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/validation");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let cases: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        for case in cases.as_array().unwrap() {
            let name = format!("{}: {}", path.file_stem().unwrap().display(), case["name"]);
            // One JSON text that is a whole flag set.
            let Some(lines) = case["files"].get("flags.json") else { continue };
            let lines: Vec<&str> = lines.as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
            let Ok(document) = serde_json::from_str::<Value>(&lines.join("\n")) else { continue };
            let codes: Vec<&str> =
                case["expect"].as_array().unwrap().iter().map(|each| each["code"].as_str().unwrap()).collect();
            let errors = || {
                validator
                    .iter_errors(&document)
                    .map(|error| format!("{}: {error}", error.instance_path()))
                    .collect::<Vec<_>>()
            };
            if case["valid"] == true {
                assert_eq!(errors(), Vec::<String>::new(), "{name}");
                fitting += 1;
            } else if codes.iter().any(|code| ABOUT_SHAPE.contains(code)) && !beyond_schema(&name) {
                assert!(!validator.is_valid(&document), "{name}: {codes:?}");
                refused += 1;
            }
        }
    }
    assert!(fitting > 60 && refused > 100, "{fitting} {refused}");
}

/// A schema counts characters, and the limit is in bytes.
fn beyond_schema(name: &str) -> bool {
    name.contains("a tenant too long")
}
