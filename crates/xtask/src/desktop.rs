//! `cargo xtask desktop`: the console in a window of its own, with the control plane inside.

use crate::build::Profile;
use crate::step::{self, Step};
use crate::{npm, setup, ui, workspace};
use anyhow::{Context, Result, bail};
use std::path::PathBuf;

pub(crate) const PACKAGE: &str = "downhaul-desktop";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How it is compiled; `release` takes some minutes more the first time
    #[arg(long, value_enum, default_value = "dev")]
    profile: Profile,
    /// Build, and do not start
    #[arg(long)]
    no_start: bool,
    /// Start what was built before
    #[arg(long, conflicts_with_all = ["no_start", "bundle"])]
    no_build: bool,
    /// Make a Debian package in place of starting it
    #[arg(long, conflicts_with = "no_start")]
    bundle: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    if !arguments.no_build {
        setup::node()?;
        setup::window()?;
        npm::install()?;
        ui::build()?;
        if arguments.bundle {
            return bundle();
        }
        binary(arguments.profile)?;
    }
    if arguments.no_start {
        return Ok(());
    }
    let mut start = std::process::Command::new(app(arguments.profile));
    start.arg("--console").arg(workspace::root().join("admin-app/ui/dist"));
    let status = start.status().context("the app is not built; leave `--no-build` out")?;
    if !status.success() {
        bail!("the app has ended early: {status}");
    }
    Ok(())
}

/// The app alone.
pub(crate) fn binary(profile: Profile) -> Result<()> {
    let mut command = workspace::cargo();
    command.args(["build", "--locked", "--package", PACKAGE]);
    if profile == Profile::Release {
        command.arg("--release");
    }
    Step::new("build the desktop app", command).mend("mend the error above, then again").run().map(drop)
}

/// The binary.
pub(crate) fn app(profile: Profile) -> PathBuf {
    let folder = match profile {
        Profile::Dev => "debug",
        Profile::Release => "release",
    };
    workspace::target().join(folder).join(PACKAGE).with_extension(std::env::consts::EXE_EXTENSION)
}

fn bundle() -> Result<()> {
    let folder = workspace::root().join("admin-app/desktop");
    npm::install_in(&folder, "what bundles the app")?;
    let mut command = npm::npm(&folder);
    command.args([
        "exec",
        "--",
        "tauri",
        "build",
        "--bundles",
        "deb",
        "--config",
        "bundle.conf.json",
        "--ci",
        "--",
        "--locked",
    ]);
    Step::new("bundle the desktop app", command).mend("mend the error above, then again").run()?;
    let made = workspace::target().join("release/bundle/deb");
    let packages = std::fs::read_dir(&made).with_context(|| format!("no package in `{}`", workspace::shown(&made)))?;
    for package in packages.flatten().map(|entry| entry.path()) {
        if package.extension().is_some_and(|end| end == "deb") {
            step::done(&format!("{}; install it with `sudo apt install ./FILE`", workspace::shown(&package)));
        }
    }
    Ok(())
}
