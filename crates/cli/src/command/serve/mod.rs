mod config;

use crate::Cli;
use crate::exit::{Exit, Failure};
use crate::input::database::DatabaseArgs;
use crate::input::{DATA_FOLDER, sources};
use crate::render::{Format, Output};
use clap::{CommandFactory, FromArgMatches};
use downhaul_control::fleet::Limits;
use downhaul_core::ids::EnvironmentKey;
use downhaul_server::{DemoKeys, ServerOptions, StartError, TOKEN_FILE, Targets, TrustedProxy};
use owo_colors::OwoColorize;
use serde_json::json;
use std::future::Future;
use std::io::{self, IsTerminal};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Where the example shop's pages come from unless told otherwise.
const SHOP_ORIGINS: &str = "http://127.0.0.1:8791,http://localhost:8791";

/// Run a control plane, with everything in one data folder
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Each option can stand in a configuration file, without its dashes: `listen = \"0.0.0.0:8790\"`. \
                        The command line goes before the environment, and both before the file.\n\
                        It ends on Ctrl-C or SIGTERM and loses nothing."
)]
pub(crate) struct Args {
    /// Configuration file, in TOML
    #[arg(long, value_name = "FILE", env = "DOWNHAUL_CONFIG", hide_env_values = true, help_heading = "Configuration")]
    config: Option<PathBuf>,
    /// Print what is in force and where it comes from, and run nothing
    #[arg(long, help_heading = "Configuration")]
    print_config: bool,
    /// Folder that holds everything; made at the first start
    #[arg(long, value_name = "DIR", env = "DOWNHAUL_DATA", hide_env_values = true, default_value = DATA_FOLDER)]
    data: PathBuf,
    #[command(flatten)]
    database: DatabaseArgs,
    /// Seconds without that database after which a replica no longer says that what clients have is the newest
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(5..=600), help_heading = "Replicas")]
    cut_off: u64,
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8790")]
    listen: SocketAddr,
    /// Environment that is made at the first start
    #[arg(
        long,
        value_name = "KEY",
        env = "DOWNHAUL_ENVIRONMENT",
        hide_env_values = true,
        default_value = "production"
    )]
    environment: EnvironmentKey,
    /// Folder of the built console, served at `/`
    #[arg(long, value_name = "DIR")]
    console: Option<PathBuf>,
    /// Name under which it is reached besides its address, such as `flags.example` (repeatable)
    #[arg(long = "allowed-host", value_name = "HOST")]
    allowed_hosts: Vec<String>,
    /// Make client keys for the example shop, whose pages come from these origins
    #[arg(long, value_name = "ORIGIN,…", num_args = 0..=1, require_equals = true, value_delimiter = ',')]
    #[arg(default_missing_value = SHOP_ORIGINS)]
    demo_keys: Option<Vec<String>>,
    /// File that names webhook targets, Prometheus and the provider of sign-ins, readable for its owner only
    #[arg(long, value_name = "FILE", env = "DOWNHAUL_TARGETS", hide_env_values = true)]
    targets: Option<PathBuf>,
    /// Seconds between two pings of a stream
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=60))]
    ping: u64,
    /// Seconds without a byte after which clients take themselves for stale
    #[arg(long, value_name = "SECONDS", default_value_t = 45, value_parser = clap::value_parser!(u64).range(2..=86_400))]
    stale: u64,
    /// Seconds that a flag set is valid; it is issued anew when half of them have passed
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400, value_parser = clap::value_parser!(u64).range(60..=31_536_000))]
    validity: u64,
    /// Proxy in front of it, an address or a network, whose `X-Forwarded-For` is believed (repeatable)
    #[arg(long = "trusted-proxy", value_name = "ADDR", help_heading = "Limits")]
    trusted_proxies: Vec<TrustedProxy>,
    /// Open streams of one client key
    #[arg(long, value_name = "COUNT", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Limits")]
    streams_per_key: u32,
    /// Open streams from one address
    #[arg(long, value_name = "COUNT", default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Limits")]
    streams_per_address: u32,
    /// Instances of one client key that are counted
    #[arg(long, value_name = "COUNT", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Limits")]
    instances_per_key: u32,
    /// Instances at one address that are counted
    #[arg(long, value_name = "COUNT", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Limits")]
    instances_per_address: u32,
    /// Seconds after which an instance is forgotten that nothing was heard of
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(60..=86_400), help_heading = "Limits")]
    forget: u64,
    /// Kills whose acknowledgements are kept, the newest
    #[arg(long, value_name = "COUNT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000), help_heading = "Limits")]
    kills_watched: u32,
    /// What is logged to standard error: `error`, `warn`, `info`, `debug`, or a filter such as `downhaul_server=debug`
    #[arg(long, value_name = "FILTER", env = "DOWNHAUL_LOG", hide_env_values = true, default_value = "warn")]
    log: String,
}

