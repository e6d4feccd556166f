//! The project's own commands: `cargo xtask VERB`.
//!
//! One module per verb; each is a list of [`step`]s, which show their progress and, where one fails, the exact command
//! and what mends it. It uses no crate of the workspace: it runs cargo, npm and the finished binaries.

mod at_once;
mod bench;
mod build;
mod data;
mod desktop;
mod engines;
mod fuzz;
mod kill;
mod npm;
mod run;
mod scale;
mod screenshots;
mod setup;
mod size;
mod step;
mod test;
mod tidy;
mod toolchain;
mod ui;
mod wasm;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Set-up, builds, run and test of Downhaul", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Install what the builds need: the WebAssembly target and the npm packages
    Setup(setup::Arguments),
    /// Build the WebAssembly modules of the npm package
    Wasm(wasm::Arguments),
    /// Build the npm package, the demo shop and the edge worker
    Npm,
    /// Build the console into admin-app/ui/dist
    Ui,
    /// Build all that `run` starts
    Build(build::Arguments),
    /// Build the real contexts of the example environment
    Data(data::Arguments),
    /// Build everything, start the control plane with the example environment and the demo shop
    Run(run::Arguments),
    /// Build the console in a window of its own, and start it
    Desktop(desktop::Arguments),
    /// Set up, build and run every test; the last line is `N passed, N failed`
    Test(test::Arguments),
    /// Build and test the replay on DataFusion and Ballista: several hundred packages, apart from `test`
    Scale(scale::Arguments),
    /// Measure, in release mode
    Bench(bench::Arguments),
    /// Capture every screen of the console, at both widths and in both themes
    Screenshots(screenshots::Arguments),
    /// The same flags and contexts through nine engines: whether all decide alike, byte for byte
    Engines(engines::Arguments),
    /// Look for bytes for which a parser or the boundary of WebAssembly does not hold, with libFuzzer
    Fuzz(fuzz::Arguments),
    /// What a page downloads for Downhaul, beside the peers' packages
    Size(size::Arguments),
    /// Check the rules of the repository
    Tidy,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().verb {
        Verb::Setup(arguments) => setup::run(&arguments),
        Verb::Wasm(arguments) => wasm::run(&arguments),
        Verb::Npm => npm::run(),
        Verb::Ui => ui::run(),
        Verb::Build(arguments) => build::run(&arguments),
        Verb::Data(arguments) => data::run(&arguments),
        Verb::Run(arguments) => run::run(&arguments),
        Verb::Desktop(arguments) => desktop::run(&arguments),
        Verb::Test(arguments) => return test::run(&arguments),
        Verb::Scale(arguments) => scale::run(&arguments),
        Verb::Bench(arguments) => bench::run(&arguments),
        Verb::Screenshots(arguments) => screenshots::run(&arguments),
        Verb::Engines(arguments) => engines::run(&arguments),
        Verb::Fuzz(arguments) => fuzz::run(&arguments),
        Verb::Size(arguments) => size::run(&arguments),
        Verb::Tidy => tidy::run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
