mod follow;

use crate::alarms::Shown;
use crate::automatic::LiveAutomatic;
use crate::client::ofrep::Programs;
use crate::client::slot::Slots;
use crate::error::{AppError, AppResult};
use crate::fleet::LiveFleet;
use crate::guards::LiveGuards;
use crate::heartbeat::Beats;
use crate::issue::Issuer;
use crate::live::LiveSample;
use crate::metrics::{EnvironmentLabels, Metrics};
use crate::minutes::LiveMinutes;
use crate::options::ServerOptions;
use crate::outcomes::LiveOutcomes;
use crate::populations::{Kept, Populations};
use crate::presence::Presence;
use crate::replica::Replica;
use crate::rollouts::Gates;
use crate::task::Task;
use crate::telemetry::LiveTelemetry;
use crate::usage::LiveUsage;
use axum::http::StatusCode;
use downhaul_control::api::{PopulationName, Position};
use downhaul_control::chart::Index;
use downhaul_control::decide::People;
use downhaul_control::{Command, Decided, Decision, Record, Refusal, RefusalCode, Request, State, decide_over, fold};
use downhaul_control::{heartbeat, migration};
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::OnStale;
use downhaul_core::ids::EnvironmentKey;
use downhaul_core::validate::Valid;
use downhaul_store::{ChangeLog, Effects, MinuteStore, StoreError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, MutexGuard, broadcast, watch};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// An environment at one revision: what it is, and what led to it.
#[derive(Debug)]
pub(crate) struct Publication {
    pub(crate) state: Arc<State>,
    pub(crate) valid: Arc<Valid>,
    /// The newest revision that changed a definition: two publications with the same one have the same programs, but
    /// for flags that the server decides.
    pub(crate) definition: u64,
    /// Whether the newest of the kills and restores is a restore.
    pub(crate) restored_last: bool,
    document_digest: Option<String>,
    /// What led to it; absent for what was there at the start.
    pub(crate) record: Option<Arc<Record>>,
}

impl Publication {
    pub(crate) fn position(&self) -> Position {
        self.state.position()
    }

    /// Digest of the document, as the newest change recorded it.
    pub(crate) fn document_digest(&self) -> Option<String> {
        self.document_digest.clone()
    }
}

/// One environment: its newest publication, and the one way to the next.
#[derive(Debug)]
pub(crate) struct Environment {
    key: EnvironmentKey,
    log: Arc<dyn ChangeLog>,
    /// Where other processes use the log too.
    replica: Option<Arc<Replica>>,
    issuer: Arc<Issuer>,
    newest: watch::Sender<Arc<Publication>>,
    /// Held while a change is appended, folded and published; never while a document is validated.
    writer: Mutex<()>,
    writable: AtomicBool,
    metrics: Arc<Metrics>,
    slots: Slots,
    fleet: LiveFleet,
    /// What is known of the chart; up to the newest publication at least.
    chart: std::sync::Mutex<Index>,
    /// Held while a head of the chart is signed and kept.
    pub(crate) signing: Mutex<()>,
    populations: Populations,
    live: LiveSample,
    /// How long a change may be tried on a population before it is made.
    judge: Duration,
    beats: Beats,
    gates: Gates,
    presence: Presence,
    usage: LiveUsage,
    outcomes: LiveOutcomes,
    telemetry: LiveTelemetry,
    minutes: LiveMinutes,
    guards: LiveGuards,
    /// Counts what people did with alarms here.
    alarms: watch::Sender<u64>,
    shown_alarms: Shown,
    automatic: LiveAutomatic,
    programs: Programs,
    /// Held while all flags are looked through.
    looking: Mutex<()>,
    /// Every publication with a record, for the console.
    changes: broadcast::Sender<Arc<Publication>>,
}

/// What a command came to.
#[derive(Debug)]
pub(crate) struct Committed {
    pub(crate) publication: Arc<Publication>,
    /// Absent where it was so already.
    pub(crate) record: Option<Arc<Record>>,
    pub(crate) warnings: Vec<Diagnostic>,
}

