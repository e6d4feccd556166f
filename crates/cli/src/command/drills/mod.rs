pub(crate) mod attempts;
pub(crate) mod words;

use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table, counted};
use clap::ValueEnum;
use downhaul_control::api::{DrillPage, DrillView, DrillsDue, ReviewRequest};
use downhaul_control::runbook::ReviewAbout;

/// Show drills and how they went over time, review them, and see what should be rehearsed
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    /// List drills, the newest first
    List(ListArgs),
    /// Show median and worst of each part of a drill, by month
    Trend(ListArgs),
    /// Show a drill: how long each part took, and who ran it
    Show(Named),
    Review(ReviewArgs),
    Due(DueArgs),
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Of this release alone
    #[arg(long, value_name = "RELEASE")]
    release: Option<String>,
    /// Of those alone that killed this flag
    #[arg(long, value_name = "FLAG")]
    flag: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
struct Named {
    /// Id of the drill's run, such as `r-7`
    #[arg(value_name = "DRILL")]
    drill: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Say of a drill that is over what was confusing, wrong or missing; it stands in the chart
#[derive(Debug, clap::Args)]
struct ReviewArgs {
    /// Id of the drill's run, such as `r-7`
    #[arg(value_name = "DRILL")]
    drill: String,
    /// What was found
    #[arg(value_name = "NOTE")]
    note: String,
    /// What it is about
    #[arg(long, value_name = "WHAT", default_value = "other")]
    about: About,
    /// The step that it is about
    #[arg(long, value_name = "NUMBER")]
    step: Option<usize>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum About {
    ConfusingStep,
    WrongStep,
    MissingStep,
    MissingPermission,
    Other,
}

/// List releases and critical flags by when they were last rehearsed; ends with 4 if one is due
#[derive(Debug, clap::Args)]
struct DueArgs {
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    match &args.part {
        Part::List(args) => page(args, output, list),
        Part::Trend(args) => page(args, output, trend),
        Part::Show(args) => {
            with(&args.server, output, async |control| control.get(&["drills", &args.drill], &[]).await, shown)
        }
        Part::Review(args) => {
            let request = ReviewRequest { note: args.note.clone(), about: args.about.into(), step: args.step };
            let path = ["drills", &args.drill, "review"];
            with(&args.server, output, async |control| control.post(&path, &request).await, shown)
        }
        Part::Due(args) => with(&args.server, output, async |control| control.get(&["drills", "due"], &[]).await, due),
    }
}

/// What the control plane answers, shown; drills that failed because nobody was let in are charted first.
fn with<T: serde::Serialize>(
    server: &ServerArgs,
    output: &Output,
    ask: impl AsyncFn(&ControlPlane) -> Result<T, Failure>,
    show: impl Fn(&T, &ControlPlane, &Output) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(server)?;
    let answer = block_on(async {
        attempts::report(&control, output).await;
        ask(&control).await
    })?;
    if output.format == Format::Json {
        output.json(&answer)?;
    }
    show(&answer, &control, output)
}

fn page(
    args: &ListArgs,
    output: &Output,
    show: impl Fn(&DrillPage, &ControlPlane, &Output) -> Result<Exit, Failure>,
) -> Result<Exit, Failure> {
    let mut query = Vec::new();
    query.extend(args.release.iter().map(|release| ("release", release.clone())));
    query.extend(args.flag.iter().map(|flag| ("flag", flag.clone())));
    with(&args.server, output, async |control| control.get(&["drills"], &query).await, show)
}

fn list(page: &DrillPage, control: &ControlPlane, output: &Output) -> Result<Exit, Failure> {
    if output.format == Format::Json {
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["DRILL", "OF", "OUTCOME", "DECIDE", "DISABLE", "TOTAL", "RUN BY", "BEGAN"]);
    for drill in &page.drills {
        let by = drill.run_by.clone().unwrap_or_default();
        let by = if drill.independent == Some(true) { format!("{by}, independent") } else { by };
        table.row([
            drill.run.clone(),
            drill.subject.key().to_owned(),
            words::outcome(&drill.outcome, Format::Plain),
            words::time(drill.phases.decide_ms),
            words::time(drill.phases.disable_ms),
            words::time(drill.phases.total_ms),
            by,
            drill.began.clone(),
        ]);
    }
    if !page.drills.is_empty() {
        table.print(output)?;
    }
    output.note(format!("{} in {}", counted(page.drills.len(), "drill"), control.environment()));
    Ok(Exit::Done)
}

/// Under each part the median and the worst of the drills that passed.
fn trend(page: &DrillPage, control: &ControlPlane, output: &Output) -> Result<Exit, Failure> {
    if output.format == Format::Json {
        return Ok(Exit::Done);
    }
    let headings = ["MONTH", "PASSED", "FAILED", "DECIDE", "DISABLE", "REDEPLOY", "VERIFY", "TOTAL"];
    let mut table = Table::new(&headings);
    page.trend.months.iter().chain([&page.trend.all]).for_each(|month| table.row(words::month(month)));
    if !page.drills.is_empty() {
        table.print(output)?;
    }
    output.note(format!(
        "{} in {}; of those that passed, median / worst",
        counted(page.drills.len(), "drill"),
        control.environment()
    ));
    Ok(Exit::Done)
}

fn shown(drill: &DrillView, _: &ControlPlane, output: &Output) -> Result<Exit, Failure> {
    if output.format != Format::Json {
        words::whole(drill, output.format).iter().try_for_each(|line| output.line(line))?;
    }
    Ok(Exit::Done)
}

fn due(due: &DrillsDue, control: &ControlPlane, output: &Output) -> Result<Exit, Failure> {
    let count = due.subjects.iter().filter(|subject| subject.due).count();
    let exit = if count == 0 { Exit::Done } else { Exit::NotGood };
    if output.format == Format::Json {
        return Ok(exit);
    }
    let mut table = Table::new(&["OF", "OWNER", "LAST DRILL", "BY OTHERS", "DUE"]);
    for subject in &due.subjects {
        let of = words::subject(&subject.subject).replace('`', "");
        let why = if subject.due { subject.why.clone() } else { "no".to_owned() };
        let (last, others) = (words::last(subject.last.as_ref()), words::last(subject.last_independent.as_ref()));
        table.row([of, subject.owner.clone(), last, others, why]);
    }
    if !due.subjects.is_empty() {
        table.print(output)?;
    }
    let environment = control.environment();
    let (all, days) = (due.subjects.len(), due.days);
    output.note(format!("{count} of {all} due in {environment}; a drill counts for {days} days"));
    Ok(exit)
}

impl From<About> for ReviewAbout {
    fn from(about: About) -> ReviewAbout {
        match about {
            About::ConfusingStep => ReviewAbout::ConfusingStep,
            About::WrongStep => ReviewAbout::WrongStep,
            About::MissingStep => ReviewAbout::MissingStep,
            About::MissingPermission => ReviewAbout::MissingPermission,
            About::Other => ReviewAbout::Other,
        }
    }
}
