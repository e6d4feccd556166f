use super::propose;
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output};
use downhaul_control::api::{Changed, DraftRequest, PutFlagRequest};
use serde_json::Value;

/// Give a flag back the definition that it had at an earlier revision
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Kills stay as they are: `restore` lifts them. Segments that its rules ask about stay as well.\n\
                        Which revisions changed it: downhaul chart --flag FLAG"
)]
pub(crate) struct Args {
    flag: String,
    /// The revision that had it as it should be again
    #[arg(long, value_name = "REVISION")]
    to: u64,
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
    let control = ControlPlane::connect(&args.server)?;
    let flag = block_on(then(args, &control))?;
    if args.propose {
        let draft = DraftRequest { flag: Some(flag), reason: args.reason.clone(), ..DraftRequest::default() };
        return propose::send(&args.server, None, &draft, &[], output);
    }
    let request = PutFlagRequest { flag, reason: args.reason.clone(), expected_revision: None };
    let changed: Changed = block_on(control.put(&["flags", &args.flag], &request)).map_err(propose::or_propose)?;
    match output.format {
        Format::Json => output.json(&changed)?,
        Format::Human | Format::Plain => {
            output.warnings(&changed.warnings, &[]);
            let (flag, to, environment) = (&args.flag, args.to, control.environment());
            output.line(match changed.change {
                Some(change) => {
                    format!("`{flag}` is as at revision {to} again in {environment}, revision {}", change.revision)
                }
                None => format!("`{flag}` is as at revision {to} already in {environment}"),
            })?;
        }
    }
    Ok(Exit::Done)
}

/// The flag as it was.
async fn then(args: &Args, control: &ControlPlane) -> Result<Value, Failure> {
    let document = control.document(Some(args.to)).await?;
    let Some(flag) = document.flag(&args.flag) else {
        return Err(Failure::refused("unknown-flag", format!("revision {} has no flag `{}`", args.to, args.flag))
            .help(format!("see which revisions changed it: `downhaul chart --flag {}`", args.flag)));
    };
    serde_json::to_value(flag).map_err(|error| {
        Failure::could_not_run("cannot-write", format!("cannot write `{}` as JSON: {error}", args.flag))
    })
}
