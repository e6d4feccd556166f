use crate::command::{proposals, propose};
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output};
use downhaul_control::api::{DraftRequest, MigrationDraft, MigrationStepRequest, MigrationView};
use downhaul_control::migration::Evidence;
use downhaul_core::phase::Phase;
use std::time::{Duration, Instant};

/// How often the step is asked for again while clients are waited for.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// Take a data change to its next phase, or give everyone the phase that some are at
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Before the step the flag is held: a kill takes nothing back until every client knows, which is waited for.\n\
                  Where a cohort went first, `advance` without one gives everyone the same phase, and goes no further."
)]
pub(crate) struct AdvanceArgs {
    flag: String,
    /// Why; it stands in the chart
    #[arg(long)]
    reason: String,
    /// Only this tenant goes first (repeatable)
    #[arg(long, value_name = "TENANT", help_heading = "Cohort")]
    tenant: Vec<String>,
    /// Only this share goes first, 0 to 100
    #[arg(long, value_name = "PERCENT", help_heading = "Cohort")]
    percent: Option<f64>,
    /// The attribute that the share is taken by: the one that the data is kept by
    #[arg(long, value_name = "ATTRIBUTE", requires = "percent", help_heading = "Cohort")]
    by: Option<String>,
    /// To read-new: what was copied into the new shape
    #[arg(long, value_name = "WHAT", help_heading = "Evidence")]
    backfilled: Option<String>,
    /// Why what clients have counted is no obstacle
    #[arg(long, value_name = "WHY", help_heading = "Evidence")]
    accept: Option<String>,
    #[command(flatten)]
    patience: Patience,
    #[command(flatten)]
    server: ServerArgs,
}

/// Take a data change back to the phase before
#[derive(Debug, clap::Args)]
#[command(after_help = "The step that undoes the last one waits for nobody. A kill takes the same step back at once.")]
pub(crate) struct BackArgs {
    flag: String,
    /// Why; it stands in the chart
    #[arg(long)]
    reason: String,
    /// What was copied back into the old shape, where it lacks something
    #[arg(long, value_name = "WHAT", help_heading = "Evidence")]
    refilled: Option<String>,
    #[command(flatten)]
    patience: Patience,
    #[command(flatten)]
    server: ServerArgs,
}

