use super::propose;
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output};
use downhaul_control::api::{Changed, DraftRequest, RetireRequest};

/// Retire a flag: it leaves a tombstone, and its key is never used again
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    flag: String,
    /// Why; it stands in the chart
    #[arg(long)]
    reason: String,
    /// Propose it instead, for others to approve
    #[arg(long)]
    propose: bool,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    if args.propose {
        let draft = DraftRequest { reason: args.reason.clone(), ..propose::retire(&args.flag) };
        return propose::send(&args.server, None, &draft, &[], output);
    }
    let control = ControlPlane::connect(&args.server)?;
    let request = RetireRequest { reason: args.reason.clone() };
    let changed: Changed =
        block_on(control.post(&["flags", &args.flag, "retire"], &request)).map_err(propose::or_propose)?;
    match output.format {
        Format::Json => output.json(&changed)?,
        Format::Human | Format::Plain => {
            output.warnings(&changed.warnings, &[]);
            let at = format!("in {}, revision {}", control.environment(), changed.position.revision);
            output.line(format!("retired `{}` {at}", args.flag))?;
        }
    }
    Ok(Exit::Done)
}
