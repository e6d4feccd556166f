//! `cargo xtask screenshots`: every screen of the console, at 1440 and 390 px, light and dark, over the example environment,
//! and the window of the desktop app, where that can be built.

use crate::build::{self, Profile};
use crate::step::Step;
use crate::workspace::{self, cargo};
use crate::{desktop, setup, step};
use anyhow::Result;
use std::path::PathBuf;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Where the pictures go
    #[arg(long, default_value = "test-results/screens", value_name = "FOLDER")]
    into: PathBuf,
    /// Renew the pictures of the guides, in `docs/pictures`
    #[arg(long)]
    docs: bool,
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
        match setup::window() {
            Ok(()) => desktop::binary(Profile::Dev)?,
            Err(why) => println!("        without the window of the desktop app: {why:#}"),
        }
    }
    let into = workspace::root().join(&arguments.into);
    let mut capture = cargo();
    capture.args(["run", "--quiet", "-p", "downhaul-e2e", "--bin", "downhaul-screenshots", "--"]).arg(&into);
    if arguments.docs {
        capture.arg("--docs").arg(workspace::root().join("docs/pictures"));
    }
    capture.args(&arguments.only).env("DOWNHAUL_BIN", build::downhaul(Profile::Dev));
    capture.env("DOWNHAUL_DESKTOP_BIN", desktop::app(Profile::Dev));
    Step::new("capture the screens", capture).mend("look at the screen that the message names").run()?;
    step::done(&format!("pictures in {}", workspace::shown(&into)));
    Ok(())
}
