use crate::auth::session::Sessions;
use crate::client::limits::StreamLimits;
use crate::environment::{Environment, Parts};
use crate::issue::Issuer;
use crate::live::LiveSample;
use crate::metrics::Metrics;
use crate::options::{DemoKeys, Holder, ServerOptions};
use crate::planner::Planner;
use crate::populations::Populations;
use crate::replica::Replica;
use crate::secrets::{self, SAMPLE_CLIENT, SAMPLE_SERVER, SIGNING_KEY, TOKEN_ROOT, kept};
use crate::sign_in::Pending;
use crate::state::{AppState, Shared};
use crate::{random, recovery, signing, usage};
use downhaul_control::api::{Attributes, ClientKeyRequest, PopulationName};
use downhaul_control::chart::Index;
use downhaul_control::sample::SamplingKeys;
use downhaul_control::{AdminToken, Request, Secret, SecretKind, State, decide};
use downhaul_core::document::{ClientKind, FlagSet};
use downhaul_core::ids::EnvironmentKey;
use downhaul_core::validate::validate;
use downhaul_store::{
    ChangeLog, MinuteStore, Options, PopulationStore, PostgresLog, SessionStore, SqliteLog, StoreError, Turn, load,
};
use jiff::Timestamp;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use tokio::sync::watch;

/// The file in a data folder that holds the first admin token.
pub const TOKEN_FILE: &str = "admin-token";
/// The file in a data folder that holds the client keys of the example shop.
pub const DEMO_KEYS_FILE: &str = "demo-keys.json";

/// The setting that holds the opaque id of the holder.
const HOLDER: &str = "holder";

/// A control plane that is ready to run.
#[derive(Debug)]
pub struct Opened {
    pub state: AppState,
    /// Shown once, at the first start; also in [`TOKEN_FILE`], readable for its owner only.
    pub admin_token: Option<String>,
}

