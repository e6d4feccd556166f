mod follow;
mod start;
mod words;

use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table, counted};
use downhaul_control::api::{ApproveStageRequest, RolloutActRequest, RolloutPage, RolloutSummary, RolloutView};

/// Give a variant of a flag to one cohort after another, each for a while before the next
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    Start(start::Args),
    List(ListArgs),
    Show(ShowArgs),
    Approve(ApproveArgs),
    /// Keep a rollout at its stage
    Pause(Act),
    /// Let a rollout go on; its stage bakes anew, and an edit of the flag meanwhile is taken over
    Resume(Act),
    /// Go back to the stage before, for the same people as then; the rollout is paused
    StepBack(Act),
    /// Go back to what was before the start, and end the rollout
    RollBack(Act),
    /// End a rollout where it is; the flag stays as it is
    End(Act),
}

/// List the rollouts that go on
#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Those that are over too
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Show a rollout: its stages, what it waits for, and what its gates read
#[derive(Debug, clap::Args)]
#[command(after_help = "With --follow, exit status: 0 complete; 4 it is held, paused, or over and not complete.")]
struct ShowArgs {
    /// Id of the rollout, such as `ro-7`, or key of the flag
    #[arg(value_name = "ROLLOUT|FLAG")]
    rollout: String,
    /// Go on until it is over, or waits for a person
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// Approve that the next stage is entered: exactly what that would do now
#[derive(Debug, clap::Args)]
#[command(after_help = "An edit of what it reaches voids the approval; `downhaul rollout show` says which.")]
struct ApproveArgs {
    /// Id of the rollout, such as `ro-7`, or key of the flag
    #[arg(value_name = "ROLLOUT|FLAG")]
    rollout: String,
    /// Why; it stands in the chart
    #[arg(long)]
    reason: String,
    /// The digest that was looked at, as `rollout show` says it; refused if it would do another thing by now
    #[arg(long, value_name = "DIGEST")]
    digest: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
struct Act {
    /// Id of the rollout, such as `ro-7`, or key of the flag
    #[arg(value_name = "ROLLOUT|FLAG")]
    rollout: String,
    /// Why; it stands in the chart
    #[arg(long)]
    reason: String,
    /// The stage that is meant; refused where it is at another one by now
    #[arg(long, value_name = "NUMBER")]
    stage: Option<usize>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    match &args.part {
        Part::Start(args) => start::run(args, output),
        Part::List(args) => list(args, output),
        Part::Show(args) => {
            let control = ControlPlane::connect(&args.server)?;
            block_on(async {
                let id = named(&control, &args.rollout).await?;
                let view: RolloutView = control.get(&["rollouts", &id], &[]).await?;
                if args.follow { follow::follow(view, &control, output).await } else { shown(&view, output) }
            })
        }
        Part::Approve(args) => approve(args, output),
        Part::Pause(args) => act(args, "pause", output),
        Part::Resume(args) => act(args, "resume", output),
        Part::StepBack(args) => act(args, "step-back", output),
        Part::RollBack(args) => act(args, "roll-back", output),
        Part::End(args) => act(args, "end", output),
    }
}

fn list(args: &ListArgs, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let mut page: RolloutPage = block_on(control.get(&["rollouts"], &[]))?;
    if !args.all {
        page.rollouts.retain(|rollout| !words::is_over(&rollout.standing.kind));
    }
    if output.format == Format::Json {
        output.json(&page)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["ROLLOUT", "FLAG", "VARIANT", "STAGE", "STANDING", "BY", "REASON"]);
    for rollout in &page.rollouts {
        let RolloutSummary { id, flag, variant, started, stage, stage_count, standing, .. } = rollout;
        let by = started.actor_name.as_ref().unwrap_or(&started.actor);
        let stage = format!("{stage} of {stage_count}");
        table.row([id, flag, variant, &stage, &standing.words, by, &started.reason].map(Clone::clone));
    }
    if !page.rollouts.is_empty() {
        table.print(output)?;
    }
    let going = if args.all { "" } else { ", going on" };
    output.note(format!("{} in {}{going}", counted(page.rollouts.len(), "rollout"), control.environment()));
    Ok(Exit::Done)
}

fn approve(args: &ApproveArgs, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let view = block_on(async {
        let id = named(&control, &args.rollout).await?;
        let digest = match &args.digest {
            Some(digest) => digest.clone(),
            None => {
                let view: RolloutView = control.get(&["rollouts", &id], &[]).await?;
                let nobody = || {
                    let message =
                        format!("nobody has to approve what comes next in {id}: {}", view.summary.standing.words);
                    Failure::refused("not-now", message)
                        .help("a stage that asks for approvals is approved from the stage before")
                };
                view.approval.as_ref().map(|approval| approval.digest.clone()).ok_or_else(nobody)?
            }
        };
        let request = ApproveStageRequest { digest, reason: args.reason.clone() };
        control.post::<RolloutView>(&["rollouts", &id, "approve"], &request).await
    })?;
    shown(&view, output)
}

fn act(args: &Act, act: &str, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let view = block_on(async {
        let id = named(&control, &args.rollout).await?;
        let request = RolloutActRequest { stage: args.stage, reason: args.reason.clone() };
        control.post::<RolloutView>(&["rollouts", &id, act], &request).await
    })?;
    shown(&view, output)
}

fn shown(view: &RolloutView, output: &Output) -> Result<Exit, Failure> {
    match output.format {
        Format::Json => output.json(view)?,
        Format::Human | Format::Plain => {
            words::whole(view, output.format).iter().try_for_each(|line| output.line(line))?;
            words::hints(view).iter().for_each(|hint| output.note(hint));
        }
    }
    Ok(Exit::Done)
}

/// The id of a rollout; of a flag, that of the one that goes on, else of its last.
async fn named(control: &ControlPlane, name: &str) -> Result<String, Failure> {
    let is_id = name.strip_prefix("ro-").is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    if is_id {
        return Ok(name.to_owned());
    }
    let page: RolloutPage = control.get(&["rollouts"], &[]).await?;
    let of_flag = || page.rollouts.iter().filter(|rollout| rollout.flag == name);
    let found = of_flag().find(|rollout| !words::is_over(&rollout.standing.kind)).or_else(|| of_flag().next());
    found.map(|rollout| rollout.id.clone()).ok_or_else(|| {
        Failure::refused("unknown-rollout", format!("there is no rollout of `{name}`"))
            .help("list them with `downhaul rollout list --all`")
    })
}
