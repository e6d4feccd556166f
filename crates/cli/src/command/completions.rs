use crate::exit::{Exit, Failure};
use crate::render::Output;
use clap::CommandFactory;
use clap_complete::Shell;
use std::io::Write;

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: downhaul completions bash > ~/.local/share/bash-completion/completions/downhaul")]
pub(crate) struct Args {
    shell: Shell,
}

pub(crate) fn run(args: &Args, _output: &Output) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::Cli::command(), "downhaul", &mut script);
    std::io::stdout().lock().write_all(&script).map_err(|error| Failure::writing(&error))?;
    Ok(Exit::Done)
}