/// Why a control plane does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the flag set of `{environment}` cannot be read: {why}")]
    Invalid { environment: String, why: String },
    #[error("cannot write {}", path.display())]
    File {
        path: PathBuf,
        #[source]
        why: std::io::Error,
    },
    #[error("the operating system gives no random bytes")]
    Random(#[from] getrandom::Error),
    #[error("the client keys of the example shop cannot be made: {0}")]
    DemoKeys(String),
    #[error("the key that signs in `{environment}` is not in the data folder, and another one cannot be made: {why}")]
    Signing { environment: String, why: String },
    #[error("the data folder holds a {0} of the wrong length or name")]
    Secret(&'static str),
}

impl StartError {
    /// What to do about it.
    pub fn help(&self) -> &str {
        match self {
            StartError::Store(error) => error.help(),
            StartError::Invalid { .. } => "run the version that wrote the log, and ask for `downhaul chart verify`",
            StartError::File { .. } => "make the data folder writable for this user, or give another one with `--data`",
            StartError::Random(_) => "give the process access to the random device of the system",
            StartError::DemoKeys(_) => "start without the example shop's keys, and make keys in the console",
            StartError::Signing { .. } => {
                "bring the key there with `downhaul signing-keys import`, or make room on the disk"
            }
            StartError::Secret(_) => "put the data folder back with `downhaul backup restore`",
        }
    }
}

/// Opens the data folder, and at the first start makes what belongs into it: the log and its epoch, the signing key, an
/// admin token, the environment.
pub async fn open(options: ServerOptions) -> Result<Opened, StartError> {
    open_with(options, &Options::default()).await
}

/// As [`open`], with options of the store.
pub async fn open_with(options: ServerOptions, store: &Options) -> Result<Opened, StartError> {
    let now = Timestamp::now();
    let epoch = u64::try_from(now.as_millisecond()).unwrap_or(0);
    // Until everything is there that a new log needs, no other replica makes it.
    let Logs { log, people, minutes, sessions, shared, turn } = Logs::open(&options, epoch, store).await?;
    let replica = shared.clone().map(|shared| Replica::new(shared, options.cut_off, options.stale)).transpose()?;
    let replica = replica.map(Arc::new);
    recovery::sweep(&options.data);
    let had_first = log.setting(SIGNING_KEY).await?.is_some();
    let issuer = Arc::new(Issuer::new(&kept(&*log, SIGNING_KEY, "signing key").await?, options.validity));
    let token_root = kept(&*log, TOKEN_ROOT, "root of token secrets").await?;
    let sample_client = kept(&*log, SAMPLE_CLIENT, "root of the keys for samples").await?;
    let sample_server = kept(&*log, SAMPLE_SERVER, "secret for samples").await?;
    for (name, seed) in log.settings(secrets::SIGNING_KEYS).await? {
        let seed: [u8; 32] = seed.try_into().map_err(|_| StartError::Secret("signing key"))?;
        let key = issuer.add(&seed);
        if secrets::signing_key(&key.id) != name {
            return Err(StartError::Secret("signing key"));
        }
    }
    let mut admin_tokens = BTreeMap::new();
    let admin_token = match &options.holder {
        Some(holder) => {
            let token = holder_token(&*log, holder).await?;
            admin_tokens.insert(token.id.clone(), token);
            None
        }
        None => first_admin_token(&*log, &options.data).await?,
    };
    admin_tokens.extend(log.admin_tokens().await?.into_iter().map(|token| (token.id.clone(), token)));
    let metrics = Arc::new(Metrics::new());
    let mut environments = BTreeMap::new();
    for key in keys(&*log, &options).await? {
        let populations = Populations::new(key.clone(), Arc::clone(&people));
        let keys = SamplingKeys::new(&sample_client, &sample_server, &key);
        let parts = Parts {
            log: Arc::clone(&log),
            replica: replica.clone(),
            issuer: Arc::clone(&issuer),
            metrics: Arc::clone(&metrics),
            populations,
            minutes: Arc::clone(&minutes),
            live: LiveSample::new(keys),
            options: &options,
        };
        let environment = environment(&key, parts).await?;
        environments.insert(key.to_string(), Arc::new(environment));
    }
    let state = AppState::new(Shared {
        environments,
        admin_tokens,
        actors: RwLock::new(Arc::new(log.actors().await?)),
        issuer,
        token_root,
        sessions: Sessions::new(sessions),
        pending: Pending::new(shared),
        replica,
        limits: StreamLimits::new(options.streams_per_key, options.streams_per_address, Arc::clone(&metrics)),
        closing: watch::Sender::new(false),
        planner: Planner::new(&options, Arc::clone(&metrics)),
        metrics,
        log,
        options,
    });
    signing::replace_missing(&state, had_first).await?;
    if let Some(demo) = &state.options().demo_keys {
        demo_keys(&state, demo).await?;
    }
    if let Some(replica) = state.replica() {
        replica.join(&state).await?;
    }
    drop(turn);
    Ok(Opened { state, admin_token })
}

/// The log and what lies beside it, in the data folder or in a database that replicas share.
struct Logs {
    log: Arc<dyn ChangeLog>,
    people: Arc<dyn PopulationStore>,
    minutes: Arc<dyn MinuteStore>,
    sessions: Arc<dyn SessionStore>,
    shared: Option<Arc<PostgresLog>>,
    turn: Option<Turn>,
}

impl Logs {
    async fn open(options: &ServerOptions, epoch: u64, store: &Options) -> Result<Logs, StartError> {
        match &options.database {
            None => {
                let log = SqliteLog::open(&options.data, epoch, store).await?;
                Ok(Logs::of(&Arc::new(log), None, None))
            }
            Some(url) => {
                downhaul_store::point_to(&options.data, url)?;
                let (log, turn) = PostgresLog::open(url, epoch).await?;
                let log = Arc::new(log);
                Ok(Logs::of(&log, Some(Arc::clone(&log)), Some(turn)))
            }
        }
    }

    fn of<S>(all: &Arc<S>, shared: Option<Arc<PostgresLog>>, turn: Option<Turn>) -> Logs
    where
        S: ChangeLog + PopulationStore + MinuteStore + SessionStore,
    {
        let all = || Arc::<S>::clone(all);
        Logs { log: all(), people: all(), minutes: all(), sessions: all(), shared, turn }
    }
}

/// The same person at every start, by whatever name and token.
async fn holder_token(log: &dyn ChangeLog, holder: &Holder) -> Result<AdminToken, StartError> {
    let actor = log.setting_or_insert(HOLDER, random::actor()?.as_bytes()).await?;
    let actor = String::from_utf8(actor).map_err(|_| StartError::Secret("holder"))?;
    log.put_actor(&actor, &holder.name).await?;
    Ok(AdminToken::new(&holder.token, actor))
}

async fn first_admin_token(log: &dyn ChangeLog, folder: &Path) -> Result<Option<String>, StartError> {
    if !log.admin_tokens().await?.is_empty() {
        return Ok(None);
    }
    new_admin_token(log, folder).await.map(Some)
}

/// Only its hash is kept in the log. The file spares whoever may read the data folder from keeping it elsewhere.
pub(crate) async fn new_admin_token(log: &dyn ChangeLog, folder: &Path) -> Result<String, StartError> {
    let secret = Secret::new(SecretKind::Admin, &random::bytes()?);
    let actor = random::actor()?;
    write_private(&folder.join(TOKEN_FILE), &format!("{}\n", secret.reveal()))?;
    log.put_actor(&actor, "admin").await?;
    log.put_admin_token(&AdminToken::new(&secret, actor)).await?;
    Ok(secret.reveal())
}

/// The environments of the log, and the one that was asked for.
async fn keys(log: &dyn ChangeLog, options: &ServerOptions) -> Result<Vec<EnvironmentKey>, StartError> {
    let mut keys = Vec::new();
    for name in log.heads().await?.into_keys() {
        let refuse = |why: downhaul_core::ids::NameError| StartError::Invalid {
            environment: name.clone(),
            why: why.to_string(),
        };
        keys.push(name.parse::<EnvironmentKey>().map_err(refuse)?);
    }
    if !keys.contains(&options.environment) {
        keys.push(options.environment.clone());
    }
    Ok(keys)
}

async fn environment(key: &EnvironmentKey, parts: Parts<'_>) -> Result<Environment, StartError> {
    let (state, chart): (State, Index) = load(&*parts.log, key).await?;
    let flag_set: FlagSet = state.flag_set.clone();
    let (valid, _) = validate(flag_set, None).map_err(|problems| StartError::Invalid {
        environment: key.to_string(),
        why: problems.first().map(ToString::to_string).unwrap_or_default(),
    })?;
    let environment = Environment::new((state, chart), valid, parts);
    take_up(&environment).await;
    usage::take_up(&environment).await;
    Ok(environment)
}

/// Takes up the live sample that was kept. Without it the server runs as well, and begins another one.
pub(crate) async fn take_up(environment: &Environment) {
    let name = PopulationName::live();
    match environment.populations().find(&name).await {
        Ok(Some(kept)) => environment.live().load(&kept.about, &kept.population),
        Ok(None) => {}
        Err(error) => tracing::warn!(environment = %environment.key(), ?error, "the live sample cannot be read"),
    }
}

/// One key of each kind, made once, and written where the shop's start finds them.
async fn demo_keys(state: &AppState, demo: &DemoKeys) -> Result<(), StartError> {
    let path = state.options().data.join(DEMO_KEYS_FILE);
    if path.exists() {
        return Ok(());
    }
    let Some(environment) = state.environment(state.options().environment.as_str()) else { return Ok(()) };
    let mut keys = serde_json::Map::new();
    for (name, kind) in [("browser", ClientKind::Browser), ("edge", ClientKind::Edge), ("server", ClientKind::Server)] {
        let secret = Secret::new(SecretKind::Client, &random::bytes()?);
        let request = ClientKeyRequest {
            name: format!("example shop, {name}"),
            kind,
            pinned: Attributes::new(),
            origins: if kind == ClientKind::Browser { demo.origins.clone() } else { Vec::new() },
            token_public_key: None,
            reason: "the example shop".to_owned(),
        };
        let command = decide::create_key(&request, &secret);
        let request = Request::by_server(command, "system", &request.reason, Timestamp::now());
        let made = environment.command(crate::environment::Urgency::Patient, move |_| Ok(request.clone())).await;
        made.map_err(|why| StartError::DemoKeys(format!("{why:?}")))?;
        let shown = json!({ "key": secret.reveal(), "token_secret": state.token_secret(secret.id()) });
        keys.insert(name.to_owned(), shown);
    }
    let text = serde_json::to_string_pretty(&keys).map_err(|why| StartError::DemoKeys(why.to_string()))?;
    write_private(&path, &format!("{text}\n"))
}

/// A file that only its owner may read, from its first byte on.
fn write_private(path: &Path, text: &str) -> Result<(), StartError> {
    let failed = |why| StartError::File { path: path.to_owned(), why };
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)
}
