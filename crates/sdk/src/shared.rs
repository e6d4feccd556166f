//! What a client is: what reads look at, what takes over what comes, and what it tells of itself.

mod told;

use crate::acknowledge;
use crate::asked::Asked;
use crate::context::Context;
use crate::events::{Change, Event};
use crate::freshness::Freshness;
use crate::guard::{Breakers, Starts};
use crate::holding::{Envelope, Holding, Identity};
use crate::host::{Clock, random};
use crate::kept::{Keeper, Kept};
use crate::keys::KeyRing;
use crate::migration::Counter;
use crate::outcomes::Outcomes;
use crate::problem::{Problem, ProblemCode, refused};
use crate::snapshot::Snapshot;
use crate::status::{LastChange, Source, State, Status, Transport};
use crate::telemetry::Counting;
use arc_swap::ArcSwapOption;
use downhaul_control::api::{PatchEvent, Position, Within};
use downhaul_control::envelope::{self, EnvelopeError};
use downhaul_control::{Hash, patch};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::runtime::Handle;
use tokio::sync::{Notify, broadcast, watch};
use told::Sampled;

/// A program of which the loading is felt is not loaded where others wait for their turn.
const LARGE: usize = 64 * 1024;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) http: reqwest::Client,
    pub(crate) instance: String,
    pub(crate) clock: Clock,
    pub(crate) ring: KeyRing,
    pub(crate) fresh: Freshness,
    pub(crate) outcomes: Outcomes,
    pub(crate) keeper: Option<Arc<Keeper>>,
    pub(crate) breakers: Breakers,
    /// Starts that crashed, where something is kept.
    pub(crate) starts: Option<Starts>,
    /// What is to be told soon.
    pub(crate) breaker_moved: Notify,
    pub(crate) runtime: Handle,
    /// What is counted, once somebody has asked for it.
    pub(crate) telemetry: OnceLock<Counting>,
    pub(crate) look_telemetry: Notify,
    /// Held for reading by each acknowledgement on its way.
    pub(crate) telling: tokio::sync::RwLock<()>,
    /// Begins connections anew.
    pub(crate) restart: Notify,
    /// Freshness may have turned.
    pub(crate) look: Notify,
    /// The entity tag of what was taken over last by a poll.
    pub(crate) etag: Mutex<Option<String>>,
    /// What reads see. Swapped as a whole: no reader waits.
    snapshot: ArcSwapOption<Snapshot>,
    holding: Mutex<Holding>,
    standing: Mutex<Standing>,
    events: Mutex<Option<broadcast::Sender<Event>>>,
    ready: watch::Sender<bool>,
    asked: Mutex<Asked>,
    tallies: Mutex<Vec<Arc<Counter>>>,
    sampling: Mutex<Sampled>,
    /// Whether the next context that is decided for is to be remembered, and the last one that was.
    wants_context: AtomicBool,
    seen: ArcSwapOption<Context>,
}

#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) url: String,
    pub(crate) key: String,
    pub(crate) who: Identity,
    pub(crate) release: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) context_token: Option<String>,
    /// As the application wishes, whatever the control plane says.
    pub(crate) stale_after: Option<Duration>,
    pub(crate) ready_timeout: Duration,
    pub(crate) polls: bool,
}

/// What a status is told from.
#[derive(Debug)]
struct Standing {
    source: Source,
    transport: Transport,
    last_change: Option<LastChange>,
    problems: Vec<ProblemCode>,
    /// Stale and expired, as it was last told.
    told: (bool, bool),
    /// Where the control plane was a ping ago, if that was ahead of us.
    heard_ping: Option<Position>,
    /// Within how long what all clients would do at once is done.
    within: Within,
    /// When the newest was applied: what is said is about that one.
    applied_ms: i64,
    closed: bool,
}

