use super::propose;
use super::refs::{self, Places};
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, counted};
use downhaul_control::api::{Changed, DraftRequest, ObstacleView, RetireFlagRequest, RetirementView};
use std::path::PathBuf;

/// Places in code that are named.
const NAMED: usize = 3;

/// Retire a flag: it leaves a tombstone, and its key is never used again
#[derive(Debug, clap::Args)]
#[command(after_help = "It is refused while something still counts on the flag, and all of that is named:\n\
                        code, clients that asked for it lately, other flags, kills, runs, releases.\n\
                        Example: downhaul retire checkout-v1 --refs src --reason 'on for everyone since May'")]
pub(crate) struct Args {
    flag: String,
    /// Why; it stands in the chart
    #[arg(long)]
    reason: Option<String>,
    /// Look for the key in the code of this folder first, as `refs` does (repeatable)
    #[arg(long, value_name = "DIR")]
    refs: Vec<PathBuf>,
    /// Only say what would become of those who ask for it, and what is in the way; ends with 2 where something is
    #[arg(long)]
    dry_run: bool,
    /// Set aside what can be set aside; the reason should say why
    #[arg(long)]
    anyway: bool,
    /// The revision that was looked at: refused if the flag changed since
    #[arg(long, value_name = "REVISION")]
    since: Option<u64>,
    /// Propose it instead, for others to approve
    #[arg(long, conflicts_with = "dry_run")]
    propose: bool,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let in_code = in_code(args, output)?;
    let control = ControlPlane::connect(&args.server)?;
    let mut view: RetirementView = block_on(control.get(&["flags", &args.flag, "retirement"], &[]))?;
    view.obstacles.extend(in_code);
    if args.dry_run {
        return told(&view, &control, output);
    }
    let Some(reason) = args.reason.clone() else {
        return Err(Failure::refused("missing-reason", "a reason is missing")
            .help("say with `--reason` in a few words why; it goes to the chart"));
    };
    let ahead: Vec<&ObstacleView> =
        view.obstacles.iter().filter(|each| !(args.anyway && each.may_be_set_aside)).collect();
    if !ahead.is_empty() {
        return Err(refused(&args.flag, &ahead));
    }
    if args.propose {
        let draft = DraftRequest { reason, base: args.since, ..propose::retire(&args.flag) };
        return propose::send(&args.server, None, &draft, &[], output);
    }
    let request = RetireFlagRequest { reason, anyway: args.anyway, expected_revision: args.since };
    let changed: Changed =
        block_on(control.post(&["flags", &args.flag, "retire"], &request)).map_err(propose::or_propose)?;
    match output.format {
        Format::Json => output.json(&changed)?,
        Format::Human | Format::Plain => {
            output.warnings(&changed.warnings, &[]);
            let at = format!("in {}, revision {}", control.environment(), changed.position.revision);
            output.line(format!("retired `{}` {at}", args.flag))?;
            output.note(&view.after);
        }
    }
    Ok(Exit::Done)
}

/// That code refers to it.
fn in_code(args: &Args, output: &Output) -> Result<Option<ObstacleView>, Failure> {
    let mut places = Vec::new();
    for folder in &args.refs {
        let Places { found, skipped } = refs::places(folder, &args.flag)?;
        places.extend(found);
        skipped.iter().for_each(|skipped| output.note(format!("skipped {skipped}")));
    }
    if places.is_empty() {
        return Ok(None);
    }
    let named: Vec<&str> = places.iter().take(NAMED).map(String::as_str).collect();
    let more = places.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {}", counted(more, "other place")) };
    Ok(Some(ObstacleView {
        code: "in-code".to_owned(),
        may_be_set_aside: true,
        message: format!("code refers to it at {}{more}", named.join(", ")),
        help: "take it out of the code first: `downhaul refs` shows every place".to_owned(),
    }))
}

fn refused(flag: &str, ahead: &[&ObstacleView]) -> Failure {
    let words: Vec<String> = ahead.iter().map(|each| format!("{} ({})", each.message, each.code)).collect();
    let help = match ahead.iter().find(|each| !each.may_be_set_aside) {
        Some(firm) => firm.help.clone(),
        None => "mend that first; whoever knows better says so with `--anyway`, and why in the reason".to_owned(),
    };
    Failure::refused("still-in-use", format!("`{flag}` is not to be retired yet: {}", words.join("; "))).help(help)
}

/// What a dry run tells.
fn told(view: &RetirementView, control: &ControlPlane, output: &Output) -> Result<Exit, Failure> {
    let exit = if view.obstacles.is_empty() { Exit::Done } else { Exit::Findings };
    if output.format == Format::Json {
        output.json(view)?;
        return Ok(exit);
    }
    let (flag, environment) = (&view.flag, control.environment());
    let may = if view.obstacles.is_empty() { "may be retired" } else { "is not to be retired yet" };
    output.line(format!("`{flag}` {may} in {environment} (revision {})", view.position.revision))?;
    output.line(format!("now:    {}", view.serves))?;
    output.line(format!("then:   {}", view.after))?;
    for ObstacleView { code, may_be_set_aside, message, help } in &view.obstacles {
        let firm = if *may_be_set_aside { "" } else { ", not to be set aside" };
        output.line(format!("first:  {message} ({code}{firm}): {help}"))?;
    }
    view.notes.iter().for_each(|note| output.note(note));
    output.note("nothing was changed (dry run)");
    Ok(exit)
}