pub(crate) fn run(args: Args, output: &Output) -> Result<Exit, Failure> {
    let args = match configured(args, output)? {
        Some(args) => args,
        None => return Ok(Exit::Done),
    };
    start_log(&args.log, output)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::could_not_run("cannot-start", format!("cannot start the run time: {error}")))?;
    runtime.block_on(serve(args, output))
}

async fn serve(args: Args, output: &Output) -> Result<Exit, Failure> {
    let targets = match &args.targets {
        None => Targets::default(),
        Some(path) => Targets::read(path)
            .map_err(|error| Failure::invalid("targets-file", error.to_string()).help(error.help()))?,
    };
    let database = args.database.read()?;
    // Before anything is made: a port that is taken leaves no data folder behind.
    let listener = TcpListener::bind(args.listen).await.map_err(|error| cannot_listen(args.listen, &error))?;
    let listen = listener.local_addr().map_err(|error| cannot_listen(args.listen, &error))?;
    let stop = stop_signal()?;
    let data = args.data.clone();
    let opened = downhaul_server::open(ServerOptions { targets, database, ..options(args, listen) })
        .await
        .map_err(|error| cannot_start(&error))?;
    // The reader of these lines may be gone (`serve | head -1`); the control plane goes on.
    let _ = announce(listen, &data, opened.admin_token.as_deref(), output);
    downhaul_server::run(listener, opened.state, stop)
        .await
        .map_err(|error| Failure::could_not_run("serving-failed", format!("serving failed: {error}")))?;
    output.note("stopped; nothing that was acknowledged is lost");
    Ok(Exit::Done)
}

/// The arguments with what a configuration file says; nothing where they were only to be printed.
fn configured(args: Args, output: &Output) -> Result<Option<Args>, Failure> {
    if args.config.is_none() && !args.print_config {
        return Ok(Some(args));
    }
    let command = Cli::command();
    let settings = args.config.as_deref().map(|path| config::read(path, &command)).transpose()?.unwrap_or_default();
    let wrong = |error: clap::Error| Failure::refused("wrong-use", error.to_string());
    let matches = settings.under(command.clone()).try_get_matches_from(crate::arguments()).map_err(wrong)?;
    let Some(matches) = matches.subcommand_matches("serve") else { return Ok(Some(args)) };
    if args.print_config {
        config::print(&settings, &command, matches, output)?;
        return Ok(None);
    }
    Args::from_arg_matches(matches).map(Some).map_err(wrong)
}

