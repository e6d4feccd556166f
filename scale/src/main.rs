//! `downhaul-scale`: the replay of `downhaul plan` over populations larger than memory, and on a cluster.

use clap::{Parser, ValueEnum};
use datafusion::prelude::SessionContext;
use downhaul_blast::plan::Verdict;
use downhaul_scale::failure::Failure;
use downhaul_scale::run::{self, Job, Named, Planned};
use downhaul_scale::{documents, human, sources};
use serde_json::Value;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Show whom a change gives something else, of a population in Parquet that outgrows memory or one machine
#[derive(Debug, Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true,
    after_help = "Exit status: 0 nobody is given anything else, 2 something changes, 1 could not run (or a wrong use), 3 invalid input.\n\
                  Example: downhaul-scale old-flags flags --population 'people/*.parquet' --by browser.name"
)]
struct Arguments {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    plan: Option<PlanArguments>,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Run a Ballista scheduler that knows the replay
    #[cfg(feature = "cluster")]
    Scheduler {
        /// Where clients and executors reach it
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50050")]
        listen: std::net::SocketAddr,
    },
    /// Run a Ballista executor that knows the replay
    #[cfg(feature = "cluster")]
    Executor {
        /// The scheduler that it works for
        #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:50050", value_parser = host_and_port)]
        scheduler: (String, u16),
        /// Where other executors and clients fetch from it
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:50051")]
        listen: std::net::SocketAddr,
        /// Where the scheduler reaches it; the same host as `--listen`
        #[arg(long, value_name = "PORT", default_value_t = 50052)]
        control_port: u16,
        /// The host that others know it by, where it is not that of `--listen`
        #[arg(long, value_name = "HOST")]
        host: Option<String>,
        /// Where it keeps what others fetch from it; a temporary folder where left out
        #[arg(long, value_name = "FOLDER")]
        folder: Option<String>,
        /// Tasks at once; one a core where left out
        #[arg(long, value_name = "N", default_value_t = 0)]
        tasks: usize,
        /// Memory of all tasks together, such as `4G`
        #[arg(long, value_name = "BYTES", value_parser = bytes)]
        memory_limit: Option<usize>,
    },
}

#[derive(Debug, clap::Args)]
struct PlanArguments {
    /// What there is: a file or a folder of a flag set
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// What there would be, given the same way
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Parquet: a file, a folder, or a pattern such as 'people/*.parquet'
    #[arg(long, value_name = "FILES")]
    population: String,
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
    /// Attribute by which moved weight is grouped, beside tenant, region and segment (repeatable)
    #[arg(long, value_name = "ATTRIBUTE")]
    by: Vec<String>,
    /// Most different values of an attribute; with more, nothing is grouped by it, and the plan says so
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    values: usize,
    /// Give rows without an attribute `now` this time: RFC 3339 or epoch milliseconds
    #[arg(long, value_name = "TIME", value_parser = time)]
    now: Option<Value>,
    /// Most memory of queries, such as `4G`; beyond it the run ends. On a cluster its executors say
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    memory_limit: Option<usize>,
    /// Parts of the population that are replayed at once; one a core where left out
    #[arg(long, value_name = "N")]
    partitions: Option<usize>,
    /// Scheduler of a cluster of `downhaul-scale`, such as `df://host:50050`; its executors read the files by the same paths
    #[cfg(feature = "cluster")]
    #[arg(long, value_name = "URL")]
    cluster: Option<String>,
    /// How the plan is written; JSON is that of `downhaul plan`
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Json,
}

fn main() -> ExitCode {
    let arguments = Arguments::try_parse().unwrap_or_else(|error| {
        let _ = error.print();
        // 2 is said of plans only.
        std::process::exit(i32::from(error.use_stderr()))
    });
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&Failure::could_not_run("runtime", format!("cannot start: {error}"))),
    };
    match runtime.block_on(run(arguments)) {
        Ok(status) => ExitCode::from(status),
        Err(failure) => failed(&failure),
    }
}

fn failed(failure: &Failure) -> ExitCode {
    eprintln!("error: {failure}");
    ExitCode::from(failure.status)
}

