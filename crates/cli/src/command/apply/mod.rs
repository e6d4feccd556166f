mod saved;

use super::propose;
use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::input::sources::Text;
use crate::input::{document, sources};
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table, counted};
use downhaul_control::api::{Applied, ApplyItem, ApplyReport, ApplyRequest, DraftRequest, Source};
use downhaul_core::diagnostic::Diagnostic;
use std::path::PathBuf;

/// Put flags, segments, tenants and regions that differ; kills are never touched
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A plan is applied as it was reviewed, or not at all: where something else was published since, it is \
                        refused."
)]
pub(crate) struct Args {
    /// Files or folders of a flag set (.json .yaml .yml), `-` is standard input; or one saved plan (.plan.json)
    #[arg(required_unless_present = "plan", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Apply what `downhaul plan --save` wrote; PATH, if given, has to be the flag set that was planned
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
    /// Why; it stands in the chart
    #[arg(long)]
    reason: String,
    /// Report what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Propose it instead, for others to approve
    #[arg(long, conflicts_with = "dry_run")]
    propose: bool,
    /// Retire flags, and remove segments and tenants, that no file names
    #[arg(long)]
    prune: bool,
    /// With --prune: set aside what is in the way of retiring a flag, as `retire` names it, as far as that can be set aside
    #[arg(long)]
    anyway: bool,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    let (texts, request) = match saved::named(args)? {
        Some(path) => saved::request(args, path, output)?,
        None => given(args)?,
    };
    if args.propose {
        return propose::send(&args.server, None, &draft(request), &texts, output);
    }
    let control = ControlPlane::connect(&args.server)?;
    let report: ApplyReport = block_on(control.post(&["apply"], &request)).map_err(|mut failure| {
        failure.texts.clone_from(&texts);
        propose::or_propose(failure)
    })?;
    if output.format == Format::Json {
        output.json(&report)?;
    } else {
        show(&report, control.environment(), &texts, output)?;
    }
    if report.diagnostics.iter().any(Diagnostic::is_error) {
        return Ok(Exit::Invalid);
    }
    let is_refused = report.items.iter().any(|item| item.outcome == Applied::Refused);
    Ok(if is_refused { Exit::Refused } else { Exit::Done })
}

fn draft(request: ApplyRequest) -> DraftRequest {
    let ApplyRequest { sources, reason, prune, anyway, expected_revision, expected_digest, .. } = request;
    DraftRequest { sources, reason, prune, anyway, expected_revision, expected_digest, ..DraftRequest::default() }
}

fn given(args: &Args) -> Result<(Vec<Text>, ApplyRequest), Failure> {
    let texts = sources::read(&args.paths)?;
    let named = document::utf8(&texts)?;
    let request = ApplyRequest {
        sources: named
            .iter()
            .map(|(name, text)| Source { name: (*name).to_owned(), text: (*text).to_owned() })
            .collect(),
        reason: args.reason.clone(),
        prune: args.prune,
        anyway: args.anyway,
        dry_run: args.dry_run,
        expected_revision: None,
        expected_digest: None,
    };
    Ok((texts, request))
}

fn show(report: &ApplyReport, environment: &str, texts: &[sources::Text], output: &Output) -> Result<(), Failure> {
    output.warnings(&report.diagnostics, texts);
    for item in &report.items {
        output.warnings(&item.diagnostics, texts);
    }
    let differing: Vec<&ApplyItem> = report.items.iter().filter(|item| item.outcome != Applied::Unchanged).collect();
    let mut table = Table::new(&["OUTCOME", "WHAT", "KEY", "REVISION"]);
    for item in &differing {
        let revision = item.revision.map(|revision| revision.to_string()).unwrap_or_default();
        table.row([outcome_word(item.outcome).to_owned(), item.what.clone(), item.key.clone(), revision]);
    }
    if !differing.is_empty() {
        table.print(output)?;
    }
    let unchanged = report.items.len() - differing.len();
    let total = format!("{}, {unchanged} unchanged", counted(differing.len(), "difference"));
    let what = match (report.dry_run, differing.is_empty()) {
        (true, _) => "nothing was changed (dry run)",
        (false, true) => "nothing to change",
        (false, false) => "applied",
    };
    output.note(format!("{total}; {what}; {environment} is at revision {}", report.position.revision));
    Ok(())
}

fn outcome_word(outcome: Applied) -> &'static str {
    match outcome {
        Applied::Created => "created",
        Applied::Changed => "changed",
        Applied::Removed => "removed",
        Applied::Unchanged => "unchanged",
        Applied::Refused => "refused",
    }
}
