//! Who may depend on whom. A line more in this table is a decision about the architecture.

use anyhow::{Context, Result};
use serde::Deserialize;

/// Each crate, and those of ours that it may name in its normal dependencies.
const TABLE: &[(&str, &[&str])] = &[
    ("downhaul-core", &[]),
    ("downhaul-blast", &["downhaul-core"]),
    ("downhaul-guard", &[]),
    ("downhaul-control", &["downhaul-core", "downhaul-blast", "downhaul-guard"]),
    ("downhaul-store", &["downhaul-core", "downhaul-control"]),
    ("downhaul-server", &["downhaul-core", "downhaul-blast", "downhaul-guard", "downhaul-control", "downhaul-store"]),
    ("downhaul-sdk", &["downhaul-core", "downhaul-control"]),
    ("downhaul-wasm", &["downhaul-core", "downhaul-blast"]),
    ("downhaul-yew", &[]),
    (
        "downhaul-cli",
        &["downhaul-core", "downhaul-blast", "downhaul-guard", "downhaul-control", "downhaul-store", "downhaul-server"],
    ),
    ("downhaul-ui", &["downhaul-core", "downhaul-blast", "downhaul-control", "downhaul-yew"]),
    ("downhaul-desktop", &["downhaul-core", "downhaul-blast", "downhaul-control", "downhaul-server"]),
    ("downhaul-e2e", &["downhaul-core", "downhaul-control", "downhaul-server", "downhaul-cli"]),
    ("downhaul-fuzz", &["downhaul-core", "downhaul-blast", "downhaul-control"]),
    ("xtask", &[]),
];

/// Crates without input, output, clock and randomness.
pub(crate) const PURE: [&str; 2] = ["downhaul-core", "downhaul-control"];

/// What gives itself away in the tree of a crate that should have none of these.
const IMPURE: [&str; 3] = ["tokio", "sqlx", "getrandom"];

#[derive(Debug, Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    name: String,
    /// Absent for a normal dependency.
    kind: Option<String>,
    /// Present for a crate of ours.
    path: Option<String>,
}

/// Compares `cargo metadata` with the table.
pub(crate) fn check(metadata: &str) -> Result<Vec<String>> {
    let metadata: Metadata = serde_json::from_str(metadata).context("cargo metadata cannot be read")?;
    let mut problems = Vec::new();
    for package in &metadata.packages {
        let Some((_, allowed)) = TABLE.iter().find(|(name, _)| *name == package.name) else {
            problems.push(format!(
                "{}: is not in the table of tidy/dependencies.rs; add it with what it may use",
                package.name
            ));
            continue;
        };
        let ours = package.dependencies.iter().filter(|each| each.kind.is_none() && each.path.is_some());
        for dependency in ours.filter(|each| !allowed.contains(&each.name.as_str())) {
            problems.push(format!("{}: must not depend on {}; see ARCHITECTURE.md", package.name, dependency.name));
        }
    }
    Ok(problems)
}

/// Looks for what a pure crate must not see, in `cargo tree --prefix none`.
pub(crate) fn check_tree(package: &str, tree: &str) -> Vec<String> {
    let names = tree.lines().filter_map(|line| line.split_whitespace().next());
    let mut found: Vec<&str> = names.filter(|name| IMPURE.iter().any(|each| name == each)).collect();
    found.sort_unstable();
    found.dedup();
    found
        .iter()
        .map(|name| format!("{package}: brings in {name}; see `cargo tree --package {package} --invert {name}`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(package: &str, dependency: &str, kind: &str, path: &str) -> String {
        format!(
            r#"{{"packages":[{{"name":"{package}","dependencies":[{{"name":"{dependency}","kind":{kind},"path":{path}}}]}}]}}"#
        )
    }

    #[test]
    fn a_dependency_that_is_not_in_the_table_is_refused() {
        let cases = [
            ("downhaul-core", "downhaul-control", "null", "\"p\"", 1),
            ("downhaul-ui", "downhaul-server", "null", "\"p\"", 1),
            ("downhaul-control", "downhaul-core", "null", "\"p\"", 0),
            ("downhaul-core", "downhaul-control", "\"dev\"", "\"p\"", 0),
            ("downhaul-core", "serde", "null", "null", 0),
            ("downhaul-new", "serde", "null", "null", 1),
        ];
        for (package, dependency, kind, path, expected) in cases {
            let problems = check(&metadata(package, dependency, kind, path)).unwrap();
            assert_eq!(problems.len(), expected, "{package} -> {dependency}: {problems:?}");
        }
    }

    #[test]
    fn a_runtime_in_the_tree_is_named_once() {
        let tree = "downhaul-core v0.1.0\nserde v1.0\ntokio v1.50\ntokio v1.50 (*)\ntokio-util v0.7\n";
        let problems = check_tree("downhaul-core", tree);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains("brings in tokio;"), "{problems:?}");
    }
}