impl Shared {
    pub(crate) fn new(
        settings: Settings,
        http: reqwest::Client,
        ring: KeyRing,
        keeper: Option<Keeper>,
        runtime: Handle,
        events: broadcast::Sender<Event>,
    ) -> Shared {
        let standing = Standing {
            source: Source::None,
            transport: Transport::None,
            last_change: None,
            problems: Vec::new(),
            told: (false, false),
            heard_ping: None,
            within: Within::default(),
            applied_ms: 0,
            closed: false,
        };
        let shared = Shared {
            settings,
            http,
            instance: crate::host::instance_id(),
            clock: Clock::start(),
            ring,
            fresh: Freshness::new(),
            outcomes: Outcomes::default(),
            breakers: Breakers::default(),
            starts: keeper.as_ref().map(|keeper| Starts::begin(keeper.path().with_extension("starts"))),
            keeper: keeper.map(Arc::new),
            breaker_moved: Notify::new(),
            runtime,
            telemetry: OnceLock::new(),
            look_telemetry: Notify::new(),
            telling: tokio::sync::RwLock::default(),
            restart: Notify::new(),
            look: Notify::new(),
            etag: Mutex::default(),
            snapshot: ArcSwapOption::empty(),
            holding: Mutex::default(),
            standing: Mutex::new(standing),
            events: Mutex::new(Some(events)),
            ready: watch::Sender::new(false),
            asked: Mutex::default(),
            tallies: Mutex::default(),
            sampling: Mutex::default(),
            wants_context: AtomicBool::new(false),
            seen: ArcSwapOption::empty(),
        };
        if let Some(after) = shared.settings.stale_after {
            shared.fresh.stale_after(after);
        }
        shared
    }

    // What reads see.

    /// The present snapshot, whether it is stale, and whether it has expired.
    pub(crate) fn present(&self) -> (Option<Arc<Snapshot>>, bool, bool) {
        let now = self.clock.now_ms();
        (self.snapshot.load_full(), self.fresh.is_stale(now), self.fresh.is_expired(now, Clock::wall_ms))
    }

    /// Remembers a context that is decided for, where the control plane asks for some.
    pub(crate) fn see(&self, context: &Context) {
        if self.wants_context.load(Ordering::Relaxed) && self.wants_context.swap(false, Ordering::Relaxed) {
            self.seen.store(Some(Arc::new(context.clone())));
        }
    }

    // Taking over what comes.

    /// Applies what came; false where the client can't build on it.
    pub(crate) async fn receive(self: &Arc<Self>, bytes: Vec<u8>, change: Change, received_ms: i64) -> bool {
        if let Some(id) = key_id(&bytes)
            && self.ring.wants(&id)
        {
            self.refresh_keys().await;
        }
        if bytes.len() < LARGE {
            return self.take(bytes, change, received_ms);
        }
        let shared = Arc::clone(self);
        tokio::task::spawn_blocking(move || shared.take(bytes, change, received_ms)).await.unwrap_or(false)
    }

    /// A difference from the program in use; false where it does not fit.
    pub(crate) async fn receive_patch(self: &Arc<Self>, event: PatchEvent, received_ms: i64) -> bool {
        let Some(bytes) = self.patched(&event) else { return false };
        self.receive(bytes, Change::Patch, received_ms).await
    }

    /// All addresses of the second path are judged alike: one that answers is enough.
    pub(crate) fn second_path_is_well(&self) {
        self.standing().problems.retain(|code| *code != ProblemCode::SecondPathFailed);
    }

    fn patched(&self, event: &PatchEvent) -> Option<Vec<u8>> {
        use base64::Engine;
        use base64::engine::general_purpose::STANDARD;
        let base = self.holding().program().cloned()?;
        if base.header.program_sha256 != event.base.parse::<Hash>().ok()? {
            return None;
        }
        let mut bytes = STANDARD.decode(&event.header).ok()?;
        bytes.extend(patch::apply(base.program(), &event.ops).ok()?);
        bytes.extend(STANDARD.decode(&event.kills).ok()?);
        Some(bytes)
    }

