//! `cargo xtask scale`: the workspace of the distributed replay, which the test command never builds.

use crate::step::Step;
use crate::{setup, workspace};
use anyhow::Result;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only build the command, optimised: scale/target/release/downhaul-scale
    #[arg(long)]
    release: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    // Of the several hundred packages some are C; none needs the compiler of protocol buffers.
    if !["cc", "gcc", "clang"].iter().any(|name| workspace::find_program(name).is_some()) {
        setup::apt_install("a C compiler", &["gcc", "libc6-dev"])?;
    }
    let cargo = |verb: &[&str]| {
        let mut cargo = workspace::cargo();
        cargo.current_dir(workspace::root().join("scale")).args(verb).arg("--locked");
        cargo
    };
    if arguments.release {
        Step::new("build downhaul-scale", cargo(&["build", "--release"])).run()?;
        return Ok(());
    }
    Step::new("tests of downhaul-scale", cargo(&["test"])).run()?;
    Ok(())
}