async fn run(arguments: Arguments) -> Result<u8, Failure> {
    match (arguments.verb, arguments.plan) {
        #[cfg(feature = "cluster")]
        (Some(Verb::Scheduler { listen }), _) => downhaul_scale::cluster::schedule(listen).await.map(|()| 0),
        #[cfg(feature = "cluster")]
        (Some(Verb::Executor { scheduler, listen, control_port, host, folder, tasks, memory_limit }), _) => {
            let memory = memory_limit.and_then(|bytes| u64::try_from(bytes).ok());
            let control = std::net::SocketAddr::new(listen.ip(), control_port);
            let executor =
                downhaul_scale::cluster::Executor { listen, control, host, folder, scheduler, tasks, memory };
            downhaul_scale::cluster::execute(executor).await.map(|()| 0)
        }
        #[cfg(not(feature = "cluster"))]
        (Some(_), _) => Ok(0),
        (None, Some(arguments)) => plan(&arguments).await,
        (None, None) => Err(Failure::could_not_run("nothing-to-do", "two flag sets and a population are wanted")),
    }
}

async fn plan(arguments: &PlanArguments) -> Result<u8, Failure> {
    let side = |path: &PathBuf| documents::read(path).map(|valid| (path.display().to_string(), valid));
    let job = Job {
        old: side(&arguments.old)?,
        new: side(&arguments.new)?,
        population: (arguments.population.clone(), sources::files(&arguments.population)?),
        by: arguments.by.clone(),
        now: arguments.now.clone(),
        values: arguments.values,
        columns: Named {
            weight: arguments.weight.clone(),
            targeting_key: arguments.targeting_key.clone(),
            tenant: arguments.tenant.clone(),
            region: arguments.region.clone(),
        },
    };
    let Planned { plan, not_grouped } = run::run(&session(arguments).await?, &job).await?;
    let text = match arguments.format {
        Format::Human => human::lines(&plan, &not_grouped).join("\n"),
        Format::Json => {
            for name in &not_grouped {
                eprintln!("note: not grouped by {name}: it has too many values; --values allows more");
            }
            serde_json::to_string_pretty(&plan)
                .map_err(|error| Failure::could_not_run("cannot-write", error.to_string()))?
        }
    };
    match writeln!(std::io::stdout(), "{text}") {
        // A reader that went away is no failure.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            return Err(Failure::could_not_run("cannot-write", format!("cannot write the output: {error}")));
        }
        _ => {}
    }
    Ok(if plan.verdict == Verdict::NoChange { 0 } else { 2 })
}

async fn session(arguments: &PlanArguments) -> Result<SessionContext, Failure> {
    #[cfg(feature = "cluster")]
    if let Some(scheduler) = &arguments.cluster {
        return downhaul_scale::cluster::connect(scheduler).await;
    }
    run::local(arguments.memory_limit, arguments.partitions)
}

#[cfg(feature = "cluster")]
fn host_and_port(text: &str) -> Result<(String, u16), String> {
    let parted = text.rsplit_once(':').and_then(|(host, port)| Some((host.to_owned(), port.parse().ok()?)));
    parted.ok_or_else(|| "write it as `host:50050`".to_owned())
}

fn time(text: &str) -> Result<Value, String> {
    match text.parse::<i64>() {
        Ok(milliseconds) => Ok(Value::from(milliseconds)),
        Err(_) if downhaul_core::time::parse(text).is_some() => Ok(Value::from(text)),
        Err(_) => Err("write it as `2026-11-23T20:00:00Z` or as epoch milliseconds".to_owned()),
    }
}

/// `4G`, `512M` or bytes.
fn bytes(text: &str) -> Result<usize, String> {
    let (number, unit) = match text.char_indices().last() {
        Some((at, 'K' | 'k')) => (text.get(..at), 1 << 10),
        Some((at, 'M' | 'm')) => (text.get(..at), 1 << 20),
        Some((at, 'G' | 'g')) => (text.get(..at), 1 << 30),
        _ => (Some(text), 1),
    };
    let bytes = number.and_then(|number| number.parse::<usize>().ok()).and_then(|number| number.checked_mul(unit));
    bytes.filter(|bytes| *bytes > 0).ok_or_else(|| "write it as `4G`, `512M` or a number of bytes".to_owned())
}