/// How often a command is decided again because another one came first.
const ATTEMPTS: usize = 8;
/// And one that must not wait: each time another replica's change was made, so this ends.
const URGENT_ATTEMPTS: usize = 1000;

/// What an environment is made of, beside its state.
pub(crate) struct Parts<'a> {
    pub(crate) log: Arc<dyn ChangeLog>,
    pub(crate) replica: Option<Arc<Replica>>,
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) populations: Populations,
    pub(crate) minutes: Arc<dyn MinuteStore>,
    pub(crate) live: LiveSample,
    pub(crate) options: &'a ServerOptions,
}

impl Environment {
    pub(crate) fn new((state, chart): (State, Index), valid: Valid, parts: Parts<'_>) -> Self {
        let Parts { log, replica, issuer, metrics, populations, minutes, live, options } = parts;
        let publication = Publication {
            document_digest: downhaul_control::decide::digest(valid.document()).ok(),
            definition: state.flag_set.revision,
            valid: Arc::new(valid),
            restored_last: false,
            record: None,
            state: Arc::new(state),
        };
        let environment = Environment {
            key: publication.state.environment().clone(),
            fleet: LiveFleet::of(options, replica.is_some()),
            log,
            replica,
            issuer,
            newest: watch::Sender::new(Arc::new(publication)),
            writer: Mutex::new(()),
            writable: AtomicBool::new(true),
            slots: Slots::default(),
            chart: std::sync::Mutex::new(chart),
            signing: Mutex::new(()),
            populations,
            live,
            judge: options.plan_time,
            beats: Beats::default(),
            gates: Gates::default(),
            presence: Presence::default(),
            usage: LiveUsage::default(),
            outcomes: LiveOutcomes::new(),
            telemetry: LiveTelemetry::new(),
            minutes: LiveMinutes::new(minutes, options),
            guards: LiveGuards::new(),
            alarms: watch::Sender::new(0),
            shown_alarms: Shown::default(),
            automatic: LiveAutomatic::default(),
            programs: Programs::default(),
            looking: Mutex::new(()),
            changes: broadcast::Sender::new(256),
            metrics,
        };
        environment.fleet.published(environment.current().position());
        environment.live.follow(&environment.current());
        environment.measure();
        environment
    }

    pub(crate) fn key(&self) -> &EnvironmentKey {
        &self.key
    }

    /// The newest publication.
    pub(crate) fn current(&self) -> Arc<Publication> {
        Arc::clone(&self.newest.borrow())
    }

    /// The newest publication and those to come; who reads late sees only the newest.
    pub(crate) fn publications(&self) -> watch::Receiver<Arc<Publication>> {
        self.newest.subscribe()
    }

    /// The audiences that ask for it.
    pub(crate) fn slots(&self) -> &Slots {
        &self.slots
    }

    /// Who runs what.
    pub(crate) fn fleet(&self) -> &LiveFleet {
        &self.fleet
    }

    /// What is known of the chart.
    pub(crate) fn chart(&self) -> std::sync::MutexGuard<'_, Index> {
        // What was pushed was pushed whole.
        self.chart.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Whom changes are tried on.
    pub(crate) fn populations(&self) -> &Populations {
        &self.populations
    }

    /// What clients tell of contexts.
    pub(crate) fn live(&self) -> &LiveSample {
        &self.live
    }

    /// What the heartbeat flag has shown.
    pub(crate) fn beats(&self) -> &Beats {
        &self.beats
    }

    /// What the gates of rollouts read last.
    pub(crate) fn gates(&self) -> &Gates {
        &self.gates
    }

    /// Who has which flag open in the console.
    pub(crate) fn presence(&self) -> &Presence {
        &self.presence
    }

    /// The flag set as the server itself decides by it.
    pub(crate) fn programs(&self) -> &Programs {
        &self.programs
    }

    /// Which flags clients ask for.
    pub(crate) fn usage(&self) -> &LiveUsage {
        &self.usage
    }

    /// How what flags decide of goes, as clients tell.
    pub(crate) fn outcomes(&self) -> &LiveOutcomes {
        &self.outcomes
    }

    /// How flags are used, as clients tell.
    pub(crate) fn telemetry(&self) -> &LiveTelemetry {
        &self.telemetry
    }

