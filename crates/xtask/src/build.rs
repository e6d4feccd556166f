//! `cargo xtask build`: all that runs: modules, packages, console, example contexts and `downhaul` itself.

use crate::step::Step;
use crate::workspace::{self, cargo};
use crate::{data, npm, setup, ui, wasm};
use anyhow::Result;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// How `downhaul` is compiled; `release` takes some minutes more the first time
    #[arg(long, value_enum, default_value = "dev")]
    profile: Profile,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Profile {
    Dev,
    Release,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    setup::node()?;
    build(arguments.profile)
}

pub(crate) fn build(profile: Profile) -> Result<()> {
    npm::install()?;
    wasm::build(wasm::Which::All)?;
    npm::build()?;
    ui::build()?;
    data::build(data::contexts())?;
    binary(profile)
}

/// `downhaul` alone.
pub(crate) fn binary(profile: Profile) -> Result<()> {
    let mut command = cargo();
    command.args(["build", "--locked", "--package", "downhaul-cli"]);
    if profile == Profile::Release {
        command.arg("--release");
    }
    Step::new("build downhaul", command).mend("mend the error above, then again").run().map(drop)
}

/// The binary.
pub(crate) fn downhaul(profile: Profile) -> PathBuf {
    let folder = match profile {
        Profile::Dev => "debug",
        Profile::Release => "release",
    };
    workspace::target().join(folder).join("downhaul").with_extension(std::env::consts::EXE_EXTENSION)
}
