//! How many tests passed and failed, read from what the runners print.

use std::ops::AddAssign;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Count {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Counts over every summary in an output: of `cargo test`, of `node --test` and of vitest.
pub(crate) fn count(output: &str) -> Count {
    let mut total = Count::default();
    for line in output.lines() {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("test result: ") {
            total.passed += number_before(rest, "passed");
            total.failed += number_before(rest, "failed");
        } else if let Some(rest) = line.strip_prefix("Tests  ") {
            total.passed += number_before(rest, "passed");
            total.failed += number_before(rest, "failed");
        } else if let Some(rest) = line.strip_prefix("# ").or_else(|| line.strip_prefix("\u{2139} ")) {
            total.passed += number_after(rest, "pass ");
            // A test that the runner gave up on did not pass.
            total.failed += number_after(rest, "fail ") + number_after(rest, "cancelled ");
        }
    }
    total
}

/// What an output says of its failures: where `cargo test` lists them, these parts, and otherwise all of it.
pub(crate) fn failures(output: &str) -> String {
    let (mut found, mut within) = (String::new(), false);
    for line in output.lines() {
        within = (within || line == "failures:") && !line.starts_with("test result: ");
        if within || line.starts_with("error") {
            found.push_str(line);
            found.push('\n');
        }
    }
    if found.contains("failures:") { found } else { output.to_owned() }
}

/// The tests that failed, each with the first line of what it said, where the runner lists that.
pub(crate) fn failed(output: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut lines = output.lines().peekable();
    while let Some(line) = lines.next() {
        let line = line.trim_start();
        if let Some(name) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----")) {
            let said = lines.by_ref().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
            // The place comes first, and what was wrong there behind it.
            let why = if said.starts_with("thread ") { lines.peek().map_or("", |next| next.trim()) } else { "" };
            found.push(format!("{name}: {said} {why}").trim_end().to_owned());
        } else if let Some(name) = line.strip_prefix("not ok ").or_else(|| line.strip_prefix("\u{2716} ")) {
            found.push(name.to_owned());
        }
    }
    found.sort();
    found.dedup();
    found
}

/// `12` of `ok. 12 passed; 0 failed`.
fn number_before(text: &str, word: &str) -> u64 {
    let words: Vec<&str> = text.split([' ', ';', ',', '|']).filter(|word| !word.is_empty()).collect();
    let place = words.iter().position(|each| *each == word);
    place.and_then(|place| words.get(place.checked_sub(1)?)).and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// `12` of `pass 12`, and of nothing longer.
fn number_after(text: &str, word: &str) -> u64 {
    text.strip_prefix(word).and_then(|rest| rest.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_failures_of_cargo_test_are_shown() {
        let output = "test a ... ok\ntest b ... FAILED\n\nfailures:\n\n---- b stdout ----\nleft is not right\n\ntest result: FAILED. 1 passed; 1 failed\nmore\nerror: test failed\n";
        assert_eq!(failures(output), "failures:\n\n---- b stdout ----\nleft is not right\n\nerror: test failed\n");
        assert_eq!(failures("not ok 1 - a\n"), "not ok 1 - a\n");
    }

    #[test]
    fn what_failed_is_named_with_what_it_said() {
        let output = "---- b stdout ----\nError: no `kill-open`\n\nCaused by:\n    it is late\n\n---- c::d stdout ----\n\nthread 'c::d' panicked at src/c.rs:3:5:\nleft is not right\nnote: more\n\nfailures:\n    b\n    c::d\n";
        assert_eq!(
            failed(output),
            ["b: Error: no `kill-open`", "c::d: thread 'c::d' panicked at src/c.rs:3:5: left is not right"]
        );
        assert_eq!(failed("    not ok 3 - reads never throw\nok 4 - it\n"), ["3 - reads never throw"]);
        assert!(failed("test a ... ok\n").is_empty());
    }

    #[test]
    fn summaries_of_every_runner_are_counted() {
        let cases = [
            ("test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s", 12, 0),
            ("test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured", 3, 2),
            ("test result: ok. 1 passed; 0 failed\n\n   Doc-tests x\ntest result: ok. 2 passed; 0 failed", 3, 0),
            ("# tests 5\n# pass 4\n# fail 1\n# cancelled 0\n# skipped 0", 4, 1),
            ("\u{2139} tests 5\n\u{2139} pass 3\n\u{2139} fail 0\n\u{2139} cancelled 2", 3, 2),
            ("      Tests  11 passed (11)", 11, 0),
            ("      Tests  1 failed | 11 passed (12)", 11, 1),
            ("# passing through 7 gates\npassed 3\ntest x ... ok", 0, 0),
        ];
        for (output, passed, failed) in cases {
            assert_eq!(count(output), Count { passed, failed }, "{output}");
        }
    }
}