    /// What clients told, on its way into the store.
    pub(crate) fn minutes(&self) -> &LiveMinutes {
        &self.minutes
    }

    /// What keeps kills that nobody asked for within bounds.
    pub(crate) fn automatic(&self) -> &LiveAutomatic {
        &self.automatic
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// What guards said last.
    pub(crate) fn guards(&self) -> &LiveGuards {
        &self.guards
    }

    /// What people do with alarms, so that whoever tells of them looks again.
    pub(crate) fn alarms(&self) -> &watch::Sender<u64> {
        &self.alarms
    }

    /// What consoles are told of alarms.
    pub(crate) fn shown_alarms(&self) -> &Shown {
        &self.shown_alarms
    }

    pub(crate) fn looking(&self) -> &Mutex<()> {
        &self.looking
    }

    /// Where its changes are kept, and what lies beside them.
    pub(crate) fn log(&self) -> &dyn ChangeLog {
        &*self.log
    }

    /// Keeps what clients told, where something of it is new.
    pub(crate) async fn save_live(&self) -> AppResult<()> {
        let Some(save) = self.live.to_save() else { return Ok(()) };
        let saved = self.populations.save_live(save).await;
        if saved.is_err() {
            self.live.not_saved();
        }
        saved
    }

    /// Publications to come, each with its change.
    pub(crate) fn changes(&self) -> broadcast::Receiver<Arc<Publication>> {
        self.changes.subscribe()
    }

    /// Tells the other replicas, where there are any.
    pub(crate) fn tell(&self, message: impl FnOnce() -> crate::replica::Message) {
        if let Some(replica) = &self.replica {
            replica.tell(message());
        }
    }

    /// Whether the last attempt to write to the log worked.
    pub(crate) fn is_writable(&self) -> bool {
        self.writable.load(Ordering::Relaxed)
    }

    /// Carries out a command. `request` makes it from the state that it will be decided on, and may be asked again.
    ///
    /// Runs to its end even if the caller goes away: what is in the log is always published.
    /// A kill and whatever else is `Urgent` is decided while the log is held, so that nothing can come first.
    pub(crate) async fn command<F>(self: &Arc<Self>, urgency: Urgency, request: F) -> AppResult<Committed>
    where
        F: Fn(&State) -> Result<Request, Refusal> + Send + Sync + 'static,
    {
        let environment = Arc::clone(self);
        tokio::spawn(async move { environment.carry_out(urgency, Arc::new(request)).await })
            .await
            .map_err(AppError::internal)?
    }

    /// Decides a command as things stand, and does nothing.
    pub(crate) async fn rehearse(&self, request: Request) -> AppResult<()> {
        self.decide(&self.current(), Arc::new(move |_: &State| Ok(request.clone()))).await.map(drop)
    }

    async fn carry_out<F>(&self, urgency: Urgency, request: Arc<F>) -> AppResult<Committed>
    where
        F: Fn(&State) -> Result<Request, Refusal> + Send + Sync + 'static,
    {
        if let Urgency::Urgent = urgency {
            let held = self.writer.lock().await;
            for _ in 0..URGENT_ATTEMPTS {
                let before = self.current();
                let decision = self.decide(&before, Arc::clone(&request)).await?;
                if let Some(committed) = self.commit(&held, &before, decision).await? {
                    return Ok(committed);
                }
            }
        } else {
            for _ in 0..ATTEMPTS {
                let before = self.current();
                let decision = self.decide(&before, Arc::clone(&request)).await?;
                let held = self.writer.lock().await;
                if Arc::ptr_eq(&before, &self.current())
                    && let Some(committed) = self.commit(&held, &before, decision).await?
                {
                    return Ok(committed);
                }
            }
        }
        Err(AppError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "other changes came first again and again",
            "try again in a moment",
        )
        .retry_after(1))
    }

