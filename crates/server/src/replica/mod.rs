//! One of several control planes on one database: it follows what the others append, tells them what its clients say, and
//! leads where nobody else does.
//!
//! A replica that has lost touch with the database cannot know of a kill that another one has made. So it no longer vouches
//! for what its clients have: they get nothing from it, and take themselves for stale as if it were gone.

mod follow;
mod lead;
mod message;
mod outbox;

use crate::error::{AppError, AppResult};
use crate::random;
use crate::start::StartError;
use crate::state::AppState;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::Response;
use downhaul_control::api::Position;
use downhaul_core::document::ClientKind;
use downhaul_core::ids::EnvironmentKey;
use downhaul_store::{ChangeLog, Ear, PostgresLog, StoreError};
pub(crate) use follow::carry_out as follow;
pub(crate) use lead::{carry_out as lead, led};
pub(crate) use message::Message;
use outbox::Outbox;
pub(crate) use outbox::tell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::timeout;

/// A lagging replica is asked after for so much longer than it may go on vouching.
const MARGIN: Duration = Duration::from_secs(5);
/// The others are told that a flag was asked for at most this often.
const USAGE: Duration = Duration::from_secs(60);
/// A request waits no longer than this to be answered with what others did a moment ago.
const FRESH: Duration = Duration::from_secs(4);
#[derive(Debug)]
pub(crate) struct Replica {
    log: Arc<PostgresLog>,
    /// Made anew at each start.
    id: String,
    cut_off: Duration,
    stale: Duration,
    /// When the database last said where each environment is, and this replica was there.
    contact: Mutex<Instant>,
    /// Until it is used.
    ear: Mutex<Option<Ear>>,
    outbox: Outbox,
    leads: Mutex<BTreeMap<String, watch::Sender<bool>>>,
    /// When the last look began.
    looked: tokio::sync::Mutex<Option<Instant>>,
    /// When the others were last told that a flag was asked for, by environment, kind of client and flag.
    evaluated: Mutex<BTreeMap<(String, ClientKind, String), Instant>>,
}

impl Replica {
    pub(crate) fn new(log: Arc<PostgresLog>, cut_off: Duration, stale: Duration) -> Result<Replica, StartError> {
        let id = format!("replica-{:016x}", u64::from_le_bytes(random::bytes::<8>()?));
        Ok(Replica {
            log,
            id,
            cut_off,
            stale,
            contact: Mutex::new(Instant::now()),
            ear: Mutex::default(),
            outbox: Outbox::default(),
            leads: Mutex::default(),
            looked: tokio::sync::Mutex::default(),
            evaluated: Mutex::default(),
        })
    }

    /// Tells the others something, soon.
    pub(crate) fn tell(&self, message: Message) {
        self.outbox.put(message);
    }

    /// Tells the others for which flags it has decided, of each once in a while.
    pub(crate) fn evaluated(&self, environment: &str, kind: ClientKind, keys: Vec<String>) {
        let now = Instant::now();
        let mut told = self.evaluated.lock().unwrap_or_else(PoisonError::into_inner);
        let mut is_due = |key: &String| {
            let id = (environment.to_owned(), kind, key.clone());
            let is_due = told.get(&id).is_none_or(|at| now.duration_since(*at) > USAGE);
            if is_due {
                told.insert(id, now);
            }
            is_due
        };
        let keys: Vec<String> = keys.into_iter().filter(|key| is_due(key)).collect();
        drop(told);
        if !keys.is_empty() {
            self.tell(Message::Evaluated { environment: environment.to_owned(), kind, keys });
        }
    }

    /// Whether what its clients have can be said to be the newest.
    pub(crate) fn vouches(&self) -> bool {
        let contact = *self.contact.lock().unwrap_or_else(PoisonError::into_inner);
        contact.elapsed() < self.cut_off && self.outbox.waits_for() < self.cut_off
    }

