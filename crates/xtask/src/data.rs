//! `cargo xtask data`: the contexts of the example environment, built from the real shares of browsers in each country.

use crate::step::{self, Step};
use crate::{npm, setup, workspace};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where to write them
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    setup::node()?;
    build(arguments.to.clone().unwrap_or_else(contexts))
}

/// Of the version of caniuse-lite that examples/shop/build/package.json pins: what it is called, and when it came out.
pub(crate) const SOURCE: &str = "caniuse-lite 1.0.30001826: shares of browsers by country";
pub(crate) const TAKEN_AT: &str = "2026-11-11";

/// Where the contexts lie, unless someone wants them elsewhere.
pub(crate) fn contexts() -> PathBuf {
    workspace::root().join("data/shop-contexts.jsonl")
}

/// Builds the contexts, and compares them and the region tree with what is committed.
///
/// # Errors
/// Where the packages give other contexts than `contexts.sha256` says, or another tree than `regions.json` holds.
pub(crate) fn build(to: PathBuf) -> Result<()> {
    let folder = workspace::root().join("examples/shop/build");
    npm::install_in(&folder, "the data of the example environment")?;
    let run = |arguments: &[&str]| {
        let mut node = Command::new("node");
        node.current_dir(&folder).arg("build.mjs").args(arguments);
        node
    };
    let shown = to.display().to_string();
    let mend = "rm -r examples/shop/build/node_modules && cargo xtask data";
    let made =
        Step::new("build the contexts of the example environment", run(&["contexts", &shown])).mend(mend).run()?;
    let expected = fs::read_to_string(folder.join("contexts.sha256")).context("cannot read `contexts.sha256`")?;
    if made.trim() != expected.trim() {
        bail!(
            "the contexts are `{}`, but examples/shop/build/contexts.sha256 says `{}`\n  \
             mend: {mend}; after a change on purpose, write the new rows and digest into that file",
            made.trim(),
            expected.trim()
        );
    }
    let regions = Step::new("build the region tree of the example environment", run(&["regions"])).mend(mend).run()?;
    let regions: Value = serde_json::from_str(&regions).context("the region tree is not JSON")?;
    let committed = fs::read_to_string(workspace::root().join("examples/shop/flags/regions.json"))?;
    let committed: Value = serde_json::from_str(&committed).context("regions.json is not JSON")?;
    if committed.get("regions") != Some(&regions) {
        bail!(
            "examples/shop/flags/regions.json is not what the packages give\n  \
             mend: put the output of `node build.mjs regions` there"
        );
    }
    let rows = made.split_whitespace().next().unwrap_or("0");
    step::done(&format!("{rows} contexts in {}", workspace::shown(&to)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_is_the_version_that_is_pinned() {
        let package = fs::read_to_string(workspace::root().join("examples/shop/build/package.json")).unwrap();
        let package: Value = serde_json::from_str(&package).unwrap();
        let pinned = package["dependencies"]["caniuse-lite"].as_str().unwrap();
        assert!(SOURCE.starts_with(&format!("caniuse-lite {pinned}:")), "{pinned}; its date is in TAKEN_AT");
    }
}
