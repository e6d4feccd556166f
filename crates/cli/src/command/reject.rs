use super::proposals::proposed;
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::Output;
use downhaul_control::api::{ProposalActRequest, ProposalView};

/// Close a proposal that is not to be carried out
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Id of the proposal, such as `p-7`
    #[arg(value_name = "PROPOSAL")]
    proposal: String,
    /// Why; it stands in the chart
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let request = ProposalActRequest { reason: args.reason.clone() };
    let view: ProposalView = block_on(control.post(&["proposals", &args.proposal, "reject"], &request))?;
    proposed(&view, "rejected", control.environment(), output)
}