    pub(crate) fn take(self: &Arc<Self>, bytes: Vec<u8>, change: Change, received_ms: i64) -> bool {
        let header = match envelope::open(&bytes, &self.ring.believed()) {
            Ok(opened) => opened.header,
            Err(error) => {
                self.refuse(error, change);
                return false;
            }
        };
        let kept = change == Change::Kept;
        let mut holding = self.holding();
        if self.is_closed() {
            return false;
        }
        let taken = holding.take(Envelope { bytes, header: header.clone() }, &self.settings.who, kept);
        let well = taken.problems.is_empty();
        for problem in taken.problems {
            self.report(problem);
        }
        if !taken.program && !taken.kills {
            return false;
        }
        if let Some(keys) = &header.keys
            && self.ring.in_force(keys)
            && !kept
        {
            let shared = Arc::clone(self);
            tokio::spawn(async move { shared.refresh_keys().await });
        }
        if taken.program {
            self.fresh.valid_until(&header.valid_until);
            if kept {
                self.fresh.kept_since(&header.issued_at, self.clock.now_ms(), Clock::wall_ms());
            }
        }
        {
            let mut standing = self.standing();
            standing.source = if kept { Source::Kept } else { Source::Network };
            if well && !kept {
                standing.problems.clear();
            }
        }
        self.show(&holding, change, received_ms);
        if !kept {
            self.keep(&holding);
        }
        let has_values = holding.program().is_some();
        drop(holding);
        if has_values && !self.ready.send_replace(true) {
            self.emit(Event::Ready(Box::new(self.status())));
        }
        self.look.notify_one();
        taken.program || header.kind == envelope::EnvelopeType::Kills
    }

    fn refuse(&self, error: EnvelopeError, change: Change) {
        let mut problem = refused(error);
        if change == Change::Kept {
            problem.message = format!("what was kept is not used: {}", problem.message);
        }
        self.report(problem);
    }

    /// Lets reads see what is held, and tells what is another one now. The holding is locked, so that nothing overtakes.
    pub(crate) fn show(self: &Arc<Self>, holding: &Holding, change: Change, received_ms: i64) {
        let Some(snapshot) = holding.snapshot(&self.settings.who, Clock::wall_ms()).map(Arc::new) else { return };
        let now = self.clock.now_ms();
        let stale = self.fresh.is_stale(now);
        let before = self.snapshot.swap(Some(Arc::clone(&snapshot)));
        let applied_after = Duration::from_millis(u64::try_from(self.clock.now_ms() - received_ms).unwrap_or(0));
        self.take_up_breakers(&snapshot);
        let position = snapshot.position;
        if let Some(before) = before.as_deref()
            && !Arc::ptr_eq(&before.flags, &snapshot.flags)
        {
            let mut asked = self.asked();
            before.flags.take_asked(&before.loaded.program, |key| asked.add(key));
        }
        let is_same = |before: &Snapshot| {
            before.position == position && before.loaded.kill_set.kills == snapshot.loaded.kill_set.kills
        };
        let renewed = before.as_deref().is_some_and(is_same);
        if change != Change::Kept {
            // Requests go dark first, and say so then: nothing waits behind the telling of others.
            let within = {
                let mut standing = self.standing();
                standing.applied_ms = self.clock.now_ms();
                standing.within.acknowledge
            };
            acknowledge::soon(self, Some(applied_after), Duration::from_millis(within.into()).mul_f64(random()));
        }
        if renewed && change != Change::Kept {
            return;
        }
        let told_stale = {
            let mut standing = self.standing();
            standing.last_change = Some(LastChange { change, applied_after, at: SystemTime::now() });
            standing.told.0
        };
        tracing::info!(change = change.as_str(), %position, ?applied_after, "flags are those of another position");
        self.emit(Event::Applied { change, position, applied_after });
        let keys = snapshot.differs(stale, before.as_deref().map(|before| (before, told_stale)));
        if !keys.is_empty() {
            self.emit(Event::Changed { keys, change });
        }
    }

    pub(crate) fn keep(self: &Arc<Self>, holding: &Holding) {
        let Some(keeper) = self.keeper.clone() else { return };
        let bytes = |envelope: &Arc<Envelope>| Arc::new(envelope.bytes.clone());
        keeper.note(Kept {
            position: holding.ratchet(),
            keys: if self.ring.is_pinned() { Vec::new() } else { self.ring.believed() },
            flag_set: holding.program().map(bytes),
            kills: holding.kills_alone().map(bytes),
            break_glass: holding.break_glass().objects().to_vec(),
        });
        let shared = Arc::clone(self);
        tokio::spawn(async move { shared.flush().await });
    }

