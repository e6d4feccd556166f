//! The population of a plan: a file, one that the control plane keeps, or its default one.

use super::Args;
use super::sides::Given;
use crate::exit::Failure;
use crate::input::now::Now;
use crate::input::population::{self, ColumnArgs};
use crate::interrupt::Interrupt;
use crate::remote::{ControlPlane, block_on};
use crate::render::{Output, Progress};
use downhaul_blast::plan::Origin;
use downhaul_blast::population::Population;
use downhaul_blast::replay::{self, Replay, ReplayError, replay};
use downhaul_control::api::PopulationName;
use downhaul_core::validate::Valid;
use std::path::{Path, PathBuf};
use std::str::FromStr;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Population")]
pub(super) struct PopulationArgs {
    /// Contexts to replay: .jsonl (one JSON object a line), .csv, .tsv, .parquet or .population; `-` is JSON lines from
    /// standard input, `server:NAME` one that the control plane keeps. With `server` as OLD or NEW its default one unless given
    #[arg(long, value_name = "FILE")]
    population: Option<Source>,
    /// Leave the default population out
    #[arg(long, conflicts_with = "population")]
    no_population: bool,
    /// Only what is exact, whatever population is given
    #[arg(long, conflicts_with = "no_exact")]
    exact: bool,
    /// Only the replay
    #[arg(long, conflicts_with = "no_population")]
    no_exact: bool,
    #[command(flatten)]
    columns: ColumnArgs,
    /// Attribute by which moved weight is grouped, beside tenant, region and segment (repeatable)
    #[arg(long, value_name = "ATTRIBUTE", conflicts_with = "no_population")]
    by: Vec<String>,
    /// Give rows without an attribute `now` this time (RFC 3339 or epoch milliseconds); the clock's where left out
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "clock")]
    now: Option<Now>,
}

/// Where a population comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    Kept(PopulationName),
    File(PathBuf),
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("server:").map(str::parse) {
            Some(Ok(name)) => Ok(Source::Kept(name)),
            Some(Err(why)) => Err(format!("{why}; write a file of that name as `./server:…`")),
            None => Ok(Source::File(PathBuf::from(text))),
        }
    }
}

impl PopulationArgs {
    /// Whether the exact difference is wanted.
    pub(super) fn is_exact(&self) -> bool {
        !self.no_exact
    }

    /// Whether standard input is the population.
    pub(super) fn is_stdin(&self) -> bool {
        !self.exact && self.population == Some(Source::File(PathBuf::from("-")))
    }
}

/// A population that is to be replayed.
pub(super) struct People {
    population: Population,
    pub(super) name: String,
    /// Of one that the control plane keeps.
    pub(super) origin: Option<Origin>,
}

/// The population that is asked for.
pub(super) fn read(args: &Args, output: &Output) -> Result<Option<People>, Failure> {
    let people = people(args, output)?;
    let wanted = if args.population.no_exact { "--no-exact" } else { "--by" };
    let is_wanted = args.population.no_exact || (!args.population.by.is_empty() && !args.population.exact);
    if people.is_none() && is_wanted { Err(nothing_to_replay(wanted)) } else { Ok(people) }
}

/// Replays a population.
pub(super) fn run(
    args: &Args,
    [old, new]: [&Valid; 2],
    People { population, .. }: &People,
    interrupt: &Interrupt,
    output: &Output,
) -> Result<Replay, Failure> {
    let xrays = args.xray;
    let args = &args.population;
    let usual = replay::Options::default();
    let options = replay::Options {
        by: args.by.clone(),
        examples: usual.examples.max(xrays.map_or(0, usize::from)),
        now: args.now.as_ref().map(|now| now.0.clone()),
        ..usual
    };
    const ROWS: Progress = Progress { template: "{bar:40} {percent} % replayed, {eta} left", long: 20_000_000 };
    let mut bar = None;
    let mut progress = |at: replay::Progress| {
        bar.get_or_insert_with(|| ROWS.bar(Some(at.of), output)).set_position(at.done);
    };
    let found = interrupt.heeded(|cancel| replay(old, new, population, &options, &mut progress, cancel));
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    found?.map_err(|ReplayError::Cancelled| Interrupt::failure())
}

fn people(args: &Args, output: &Output) -> Result<Option<People>, Failure> {
    let wanted = &args.population;
    if wanted.columns.are_given() && !matches!(wanted.population, Some(Source::File(_))) {
        return Err(Failure::refused("columns-without-file", "options for columns are about a file")
            .help("name it with `--population FILE`; what the control plane keeps has attributes already"));
    }
    if wanted.exact {
        return Ok(None);
    }
    match &wanted.population {
        Some(Source::File(path)) => from_file(&wanted.columns, path, output).map(Some),
        Some(Source::Kept(name)) => kept(&ControlPlane::connect(&args.server)?, name.as_str()).map(Some),
        None if wanted.no_population => Ok(None),
        None if [&args.old, &args.new].into_iter().any(|given| matches!(given, Given::Published(_))) => {
            let control = ControlPlane::connect(&args.server)?;
            let known = block_on(control.populations())?;
            known.default.map(|name| kept(&control, &name)).transpose()
        }
        None => Ok(None),
    }
}

fn from_file(columns: &ColumnArgs, path: &Path, output: &Output) -> Result<People, Failure> {
    let name = if path.as_os_str() == "-" { "<stdin>".to_owned() } else { path.display().to_string() };
    Ok(People { population: population::read(columns, path, output)?, name, origin: None })
}

/// One that the control plane keeps.
fn kept(control: &ControlPlane, name: &str) -> Result<People, Failure> {
    let (about, population) = block_on(control.population(name))?;
    Ok(People {
        population,
        name: format!("server:{name}"),
        origin: Some(Origin { taken_at: about.taken_at, source: about.source, digest: about.digest }),
    })
}

fn nothing_to_replay(wanted: &str) -> Failure {
    Failure::refused("no-population", format!("`{wanted}` is about a population, and there is none"))
        .help("give one with `--population FILE`, or keep one with `downhaul population put default FILE`")
}
