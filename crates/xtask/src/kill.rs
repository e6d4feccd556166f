//! The last resort of the kill control, `admin-app/kill`: a page of its own beside the console, and the script that
//! puts it in the console's place.

use crate::step::{self, Step};
use crate::{npm, workspace};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// All that the page loads, in bytes as they are: it has to come through a network that hardly works.
const MOST: u64 = 20 * 1024;
pub(crate) const PAGE: [&str; 3] = ["kill.html", "kill.css", "kill.js"];

pub(crate) fn folder() -> PathBuf {
    workspace::root().join("admin-app/kill")
}

/// Builds both into a folder, and refuses a page that has grown too large.
pub(crate) fn build(into: &Path) -> Result<()> {
    let mut bundle = npm::esbuild(&folder());
    bundle.args([
        "kill=src/main.ts",
        "last-resort=src/last-resort.ts",
        "kill.css",
        "--target=es2022",
        "--minify",
        "--charset=utf8",
    ]);
    bundle.arg(npm::option("--outdir=", into)).args(["--bundle", "--format=esm", "--log-level=warning"]);
    Step::new("build the kill page", bundle).mend("cargo xtask setup, then again").run()?;
    fs::copy(folder().join("kill.html"), into.join("kill.html")).context("cannot copy `admin-app/kill/kill.html`")?;
    let sizes: Result<Vec<u64>> = PAGE.iter().map(|name| Ok(fs::metadata(into.join(name))?.len())).collect();
    let size: u64 = sizes?.iter().sum();
    if size >= MOST {
        bail!(
            "the kill page has {size} bytes, and may have {MOST}; its parts are {PAGE:?} in `{}`",
            workspace::shown(into)
        );
    }
    step::done(&format!("kill page of {size} bytes"));
    Ok(())
}

/// Checks the types of its sources.
pub(crate) fn type_check() -> Command {
    let mut check = Command::new(npm::installed_program("tsc"));
    check.current_dir(folder()).args(["-p", "."]);
    check
}

/// Bundles its tests, and gives the command that runs them.
pub(crate) fn tests() -> Result<Command> {
    let into = workspace::root().join("target/kill-page-tests");
    let _ = fs::remove_dir_all(&into);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder().join("test"))? {
        names.push(entry?.path());
    }
    names.sort();
    let mut bundle = npm::esbuild(&folder());
    bundle.args(names).arg(npm::option("--outdir=", &into));
    bundle.args(["--bundle", "--platform=node", "--format=esm", "--out-extension:.js=.mjs", "--log-level=warning"]);
    Step::new("build the kill page's tests", bundle).run()?;
    let mut run = Command::new("node");
    run.arg("--test").arg(into);
    Ok(run)
}
