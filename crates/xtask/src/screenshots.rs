//! `cargo xtask screenshots`: every screen of the console, at 1440 and 390 px, light and dark, over the example environment.

use crate::build::{self, Profile};
use crate::step::Step;
use crate::workspace::{self, cargo};
use crate::{setup, step};
use anyhow::Result;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where the pictures go
    #[arg(long, default_value = "test-results/screens", value_name = "FOLDER")]
    into: PathBuf,
    /// Start what was built before
    #[arg(long)]
    no_build: bool,
    /// Only these screens, such as `flags` or `kill-live`
    #[arg(value_name = "SCREEN")]
    only: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    setup::node()?;
    setup::browser()?;
    if !arguments.no_build {
        build::build(Profile::Dev)?;
    }
    let into = workspace::root().join(&arguments.into);
    let mut capture = cargo();
    capture.args(["run", "--quiet", "-p", "downhaul-e2e", "--bin", "downhaul-screenshots", "--"]).arg(&into);
    capture.args(&arguments.only).env("DOWNHAUL_BIN", build::downhaul(Profile::Dev));
    Step::new("capture the screens", capture).mend("look at the screen that the message names").run()?;
    step::done(&format!("pictures in {}", workspace::shown(&into)));
    Ok(())
}
