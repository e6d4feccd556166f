//! The vectors of `tests/vectors`, through the binary.

use crate::support::Place;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

fn vectors(folder: &str) -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{error}: {}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no vectors in {}", folder.display());
    let read = |path: PathBuf| {
        let value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        (path, value)
    };
    files.into_iter().map(read).collect()
}

#[test]
fn evaluation() {
    let mut judged = 0;
    for (path, vector) in vectors("evaluation") {
        let place = Place::new();
        place.write("flags.json", vector["flag_set"].to_string());
        // Cases with the same overrides and flags asked for are one run.
        let mut runs: Vec<(Vec<String>, Vec<&Value>)> = Vec::new();
        for case in vector["cases"].as_array().unwrap() {
            let mut arguments = vec!["eval", "--flags", "flags.json", "--contexts", "-", "--format", "json"]
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>();
            for (flag, cause) in case["overrides"].as_object().into_iter().flatten() {
                arguments.extend(["--degraded".to_owned(), format!("{flag}={}", cause.as_str().unwrap())]);
            }
            if let Some(flag) = case["flag"].as_str() {
                arguments.extend(["--flag".to_owned(), flag.to_owned()]);
            }
            match runs.iter_mut().find(|(each, _)| *each == arguments) {
                Some((_, cases)) => cases.push(case),
                None => runs.push((arguments, vec![case])),
            }
        }
        for (arguments, cases) in runs {
            let contexts: String = cases.iter().map(|case| format!("{}\n", case["context"])).collect();
            let run = crate::support::Run::of(place.command(&arguments), contexts.as_bytes()).done();
            let lines = run.json_lines();
            assert_eq!(lines.len(), cases.len(), "{}: {run}", path.display());
            for (case, line) in cases.iter().zip(lines) {
                for (flag, expected) in case["expect"].as_object().unwrap() {
                    for member in ["variant", "reason", "value", "errorCode"] {
                        let Some(expected) = expected.get(member) else { continue };
                        assert_eq!(line[flag].get(member), Some(expected), "{}: {case} gives {line}", path.display());
                        judged += 1;
                    }
                }
            }
        }
    }
    assert!(judged > 1000, "only {judged} expectations were judged");
}

#[test]
fn validation() {
    let mut judged = 0;
    for (path, vector) in vectors("validation") {
        for case in vector.as_array().unwrap() {
            if let Err(why) = judge(case) {
                panic!("{}: {}: {why}", path.display(), case["name"]);
            }
            judged += 1;
        }
    }
    assert!(judged > 300, "only {judged} cases were judged");
}

fn judge(case: &Value) -> Result<(), String> {
    let place = Place::new();
    let mut arguments = vec!["check", "--no-lints", "--format", "json", "--today", case["today"].as_str().unwrap()];
    for (name, lines) in case["files"].as_object().unwrap() {
        let lines: Vec<&str> = lines.as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        place.write(name, lines.join("\n"));
        arguments.push(name);
    }
    let run = place.run_with(&arguments);
    let status = if case["valid"] == true { 0 } else { 3 };
    let diagnostics = run.json();
    let mut left = diagnostics.as_array().unwrap().clone();
    for expected in case["expect"].as_array().unwrap() {
        let fits = |each: &Value| each["code"] == expected["code"] && each["place"]["pointer"] == expected["pointer"];
        match left.iter().position(fits) {
            Some(at) => left.remove(at),
            None => return Err(format!("no {expected} in {run}")),
        };
    }
    if run.status != status || !left.is_empty() {
        return Err(format!("status {status} and nothing else was expected: {run}"));
    }
    Ok(())
}
