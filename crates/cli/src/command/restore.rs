use super::{proposals, propose};
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output};
use downhaul_control::api::{DraftRequest, KillPage, KillView, RestoreReport, RestoreRequest};
use downhaul_control::break_glass::id_of_key;

/// Restore what was killed: one kill by its id, or every kill of a flag
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Id of a kill, or key of a flag
    #[arg(value_name = "KILL|FLAG")]
    what: String,
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
    block_on(restore(args, &control, output))
}

async fn restore(args: &Args, control: &ControlPlane, output: &Output) -> Result<Exit, Failure> {
    let page: KillPage = control.get(&["kills"], &[]).await?;
    if id_of_key(&args.what).is_some() && page.kills.iter().all(|kill| kill.id != args.what) {
        return restore_unseen(args, control, output).await;
    }
    let kills = named(&args.what, &page.kills)?;
    let mut reports = Vec::new();
    for kill in kills {
        if args.propose {
            let draft = DraftRequest { reason: args.reason.clone(), ..propose::restore(&kill.id) };
            let view = propose::post(control, &draft).await?;
            proposals::proposed(&view, "proposed", control.environment(), output)?;
            continue;
        }
        let request = RestoreRequest { reason: args.reason.clone() };
        let report: RestoreReport =
            control.post(&["kills", &kill.id, "restore"], &request).await.map_err(propose::or_propose)?;
        if output.format != Format::Json {
            output.line(format!(
                "restored `{}` for {} in {} ({}, revision {})",
                kill.flag,
                kill.scope_text,
                control.environment(),
                kill.id,
                report.position.revision,
            ))?;
        }
        reports.push(report);
    }
    if output.format == Format::Json && !args.propose {
        output.json(&reports)?;
    }
    Ok(Exit::Done)
}

/// A break-glass kill that clients have, and that nobody reported.
async fn restore_unseen(args: &Args, control: &ControlPlane, output: &Output) -> Result<Exit, Failure> {
    let request = RestoreRequest { reason: args.reason.clone() };
    let report: RestoreReport = control.post(&["kills", &args.what, "restore"], &request).await?;
    if output.format == Format::Json {
        output.json(&[&report])?;
    } else {
        let (environment, revision) = (control.environment(), report.position.revision);
        output.line(format!(
            "restored {}, which was never reported, in {environment} (revision {revision})",
            args.what
        ))?;
    }
    Ok(Exit::Done)
}

/// The kill with this id, else every kill of the flag with this key.
fn named<'a>(what: &str, kills: &'a [KillView]) -> Result<Vec<&'a KillView>, Failure> {
    if let Some(kill) = kills.iter().find(|kill| kill.id == what) {
        return Ok(vec![kill]);
    }
    let of_flag: Vec<&KillView> = kills.iter().filter(|kill| kill.flag == what).collect();
    if !of_flag.is_empty() {
        return Ok(of_flag);
    }
    let failure = Failure::refused("no-such-kill", format!("no kill in force is `{what}` or names a flag `{what}`"));
    if kills.is_empty() {
        return Err(failure.help("nothing is killed; see `downhaul chart` for what was restored already"));
    }
    let in_force: Vec<String> = kills.iter().map(|kill| format!("{} ({})", kill.id, kill.flag)).collect();
    Err(failure.help(format!("in force: {}", in_force.join(", "))))
}
