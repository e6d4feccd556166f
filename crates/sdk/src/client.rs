use crate::acknowledge;
use crate::context::Context;
use crate::decisions::{Decisions, Details, FlagValue};
use crate::events::{Events, WAITING};
use crate::guard::{BreakerReport, Guard};
use crate::holding::Identity;
use crate::host::Clock;
use crate::kept::Keeper;
use crate::keys::KeyRing;
use crate::migration::{Migration, MigrationOptions};
use crate::options::{Options, StartError};
use crate::second_path;
use crate::shared::{Settings, Shared};
use crate::status::Status;
use crate::telemetry::{self, Telemetry};
use crate::transport::{self, Answer};
use downhaul_control::api::ClientState;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::broadcast;
use tokio::task::AbortHandle;

/// A client of the control plane. Cheap to clone: all clones are one, which ends when the last is dropped.
///
/// Its own reads are for [`Options::context`]; a request is decided by [`Client::evaluate`].
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
    tasks: Arc<Tasks>,
}

/// What runs behind a client.
#[derive(Debug)]
struct Tasks {
    shared: Arc<Shared>,
    handles: Vec<AbortHandle>,
}

impl Drop for Tasks {
    fn drop(&mut self) {
        self.stop();
        // Whoever ends by a panic has not left in good order.
        if !std::thread::panicking() {
            self.shared.leave();
        }
    }
}

impl Tasks {
    fn stop(&self) {
        self.handles.iter().for_each(AbortHandle::abort);
    }
}

impl Client {
    /// Begins: reads what was kept, which is there when this returns, and connects behind it.
    ///
    /// # Errors
    /// Where something in the options can't be. A control plane that is not there is no error: the client keeps trying.
    pub fn start(options: Options) -> Result<Client, StartError> {
        let public_keys = options.check()?;
        let runtime = Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        let http = || match &options.http {
            Some(http) => Ok(http.clone()),
            // The key goes nowhere else.
            None => reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(Duration::from_secs(10))
                .tcp_nodelay(true)
                .build(),
        };
        // The second path shares no connection with the first.
        let (http, second_http) = (http()?, http()?);
        let url = options.url.trim_end_matches('/').to_owned();
        let keeper = options.keep_in.as_ref().map(|folder| Keeper::new(folder, &url, &options.key));
        let ring = public_keys.map_or_else(KeyRing::asking, KeyRing::pinned);
        let settings = Settings {
            url,
            key: options.key,
            who: Identity { kind: options.kind, environment: options.environment, context: options.context },
            release: options.release,
            region: options.region,
            context_token: options.context_token,
            stale_after: options.stale_after,
            ready_timeout: options.ready_timeout,
            polls: options.polls,
        };
        let shared =
            Arc::new(Shared::new(settings, http, ring, keeper, runtime.clone(), broadcast::Sender::new(WAITING)));
        shared.begin(options.bootstrap);
        let second_path = options.second_path.into_iter().map(|place| {
            let asking = second_path::run(Arc::clone(&shared), second_http.clone(), place, options.second_path_every);
            runtime.spawn(asking).abort_handle()
        });
        let tasks = [
            runtime.spawn(transport::run(Arc::clone(&shared))).abort_handle(),
            runtime.spawn(acknowledge::beat(Arc::clone(&shared))).abort_handle(),
            runtime.spawn(watch_freshness(Arc::clone(&shared))).abort_handle(),
            runtime.spawn(ask_for_keys(Arc::clone(&shared))).abort_handle(),
            runtime.spawn(telemetry::run(Arc::clone(&shared))).abort_handle(),
        ];
        let handles = tasks.into_iter().chain(second_path).collect();
        let tasks = Tasks { shared: Arc::clone(&shared), handles };
        Ok(Client { shared, tasks: Arc::new(tasks) })
    }

    /// Decides for a context, from the flag set at hand. Ask once for each request, and keep it for as long as that lasts.
    pub fn evaluate(&self, context: &Context) -> Decisions {
        self.shared.see(context);
        Decisions::of(&self.shared, context)
    }

