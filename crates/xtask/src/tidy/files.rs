//! How long a source file may be.

/// Lines; a file near this has two nouns in it.
const LONGEST: usize = 600;

/// Complains of a source file that is too long; tests and generated files may be.
pub(crate) fn check(path: &str, text: &str) -> Option<String> {
    if !is_source(path) || is_test(path) || path.contains("/generated/") {
        return None;
    }
    let lines = text.lines().count();
    (lines > LONGEST).then(|| format!("{path}: {lines} lines, more than {LONGEST}; split it by its nouns"))
}

fn is_source(path: &str) -> bool {
    ["rs", "ts", "mjs", "js"]
        .iter()
        .any(|extension| path.rsplit_once('.').is_some_and(|(_, ending)| ending == *extension))
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/")
        || ["/tests/", "/test/", "/testing/"].iter().any(|folder| path.contains(folder))
        || ["tests.rs", ".test.ts", ".test.mjs"].iter().any(|ending| path.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_sources_are_refused() {
        let (fits, long) = ("x\n".repeat(LONGEST), "x\n".repeat(LONGEST + 1));
        assert_eq!(check("crates/core/src/bucket.rs", &fits), None);
        assert!(check("crates/core/src/bucket.rs", &long).unwrap().contains("601 lines"));
        for path in
            ["crates/core/src/bucket/tests.rs", "tests/e2e/src/lib.rs", "web/sdk/test/client.test.mjs", "Cargo.lock"]
        {
            assert_eq!(check(path, &long), None, "{path}");
        }
    }
}