    /// Writes what is to be kept.
    pub(crate) async fn flush(&self) {
        let Some(keeper) = &self.keeper else { return };
        if let Err(error) = keeper.flush().await {
            self.report(ProblemCode::StoreFailed.problem(
                format!("the flag set can't be kept in `{}`: {error}", keeper.path().display()),
                "the client goes on, but a start without the control plane would find an older flag set or none",
            ));
        }
    }

    /// What an earlier run has left, then what was brought along where that is nothing.
    pub(crate) fn begin(self: &Arc<Self>, bootstrap: Option<Vec<u8>>) {
        let now = self.clock.now_ms();
        match self.keeper.as_ref().map(|keeper| (keeper.path(), keeper.read())) {
            Some((path, Err(error))) => self.report(ProblemCode::StoreFailed.problem(
                format!("what was kept in `{}` can't be read: {error}", path.display()),
                "the client goes on without it, and writes it anew with the next flag set",
            )),
            Some((_, Ok(Some(kept)))) => {
                if let Some(position) = kept.position {
                    self.holding().raise(position);
                }
                self.ring.seed(kept.keys);
                for bytes in [kept.kills, kept.flag_set].into_iter().flatten() {
                    self.take(bytes.to_vec(), Change::Kept, now);
                }
                self.take_kept(kept.break_glass, now);
            }
            Some((_, Ok(None))) | None => {}
        }
        if let Some(bytes) = bootstrap
            && self.holding().program().is_none()
        {
            self.take(bytes, Change::Kept, now);
        }
    }

    /// Asks the control plane for its keys.
    pub(crate) async fn refresh_keys(&self) {
        if !self.ring.is_pinned()
            && let Some(keys) = crate::transport::fetch_keys(self).await
        {
            self.ring.fetched(keys);
        }
    }

    // What is heard of the control plane.

    pub(crate) fn heard(&self) {
        self.fresh.heard(self.clock.now_ms());
        if self.standing().told.0 {
            self.look.notify_one();
        }
    }

    /// Where the control plane is; true if its position was already ahead of ours a ping ago: what we lack is not just on
    /// its way.
    pub(crate) fn hears_position(self: &Arc<Self>, theirs: Position, server_time: &str) -> bool {
        self.fresh.server_time(server_time, self.clock.now_ms());
        self.look.notify_one();
        let ours = self.holding().position();
        let mut standing = self.standing();
        if standing.source == Source::Kept && ours == Some(theirs) {
            // What was kept is what the control plane has: it sends nothing, and is told at once that we are there.
            standing.source = Source::Network;
            acknowledge::soon(self, None, Duration::ZERO);
        }
        let behind = ours.is_some_and(|ours| {
            theirs.epoch > ours.epoch
                || theirs.epoch == ours.epoch
                    && (theirs.revision > ours.revision || theirs.kill_revision > ours.kill_revision)
        });
        let again = behind && standing.heard_ping == Some(theirs);
        standing.heard_ping = (behind && !again).then_some(theirs);
        again
    }

    /// Within how long what all clients would do at once is done.
    pub(crate) fn hears_within(&self, within: Within) {
        self.standing().within = within;
    }

    pub(crate) fn return_within(&self) -> Duration {
        Duration::from_millis(self.standing().within.come_back.into())
    }

    /// For how long what was applied last has been so.
    pub(crate) fn waited_ms(&self) -> u32 {
        u32::try_from(self.clock.now_ms() - self.standing().applied_ms).unwrap_or(0)
    }

    pub(crate) fn hears_stale_seconds(&self, seconds: u32) {
        if self.settings.stale_after.is_none() {
            self.fresh.stale_after(Duration::from_secs(u64::from(seconds)));
        }
    }

    pub(crate) fn hears_by(&self, transport: Transport) {
        self.standing().transport = transport;
    }

