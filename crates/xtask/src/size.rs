//! `cargo xtask size`: what a page downloads for Downhaul, beside the peers' packages.
//!
//! The peers are an npm folder of their own, which nothing else installs.

use crate::step::Step;
use crate::{npm, setup, wasm, workspace};
use anyhow::Result;
use std::process::Command;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Only these, by the names that the table has
    names: Vec<String>,
    /// Take the npm package as it was last built
    #[arg(long)]
    no_build: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    setup::node()?;
    npm::install()?;
    if !arguments.no_build {
        wasm::build(wasm::Which::All)?;
        npm::build_package("sdk")?;
    }
    let folder = workspace::root().join("benches/peers/size");
    npm::install_in(&folder, "the peers' packages")?;
    let mut command = Command::new("node");
    command.arg("size.mjs").args(&arguments.names).current_dir(folder);
    let output = Step::new("bundle and measure", command).mend("the output above says which package failed").run()?;
    print!("{output}");
    Ok(())
}
