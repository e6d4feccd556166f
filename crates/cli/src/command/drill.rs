use crate::command::drills::{attempts, words};
use crate::command::runs::follow::{Follow, follow};
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output};
use dialoguer::Confirm;
use dialoguer::theme::SimpleTheme;
use downhaul_control::api::{DrillKind, DrillRequest, DrillView, FlagView, ReleaseView, RunActRequest, RunView};
use downhaul_control::runbook::Pace;
use std::io::IsTerminal;

/// Go the way back on purpose: the runbook of a release, or the kill of one flag, for real, measured
#[derive(Debug, clap::Args)]
#[command(
    after_help = "What it takes away is put back at its end, however it ends: the release's own artifact, then the flags.\n\
                  The time to decide runs until somebody lets it begin. Whoever is not let in has failed the drill:\n\
                  that is kept, and charted by the next drill verb that is let in.\n\
                  Exit status: 0 passed, 4 failed or held, 1 could not run, 2 refused or wrong use."
)]
pub(crate) struct Args {
    /// Key of a release, or of a flag
    #[arg(value_name = "RELEASE|FLAG")]
    name: String,
    /// The release of this name, and no flag
    #[arg(long, conflicts_with = "flag")]
    release: bool,
    /// The flag of this name, and no release
    #[arg(long)]
    flag: bool,
    /// Why; it stands in the chart and on the kills
    #[arg(long)]
    reason: Option<String>,
    /// Let each step begin by hand
    #[arg(long)]
    step: bool,
    /// Begin at once, without being asked
    #[arg(long)]
    yes: bool,
    /// Only call it: somebody else decides, with `downhaul runs go`
    #[arg(long, conflicts_with = "yes")]
    call: bool,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    block_on(async {
        match drill(args, &control, output).await {
            Err(failure) => Err(attempts::keep(failure, &args.name, args.kind(), &control)),
            done => done,
        }
    })
}

impl Args {
    fn kind(&self) -> Option<DrillKind> {
        match (self.release, self.flag) {
            (true, _) => Some(DrillKind::Release),
            (false, true) => Some(DrillKind::Flag),
            (false, false) => None,
        }
    }
}

async fn drill(args: &Args, control: &ControlPlane, output: &Output) -> Result<Exit, Failure> {
    if !args.yes && !args.call && !std::io::stdin().is_terminal() {
        return Err(Failure::refused("not-agreed", "nobody is here to decide")
            .help("give `--yes` to begin at once, or `--call` to let somebody else decide"));
    }
    attempts::report(control, output).await;
    let reason = args.reason.clone().unwrap_or_else(|| format!("drill of {}", args.name));
    let pace = if args.step { Pace::StepByStep } else { Pace::Straight };
    let request = DrillRequest { name: args.name.clone(), kind: args.kind(), reason, pace };
    let called: RunView = control.post(&["drills"], &request).await?;
    if output.format != Format::Json {
        show(&called, control, output).await?;
    }
    let id = called.id.clone();
    if args.call {
        if output.format == Format::Json {
            output.json(&called)?;
        } else {
            output.line(format!("{id} is called; it begins with `downhaul runs go {id}`"))?;
        }
        return Ok(Exit::Done);
    }
    let act = if decided(args, &called, control)? { "go" } else { "abort" };
    let body = RunActRequest { step: (act == "go").then_some(1), note: String::new() };
    let run: RunView = control.post(&["runs", &id, act], &body).await?;
    output.note(format!("{id} runs; it goes on if this command ends"));
    let quiet = Output::new(Format::Plain);
    let ended =
        follow(run, Follow::Drill, control, if output.format == Format::Json { &quiet } else { output }).await?;
    let drill: DrillView = control.get(&["drills", &id], &[]).await?;
    if output.format == Format::Json {
        output.json(&drill)?;
    } else {
        words::whole(&drill, output.format).iter().try_for_each(|line| output.line(line))?;
    }
    Ok(if drill.outcome == "passed" { Exit::Done } else { ended })
}

/// The steps, and what users go without meanwhile.
async fn show(run: &RunView, control: &ControlPlane, output: &Output) -> Result<(), Failure> {
    output.line(format!("a drill of {} in {}:", words::subject(&run.subject), control.environment()))?;
    for step in &run.steps {
        output.line(format!("{:>3}. {} (at most {} s)", step.number, step.what, step.limit_seconds))?;
    }
    if let Some(release) = &run.subject.release {
        let view: ReleaseView = control.get(&["releases", release], &[]).await?;
        for kill in &view.kill_order {
            output.line(format!("     without `{}`: {}", kill.flag, kill.effect))?;
        }
    } else if let Some(flag) = &run.subject.flag {
        let view: FlagView = control.get(&["flags", flag], &[]).await?;
        output.line(format!("     without `{flag}`: {}", view.summary.degraded_meaning))?;
    }
    Ok(())
}

fn decided(args: &Args, run: &RunView, control: &ControlPlane) -> Result<bool, Failure> {
    if args.yes {
        return Ok(true);
    }
    let prompt = format!("Go the way back of {} in {} now?", words::subject(&run.subject), control.environment());
    Confirm::with_theme(&SimpleTheme).with_prompt(prompt).interact().map_err(|dialoguer::Error::IO(error)| {
        Failure::could_not_run("not-answered", format!("the question was not answered: {error}"))
            .help(format!("{} waits; begin it with `downhaul runs go {}`", run.id, run.id))
    })
}
