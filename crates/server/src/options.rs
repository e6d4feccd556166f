use crate::targets::Targets;
use downhaul_control::Secret;
use downhaul_control::fleet::Limits;
use downhaul_core::ids::EnvironmentKey;
use downhaul_store::DatabaseUrl;
use ipnet::IpNet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// How a control plane runs. [`ServerOptions::new`] gives what is right for one machine.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Holds the change log, the signing key and nothing else; made at first start.
    pub data: PathBuf,
    /// A database that replicas share, in place of one in the data folder.
    pub database: Option<DatabaseUrl>,
    /// After this long without a word from that database a replica no longer says that what clients have is the newest.
    pub cut_off: Duration,
    /// Where it listens; its address is an allowed host.
    pub listen: SocketAddr,
    /// Folder of the built console, served at `/`.
    pub console: Option<PathBuf>,
    /// Made at first start, if the log has no environment yet.
    pub environment: EnvironmentKey,
    /// Names under which the admin API may be asked for, besides loopback and `listen`: `flags.example`, without port.
    pub allowed_hosts: Vec<String>,
    /// Proxies whose word is taken for where a request comes from (`X-Forwarded-For`).
    pub trusted_proxies: Vec<IpNet>,
    /// How many instances a roster takes in, and how long it remembers them; see [`Limits`]. `stale` is the one below.
    pub fleet: Limits,
    /// Time between two pings of a stream.
    pub ping: Duration,
    /// Time without a byte after which clients take themselves for stale.
    pub stale: Duration,
    /// How long a flag set is valid; it is issued anew when half of it has passed.
    pub validity: Duration,
    /// A connection that takes no byte for this long is closed.
    pub write_limit: Duration,
    /// Open streams of one client key.
    pub streams_per_key: usize,
    /// Open streams from one address.
    pub streams_per_address: usize,
    /// Plans that are made at the same time, each on one thread.
    pub plans_at_once: usize,
    /// How long someone waits for their turn to have a plan made.
    pub plan_wait: Duration,
    /// How long a plan may take.
    pub plan_time: Duration,
    /// How often it is looked who is to be reminded of what.
    pub remind_every: Duration,
    /// For how long what is wrong has to be gone before its alarm is over.
    pub alarm_quiet: Duration,
    /// How long a bucket is that guards look at, in whole seconds.
    pub guard_bucket: Duration,
    /// How long after the end of a bucket what was told of it still counts.
    pub guard_grace: Duration,
    /// How long buckets are kept, for guards to be replayed on.
    pub telemetry_kept: Duration,
    /// Makes client keys for the example shop at first start, and writes them to `demo-keys.json` in `data`.
    pub demo_keys: Option<DemoKeys>,
    /// Whom the server asks: webhook targets and Prometheus.
    pub targets: Targets,
    /// Whoever runs the program that this control plane is part of. Then no admin token is made, and no file for one.
    pub holder: Option<Holder>,
}

/// Someone who may do everything for as long as the process runs.
#[derive(Debug, Clone)]
pub struct Holder {
    /// What they send; kept in memory only.
    pub token: Secret,
    /// How the chart calls them.
    pub name: String,
}

/// What the keys of the example shop need to know.
#[derive(Debug, Clone)]
pub struct DemoKeys {
    /// Origins of the shop's pages.
    pub origins: Vec<String>,
}

impl ServerOptions {
    pub fn new(data: PathBuf, listen: SocketAddr, environment: EnvironmentKey) -> Self {
        ServerOptions {
            data,
            database: None,
            cut_off: Duration::from_secs(30),
            listen,
            console: None,
            environment,
            allowed_hosts: Vec::new(),
            trusted_proxies: Vec::new(),
            fleet: Limits::default(),
            ping: Duration::from_secs(10),
            stale: Duration::from_secs(45),
            validity: Duration::from_secs(24 * 60 * 60),
            write_limit: Duration::from_secs(20),
            streams_per_key: 20_000,
            streams_per_address: 2_000,
            plans_at_once: 2,
            plan_wait: Duration::from_secs(5),
            plan_time: Duration::from_secs(10),
            remind_every: Duration::from_secs(60 * 60),
            alarm_quiet: Duration::from_secs(30),
            guard_bucket: Duration::from_secs(60),
            // Clients tell once a minute.
            guard_grace: Duration::from_secs(75),
            telemetry_kept: Duration::from_secs(14 * 24 * 60 * 60),
            demo_keys: None,
            targets: Targets::default(),
            holder: None,
        }
    }
}