    async fn decide<F>(&self, before: &Arc<Publication>, request: Arc<F>) -> AppResult<Decision>
    where
        F: Fn(&State) -> Result<Request, Refusal> + Send + Sync + 'static,
    {
        let state = Arc::clone(&before.state);
        let request = spawn_blocking(move || request(&state)).await.map_err(AppError::internal)??;
        self.check_fleet(&before.state, &request.command)?;
        self.check_replicas(&before.state, &request.command).await?;
        let people = self.judges(&before.state, &request.command).await?;
        let before = Arc::clone(before);
        let decided = self.over(people, move |people| decide_over(&before.state, &before.valid, request, people));
        Ok(decided.await??)
    }

    /// Whether the clients are where a step of a data change needs them.
    fn check_fleet(&self, state: &State, command: &Command) -> Result<(), Refusal> {
        let Command::Migrate { step } = command else { return Ok(()) };
        let Some(flag) = state.flag_set.flag(step.flag.as_str()) else { return Ok(()) };
        let (fleet, _) = self.fleet.migration(flag, migration::since(state, flag));
        // What the state says comes first: it is not a matter of waiting.
        migration::check(state, step)?;
        migration::check_fleet(state, command, &fleet)
    }

    /// Whether the clients of other replicas can be counted here: one that has not followed the change before may yet give
    /// that out to a client that nobody has heard of.
    async fn check_replicas(&self, state: &State, command: &Command) -> AppResult<()> {
        let (Command::Migrate { step }, Some(replica)) = (command, &self.replica) else { return Ok(()) };
        let Some(flag) = state.flag_set.flag(step.flag.as_str()) else { return Ok(()) };
        let since = migration::since(state, flag).revision;
        if replica.are_at(&self.key, since).await.map_err(log_failed)? {
            return Ok(());
        }
        let why = format!("another replica of the control plane has not taken up revision {since} yet");
        let help =
            "try again in a moment; a replica that ended without a word is waited for as long as its clients may be";
        Err(Refusal::new(RefusalCode::FleetBehind, why, help).into())
    }

    /// Works on what a change would do, with people to try it on for as long as that may take.
    pub(crate) async fn over<T: Send + 'static>(
        &self,
        people: Option<Arc<Kept>>,
        work: impl FnOnce(Option<&People<'_>>) -> T + Send + 'static,
    ) -> AppResult<T> {
        let end = Arc::new(AtomicBool::new(false));
        let (ended, judge) = (Arc::clone(&end), self.judge);
        let _alarm = Task::spawn(async move {
            sleep(judge).await;
            ended.store(true, Ordering::Relaxed);
        });
        let done = spawn_blocking(move || {
            let people = people.as_ref().map(|kept| People {
                population: &kept.population,
                name: kept.about.name.as_str(),
                taken_at: &kept.about.taken_at,
                digest: &kept.about.digest,
                end: &end,
            });
            work(people.as_ref())
        });
        done.await.map_err(AppError::internal)
    }

    /// The population that a command is judged by, where there is a budget to judge it by.
    pub(crate) async fn judges(&self, state: &State, command: &Command) -> AppResult<Option<Arc<Kept>>> {
        if !command.is_edit() || state.policy.budget.is_empty() {
            return Ok(None);
        }
        self.people(state).await
    }

    /// The population that changes are tried on unless another one is named, where it is kept here.
    pub(crate) async fn people(&self, state: &State) -> AppResult<Option<Arc<Kept>>> {
        let Some(name) = population_of(state) else { return Ok(None) };
        if name == PopulationName::live() {
            self.save_live().await?;
        }
        self.populations.find(&name).await
    }

    /// Appends, folds, publishes. `None` where another process came first: what it appended is followed.
    async fn commit(
        &self,
        _held: &MutexGuard<'_, ()>,
        before: &Publication,
        decision: Decision,
    ) -> AppResult<Option<Committed>> {
        let Decided { record, valid, warnings } = match decision {
            Decision::Unchanged => {
                return Ok(Some(Committed { publication: self.current(), record: None, warnings: Vec::new() }));
            }
            Decision::Change(decided) => *decided,
        };
        let began = Instant::now();
        let state = fold((*before.state).clone(), &record);
        let appended = self.log.append(&record, &Effects::of(&state, &record)).await;
        if let Err(StoreError::Conflict { .. }) = appended {
            self.catch_up_held().await.map_err(log_failed)?;
            return Ok(None);
        }
        self.writable.store(appended.is_ok(), Ordering::Relaxed);
        appended.map_err(|error| refuse_write(&error))?;
        self.metrics.change(record.change().command.name(), began.elapsed());
        let publication = self.publish(before, record, state, valid);
        let record = publication.record.clone();
        Ok(Some(Committed { publication, record, warnings }))
    }

