use crate::exit::{Exit, Failure};
use crate::input::population::{self, BINARY, ColumnArgs};
use crate::input::server::ServerArgs;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Format, Output, Table, counted, grouped, write_whole};
use downhaul_control::api::{
    PopulationAct, PopulationName, PopulationPut, PopulationView, Populations, PutPopulationQuery,
};
use std::path::{Path, PathBuf};

/// Keep the people that changes are tried on with the control plane: `plan server …` uses `default` without being asked
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    /// List the populations of the environment
    List(List),
    /// Keep a population under a name, in place of the one of this name; it is no change of the flag set
    Put(Box<Put>),
    /// Show what is known of a population
    Show(Named),
    /// Write a population into a file, which `plan --population` reads
    Get(Get),
    /// Remove a population; who did stands in the journal
    Remove(Named),
}

#[derive(Debug, clap::Args)]
struct List {
    /// Show who put and removed what, too
    #[arg(long)]
    journal: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example: downhaul population put default visitors.parquet --weight visits --taken-at 2026-11-01"
)]
struct Put {
    /// What it is called; `default` is used where none is named
    name: PopulationName,
    /// .jsonl (one JSON object a line), .csv, .tsv, .parquet or .population; `-` is JSON lines from standard input
    file: PathBuf,
    /// Where it comes from, in words; the name of the file unless given
    #[arg(long, value_name = "TEXT")]
    source: Option<String>,
    /// When the people were like this: RFC 3339 or a date; now unless given
    #[arg(long, value_name = "TIME")]
    taken_at: Option<String>,
    /// Keep a sample of at most so many rows, each as likely as any other
    #[arg(long, value_name = "N")]
    sample: Option<usize>,
    #[command(flatten)]
    columns: ColumnArgs,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
struct Named {
    /// Its name
    name: PopulationName,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Debug, clap::Args)]
struct Get {
    /// Its name
    name: PopulationName,
    /// The file, whose name ends in .population
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    server: ServerArgs,
}

pub(crate) fn run(args: &Args, output: &Output) -> Result<Exit, Failure> {
    match &args.part {
        Part::List(args) => list(args, output),
        Part::Put(args) => put(args, output),
        Part::Show(args) => show(args, output),
        Part::Get(args) => get(args, output),
        Part::Remove(args) => remove(args, output),
    }
}

fn list(args: &List, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let known = block_on(control.populations())?;
    if output.format == Format::Json {
        output.json(&known)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["POPULATION", "ROWS", "WEIGHT", "TAKEN", "SOURCE", "PUT BY", "PUT AT"]);
    for view in &known.populations {
        table.row([
            view.name.to_string(),
            view.rows.to_string(),
            weight(view.weight),
            view.taken_at.clone(),
            view.source.clone(),
            view.put_by.clone(),
            view.put_at.clone(),
        ]);
    }
    table.print(output)?;
    if args.journal {
        journal(&known, output)?;
    }
    if output.format == Format::Human {
        let default = match &known.default {
            Some(name) => format!("; where none is named, `{name}` is used"),
            None => "; none is used unless named".to_owned(),
        };
        let count = counted(known.populations.len(), "population");
        output.note(format!("{count} in {}{default}", control.environment()));
    }
    Ok(Exit::Done)
}

fn journal(known: &Populations, output: &Output) -> Result<(), Failure> {
    output.line("")?;
    let mut table = Table::new(&["AT", "BY", "WHAT", "POPULATION", "DIGEST"]);
    for event in &known.journal {
        let what = match event.what {
            PopulationAct::Put => "put",
            PopulationAct::Removed => "removed",
        };
        let digest = event.digest.clone();
        table.row([event.at.clone(), event.by.clone(), what.to_owned(), event.name.clone(), digest]);
    }
    table.print(output)
}

fn put(args: &Put, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let population = population::read(&args.columns, &args.file, output)?;
    let bytes = match args.sample {
        Some(rows) => population.to_sample_bytes(rows),
        None => population.to_bytes(),
    };
    let query = PutPopulationQuery {
        source: args.source.clone().or_else(|| Some(file_name(&args.file))),
        taken_at: args.taken_at.clone(),
        ..PutPopulationQuery::default()
    };
    let PopulationPut { population, .. } = block_on(control.put_population(args.name.as_str(), &query, bytes))?;
    if output.format == Format::Json {
        output.json(&population)?;
    } else {
        tell(&population, output)?;
    }
    Ok(Exit::Done)
}

/// Without the folders, which say more of this machine than of the people.
fn file_name(path: &Path) -> String {
    match path.file_name() {
        Some(name) if name != "-" => name.to_string_lossy().into_owned(),
        _ => "standard input".to_owned(),
    }
}

fn show(args: &Named, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    let view: PopulationView = block_on(control.get(&["populations", args.name.as_str()], &[]))?;
    if output.format == Format::Json {
        output.json(&view)?;
    } else {
        tell(&view, output)?;
    }
    Ok(Exit::Done)
}

fn tell(view: &PopulationView, output: &Output) -> Result<(), Failure> {
    output.line(format!("population: {}", view.name))?;
    output.line(format!("source: {}", view.source))?;
    output.line(format!("taken: {}", view.taken_at))?;
    output.line(format!("rows: {}", view.rows))?;
    output.line(format!("weight: {}", weight(view.weight)))?;
    if let Some(drawn) = view.drawn_from {
        output.line(format!("drawn from: {} rows of weight {}", drawn.rows, weight(drawn.weight)))?;
    }
    if let Some(live) = &view.live {
        output.line(format!("sampled: {} units since {}", live.units, live.since))?;
        output.line(format!("trusted: {} rows, claimed by browsers: {} rows", live.trusted, live.claimed))?;
    }
    output.line(format!("attributes: {}", view.columns.join(" ")))?;
    output.line(format!("size: {} bytes", view.size))?;
    output.line(format!("digest: {}", view.digest))?;
    output.line(format!("put: {} by {}", view.put_at, view.put_by))
}

fn get(args: &Get, output: &Output) -> Result<Exit, Failure> {
    if args.out.extension().is_none_or(|ending| ending != BINARY) {
        let message = format!("`{}` does not say that it holds the binary form", args.out.display());
        return Err(Failure::refused("population-format", message)
            .help(format!("let its name end in `.{BINARY}`, so that `plan --population` knows it")));
    }
    let control = ControlPlane::connect(&args.server)?;
    let (view, bytes) = block_on(control.population_bytes(args.name.as_str()))?;
    write_whole(&args.out, &bytes)?;
    if output.format == Format::Json {
        output.json(&view)?;
    } else {
        let rows = grouped(usize::try_from(view.rows).unwrap_or(usize::MAX));
        output.line(format!("wrote {rows} rows of `{}` to {}", view.name, args.out.display()))?;
    }
    Ok(Exit::Done)
}

fn remove(args: &Named, output: &Output) -> Result<Exit, Failure> {
    let control = ControlPlane::connect(&args.server)?;
    block_on(control.delete(&["populations", args.name.as_str()]))?;
    match output.format {
        Format::Json => output.json(&serde_json::json!({ "removed": args.name }))?,
        Format::Human | Format::Plain => {
            output.line(format!("removed `{}` in {}", args.name, control.environment()))?;
        }
    }
    Ok(Exit::Done)
}

/// Whole where it is whole.
fn weight(weight: f64) -> String {
    if weight.fract() == 0.0 { format!("{weight:.0}") } else { format!("{weight:.2}") }
}
