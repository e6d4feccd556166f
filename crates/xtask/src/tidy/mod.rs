//! `cargo xtask tidy`: rules of the repository as code, and how to keep each.

mod dependencies;
mod files;
mod texts;
mod words;

use crate::step;
use crate::workspace::{self, cargo};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;

/// Texts that people look for.
const DOCS: [&str; 9] = [
    "README.md",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "LICENSE",
    "NOTICE",
    "docs/reference/protocol.md",
    "docs/reference/program-format.md",
    "tests/vectors/README.md",
    "examples/shop/README.md",
];

pub(crate) fn run() -> Result<()> {
    let root = workspace::root();
    let mut problems = dependencies::check(&output_of(cargo().args(["metadata", "--format-version=1", "--no-deps"]))?)?;
    for package in dependencies::PURE {
        let tree = output_of(cargo().args(["tree", "--package", package, "--edges=normal", "--prefix=none"]))?;
        problems.extend(dependencies::check_tree(package, &tree));
    }
    for path in DOCS.iter().filter(|path| !root.join(path).is_file()) {
        problems.push(format!("{path}: is missing"));
    }
    for path in tracked(&root)? {
        // What is no UTF-8 is a picture or a recorded program.
        if let Ok(text) = std::fs::read_to_string(root.join(&path)) {
            problems.extend(files::check(&path, &text));
            problems.extend(texts::check(&path, &text));
            problems.extend(words::check(&path, &text));
        }
    }
    if problems.is_empty() {
        step::done("rules of the repository");
        return Ok(());
    }
    bail!(
        "{} rules are broken\n{}",
        problems.len(),
        problems.iter().map(|each| format!("  {each}\n")).collect::<String>()
    );
}

/// Every file of the repository, also those not committed yet.
fn tracked(root: &Path) -> Result<Vec<String>> {
    let mut git = Command::new("git");
    git.current_dir(root).args(["ls-files", "--cached", "--others", "--exclude-standard", "-z"]);
    let listed = output_of(&mut git)?;
    Ok(listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect())
}

fn output_of(command: &mut Command) -> Result<String> {
    let shown = step::shown(command);
    let output = command.output().with_context(|| format!("cannot start `{shown}`"))?;
    if !output.status.success() {
        bail!("`{shown}`: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
