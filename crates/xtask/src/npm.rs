//! `cargo xtask npm`: the npm package, the demo shop and the edge worker, all workspaces of `web/`.

use crate::step::Step;
use crate::{setup, wasm, workspace};
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// In the order in which they need each other.
pub(crate) const PACKAGES: [&str; 3] = ["sdk", "demo", "edge"];

pub(crate) fn run() -> Result<()> {
    setup::node()?;
    install()?;
    wasm::build(wasm::Which::All)?;
    build()
}

/// Installs what the lock file of `web/` names.
pub(crate) fn install() -> Result<()> {
    install_in(&workspace::web(), "npm packages")
}

/// Installs what the lock file of a folder names, unless that was done since it last changed.
pub(crate) fn install_in(folder: &Path, what: &str) -> Result<()> {
    let lock = folder.join("package-lock.json");
    let wanted =
        std::fs::read_to_string(&lock).with_context(|| format!("cannot read `{}`", workspace::shown(&lock)))?;
    let stamp = folder.join("node_modules/.installed-lock.json");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let mut command = npm(folder);
    command.args(["ci", "--no-audit", "--no-fund"]);
    let mend = "see that the npm registry can be reached; if the lock file is out of step, run `npm install` there";
    Step::new(format!("install {what}"), command).mend(mend).run()?;
    std::fs::write(&stamp, wanted).with_context(|| format!("cannot write `{}`", workspace::shown(&stamp)))
}

/// Builds every package; the WebAssembly modules must be there.
pub(crate) fn build() -> Result<()> {
    PACKAGES.into_iter().try_for_each(build_package)
}

/// Builds one of [`PACKAGES`].
pub(crate) fn build_package(package: &str) -> Result<()> {
    let mut command = npm(&workspace::web().join(package));
    command.args(["run", "build"]);
    Step::new(format!("build web/{package}"), command).mend("cargo xtask wasm, then again").run().map(drop)
}

/// npm in a folder.
pub(crate) fn npm(folder: &Path) -> Command {
    let mut command = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command.current_dir(folder);
    command
}

/// A program that an npm package of `web/` brings.
pub(crate) fn installed_program(name: &str) -> PathBuf {
    workspace::web().join("node_modules/.bin").join(name)
}

/// Bundles, from a folder.
pub(crate) fn esbuild(folder: &Path) -> Command {
    let mut command = Command::new(installed_program("esbuild"));
    command.current_dir(folder);
    command
}

/// An option that names a path.
pub(crate) fn option(name: &str, path: &Path) -> OsString {
    let mut option = OsString::from(name);
    option.push(path);
    option
}