fn options(args: Args, listen: SocketAddr) -> ServerOptions {
    let mut options = ServerOptions::new(args.data, listen, args.environment);
    options.cut_off = Duration::from_secs(args.cut_off);
    options.console = args.console;
    options.allowed_hosts = args.allowed_hosts;
    options.ping = Duration::from_secs(args.ping);
    options.stale = Duration::from_secs(args.stale);
    options.validity = Duration::from_secs(args.validity);
    options.trusted_proxies = args.trusted_proxies.iter().map(TrustedProxy::net).collect();
    options.streams_per_key = count(args.streams_per_key);
    options.streams_per_address = count(args.streams_per_address);
    options.fleet = Limits {
        per_key: count(args.instances_per_key),
        per_address: count(args.instances_per_address),
        forget: Duration::from_secs(args.forget),
        kills: count(args.kills_watched),
        ..Limits::default()
    };
    options.demo_keys = args.demo_keys.map(|origins| DemoKeys { origins });
    options
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn announce(listen: SocketAddr, data: &Path, token: Option<&str>, output: &Output) -> Result<(), Failure> {
    let address = format!("http://{}", reachable(listen));
    let token_file = data.join(TOKEN_FILE);
    if output.format == Format::Json {
        let mut ready = json!({
            "server": address, "console": format!("{address}/"), "api": format!("{address}/api/docs"),
            "data": data, "token_file": token_file,
        });
        if let (Some(token), Some(members)) = (token, ready.as_object_mut()) {
            members.insert("admin_token".to_owned(), json!(token));
        }
        return output.json(&ready);
    }
    output.line(format!("console      {}", format!("{address}/").bold()))?;
    output.line(format!("API          {address}/api/docs"))?;
    output.line(format!("data         {}", data.display()))?;
    match token {
        Some(token) => {
            output.line(format!("admin token  {token}"))?;
            output.line(format!("             shown this once, and kept in {}", token_file.display()))?;
        }
        None if token_file.exists() => {
            output.line(format!("admin token  as at the first start; see {}", token_file.display()))?;
        }
        // The first start was that of another replica.
        None => output.line("admin token  as it was printed at the first start of all")?,
    }
    output.line("kill a flag  downhaul kill FLAG --reason …")?;
    output.note("Ctrl-C ends it");
    Ok(())
}

/// Where this machine reaches the server: an unspecified address is listened on, never connected to.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let loopback = match listen.ip() {
        IpAddr::V4(address) if address.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(address) if address.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        address => address,
    };
    SocketAddr::new(loopback, listen.port())
}

fn cannot_listen(listen: SocketAddr, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            let port = listen.port();
            let other = SocketAddr::new(listen.ip(), port.checked_add(10).unwrap_or(0));
            Failure::could_not_run("address-in-use", format!("`{listen}` is in use by another program")).help(format!(
                "find it with `lsof -nP -iTCP:{port} -sTCP:LISTEN`, or use another port: `--listen {other}`"
            ))
        }
        io::ErrorKind::PermissionDenied => {
            Failure::could_not_run("cannot-listen", format!("this user may not listen on `{listen}`"))
                .help("ports below 1024 belong to the system; take a higher one with `--listen`")
        }
        _ => Failure::could_not_run(
            "cannot-listen",
            format!("cannot listen on `{listen}`: {}", sources::describe(error)),
        )
        .help("give an address of this machine with `--listen`"),
    }
}

fn cannot_start(error: &StartError) -> Failure {
    let mut message = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let next_message = next.to_string();
        if !message.contains(&next_message) {
            message.push_str(&format!(": {next_message}"));
        }
        cause = next.source();
    }
    Failure::could_not_run("cannot-start", message).help(error.help())
}

/// Ends with the first SIGINT or SIGTERM; a second one ends the process at once.
fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    let listen = |kind| {
        signal(kind)
            .map_err(|error| Failure::could_not_run("cannot-start", format!("cannot listen for signals: {error}")))
    };
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    Ok(async move {
        let next = async |interrupt: &mut Signal, terminate: &mut Signal| {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        };
        next(&mut interrupt, &mut terminate).await;
        tokio::spawn(async move {
            next(&mut interrupt, &mut terminate).await;
            std::process::exit(Exit::CouldNotRun as i32);
        });
    })
}

fn start_log(filter: &str, output: &Output) -> Result<(), Failure> {
    let filter = EnvFilter::builder().parse(filter).map_err(|error| {
        Failure::refused("log-filter", format!("`{filter}` is no log filter: {error}"))
            .help("write a level such as `info`, or `downhaul_server=debug,warn`")
    })?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    match output.format {
        Format::Json => log.json().init(),
        Format::Human | Format::Plain => log.with_ansi(io::stderr().is_terminal()).init(),
    }
    Ok(())
}
