//! Every code that can be told is explained in docs/reference/diagnostics.md and has a vector, and none stands there that cannot.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]
#![expect(clippy::disallowed_methods, reason = "it reads the sources; only the library does no I/O")]

use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn every_code_is_explained_and_tested() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut told = BTreeSet::new();
    for folder in ["src", "src/read", "src/validate"] {
        for source in texts(&root.join("crates/core").join(folder)) {
            // Codes are arguments of these calls, behind a node or a checker at most.
            for call in ["error(", "warning(", "unknown(", "refused(", "Diagnostic::new(", "each("] {
                for rest in source.split(call).skip(1) {
                    told.extend(code_in(rest));
                }
            }
        }
    }
    told.extend(["empty-list", "syntax"].map(str::to_owned));

    let reference = std::fs::read_to_string(root.join("docs/reference/diagnostics.md")).unwrap();
    let explained: BTreeSet<String> =
        reference.lines().filter_map(|line| line.strip_prefix("### ")).map(str::to_owned).collect();
    assert_eq!(told, explained);

    let vectors = texts(&root.join("tests/vectors/validation")).concat();
    // These need inputs too large to write down; see hostile.rs.
    let too_large = ["too-large", "too-many-flags", "more-problems"];
    for code in explained.iter().filter(|code| !too_large.contains(&code.as_str())) {
        assert!(vectors.contains(&format!("\"code\": \"{code}\"")), "no vector for `{code}`");
    }
}

/// The first text of the call's arguments that looks like a code, if it comes soon.
fn code_in(arguments: &str) -> Option<String> {
    let (_, text) = arguments.split_at_checked(arguments.find('"')?)?;
    let code = text.get(1..)?.split('"').next()?;
    let soon = arguments.find('"')? < 60 && !arguments.get(..arguments.find('"')?)?.contains([')', ';', '{']);
    let shaped = code.contains('-') && code.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    (soon && shaped).then(|| code.to_owned())
}

fn texts(folder: &Path) -> Vec<String> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.is_file()).map(|path| std::fs::read_to_string(path).unwrap()).collect()
}
