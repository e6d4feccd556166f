use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output};
use downhaul_control::api::{Changed, ProposalActRequest};

/// Carry out a proposal that enough others have approved
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Id of the proposal, such as `p-7`
    #[arg(value_name = "PROPOSAL")]
    proposal: String,
    /// Why; it stands in the chart. The proposal's own unless given
    #[arg(long, default_value = "", hide_default_value = true)]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let request = ProposalActRequest { reason: args.reason.clone() };
    let changed: Changed = block_on(control.post(&["proposals", &args.proposal, "land"], &request))?;
    match (&changed.change, output.format) {
        (_, Format::Json) => output.json(&changed)?,
        (Some(change), _) => {
            output.warnings(&changed.warnings, &[]);
            output.line(format!("{} in {} (revision {})", change.summary, control.environment(), change.revision))?;
        }
        (None, _) => output.line(format!("{} is so already in {}", args.proposal, control.environment()))?,
    }
    Ok(Exit::Done)
}