    fn in_contact(&self, since: Instant) {
        *self.contact.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    /// Whether every replica that may have clients has followed an environment up to a revision.
    pub(crate) async fn are_at(&self, environment: &EnvironmentKey, revision: u64) -> Result<bool, StoreError> {
        let within = self.cut_off + self.stale + MARGIN;
        Ok(self.log.lagging(environment, revision, within).await?.is_empty())
    }

    /// Whether this one acts in an environment.
    pub(crate) fn leads(&self, environment: &EnvironmentKey) -> bool {
        *self.leading(environment).borrow()
    }

    fn leading(&self, environment: &EnvironmentKey) -> watch::Receiver<bool> {
        self.leader(environment, |leads| leads.subscribe())
    }

    fn leader<T>(&self, environment: &EnvironmentKey, with: impl FnOnce(&watch::Sender<bool>) -> T) -> T {
        let mut leads = self.leads.lock().unwrap_or_else(PoisonError::into_inner);
        with(leads.entry(environment.to_string()).or_insert_with(|| watch::Sender::new(false)))
    }

    /// Hears and is known to the others, and lacks nothing: from now on it may serve.
    pub(crate) async fn join(&self, state: &AppState) -> Result<(), StartError> {
        let mut ear = self.log.listen().await?;
        // Known first: a step of a data change that does not wait for this one comes before what is followed now.
        follow::beat(state, self, &mut ear).await?;
        *self.ear.lock().unwrap_or_else(PoisonError::into_inner) = Some(ear);
        Ok(())
    }

    /// Serves nobody any more.
    pub(crate) async fn leave(&self) {
        self.leads.lock().unwrap_or_else(PoisonError::into_inner).clear();
        if let Err(error) = self.log.leave(&self.id).await {
            tracing::debug!(%error, "the others were not told that this replica ends");
        }
    }

    /// Follows what others have appended, where the database answers.
    async fn freshen(&self, state: &AppState) {
        if !self.vouches() {
            return;
        }
        let heads = timeout(FRESH, self.log.heads()).await;
        match heads.unwrap_or_else(|_| Ok(BTreeMap::new())) {
            Ok(heads) => {
                for environment in state.environments() {
                    let newest = heads.get(environment.key().as_str()).map_or(0, |head| head.revision);
                    if newest > environment.current().position().revision
                        && let Err(error) = environment.catch_up().await
                    {
                        tracing::warn!(environment = %environment.key(), %error, "what others changed is not here yet");
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "the database could not be asked for what is new"),
        }
    }

    /// The same for whoever comes with a key that is not known: it may have been made a moment ago.
    pub(crate) async fn look(&self, state: &AppState) {
        let asked = Instant::now();
        let mut looked = self.looked.lock().await;
        // One look at a time, for all who wait for it.
        if looked.is_none_or(|began| began < asked) {
            *looked = Some(Instant::now());
            self.freshen(state).await;
        }
    }
}

/// People find at each replica what they did at another one.
pub(crate) async fn freshen(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if let Some(replica) = state.replica() {
        replica.freshen(&state).await;
    }
    next.run(request).await
}

impl AppState {
    /// Refuses clients where nobody can say whether what they would get is the newest.
    pub(crate) fn vouch(&self) -> AppResult<()> {
        if self.vouches() {
            return Ok(());
        }
        Err(AppError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "cut-off",
            "this replica has lost touch with the change log",
            "keep what you have and ask again; another replica may answer",
        )
        .retry_after(5))
    }

    pub(crate) fn vouches(&self) -> bool {
        self.replica().is_none_or(|replica| replica.vouches())
    }

    /// A client that comes from another replica may have more than is here: then that is fetched.
    pub(crate) async fn reach(&self, environment: &crate::environment::Environment, position: Option<Position>) {
        let is_ahead = position.is_some_and(|position| position > environment.current().position());
        if is_ahead && let Some(replica) = self.replica() {
            replica.freshen(self).await;
        }
    }
}
