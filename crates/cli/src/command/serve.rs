use crate::exit::{Exit, Failure};
use crate::input::{DATA_FOLDER, sources};
use crate::render::{Format, Output};
use downhaul_core::ids::EnvironmentKey;
use downhaul_server::{DemoKeys, ServerOptions};
use owo_colors::OwoColorize;
use serde_json::json;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

/// Run a control plane, with everything in one data folder
#[derive(Debug, clap::Args)]
#[command(after_help = "It ends on Ctrl-C or SIGTERM and loses nothing.")]
pub(crate) struct Args {
    /// Folder that holds everything; made at the first start
    #[arg(long, value_name = "DIR", env = "DOWNHAUL_DATA", hide_env_values = true, default_value = DATA_FOLDER)]
    data: PathBuf,
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8790")]
    listen: SocketAddr,
    /// Environment that is made at the first start
    #[arg(long, value_name = "KEY", env = "DOWNHAUL_ENVIRONMENT", hide_env_values = true, default_value = "production")]
    environment: EnvironmentKey,
    /// Folder of the built console, served at `/`
    #[arg(long, value_name = "DIR")]
    console: Option<PathBuf>,
    /// Name under which it is reached besides its address, such as `flags.example` (repeatable)
    #[arg(long = "allowed-host", value_name = "HOST")]
    allowed_hosts: Vec<String>,
    /// Make client keys for the example shop at the first start, for these origins (repeatable)
    #[arg(long, value_name = "ORIGIN", num_args = 0.., default_missing_value = "http://127.0.0.1:8791")]
    demo_keys: Option<Vec<String>>,
    /// Seconds between two pings of a stream
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=60))]
    ping: u64,
    /// Seconds without a byte after which clients take themselves for stale
    #[arg(long, value_name = "SECONDS", default_value_t = 45, value_parser = clap::value_parser!(u64).range(2..=86_400))]
    stale: u64,
    /// What is logged to standard error: `error`, `warn`, `info`, `debug`, or a filter such as `downhaul_server=debug`
    #[arg(long, value_name = "FILTER", env = "DOWNHAUL_LOG", hide_env_values = true, default_value = "warn")]
    log: String,
}

pub(crate) fn run(args: Args, output: &Output) -> Result<Exit, Failure> {
    start_log(&args.log, output)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::could_not_run("cannot-start", format!("cannot start the run time: {error}")))?;
    runtime.block_on(serve(args, output))
}
