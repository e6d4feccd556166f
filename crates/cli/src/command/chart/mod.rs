mod check_proof;
mod consistency;
mod cosign;
mod export;
pub(super) mod file;
mod head;
mod proof;
mod replay_export;
mod show;
mod verify;
mod witness;
mod witness_key;

use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table};
use downhaul_control::api::{BudgetVerdict, ChangeView, ChartPage, ConsoleEvent, Move};
use owo_colors::OwoColorize;

/// Changes of one page; the server's own limit.
const PAGE: u32 = 200;

/// Show the chart: who changed what, when and why
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    list: List,
}

#[derive(Debug, clap::Args)]
struct List {
    /// Only changes that name this flag
    #[arg(long, value_name = "KEY")]
    flag: Option<String>,
    /// How many changes, newest first
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Keep showing changes as they are made
    #[arg(long)]
    follow: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    /// Replay the chart, prove that nothing was edited, and print its head
    Verify(verify::Args),
    /// Show one change in full: who, when, why, and what is other since
    Show(show::Args),
    /// Print the signed head of the chart, to be kept where the control plane cannot write
    Head(head::Args),
    /// Write every change, oldest first, one JSON record a line
    Export(export::Args),
    /// Write a proof that one change is in the chart
    Proof(proof::Args),
    /// Check a proof, without a control plane
    CheckProof(check_proof::Args),
    /// Write a proof that the chart begins with what it was at an earlier head
    Consistency(consistency::Args),
    /// As a witness, sign a head that extends the last one that this witness signed
    Cosign(cosign::Args),
    /// Make the key of a witness, and print its public half
    WitnessKey(witness_key::Args),
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    match &args.part {
        None => list(&args.list, output),
        Some(Part::Verify(args)) => verify::run(args, output),
        Some(Part::Show(args)) => show::run(args, output),
        Some(Part::Head(args)) => head::run(args, output),
        Some(Part::Export(args)) => export::run(args, output),
        Some(Part::Proof(args)) => proof::run(args, output),
        Some(Part::Cosign(args)) => cosign::run(args, output),
        Some(Part::WitnessKey(args)) => witness_key::run(args, output),
        Some(Part::CheckProof(args)) => check_proof::run(args, output),
        Some(Part::Consistency(args)) => consistency::run(args, output),
    }
}

fn list(args: &List, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    block_on(async {
        // Listening begins before the page is asked for, so that no change falls between them.
        let mut events = if args.follow { Some(control.events().await?) } else { None };
        let changes = newest(&control, args.flag.clone(), args.limit as usize).await?;
        let mut shown = changes.first().map_or(0, |change| change.revision);
        show(&changes, output)?;
        while let Some(stream) = &mut events {
            let Some(event) = stream.next().await? else {
                return Err(Failure::could_not_run("stream-closed", "the control plane closed the stream")
                    .help("run the same command again once it is back"));
            };
            let ConsoleEvent::Change { change, .. } = event else { continue };
            let is_wanted = args.flag.is_none() || change.flag == args.flag;
            if is_wanted && change.revision > shown {
                shown = change.revision;
                show_one(&change, output)?;
            }
        }
        Ok(Exit::Done)
    })
}

/// The newest `limit` changes, newest first, page by page.
async fn newest(control: &ControlPlane, flag: Option<String>, limit: usize) -> Result<Vec<ChangeView>, Failure> {
    let mut changes = Vec::new();
    let mut before = None;
    loop {
        let wanted = u32::try_from(limit - changes.len()).unwrap_or(PAGE).min(PAGE);
        let mut query = vec![("limit", wanted.to_string())];
        query.extend(before.map(|before: u64| ("before", before.to_string())));
        query.extend(flag.as_ref().map(|flag| ("flag", flag.clone())));
        let page: ChartPage = control.get(&["chart"], &query).await?;
        changes.extend(page.changes);
        before = page.next_before;
        if before.is_none() || changes.len() >= limit {
            changes.truncate(limit);
            return Ok(changes);
        }
    }
}

/// Newest last for people, as a terminal is read; newest first for scripts, as the server gives it.
fn show(changes: &[ChangeView], output: &Output) -> Result<(), Failure> {
    match output.format {
        Format::Human => changes.iter().rev().try_for_each(|change| show_one(change, output)),
        Format::Plain => changes.iter().try_for_each(|change| show_one(change, output)),
        Format::Json => changes.iter().try_for_each(|change| output.json(change)),
    }
}

fn show_one(change: &ChangeView, output: &Output) -> Result<(), Failure> {
    let actor = change.actor_name.as_deref().unwrap_or(&change.actor);
    match output.format {
        Format::Json => output.json(change),
        Format::Plain => {
            let mut table = Table::new(&[]);
            let incident = change.incident.clone().unwrap_or_default();
            table.row([
                change.revision.to_string(),
                change.at.clone(),
                actor.to_owned(),
                change.kind.clone(),
                change.summary.clone(),
                change.reason.clone(),
                incident,
                change.hash.clone(),
            ]);
            table.print(output)
        }
        Format::Human => {
            let head = format!("{:>5}", change.revision);
            output.line(format!("{}  {}  {}", head.bold(), change.at.dimmed(), change.summary))?;
            let incident = change.incident.as_deref().map(|id| format!(" ({id})")).unwrap_or_default();
            output.line(format!("       {actor}: {}{incident}", change.reason))?;
            for word in change.impact.edits.iter().take(EDITS) {
                output.line(format!("       {word}"))?;
            }
            let more = change.impact.edits.len().saturating_sub(EDITS) as u64 + change.impact.more_edits;
            if more > 0 {
                output.line(format!("       {more} more; see `downhaul chart show {}`", change.revision))?;
            }
            if let Some(effect) = &change.impact.effect {
                output.line(format!("       effect: {effect}"))?;
            }
            for each in change.impact.moves.iter().take(MOVES) {
                output.line(format!("       moves:  {}", moved(each)))?;
            }
            let more = change.impact.moves.len().saturating_sub(MOVES) as u64 + change.impact.more_moves;
            if more > 0 {
                output.line(format!("       moves:  {more} more; see --format json"))?;
            }
            if !change.impact.unknown.is_empty() {
                output.line(format!("       moves:  not known of {}", change.impact.unknown.join(", ")))?;
            }
            if let Some(landed) = change.landed.as_ref().filter(|landed| !landed.approvers.is_empty()) {
                output.line(format!("       approved by {} ({})", landed.approvers.join(", "), landed.proposal))?;
            }
            let exceeded = change.impact.budget.iter().flat_map(BudgetVerdict::exceeded);
            exceeded.into_iter().try_for_each(|words| output.line(format!("       budget: {words}")))?;
            Ok(())
        }
    }
}

/// Words about what is other that are shown with a change in a list.
const EDITS: usize = 4;
/// Moves of one change that are shown.
const MOVES: usize = 3;

/// `checkout-v2 off -> on for 15.000 % of those where tenant is `acme``.
fn moved(each: &Move) -> String {
    let share = match each.buckets {
        100_000 => String::new(),
        buckets => format!("{}.{:03} % of ", buckets / 1000, buckets % 1000),
    };
    let who = if each.who == "everyone" { each.who.clone() } else { format!("those where {}", each.who) };
    format!("{} {} -> {} for {share}{who}", each.flag, each.from, each.to)
}
