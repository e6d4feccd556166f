//! The command line, `downhaul`: verbs that read files and decide here, and verbs that ask a control plane.
//!
//! Each verb parses its arguments, calls one function of another crate and renders what that gives; nothing is decided
//! in this crate. Start from [`Cli`], the tree of arguments, and [`main`], which runs it.
//! The exit status is a contract: see [`exit::Exit`].

pub mod exit;

mod command;
mod input;
mod remote;
mod render;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use command::{
    apply, chart, check, completions, digest, eval, flags, keys, kill, rebalance, restore, retire, status, token,
};
use exit::{Exit, Failure};
use render::{Format, Output};

/// Feature flags built around the way down.
#[derive(Debug, Parser)]
#[command(name = "downhaul", version, max_term_width = 100, disable_help_subcommand = true, propagate_version = true)]
#[command(after_help = "Exit status: 0 done, 1 could not run, 2 refused or wrong use, 3 invalid input.")]
pub struct Cli {
    /// How results and errors are written.
    #[arg(long, global = true, value_enum, default_value = "human", env = "DOWNHAUL_FORMAT", help_heading = "Output")]
    format: Format,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Check(check::Args),
    Eval(eval::Args),
    Digest(digest::Args),
    Rebalance(rebalance::Args),
    Apply(apply::Args),
    Retire(retire::Args),
    Kill(kill::Args),
    Restore(restore::Args),
    Status(status::Args),
    Flags(flags::Args),
    Chart(chart::Args),
    Keys(keys::Args),
    Token(token::Args),
    Completions(completions::Args),
}

/// Parses the arguments of this process and runs the verb they name.
pub fn main() -> Exit {
    let matches = match Cli::command().try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return render::usage(&error),
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return render::usage(&error),
    };
    let output = Output::new(cli.format);
    match run(cli.verb, &output) {
        Ok(exit) => exit,
        Err(failure) => {
            output.failure(&failure);
            failure.exit
        }
    }
}

fn run(verb: Verb, output: &Output) -> Result<Exit, Failure> {
    match verb {
        Verb::Check(args) => check::run(&args, output),
        Verb::Eval(args) => eval::run(&args, output),
        Verb::Digest(args) => digest::run(&args, output),
        Verb::Rebalance(args) => rebalance::run(&args, output),
        Verb::Apply(args) => apply::run(&args, output),
        Verb::Retire(args) => retire::run(&args, output),
        Verb::Kill(args) => kill::run(&args, output),
        Verb::Restore(args) => restore::run(&args, output),
        Verb::Status(args) => status::run(&args, output),
        Verb::Flags(args) => flags::run(&args, output),
        Verb::Chart(args) => chart::run(&args, output),
        Verb::Keys(args) => keys::run(&args, output),
        Verb::Token(args) => token::run(&args, output),
        Verb::Completions(args) => completions::run(&args, output),
    }
}