    /// Gives out what a change in the log has led to, whoever appended it.
    fn publish(&self, before: &Publication, record: Record, mut state: State, valid: Valid) -> Arc<Publication> {
        // The same flags, but shared with what was validated, and with what was written of them for the digest.
        state.flag_set.flags = valid.document().flags.clone();
        self.chart().push(&record, &state);

        let command = &record.change().command;
        let is_kill = command.is_kill_or_restore();
        let is_restore = matches!(command, Command::Restore { .. });
        let defines = command.defines();
        let record = Arc::new(record);
        let publication = Arc::new(Publication {
            definition: if defines { state.flag_set.revision } else { before.definition },
            state: Arc::new(state),
            valid: Arc::new(valid),
            restored_last: if is_kill { is_restore } else { before.restored_last },
            document_digest: Some(record.change().impact.digest.clone()),
            record: Some(Arc::clone(&record)),
        });
        match &record.change().command {
            // The watch begins before anyone can acknowledge.
            Command::Kill { kill } => {
                let flag = publication.state.flag_set.flag(kill.flag.as_str());
                let degrades = flag.is_some_and(|flag| flag.on_stale == OnStale::Degraded);
                self.fleet.killed(&kill.id, publication.position(), degrades);
            }
            // A beat is over; many of them would take the places of kills.
            Command::Restore { id } if heartbeat::is_beat(id) => drop(self.fleet.end_watch(id)),
            _ => {}
        }
        self.fleet.published(publication.position());
        self.live.follow(&publication);
        self.newest.send_replace(Arc::clone(&publication));
        // Nobody may be listening.
        let _ = self.changes.send(Arc::clone(&publication));
        self.measure();
        tracing::info!(
            environment = %self.key,
            command = record.change().command.name(),
            position = %publication.position(),
            actor = record.change().actor,
            "committed"
        );
        publication
    }

    /// Tries to write again where the last attempt failed.
    pub(crate) async fn probe(&self) {
        let ready = self.log.ready().await;
        if let Err(error) = &ready {
            tracing::warn!(environment = %self.key, error = error as &dyn std::error::Error, "the log cannot be written");
        }
        self.writable.store(ready.is_ok(), Ordering::Relaxed);
        self.metrics.writable.set(i64::from(ready.is_ok()));
    }

    fn measure(&self) {
        let labels = EnvironmentLabels { environment: self.key.to_string() };
        let current = self.current();
        let flag_set = &current.state.flag_set;
        self.metrics.kills.get_or_create(&labels).set(i64::try_from(flag_set.kills.len()).unwrap_or(i64::MAX));
        self.metrics.revision.get_or_create(&labels).set(i64::try_from(flag_set.revision).unwrap_or(i64::MAX));
        self.metrics.writable.set(i64::from(self.is_writable()));
    }
}

/// The population that changes are tried on unless another one is named; it may not be kept here.
pub(crate) fn population_of(state: &State) -> Option<PopulationName> {
    state.policy.population.clone().or_else(|| PopulationName::DEFAULT.parse().ok())
}

/// Whether a command may wait for others to be checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// Kills, restores, revocations: never behind the validation of a document.
    Urgent,
    Patient,
}

fn refuse_write(error: &StoreError) -> AppError {
    let status = match error {
        StoreError::Full(_) => StatusCode::INSUFFICIENT_STORAGE,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let detail = format!("the change was not made: {error}");
    AppError::new(status, error.code(), detail, error.help()).cause(Causes(error))
}

/// Any other trouble with the log.
pub(crate) fn log_failed(error: StoreError) -> AppError {
    AppError::new(StatusCode::SERVICE_UNAVAILABLE, error.code(), error.to_string(), error.help()).cause(Causes(&error))
}

/// An error and what it comes from, in one line.
struct Causes<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
