//! Data changes: where they stand, and the steps forward and back.

mod show;
mod step;

use crate::exit::{Exit, Failure};
use crate::render::Output;

/// Show data changes, and take them forward and back one step at a time
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A flag of the kind `migration` with a `phase` is a data change: expand, dual-write, backfill, read-new,\n\
                  stop-old-writes, contract. Back it goes until `contract`."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Show(show::Args),
    Advance(step::AdvanceArgs),
    Back(step::BackArgs),
    Contract(step::ContractArgs),
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    match &args.verb {
        Verb::Show(args) => show::run(args, output),
        Verb::Advance(args) => step::advance(args, output),
        Verb::Back(args) => step::back(args, output),
        Verb::Contract(args) => step::contract(args, output),
    }
}