    /// Looks whether the client has become stale, or fresh again, and tells it.
    pub(crate) fn look(&self) {
        let (snapshot, stale, expired) = self.present();
        let before = {
            let mut standing = self.standing();
            std::mem::replace(&mut standing.told, (stale, expired))
        };
        if before == (stale, expired) {
            return;
        }
        if stale || expired {
            tracing::warn!(
                stale,
                expired,
                "the control plane is not heard of; flags with `on_stale: degraded` degrade"
            );
        } else {
            tracing::info!("the control plane is heard of again");
        }
        if let Some(snapshot) = snapshot {
            let keys = snapshot.differs(stale, Some((&snapshot, before.0)));
            if !keys.is_empty() {
                self.emit(Event::Changed { keys, change: Change::Stale });
            }
        }
        self.emit(Event::Stale { stale, expired });
    }

    // What is told.

    pub(crate) fn report(&self, problem: Problem) {
        let is_new = {
            let mut standing = self.standing();
            if standing.closed {
                return;
            }
            let is_new = !standing.problems.contains(&problem.code);
            if is_new {
                standing.problems.push(problem.code);
            }
            is_new
        };
        // What goes on is told each time, and logged once: a client tries again every few seconds.
        if is_new {
            tracing::warn!(code = problem.code.as_str(), help = problem.help, "{}", problem.message);
        } else {
            tracing::debug!(code = problem.code.as_str(), "{}", problem.message);
        }
        if problem.code == ProblemCode::Unauthorized {
            self.emit(Event::Error(problem.clone()));
        }
        self.emit(Event::Problem(problem));
    }

    pub(crate) fn status(&self) -> Status {
        let now = self.clock.now_ms();
        let (snapshot, stale, expired) = self.present();
        let environment = self.holding().environment().map(str::to_owned);
        let standing = self.standing();
        let state = match (standing.closed, standing.source) {
            (true, _) => State::Closed,
            (_, Source::None) => State::Connecting,
            _ if stale || expired => State::Stale,
            _ if standing.transport == Transport::None => State::Offline,
            _ => State::Ready,
        };
        Status {
            state,
            transport: standing.transport,
            source: standing.source,
            position: snapshot.as_ref().map(|snapshot| snapshot.position),
            environment: environment.or_else(|| self.settings.who.environment.clone()),
            valid_until: snapshot.map(|snapshot| snapshot.header.valid_until.clone()),
            stale,
            expired,
            silent: self.fresh.silent(now),
            last_change: standing.last_change,
            problems: standing.problems.clone(),
        }
    }

    /// Position, digest of the program, how it came by them, and what is wrong, for an acknowledgement.
    pub(crate) fn applied(&self) -> Option<(Position, Hash, Transport, Source, Vec<ProblemCode>)> {
        let snapshot = self.snapshot.load_full()?;
        let standing = self.standing();
        let digest = snapshot.header.program_sha256;
        Some((snapshot.position, digest, standing.transport, standing.source, standing.problems.clone()))
    }

    /// What the client has, for a difference instead of the whole.
    pub(crate) fn base(&self) -> Option<(Hash, Position)> {
        let snapshot = self.snapshot.load_full()?;
        Some((snapshot.header.program_sha256, snapshot.position))
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Event> {
        match &*self.events.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(events) => events.subscribe(),
            // Closed: there will be none.
            None => broadcast::channel(1).1,
        }
    }

    pub(crate) fn is_ready(&self) -> watch::Receiver<bool> {
        self.ready.subscribe()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.standing().closed
    }

    /// True the first time.
    pub(crate) fn close(&self) -> bool {
        !std::mem::replace(&mut self.standing().closed, true)
    }

    /// Nothing is told any more, to nobody.
    pub(crate) fn end(&self) {
        self.hears_by(Transport::None);
        self.events.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    pub(crate) fn emit(&self, event: Event) {
        if let Some(events) = &*self.events.lock().unwrap_or_else(PoisonError::into_inner) {
            // Nobody need listen.
            let _ = events.send(event);
        }
    }

    pub(crate) fn holding(&self) -> MutexGuard<'_, Holding> {
        self.holding.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The id of the key that an envelope says it is signed with.
pub(crate) fn key_id(bytes: &[u8]) -> Option<String> {
    bytes.get(4..12).map(downhaul_core::seal::hexadecimal)
}
