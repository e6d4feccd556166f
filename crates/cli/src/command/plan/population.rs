//! The population of a plan: which file, and what its columns are.

use super::Args;
use super::sides::Pair;
use crate::exit::Failure;
use crate::input::now::Now;
use crate::input::sources;
use crate::render::{Output, Progress, counted, grouped};
use downhaul_blast::population::{Limits, Mapping, Population, PopulationError, Report, WeightColumn};
use downhaul_blast::replay::{self, Replay, replay};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Population")]
pub(super) struct PopulationArgs {
    /// Contexts to replay: .jsonl (one JSON object a line), .csv, .tsv or .parquet; `-` is JSON lines from standard input
    #[arg(long, value_name = "FILE")]
    population: Option<PathBuf>,
    /// Only what is exact, whatever population is given
    #[arg(long, conflicts_with = "no_exact")]
    exact: bool,
    /// Only the replay
    #[arg(long, requires = "population")]
    no_exact: bool,
    /// Column that holds weights; `weight` where there is one
    #[arg(long, value_name = "COLUMN", requires = "population")]
    weight: Option<String>,
    /// Column that holds the targetingKey
    #[arg(long, value_name = "COLUMN", requires = "population")]
    targeting_key: Option<String>,
    /// Column that holds the tenant
    #[arg(long, value_name = "COLUMN", requires = "population")]
    tenant: Option<String>,
    /// Column that holds the region
    #[arg(long, value_name = "COLUMN", requires = "population")]
    region: Option<String>,
    /// File that says more of the columns: `rename`, `drop`, `types`, `delimiter`; options go before it
    #[arg(long, value_name = "FILE", requires = "population")]
    mapping: Option<PathBuf>,
    /// Attribute by which moved weight is grouped, beside tenant, region and segment (repeatable)
    #[arg(long, value_name = "ATTRIBUTE", requires = "population")]
    by: Vec<String>,
    /// Leave out so many malformed rows; one more ends the run
    #[arg(long, value_name = "N", default_value_t = 0)]
    malformed: u64,
    /// Give rows without an attribute `now` this time (RFC 3339 or epoch milliseconds); the clock's where left out
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "clock")]
    now: Option<Now>,
}

impl PopulationArgs {
    /// Whether the exact difference is wanted.
    pub(super) fn is_exact(&self) -> bool {
        !self.no_exact
    }

    /// The file, where a replay is wanted.
    pub(super) fn file(&self) -> Option<&Path> {
        self.population.as_deref().filter(|_| !self.exact)
    }
}

/// Replays the population; gives what was found, and the population's name.
pub(super) fn run(args: &Args, pair: &Pair, output: &Output) -> Result<Option<(Replay, String)>, Failure> {
    let population = &args.population;
    let Some(path) = population.file() else { return Ok(None) };
    let name = if path.as_os_str() == "-" { "<stdin>".to_owned() } else { path.display().to_string() };
    let people = read(population, path, output)?;
    let options = replay::Options {
        by: population.by.clone(),
        now: population.now.as_ref().map(|now| now.0.clone()),
        ..replay::Options::default()
    };
    const ROWS: Progress = Progress { template: "{bar:40} {percent} % replayed, {eta} left", long: 20_000_000 };
    let mut bar = None;
    let mut progress = |at: replay::Progress| {
        bar.get_or_insert_with(|| ROWS.bar(Some(at.of), output)).set_position(at.done);
    };
    let never = AtomicBool::new(false);
    let found = replay(&pair.old.valid, &pair.effective, &people, &options, &mut progress, &never);
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let found = found.map_err(|error| Failure::could_not_run("replay-ended", error.to_string()))?;
    Ok(Some((found, name)))
}

fn read(args: &PopulationArgs, path: &Path, output: &Output) -> Result<Population, Failure> {
    let mapping = mapping(args, path)?;
    let limits = Limits { malformed_rows: args.malformed, ..Limits::default() };
    let shown = path.display();
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    let read = match ending.as_str() {
        _ if path.as_os_str() == "-" => Population::from_json_lines(std::io::stdin(), &mapping, &limits),
        "jsonl" | "ndjson" => streamed(path, output, |reader| Population::from_json_lines(reader, &mapping, &limits))?,
        "csv" | "tsv" => streamed(path, output, |reader| Population::from_csv(reader, &mapping, &limits))?,
        "parquet" => Population::from_parquet(open(path)?.0, &mapping, &limits),
        _ => {
            let message = format!("what `{shown}` holds is not clear from its name");
            return Err(Failure::refused("population-format", message)
                .help("a population is .jsonl (one JSON object a line), .csv, .tsv or .parquet"));
        }
    };
    let (population, report) = read.map_err(|error| unusable(path, &error))?;
    tell(path, &report, output);
    Ok(population)
}

fn streamed<T>(path: &Path, output: &Output, read: impl FnOnce(&mut dyn Read) -> T) -> Result<T, Failure> {
    let (file, length) = open(path)?;
    let bar = Progress::BYTES.bar(Some(length), output);
    let done = read(&mut bar.wrap_read(file));
    bar.finish_and_clear();
    Ok(done)
}

/// The file and its length.
fn open(path: &Path) -> Result<(File, u64), Failure> {
    let file = File::open(path).map_err(|error| sources::unreadable(path, &error))?;
    let metadata = file.metadata().map_err(|error| sources::unreadable(path, &error))?;
    if metadata.is_dir() {
        return Err(sources::unreadable(path, &std::io::ErrorKind::IsADirectory.into()));
    }
    Ok((file, metadata.len()))
}

fn mapping(args: &PopulationArgs, path: &Path) -> Result<Mapping, Failure> {
    let mut mapping = match &args.mapping {
        Some(file) => {
            let text = sources::read_file(file)?;
            serde_json::from_slice(&text.bytes).map_err(|error| {
                let message = format!("`{}` cannot be read as a mapping of columns: {error}", file.display());
                Failure::invalid("bad-mapping", message)
                    .help("write it as `{\"rename\": {\"ver\": \"app.version\"}, \"drop\": [\"email\"], \"types\": {\"age\": \"number\"}}`")
            })?
        }
        None => Mapping::default(),
    };
    let mut put = |option: &Option<String>, into: fn(&mut Mapping) -> &mut Option<String>| {
        if option.is_some() {
            into(&mut mapping).clone_from(option);
        }
    };
    put(&args.targeting_key, |mapping| &mut mapping.targeting_key);
    put(&args.tenant, |mapping| &mut mapping.tenant);
    put(&args.region, |mapping| &mut mapping.region);
    if let Some(column) = &args.weight {
        mapping.weight = WeightColumn::Named(column.clone());
    }
    if mapping.delimiter.is_none() && path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("tsv")) {
        mapping.delimiter = Some('\t');
    }
    Ok(mapping)
}

fn unusable(path: &Path, error: &PopulationError) -> Failure {
    let message = format!("`{}`: {error}", path.display());
    let failure = match error {
        PopulationError::Read(_) => Failure::could_not_run(error.code(), message),
        _ => Failure::invalid(error.code(), message),
    };
    failure.help(error.help())
}

/// What was left out, beside the result.
fn tell(path: &Path, report: &Report, output: &Output) {
    let shown = path.display();
    let number = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    if report.malformed > 0 {
        output.note(format!("`{shown}`: {} left out as malformed", counted(number(report.malformed), "row")));
        for problem in &report.problems {
            output.note(format!("  {problem}"));
        }
    }
    if report.without_weight > 0 {
        let rows = grouped(number(report.without_weight));
        output.note(format!("`{shown}`: {rows} of the rows have no weight, and count as 1"));
    }
}