    /// Decisions for the client's own context.
    pub fn own(&self) -> Decisions {
        Decisions::own(&self.shared)
    }

    /// As [`Decisions::boolean`], for the client's own context.
    pub fn boolean(&self, key: &str, default: bool) -> bool {
        self.own().boolean(key, default)
    }

    /// As [`Decisions::string`], for the client's own context.
    pub fn string(&self, key: &str, default: impl Into<String>) -> String {
        self.own().string(key, default)
    }

    /// As [`Decisions::number`], for the client's own context.
    pub fn number(&self, key: &str, default: f64) -> f64 {
        self.own().number(key, default)
    }

    /// As [`Decisions::integer`], for the client's own context.
    pub fn integer(&self, key: &str, default: i64) -> i64 {
        self.own().integer(key, default)
    }

    /// As [`Decisions::object`], for the client's own context.
    pub fn object<T: DeserializeOwned>(&self, key: &str, default: T) -> T {
        self.own().object(key, default)
    }

    /// As [`Decisions::details`], for the client's own context.
    pub fn details<T: FlagValue>(&self, key: &str, default: T) -> Details<T> {
        self.own().details(key, default)
    }

    /// Returns once there are values, or when [`Options::ready_timeout`] has passed; never fails.
    pub async fn ready(&self) -> Status {
        let mut ready = self.shared.is_ready();
        // Either way the status says how it is.
        let _ = tokio::time::timeout(self.shared.settings.ready_timeout, ready.wait_for(|ready| *ready)).await;
        self.shared.status()
    }

    pub fn status(&self) -> Status {
        self.shared.status()
    }

    /// Events from now on.
    pub fn events(&self) -> Events {
        Events(self.shared.subscribe())
    }

    /// Asks the control plane now; true if it answered.
    pub async fn refresh(&self) -> bool {
        !self.shared.is_closed() && matches!(transport::poll(&self.shared, 0).await, Answer::Done { .. })
    }

    /// The data change that a flag with a `phase` leads; see [`crate::migration`].
    pub fn migration(&self, key: impl Into<String>, options: MigrationOptions) -> Migration {
        Migration::begin(&self.shared, key.into(), options)
    }

    /// Guards what a flag leads to: after failures the process goes the degraded way by itself; see [`crate::guard`].
    pub fn guard(&self, key: &str) -> Guard {
        Guard::new(&self.shared, key)
    }

    /// Begins to count and to tell what the application does with flags; see [`crate::telemetry`].
    pub fn telemetry(&self) -> Telemetry {
        Telemetry::begin(&self.shared)
    }

    /// Where each breaker stands that was used.
    pub fn breakers(&self) -> Vec<BreakerReport> {
        self.shared.breakers.reports(self.shared.clock.now_ms())
    }

    /// Says goodbye, writes what is still to be kept, and stops; reads go on answering.
    pub async fn close(&self) {
        if !self.shared.close() {
            return;
        }
        self.tasks.stop();
        self.shared.leave();
        let goodbye = acknowledge::send(&self.shared, ClientState::Closing, None, None);
        tokio::join!(goodbye, self.shared.flush(), telemetry::flush(&self.shared));
        self.shared.end();
    }

    /// Closes the client once `signal` is there: `client.close_on(shutdown_signal())` beside the server.
    pub async fn close_on(&self, signal: impl Future<Output = ()>) {
        signal.await;
        self.close().await;
    }
}

/// Tells when the client becomes stale, and when it is fresh again.
async fn watch_freshness(shared: Arc<Shared>) {
    loop {
        let next = shared.fresh.next_look(shared.clock.now_ms(), Clock::wall_ms);
        tokio::select! {
            () = tokio::time::sleep(next) => {}
            () = shared.look.notified() => {}
        }
        shared.look();
    }
}

/// Ahead of need, so that what is kept says which keys were in force.
async fn ask_for_keys(shared: Arc<Shared>) {
    shared.refresh_keys().await;
}
