//! A population from a file, and what its columns are.

use crate::exit::Failure;
use crate::input::sources;
use crate::render::{Output, Progress, counted, grouped};
use downhaul_blast::population::{Limits, Mapping, Population, PopulationError, Report, WeightColumn};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// How the name of a file in the binary form ends.
pub(crate) const BINARY: &str = "population";

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Population")]
pub(crate) struct ColumnArgs {
    /// Column that holds weights; `weight` where there is one
    #[arg(long, value_name = "COLUMN")]
    weight: Option<String>,
    /// Column that holds the targetingKey
    #[arg(long, value_name = "COLUMN")]
    targeting_key: Option<String>,
    /// Column that holds the tenant
    #[arg(long, value_name = "COLUMN")]
    tenant: Option<String>,
    /// Column that holds the region
    #[arg(long, value_name = "COLUMN")]
    region: Option<String>,
    /// File that says more of the columns: `rename`, `drop`, `types`, `delimiter`; options go before it
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Leave out so many malformed rows; one more ends the run
    #[arg(long, value_name = "N", default_value_t = 0)]
    malformed: u64,
}

impl ColumnArgs {
    /// Whether anything is said of the columns.
    pub(crate) fn are_given(&self) -> bool {
        let ColumnArgs { weight, targeting_key, tenant, region, mapping, malformed: _ } = self;
        [weight, targeting_key, tenant, region].into_iter().any(Option::is_some) || mapping.is_some()
    }
}

/// Reads a file as its name says; `-` is JSON lines from standard input.
pub(crate) fn read(args: &ColumnArgs, path: &Path, output: &Output) -> Result<Population, Failure> {
    let mapping = mapping(args, path)?;
    let limits = Limits { malformed_rows: args.malformed, ..Limits::default() };
    let shown = path.display();
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_ascii_lowercase();
    let read = match ending.as_str() {
        _ if path.as_os_str() == "-" => Population::from_json_lines(std::io::stdin(), &mapping, &limits),
        "jsonl" | "ndjson" => streamed(path, output, |reader| Population::from_json_lines(reader, &mapping, &limits))?,
        "csv" | "tsv" => streamed(path, output, |reader| Population::from_csv(reader, &mapping, &limits))?,
        "parquet" => Population::from_parquet(open(path)?.0, &mapping, &limits),
        BINARY => {
            let (file, length) = open(path)?;
            return binary(args, path, file, length, &limits);
        }
        _ => {
            let message = format!("what `{shown}` holds is not clear from its name");
            return Err(Failure::refused("population-format", message)
                .help("a population is .jsonl (one JSON object a line), .csv, .tsv, .parquet or .population"));
        }
    };
    let (population, report) = read.map_err(|error| unusable(path, &error))?;
    tell(path, &report, output);
    if population.rows() == 0 {
        // Of nobody it could only be said that nobody is moved.
        return Err(Failure::invalid("population-empty", format!("`{shown}` holds no contexts"))
            .help("see that it is the right file, and that it was written to its end"));
    }
    Ok(population)
}

/// What `downhaul population get` wrote.
fn binary(args: &ColumnArgs, path: &Path, mut file: File, length: u64, limits: &Limits) -> Result<Population, Failure> {
    if args.are_given() {
        let message = format!("the columns of `{}` are attributes already", path.display());
        return Err(Failure::refused("columns-named", message).help("leave the options for columns out"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    file.read_to_end(&mut bytes).map_err(|error| sources::unreadable(path, &error))?;
    Population::from_sample_bytes(&bytes, limits).map_err(|error| unusable(path, &error))
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

fn mapping(args: &ColumnArgs, path: &Path) -> Result<Mapping, Failure> {
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
