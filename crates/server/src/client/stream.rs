use crate::client::caller::Caller;
use crate::client::limits::Place;
use crate::client::slot::{FlagSetEvent, FlagSetIssue, Slot};
use crate::environment::{Environment, Publication};
use crate::error::{AppError, AppResult};
use crate::extract::Query;
use crate::issue::Asker;
use crate::listener::ClientAddress;
use crate::live::Instruction;
use crate::sse;
use crate::state::AppState;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, State};
use axum::response::Response;
use downhaul_control::api::{ByeEvent, FlagSetQuery, HelloEvent, PingEvent, Position, Problem, Within};
use downhaul_control::fleet::spread;
use downhaul_control::{Hash, time};
use futures_util::stream;
use jiff::Timestamp;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};

/// A large event is given out in pieces of this size, and between two of them a kill can overtake it.
const PIECE: usize = 64 * 1024;
/// After a kill, what else its clients lack waits this long, and until they may have said that they have applied it: until
/// then the machine belongs to the kill.
const AFTER_KILL: Duration = Duration::from_millis(250);

/// The stream of a client: what it lacks, then what happens, as server-sent events.
#[utoipa::path(
    get, path = "/client/v1/stream", tag = "client", params(FlagSetQuery), security(("client_key" = [])),
    responses(
        (status = 200, description = "server-sent events, see docs/reference/protocol.md", content_type = "text/event-stream", body = String),
        (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem),
        (status = 429, body = Problem),
    )
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    ConnectInfo(ClientAddress(address)): ConnectInfo<ClientAddress>,
    caller: Caller,
    Query(query): Query<FlagSetQuery>,
) -> AppResult<Response> {
    let asker = caller.asks(&query)?;
    let has = Has::read(&query)?;
    state.reach(&caller.environment, has.position).await;
    state.vouch()?;
    let place = state.limits().take(&caller.key.id, address, caller.key.kind)?;
    let pump = Pump::new(state, caller, asker, has, place)?;
    Ok(sse::response(stream::unfold(pump, |mut pump| async move { Some((pump.next().await?, pump)) })))
}

/// What the client has, by its own word or because it was sent.
#[derive(Debug, Default)]
struct Has {
    position: Option<Position>,
    program: Option<Hash>,
    /// When it was issued, where this stream knows; a client's word of what it has is checked once.
    issued: Option<Timestamp>,
}

impl Has {
    fn read(query: &FlagSetQuery) -> AppResult<Has> {
        let malformed = |name: &str, why: String| {
            AppError::bad_request(
                "malformed-query",
                format!("`{name}` cannot be read: {why}"),
                "leave it out to get everything",
            )
        };
        let position = query.position.as_deref().map(str::parse::<Position>).transpose();
        let program = query.base.as_deref().map(str::parse::<Hash>).transpose();
        let position = position.map_err(|why| malformed("position", why.to_string()))?;
        let program = program.map_err(|why| malformed("base", why.to_string()))?;
        // One without the other says nothing that could be built on.
        Ok(if position.is_some() && program.is_some() {
            Has { position, program, issued: None }
        } else {
            Has::default()
        })
    }
}

impl Has {
    fn of(issue: &FlagSetIssue) -> Has {
        Has { position: Some(issue.position), program: Some(issue.program.digest), issued: Some(issue.issued) }
    }
}

/// Gives out the bytes of one stream, as they are asked for: whoever reads slowly gets the newest when it comes to that.
#[derive(Debug)]
struct Pump {
    state: AppState,
    environment: Arc<Environment>,
    key: String,
    asker: Asker,
    /// The place of whoever asks, and the definition that it was found for.
    slot: Option<(u64, Arc<Slot>)>,
    publications: watch::Receiver<Arc<Publication>>,
    closing: watch::Receiver<bool>,
    has: Has,
    /// The newest kills given out.
    kills: Option<(u64, u64)>,
    /// What of contexts the client was asked for.
    sampling: Instruction,
    /// Whole events that go out next.
    ready: VecDeque<Bytes>,
    /// A flag set on its way out.
    outgoing: Option<Outgoing>,
    /// A flag set being made.
    making: Option<JoinHandle<AppResult<FlagSetEvent>>>,
    ping: Interval,
    ends: Option<Instant>,
    /// Until when nothing but kills is begun.
    quiet: Option<Instant>,
    greeted: bool,
    ended: bool,
    _place: Place,
}

#[derive(Debug)]
struct Outgoing {
    rest: Bytes,
    begun: bool,
    issue: Arc<FlagSetIssue>,
}

