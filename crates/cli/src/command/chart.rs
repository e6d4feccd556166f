use crate::exit::{Exit, Failure};
use crate::input::server::ServerArgs;
use crate::input::sources;
use crate::input::strict_json::object;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table, counted};
use downhaul_control::api::{ChangeView, ChartPage, ConsoleEvent, Move, VerifyReport, VerifyStatus};
use downhaul_control::verify::{Stored, Verification};
use downhaul_core::ids::EnvironmentKey;
use downhaul_core::seal::canonical_bytes;
use owo_colors::OwoColorize;
use serde_json::Value;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// Changes of one page of an export; the server's own limit.
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
    Verify(Verify),
    /// Write every change, oldest first, one JSON record a line
    Export(Export),
}

#[derive(Debug, clap::Args)]
struct Verify {
    /// An export to verify here, without a control plane; `-` is standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
struct Export {
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    match &args.part {
        None => list(&args.list, output),
        Some(Part::Verify(verify)) => run_verify(verify, output),
        Some(Part::Export(export)) => run_export(export, output),
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
            Ok(())
        }
    }
}

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

fn run_verify(args: &Verify, output: &Output) -> Result<Exit, Failure> {
    let report = match &args.file {
        Some(path) => verify_file(&sources::read_file(path)?)?,
        None => {
            let control = ControlPlane::connect(&args.server)?;
            block_on(control.get(&["chart", "verify"], &[]))?
        }
    };
    let is_verified = report.status == VerifyStatus::Verified;
    match output.format {
        Format::Json => output.json(&report)?,
        Format::Human | Format::Plain => {
            if is_verified {
                output.line(format!(
                    "verified: {}",
                    counted(usize::try_from(report.changes).unwrap_or(usize::MAX), "change")
                ))?;
            }
            output.line(format!("head: {}", report.head))?;
            output.line(format!("document digest: {}", report.document_digest))?;
        }
    }
    if is_verified {
        return Ok(Exit::Done);
    }
    let Some(fault) = report.fault else {
        return Err(Failure::invalid("chart-broken", "the chart does not verify"));
    };
    Err(Failure::invalid(&fault.code, format!("revision {}: {}", fault.revision, fault.message)).help(fault.help))
}

/// Replays an export. The first record says which environment it is of.
fn verify_file(text: &sources::Text) -> Result<VerifyReport, Failure> {
    let mut verification: Option<Verification> = None;
    for (number, line) in (1..).zip(text.bytes.split(|byte| *byte == b'\n')) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let (environment, stored) = stored(line).map_err(|why| {
            Failure::invalid(
                "not-a-record",
                format!("line {number} of `{}` is not a record of the chart: {why}", text.name),
            )
            .help("an export has one record a line, as `downhaul chart export` writes it")
        })?;
        verification.get_or_insert_with(|| Verification::new(environment, 0)).next(&stored);
    }
    match verification {
        Some(verification) => Ok(verification.report()),
        None => Err(Failure::invalid("empty-chart", format!("`{}` holds no record", text.name))
            .help("write an export with `downhaul chart export --out FILE`")),
    }
}

/// A line of an export as a server stores it: the record without its hash, in canonical form.
fn stored(line: &[u8]) -> Result<(EnvironmentKey, Stored), String> {
    let mut record = object(line).map_err(|malformed| malformed.message)?;
    let Some(Value::String(hash)) = record.remove("hash") else { return Err("it has no `hash`".to_owned()) };
    let revision = record.get("revision").and_then(Value::as_u64).ok_or("it has no `revision`")?;
    let environment = record.get("environment").and_then(Value::as_str).unwrap_or_default();
    let environment = environment.parse().map_err(|why| format!("its `environment` is not a name: {why}"))?;
    let bytes = canonical_bytes(&record).map_err(|error| error.to_string())?;
    Ok((environment, Stored { revision, bytes, hash }))
}

fn run_export(args: &Export, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let mut changes = block_on(newest(&control, None, usize::MAX))?;
    changes.reverse();
    let write = |into: &mut dyn Write| -> std::io::Result<()> {
        let mut into = BufWriter::new(into);
        for change in &changes {
            writeln!(into, "{}", change.record)?;
        }
        into.flush()
    };
    match &args.out {
        None => write(&mut std::io::stdout().lock()).map_err(|error| Failure::writing(&error))?,
        Some(path) => {
            let cannot = |error: std::io::Error| {
                let why = sources::describe(&error);
                Failure::could_not_run("cannot-write", format!("cannot write `{}`: {why}", path.display()))
                    .help("choose a folder that exists and that this user may write to")
            };
            let mut file = File::create(path).map_err(cannot)?;
            write(&mut file).and_then(|()| file.sync_all()).map_err(cannot)?;
            output.note(format!("wrote {} to `{}`", counted(changes.len(), "change"), path.display()));
        }
    }
    Ok(Exit::Done)
}
