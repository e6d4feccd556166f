pub(crate) mod follow;
mod words;

use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table, counted, milliseconds};
use downhaul_control::api::{RunActRequest, RunPage, RunView};
use follow::{Follow, follow};

/// Show, follow and steer the runs of runbooks
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    List(ListArgs),
    /// Show a run, each step with its time
    Show(Named),
    /// Follow a run until it ends; several may
    Follow(Named),
    /// Say that the manual step is done
    Confirm(Act),
    /// Say that the manual step could not be done
    Fail(Act),
    /// Let the next step begin
    Go(Act),
    /// Try the step that failed again
    Retry(Act),
    /// Pass over the step that failed or has not begun
    Skip(Act),
    /// End a run; what a rollback killed stays killed, what a drill took away is put back
    Abort(Act),
}

/// List runs, the newest first
#[derive(Debug, clap::Args)]
struct ListArgs {
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
struct Named {
    /// Id of the run, such as `r-7`
    #[arg(value_name = "RUN")]
    run: String,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
struct Act {
    /// Id of the run, such as `r-7`
    #[arg(value_name = "RUN")]
    run: String,
    /// The step that is meant; refused where the run is at another one by now
    #[arg(long, value_name = "NUMBER")]
    step: Option<usize>,
    /// What is to stand in the chart beside it
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    note: String,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    match &args.part {
        Part::List(args) => list(args, output),
        Part::Show(args) => {
            let control = ControlPlane::connect(&args.server)?;
            let run: RunView = block_on(control.get(&["runs", &args.run], &[]))?;
            shown(&run, output)
        }
        Part::Follow(args) => {
            let control = ControlPlane::connect(&args.server)?;
            block_on(async {
                let run: RunView = control.get(&["runs", &args.run], &[]).await?;
                follow(run, Follow::UntilEnded, &control, output).await
            })
        }
        Part::Confirm(args) => act(args, "confirm", output),
        Part::Fail(args) => act(args, "fail", output),
        Part::Go(args) => act(args, "go", output),
        Part::Retry(args) => act(args, "retry", output),
        Part::Skip(args) => act(args, "skip", output),
        Part::Abort(args) => act(args, "abort", output),
    }
}

fn act(args: &Act, act: &str, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let request = RunActRequest { step: args.step, note: args.note.clone() };
    let run: RunView = block_on(control.post(&["runs", &args.run, act], &request))?;
    shown(&run, output)
}

fn shown(run: &RunView, output: &Output) -> Result<Exit, Failure> {
    match output.format {
        Format::Json => output.json(run)?,
        Format::Human | Format::Plain => {
            words::whole(run, output.format).iter().try_for_each(|line| output.line(line))?;
        }
    }
    Ok(Exit::Done)
}

fn list(args: &ListArgs, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let page: RunPage = block_on(control.get(&["runs"], &[]))?;
    if output.format == Format::Json {
        output.json(&page)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["RUN", "RELEASE", "STATE", "TOOK", "BEGAN", "BY", "REASON"]);
    for run in &page.runs {
        #[expect(clippy::cast_precision_loss, reason = "a time for reading")]
        let took = milliseconds(run.elapsed_ms as f64);
        let row =
            [&run.id, &run.subject.key().to_owned(), &words::standing(run), &took, &run.began, &run.by, &run.reason];
        table.row(row.map(Clone::clone));
    }
    if !page.runs.is_empty() {
        table.print(output)?;
    }
    output.note(format!("{} in {}", counted(page.runs.len(), "run"), control.environment()));
    Ok(Exit::Done)
}
