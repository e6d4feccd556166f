//! `cargo xtask setup`: what builds and tests need, installed where that can be done, named with its command where not.

use crate::step::Step;
use crate::{npm, toolchain, workspace};
use anyhow::{Context, Result, bail};
use std::process::Command;
use std::time::Duration;

/// The lowest major version of Node.js that the packages run with.
const NODE_MAJOR: u32 = 20;
const APT_LIMIT: Duration = Duration::from_mins(10);

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Also what only the tests need: Chromium and its driver, Prometheus, PostgreSQL, libfaketime, an OpenID provider,
    /// bundlers and engines, and a screen and a keychain for the desktop app
    #[arg(long)]
    tests: bool,
    /// Also what the desktop app is built with
    #[arg(long)]
    desktop: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    node()?;
    toolchain::ensure()?;
    npm::install()?;
    if arguments.tests {
        browser()?;
        prometheus()?;
        postgres()?;
        faketime()?;
        provider()?;
        packaging()?;
    }
    if arguments.tests || arguments.desktop {
        window()?;
    }
    if arguments.tests {
        window_driver()?;
    }
    Ok(())
}

/// Node.js and npm are there, and new enough.
pub(crate) fn node() -> Result<()> {
    let mend = format!("install Node.js {NODE_MAJOR} or newer from https://nodejs.org/en/download");
    let output = Command::new("node").arg("--version").output();
    let Ok(output) = output else { bail!("`node` is not on the search path\n  mend: {mend}") };
    let version = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if major(&version).is_none_or(|major| major < NODE_MAJOR) {
        bail!("Node.js is `{version}`, older than {NODE_MAJOR}\n  mend: {mend}");
    }
    if workspace::find_program("npm").is_none() && cfg!(unix) {
        bail!("`npm` is not on the search path\n  mend: {mend}");
    }
    Ok(())
}

/// Chromium and its WebDriver, for the end-to-end tests.
pub(crate) fn browser() -> Result<()> {
    let has = |names: &[&str]| names.iter().any(|name| workspace::find_program(name).is_some());
    if has(&["chromium", "chromium-browser", "google-chrome"]) && has(&["chromedriver"]) {
        return Ok(());
    }
    apt_install("Chromium and its driver", &["chromium", "chromium-driver"])
}

/// Prometheus, against which rollbacks are verified in tests.
pub(crate) fn prometheus() -> Result<()> {
    match workspace::find_program("prometheus") {
        Some(_) => Ok(()),
        None => apt_install("Prometheus", &["prometheus"]),
    }
}

/// PostgreSQL, on which the tests of several replicas run servers of their own. Debian keeps its programs beside the search
/// path.
pub(crate) fn postgres() -> Result<()> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let is_beside = versions.into_iter().any(|version| version.path().join("bin/initdb").exists());
    if is_beside || workspace::find_program("initdb").is_some() {
        return Ok(());
    }
    apt_install("PostgreSQL", &["postgresql"])
}

/// A library that shows a process another time, for the tests of clocks that jump.
pub(crate) fn faketime() -> Result<()> {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    if folders.into_iter().any(|folder| folder.path().join("faketime/libfaketime.so.1").exists()) {
        return Ok(());
    }
    apt_install("libfaketime", &["libfaketime"])
}

/// What the desktop app draws its window with.
pub(crate) fn window() -> Result<()> {
    const PACKAGES: [(&str, &str); 3] = [
        ("webkit2gtk-4.1", "libwebkit2gtk-4.1-dev"),
        ("librsvg-2.0", "librsvg2-dev"),
        ("ayatana-appindicator3-0.1", "libayatana-appindicator3-dev"),
    ];
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let is_there = |library: &str| {
        let asked = Command::new("pkg-config").args(["--exists", library]).status();
        asked.is_ok_and(|status| status.success())
    };
    if PACKAGES.iter().all(|(library, _)| is_there(library)) {
        return Ok(());
    }
    let mut packages = vec!["pkg-config", "libgtk-3-dev"];
    packages.extend(PACKAGES.map(|(_, package)| package));
    apt_install("WebKitGTK and what a tray needs", &packages)
}

/// A screen, a session bus and a keychain for the tests of the desktop app, and what drives its window.
pub(crate) fn window_driver() -> Result<()> {
    let programs = [
        ("Xvfb", "xvfb"),
        ("dbus-daemon", "dbus"),
        ("gnome-keyring-daemon", "gnome-keyring"),
        ("WebKitWebDriver", "webkit2gtk-driver"),
        ("xdotool", "xdotool"),
    ];
    let missing: Vec<&str> = programs
        .iter()
        .filter(|(program, _)| workspace::find_program(program).is_none())
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    apt_install("a screen and a keychain for the desktop app", &missing)
}

/// The OpenID provider at which tests sign in.
pub(crate) fn provider() -> Result<()> {
    npm::install_in(&workspace::root().join("tests/oidc"), "the OpenID provider of the tests")
}

/// Bundlers, JavaScript engines and frameworks in which the packed npm package is run.
pub(crate) fn packaging() -> Result<()> {
    npm::install_in(&workspace::web().join("sdk/packaging"), "bundlers and engines")
}

/// Installs Debian packages.
///
/// # Errors
/// Without apt-get, and without the rights to use it: then the error is the command to run.
pub(crate) fn apt_install(what: &str, packages: &[&str]) -> Result<()> {
    let by_hand = format!("sudo apt-get install -y --no-install-recommends {}", packages.join(" "));
    if workspace::find_program("apt-get").is_none() {
        bail!("missing: {what}\n  mend: install what Debian calls {}", packages.join(", "));
    }
    if !is_root() {
        bail!("missing: {what}\n  mend: {by_hand}");
    }
    let install = || {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        command.args(["install", "-y", "--no-install-recommends"]).args(packages);
        Step::new(format!("install {what}"), command).limit(APT_LIMIT).mend(by_hand.clone())
    };
    if install().attempt()?.success() {
        return Ok(());
    }
    // The list of packages may be older than the packages.
    let mut update = Command::new("apt-get");
    update.arg("update");
    Step::new("refresh the list of packages", update).limit(APT_LIMIT).mend("sudo apt-get update").run()?;
    install().run().map(drop).context(format!("missing: {what}"))
}

#[cfg(unix)]
fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}

/// `v20.11.1` has the major version 20.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_major_version_is_read_from_what_node_prints() {
        for (text, expected) in [("v20.20.2", Some(20)), ("v8.0.0", Some(8)), ("20.1", None), ("", None)] {
            assert_eq!(major(text), expected, "{text}");
        }
    }
}