/// Take a data change past the point of no return: the old shape of the data may be removed
#[derive(Debug, clap::Args)]
#[command(after_help = "Refused while a connected release needs the old shape, or may; each is named.")]
pub(crate) struct ContractArgs {
    flag: String,
    /// Why; it stands in the chart
    #[arg(long)]
    reason: String,
    /// The snapshot of the old shape, by name
    #[arg(long, value_name = "NAME", help_heading = "Evidence")]
    snapshot: Option<String>,
    /// What is done instead of going back; the flag's own unless given
    #[arg(long, value_name = "WHAT", help_heading = "Evidence")]
    forward_fix: Option<String>,
    #[command(flatten)]
    patience: Patience,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
struct Patience {
    /// How long clients are waited for
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    within: u64,
    /// Propose it instead, for others to approve: the hold first, and once that has landed the step
    #[arg(long)]
    propose: bool,
}

pub(super) fn advance(args: &AdvanceArgs, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    block_on(async {
        let view = seen(&control, &args.flag).await?;
        let to = if view.complete { view.phase.next() } else { Some(view.phase) };
        let to = match to {
            Some(Phase::Contract) => {
                let message = format!("the next phase of `{}` is `contract`, the point of no return", view.flag);
                let help = format!("go there by its name: `downhaul migration contract {}`", view.flag);
                return Err(Failure::refused("point-of-no-return", message).help(help));
            }
            Some(to) => to,
            None => {
                let message = format!("`{}` is at `contract`, the last phase", view.flag);
                return Err(Failure::refused("already-done", message).help("retire the flag once no code asks for it"));
            }
        };
        let evidence =
            Evidence { backfilled: args.backfilled.clone(), accepted: args.accept.clone(), ..Evidence::default() };
        let request = MigrationStepRequest {
            from: view.phase,
            to,
            tenants: args.tenant.clone(),
            percent: args.percent,
            by: args.by.clone(),
            evidence,
            reason: args.reason.clone(),
        };
        take(&view, &request, &args.patience, &control, output).await
    })
}

pub(super) fn back(args: &BackArgs, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    block_on(async {
        let view = seen(&control, &args.flag).await?;
        let Some(to) = view.phase.before() else {
            let message = format!("`{}` is at `expand`, the first phase", view.flag);
            return Err(Failure::refused("already-done", message).help("there is nothing to go back to"));
        };
        let evidence = Evidence { refilled: args.refilled.clone(), ..Evidence::default() };
        let request = plain(view.phase, to, evidence, &args.reason);
        take(&view, &request, &args.patience, &control, output).await
    })
}

pub(super) fn contract(args: &ContractArgs, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    block_on(async {
        let view = seen(&control, &args.flag).await?;
        let evidence =
            Evidence { snapshot: args.snapshot.clone(), forward_fix: args.forward_fix.clone(), ..Evidence::default() };
        let request = plain(view.phase, Phase::Contract, evidence, &args.reason);
        take(&view, &request, &args.patience, &control, output).await
    })
}

async fn seen(control: &ControlPlane, flag: &str) -> Result<MigrationView, Failure> {
    control.get(&["migrations", flag], &[]).await
}

fn plain(from: Phase, to: Phase, evidence: Evidence, reason: &str) -> MigrationStepRequest {
    let (tenants, percent, by) = (Vec::new(), None, None);
    MigrationStepRequest { from, to, tenants, percent, by, evidence, reason: reason.to_owned() }
}

/// Asks until the step is taken: what comes first is a hold, and then the clients are waited for.
async fn take(
    before: &MigrationView,
    request: &MigrationStepRequest,
    patience: &Patience,
    control: &ControlPlane,
    output: &Output,
) -> Result<Exit, Failure> {
    if patience.propose {
        let migration = Some(MigrationDraft { flag: before.flag.clone(), step: request.clone() });
        let draft = DraftRequest { migration, reason: request.reason.clone(), ..DraftRequest::default() };
        let view = propose::post(control, &draft).await?;
        return proposals::proposed(&view, "proposed", control.environment(), output);
    }
    let (began, within) = (Instant::now(), Duration::from_secs(patience.within));
    let mut said = false;
    loop {
        let asked = control.post::<MigrationView>(&["migrations", &before.flag, "steps"], request).await;
        let held = match asked {
            Ok(view) if view.phase == request.to => return done(before, &view, output),
            Ok(_) => "held; waiting for the clients",
            Err(failure) if &*failure.code == "fleet-behind" && began.elapsed() < within => "waiting for the clients",
            Err(failure) => return Err(propose::or_propose(failure)),
        };
        if !said {
            output.note(format!("`{}` is {held}, at most {} s", before.flag, patience.within));
            said = true;
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}

fn done(before: &MigrationView, view: &MigrationView, output: &Output) -> Result<Exit, Failure> {
    if output.format == Format::Json {
        output.json(view)?;
        return Ok(Exit::Done);
    }
    let (flag, to) = (&view.flag, view.phase.name());
    output.line(if before.phase == view.phase {
        format!("`{flag}` is at {to}: {} (revision {})", view.serving, view.position.revision)
    } else {
        let from = before.phase.name();
        format!("`{flag}` went from {from} to {to}: {} (revision {})", view.does, view.position.revision)
    })?;
    match (&view.forward_fix, view.phase) {
        (Some(fix), Phase::Contract) => output.line(format!("there is no way back from here; forward fix: {fix}"))?,
        _ => output.line(format!("a kill: {}", view.kill))?,
    }
    output.note(format!("see what clients count: downhaul migration show {flag}"));
    Ok(Exit::Done)
}
