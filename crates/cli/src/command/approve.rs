use super::proposals::proposed;
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::Output;
use downhaul_control::api::{ApproveRequest, ProposalView};

/// Approve a proposal: exactly what it would do now, and nothing that it might become
#[derive(Debug, clap::Args)]
#[command(after_help = "An edit of what it reaches voids the approval; `downhaul proposals show` says which.")]
pub(crate) struct Args {
    /// Id of the proposal, such as `p-7`
    #[arg(value_name = "PROPOSAL")]
    proposal: String,
    /// Why; it stands in the chart
    #[arg(long)]
    reason: String,
    /// The digest that was looked at, as `proposals show` says it; refused if it would do another thing by now
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let view = block_on(approve(args, &control))?;
    proposed(&view, "approved", control.environment(), output)
}

async fn approve(args: &Args, control: &ControlPlane) -> Result<ProposalView, Failure> {
    let digest = match &args.digest {
        Some(digest) => digest.clone(),
        None => {
            let view: ProposalView = control.get(&["proposals", &args.proposal], &[]).await?;
            let blocked = view.now.as_ref().and_then(|now| now.blocked.clone());
            match view.now.and_then(|now| now.digest) {
                Some(digest) => digest,
                None => {
                    let failure = |code: &str, message: String| Err(Failure::refused(code, message));
                    return match blocked {
                        Some(blocked) => failure(&blocked.code, blocked.detail).map_err(|why| why.help(blocked.help)),
                        None => {
                            let status = view.proposal.status.as_str();
                            failure("already-done", format!("{} is {status}", view.proposal.id))
                        }
                    };
                }
            }
        }
    };
    let request = ApproveRequest { digest, reason: args.reason.clone() };
    control.post(&["proposals", &args.proposal, "approve"], &request).await
}
