use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output};
use downhaul_control::api::{FreezeRequest, FreezeView};

/// Freeze an environment: until it is lifted, nothing changes but by kills and restores
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Why; it stands in the chart, and is told to whoever is refused
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    ask(&args.server, "freeze", &args.reason, "frozen; kills and restores go on", output)
}

/// Asks for `what` and says what came of it.
pub(super) fn ask(server: &ServerArgs, what: &str, reason: &str, done: &str, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(server)?;
    let request = FreezeRequest { reason: reason.to_owned() };
    let view: FreezeView = block_on(control.post(&[what], &request))?;
    match output.format {
        Format::Json => output.json(&view)?,
        Format::Human | Format::Plain => {
            output.line(format!("{} is {done} (revision {})", control.environment(), view.position.revision))?;
        }
    }
    Ok(Exit::Done)
}
