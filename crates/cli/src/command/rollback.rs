use crate::command::release::show;
use crate::command::runs::follow::{Follow, follow};
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output};
use dialoguer::Confirm;
use dialoguer::theme::SimpleTheme;
use downhaul_control::api::{ReleaseView, RollbackRequest, RunActRequest, RunView};
use downhaul_control::runbook::Pace;
use std::io::IsTerminal;

/// Go back to before a release: kill, redeploy, wait, verify, as its runbook says
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The steps are shown before they are run. If this command ends, the run goes on; follow it with --resume.\n\
                  Exit status: 0 proved, 4 held, aborted or incomplete, 1 could not run, 2 refused or wrong use."
)]
pub(crate) struct Args {
    /// Key of the release
    #[arg(value_name = "RELEASE")]
    release: String,
    /// Why; it stands in the chart and on the kills
    #[arg(long)]
    reason: Option<String>,
    /// Let each step begin by hand
    #[arg(long)]
    step: bool,
    /// Do not ask before it begins
    #[arg(long)]
    yes: bool,
    /// Follow the run that has not ended, and retry the step that it is held at
    #[arg(long, conflicts_with_all = ["reason", "step"])]
    resume: bool,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    block_on(async {
        let view: ReleaseView = control.get(&["releases", &args.release], &[]).await?;
        let run = if args.resume {
            resume(&view, &control).await?
        } else {
            if output.format != Format::Json {
                show::steps(&view, output)?;
            }
            agreed(args, &control)?;
            let reason = args.reason.clone().unwrap_or_else(|| format!("rollback of {}", args.release));
            let pace = if args.step { Pace::StepByStep } else { Pace::Straight };
            let request = RollbackRequest { reason, pace };
            control.post::<RunView>(&["releases", &args.release, "rollback"], &request).await?
        };
        output.note(format!("{} runs; it goes on if this command ends", run.id));
        follow(run, Follow::UntilHeld, &control, output).await
    })
}

/// The run that has not ended; where it is held, its step is tried again.
async fn resume(view: &ReleaseView, control: &ControlPlane) -> Result<RunView, Failure> {
    let Some(id) = &view.summary.running else {
        let message = format!("no rollback of `{}` is under way", view.summary.key);
        return Err(Failure::refused("nothing-to-resume", message).help("begin one without `--resume`"));
    };
    let run: RunView = control.get(&["runs", id], &[]).await?;
    if run.phase != "held" {
        return Ok(run);
    }
    control.post(&["runs", id, "retry"], &RunActRequest { step: run.step, note: String::new() }).await
}

fn agreed(args: &Args, control: &ControlPlane) -> Result<(), Failure> {
    if args.yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::refused("not-agreed", "nobody is here to be asked").help("give `--yes` to begin at once"));
    }
    let prompt = format!("Roll `{}` back in {} now?", args.release, control.environment());
    match Confirm::with_theme(&SimpleTheme).with_prompt(prompt).interact() {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::refused("not-agreed", "nothing was done")),
        Err(dialoguer::Error::IO(error)) => {
            Err(Failure::could_not_run("not-answered", format!("the question was not answered: {error}")))
        }
    }
}