impl Pump {
    fn new(state: AppState, caller: Caller, asker: Asker, has: Has, place: Place) -> AppResult<Self> {
        let publications = caller.environment.publications();
        let current = caller.environment.current();
        let options = state.options();
        let mut ping = interval_at(Instant::now() + options.ping, options.ping);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let hello = HelloEvent {
            position: current.position(),
            server_time: time::to_text(Timestamp::now()),
            ping_seconds: whole_seconds(options.ping),
            stale_seconds: whole_seconds(options.stale),
            within_ms: Within::of(clients(&state, &caller.environment)),
        };
        let kills = has.position.map(|position| (position.epoch, position.kill_revision));
        Ok(Pump {
            closing: state.closing(),
            environment: caller.environment,
            key: caller.key.id,
            asker,
            slot: None,
            publications,
            has,
            kills,
            sampling: None,
            ready: VecDeque::from([event("hello", &hello)]),
            outgoing: None,
            making: None,
            ping,
            ends: caller.until.map(ends_at),
            quiet: None,
            greeted: false,
            ended: false,
            _place: place,
            state,
        })
    }

    /// The next bytes, or `None` where the stream ends.
    async fn next(&mut self) -> Option<Bytes> {
        if !self.greeted {
            self.greeted = true;
            return self.ready.pop_front();
        }
        loop {
            if self.ended {
                return self.ready.pop_front();
            }
            if *self.closing.borrow() {
                self.bye();
                continue;
            }
            let publication = Arc::clone(&self.publications.borrow_and_update());
            if self.is_revoked(&publication) {
                return None;
            }
            // INVARIANT: kills go out before anything else that waits here, and into the midst of a flag set.
            if self.lacks_kills(&publication) {
                match self.kill(&publication) {
                    Ok(bytes) => return Some(bytes),
                    Err(error) => return self.give_up(&error),
                }
            }
            if let Some(bytes) = self.ready.pop_front() {
                return Some(bytes);
            }
            if let Some(bytes) = self.asking() {
                return Some(bytes);
            }
            if let Some(bytes) = self.piece() {
                return Some(bytes);
            }
            if let Err(error) = self.make(&publication) {
                return self.give_up(&error);
            }
            if let Err(error) = self.wait().await {
                return self.give_up(&error);
            }
        }
    }

    fn lacks_kills(&self, publication: &Publication) -> bool {
        let position = publication.position();
        // Who has nothing gets its kills with the flag set.
        self.kills.is_some_and(|kills| (position.epoch, position.kill_revision) > kills)
    }

    /// The kills, ahead of everything. A flag set that was being written out is broken off, and made anew.
    fn kill(&mut self, publication: &Publication) -> AppResult<Bytes> {
        let kills = self.slot(publication)?.kills(publication)?;
        self.kills = Some((kills.position.epoch, kills.position.kill_revision));
        self.quiet = self.has.program.map(|_| Instant::now() + self.after_kill());
        self.state.metrics().event(kills.name);
        let broken_off = self.outgoing.take().is_some_and(|outgoing| outgoing.begun);
        if broken_off {
            self.ready.push_front(kills.event());
            return Ok(sse::VOID);
        }
        Ok(kills.event())
    }

    /// How long a kill is alone. What follows does not go to all clients in one moment either.
    fn after_kill(&self) -> Duration {
        let within = spread::acknowledge_within(clients(&self.state, &self.environment));
        AFTER_KILL + within + random_within(within)
    }

    /// Kept, since a kill asks for it for every client at once.
    fn slot(&mut self, publication: &Publication) -> AppResult<Arc<Slot>> {
        if let Some((definition, slot)) = &self.slot
            && *definition == publication.definition
        {
            return Ok(Arc::clone(slot));
        }
        let slot = self.environment.slots().of(publication, &self.asker, self.state.issuer())?;
        self.slot = Some((publication.definition, Arc::clone(&slot)));
        Ok(slot)
    }

    /// What of contexts is asked for, where that is something else than before; never in the midst of a flag set.
    fn asking(&mut self) -> Option<Bytes> {
        let wanted = self.environment.live().instruction();
        if wanted == self.sampling || self.outgoing.as_ref().is_some_and(|outgoing| outgoing.begun) {
            return None;
        }
        let event = sse::event("sample", None, wanted.as_deref().unwrap_or("null"));
        self.sampling = wanted;
        Some(event)
    }

    /// The next piece of the flag set on its way.
    fn piece(&mut self) -> Option<Bytes> {
        let outgoing = self.outgoing.as_mut()?;
        let piece = outgoing.rest.split_to(outgoing.rest.len().min(PIECE));
        outgoing.begun = true;
        if outgoing.rest.is_empty()
            && let Some(Outgoing { issue, .. }) = self.outgoing.take()
        {
            let sent = (issue.position.epoch, issue.position.kill_revision);
            self.kills = Some(self.kills.map_or(sent, |kills| kills.max(sent)));
            self.has = Has::of(&issue);
        }
        Some(piece)
    }

