use super::freeze::ask;
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::render::Output;

/// Lift the freeze of an environment
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Why; it stands in the chart
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    ask(&args.server, "unfreeze", &args.reason, "no longer frozen", output)
}