    /// Begins to make the flag set that the client lacks, if it lacks one.
    fn make(&mut self, publication: &Arc<Publication>) -> AppResult<()> {
        let is_newest = self.has.position == Some(publication.position()) && self.has.issued.is_some();
        // One that comes from another replica may have more than is here yet.
        let is_ahead = self.state.replica().is_some() && self.has.position > Some(publication.position());
        let waits = is_ahead || !self.state.vouches();
        if self.making.is_some() || is_newest || waits || self.quiet.is_some() {
            return Ok(());
        }
        let slot = self.slot(publication)?;
        self.making = Some(tokio::spawn(slot.event(Arc::clone(publication), self.has.program)));
        Ok(())
    }

    /// Waits until there is something to do.
    async fn wait(&mut self) -> AppResult<()> {
        tokio::select! {
            biased;
            changed = self.publications.changed() => {
                changed.map_err(AppError::internal)?;
                // What is being made may be out of date now; what it made is kept for others.
                if self.making.as_ref().is_some_and(JoinHandle::is_finished) {
                    self.making = None;
                }
            }
            _ = self.closing.changed() => {}
            made = finished(&mut self.making) => {
                self.making = None;
                let made = made?;
                let current = self.publications.borrow().position();
                if made.issue.position >= current {
                    self.send(made);
                }
            }
            _ = self.ping.tick() => self.tick(),
            () = reached(self.quiet) => self.quiet = None,
            () = reached(self.ends) => self.bye(),
        }
        Ok(())
    }

    fn send(&mut self, FlagSetEvent { name, bytes, issue }: FlagSetEvent) {
        if self.has.position == Some(issue.position) && self.has.program == Some(issue.program.digest) {
            let known = self.has.issued.replace(issue.issued);
            if known.is_none() {
                return;
            }
        }
        self.state.metrics().event(name);
        self.outgoing = Some(Outgoing { rest: bytes, begun: false, issue });
    }

    fn tick(&mut self) {
        if !self.state.vouches() {
            return;
        }
        if self.has.issued.is_some_and(|issued| !self.state.issuer().is_fresh(issued, Timestamp::now())) {
            self.has.position = None;
        }
        let position = self.publications.borrow().position();
        let within_ms = Within::of(clients(&self.state, &self.environment));
        let ping = PingEvent { position, server_time: time::to_text(Timestamp::now()), within_ms };
        self.ready.push_back(event("ping", &ping));
    }

    /// The last event; where the stream ends in the midst of another one, that is broken off.
    fn bye(&mut self) {
        if self.outgoing.take().is_some_and(|outgoing| outgoing.begun) {
            self.ready.push_back(sse::VOID);
        }
        let closing = *self.closing.borrow();
        // So that they do not all come at once.
        let within = spread::leave_within(clients(&self.state, &self.environment));
        let retry = if closing { random_within(within) } else { Duration::ZERO };
        let retry_ms = u64::try_from(retry.as_millis()).unwrap_or(u64::MAX);
        self.ready.push_back(event("bye", &ByeEvent { retry_ms }));
        self.ended = true;
    }

    fn is_revoked(&self, publication: &Publication) -> bool {
        publication.state.keys.get(&self.key).is_none_or(|key| key.revoked.is_some())
    }

    /// The client comes back and asks again; what went wrong is in the log.
    fn give_up(&mut self, error: &AppError) -> Option<Bytes> {
        tracing::error!(environment = %self.environment.key(), ?error, "a stream was given up");
        None
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        // Others may wait for the same flag set, so it is made all the same.
        self.making = None;
    }
}

async fn finished(making: &mut Option<JoinHandle<AppResult<FlagSetEvent>>>) -> AppResult<FlagSetEvent> {
    match making {
        Some(handle) => handle.await.map_err(AppError::internal)?,
        None => std::future::pending().await,
    }
}

async fn reached(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// When a context token ends, on this process's clock.
fn ends_at(seconds: u64) -> Instant {
    let now = u64::try_from(Timestamp::now().as_second()).unwrap_or(0);
    // A year is as good as never, and within what the clock can hold.
    Instant::now() + Duration::from_secs(seconds.saturating_sub(now).min(365 * 24 * 60 * 60))
}

/// As many as there are of the environment, and at least those that are here.
fn clients(state: &AppState, environment: &Environment) -> usize {
    environment.fleet().lately_live().max(state.limits().open())
}

fn random_within(within: Duration) -> Duration {
    let random = crate::random::bytes::<8>().map_or(0, u64::from_le_bytes);
    Duration::from_millis(random % u64::try_from(within.as_millis()).unwrap_or(u64::MAX).max(1))
}

fn whole_seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs().max(1)).unwrap_or(u32::MAX)
}

fn event<T: Serialize>(name: &str, data: &T) -> Bytes {
    // These events are plain structures, which can always be written.
    sse::event(name, None, &serde_json::to_string(data).unwrap_or_default())
}
