//! Takes rollouts on, stage after stage, as each has baked and its gates hold. Decides nothing: what is due follows from
//! the state, and every step names the stage that it starts from, so that none is made twice.

mod gates;

use crate::drivers;
use crate::environment::{Environment, Publication, Urgency};
use crate::guards::{self, Guarded};
use crate::runner::{backoff, until, within};
use crate::state::AppState;
use downhaul_control::rollout::{self, HoldKind, Next, Reading, RolloutState};
use downhaul_control::{Command, Refusal, RefusalCode, Request, State, heartbeat};
pub(crate) use gates::Gates;
use gates::{Standing, Watch};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep, sleep_until};

/// Where nothing is due it is looked again after this long all the same: clocks are set, and roles expire.
const IDLE: Duration = Duration::from_secs(60);

/// Takes on every rollout of every environment, those of before the last start too.
pub(crate) async fn carry_out(state: AppState) {
    drivers::in_every_environment(state, supervise).await;
}

async fn supervise(state: AppState, environment: Arc<Environment>) {
    let going_on = |current: &State| current.rollouts.going_on().map(|rollout| rollout.number).collect();
    let drive = |number| drive(state.clone(), Arc::clone(&environment), number);
    drivers::drive_each(&environment, going_on, drive).await;
}

/// Takes one rollout on until it is over.
pub(crate) async fn drive(state: AppState, environment: Arc<Environment>, number: u64) {
    let mut publications = environment.publications();
    let mut looks = environment.guards().looks();
    // Wall clocks jump; once a time to come is known, it is also waited for on a clock that does not.
    let mut baked: Option<(Timestamp, Instant)> = None;
    let mut watch: Option<Watch> = None;
    let mut failures = 0;
    // What was refused is not asked for with every reading of a gate.
    let mut refused: Option<(u64, Instant)> = None;
    loop {
        let current = Arc::clone(&publications.borrow_and_update());
        looks.mark_unchanged();
        let Some(rollout) = going_on(&current.state, number) else {
            environment.gates().forget(number);
            return;
        };
        let revision = current.state.flag_set.revision;
        let baked_at = rollout::baked_at(&current.state, rollout);
        let known = baked.filter(|(known, _)| *known == baked_at).map(|(_, at)| at);
        // Where the clock says longer than the stage bakes, it was set back.
        let longest = SignedDuration::from_secs(rollout.current().map_or(0, |stage| i64::from(stage.bake_seconds)));
        let at = known.unwrap_or_else(|| Instant::now() + time_to(baked_at, longest));
        baked = Some((baked_at, at));
        let now = charted(Timestamp::now(), baked_at, Instant::now() >= at);
        let (mut wake, mut is_due) = (Instant::now() + IDLE, false);
        let look = look(&current, number, now).await;
        match look {
            Some(Look::Stopped | Look::Asking) => {}
            Some(Look::Baking) => wake = wake.min(at),
            Some(Look::Due) if Instant::now() < at => wake = wake.min(at),
            Some(Look::Due) => is_due = refused.is_none_or(|(at, again)| at != revision || Instant::now() >= again),
            None => {
                environment.gates().forget(number);
                return;
            }
        }
        let stage = rollout.current();
        let (is_watched, longest) = match stage {
            Some(stage) if !stage.gates.is_empty() && !matches!(look, Some(Look::Stopped)) => {
                (true, stage.gates.iter().map(|gate| gate.for_seconds).max().unwrap_or(0))
            }
            _ => (false, 0),
        };
        // Whatever has to hold for a while is looked at for that long before the stage has baked.
        let begin = at.checked_sub(Duration::from_secs(u64::from(longest) + 1)).unwrap_or_else(Instant::now);
        if !is_watched || watch.as_ref().is_some_and(|watch| !watch.is_of(rollout)) {
            watch = None;
        }
        if is_watched && watch.is_none() {
            if Instant::now() >= begin {
                watch = Some(Watch::begin(&state, &environment, rollout));
            } else {
                wake = wake.min(begin);
            }
        }
        if is_due {
            let standing = watch.as_ref().map(Watch::standing);
            let guarded = guards::in_the_way(&environment, &current.state, rollout);
            match step(&environment, rollout, (guarded, standing.as_deref()), now).await {
                Stepped::Done => failures = 0,
                Stepped::Waits => {}
                Stepped::Refused => refused = Some((revision, Instant::now() + IDLE)),
                Stepped::Failed => {
                    sleep(backoff(failures)).await;
                    failures += 1;
                    continue;
                }
            }
        }
        tokio::select! {
            changed = publications.changed() => if changed.is_err() { return },
            () = gates::changed(watch.as_mut()) => {}
            looked = looks.changed() => if looked.is_err() { return },
            () = sleep_until(wake) => {}
        }
    }
}

fn going_on(state: &State, number: u64) -> Option<&Arc<RolloutState>> {
    state.rollouts.by_number.get(&number).filter(|rollout| !rollout.is_ended())
}

/// What is waited for, as far as it matters here.
#[derive(Debug, Clone, Copy)]
enum Look {
    Baking,
    Due,
    /// For approvals; its gates are read meanwhile.
    Asking,
    /// Until somebody lets it go on.
    Stopped,
}

/// `None` where it is over, or nothing can be said of it.
async fn look(current: &Arc<Publication>, number: u64, now: Timestamp) -> Option<Look> {
    let current = Arc::clone(current);
    // Approvals are of all that decides of the flag, which takes a while to write.
    let looked = spawn_blocking(move || {
        let rollout = going_on(&current.state, number)?;
        match rollout::next(&current.state, rollout, now) {
            Ok(Next::Ended) => None,
            Ok(Next::Baking { .. }) => Some(Look::Baking),
            Ok(Next::Due { .. }) => Some(Look::Due),
            Ok(Next::Approval { .. }) => Some(Look::Asking),
            Ok(Next::Paused | Next::Blocked(_)) => Some(Look::Stopped),
            Err(refusal) => {
                tracing::error!(
                    rollout = rollout.id(),
                    detail = refusal.message,
                    "it cannot be said what a rollout waits for"
                );
                Some(Look::Stopped)
            }
        }
    });
    looked.await.ok().flatten()
}

/// How long until a stage has baked; nothing where it has, and no longer than it bakes.
fn time_to(baked_at: Timestamp, longest: SignedDuration) -> Duration {
    // What cannot be read has not happened yet.
    if baked_at == Timestamp::MAX { Duration::from_secs(31_536_000) } else { within(until(baked_at), longest) }
}

/// The time that a step is decided on and charted at: that of the wall clock, but where the stage has baked by the clock
/// that does not jump, it has baked, however far the other one was set back.
fn charted(wall: Timestamp, baked_at: Timestamp, has_baked: bool) -> Timestamp {
    if has_baked && baked_at != Timestamp::MAX { wall.max(baked_at) } else { wall }
}

/// What came of a step.
enum Stepped {
    Done,
    /// There is nothing to do until something changes.
    Waits,
    /// The flag set would not be valid.
    Refused,
    /// The log could not be written.
    Failed,
}

/// Does what is due: enters the next stage, ends the rollout, or charts what is in the way. First what guards say, then
/// the gates of the stage; absent where it has none.
async fn step(
    environment: &Arc<Environment>,
    rollout: &Arc<RolloutState>,
    (guarded, standing): (Guarded, Option<&[Standing]>),
    at: Timestamp,
) -> Stepped {
    match guarded {
        Ok(true) => {}
        Ok(false) => return Stepped::Waits,
        Err((kind, why)) => return hold(environment, rollout, kind, &why, at).await,
    }
    let mut readings = Vec::new();
    for gate in standing.unwrap_or_default() {
        match gate {
            Standing::Held(reading) => readings.push(reading.clone()),
            Standing::NotYet => return Stepped::Waits,
            Standing::InTheWay { kind, why } => return hold(environment, rollout, *kind, why, at).await,
        }
    }
    if standing.is_some() && readings.is_empty() {
        return Stepped::Waits;
    }
    let advanced = advance(environment, rollout, readings, at).await;
    match advanced {
        Ok(()) => Stepped::Done,
        Err(error) if error.status() >= 500 => {
            tracing::warn!(rollout = rollout.id(), detail = error.detail(), "a rollout could not be taken on yet");
            Stepped::Failed
        }
        // Someone else was first, or was in the way first.
        Err(error) if is_overtaken(error.code()) => Stepped::Waits,
        Err(error) => match hold(environment, rollout, HoldKind::Refused, error.detail(), at).await {
            Stepped::Failed => Stepped::Failed,
            _ => Stepped::Refused,
        },
    }
}

fn is_overtaken(code: &str) -> bool {
    [
        RefusalCode::NotNow,
        RefusalCode::AlreadyDone,
        RefusalCode::ChangedSince,
        RefusalCode::Frozen,
        RefusalCode::UnknownRollout,
    ]
    .iter()
    .any(|other| other.as_str() == code)
}

async fn advance(
    environment: &Arc<Environment>,
    rollout: &Arc<RolloutState>,
    readings: Vec<Reading>,
    at: Timestamp,
) -> crate::error::AppResult<()> {
    let (number, from, actor) = (rollout.number, rollout.stage, rollout.started.actor.clone());
    let reason = words(rollout, &readings);
    let request = move |state: &State| {
        let command = rollout::advance(state, number, from, readings.clone())?;
        Ok(Request::by_server(command, &actor, &reason, at))
    };
    environment.command(Urgency::Patient, request).await.map(drop)
}

/// What is charted as the reason: `ro-1: stage 2 has baked for 600 s, errors read 0.002`.
fn words(rollout: &RolloutState, readings: &[Reading]) -> String {
    let Some(stage) = rollout.current() else { return format!("{}: approved", rollout.id()) };
    let mut words = format!("{}: stage {} has baked for {} s", rollout.id(), rollout.stage, stage.bake_seconds);
    for Reading { gate, value } in readings {
        words.push_str(&format!(", {gate} read {value}"));
    }
    // A policy allows reasons of 100 bytes at least.
    if words.len() <= 100 { words } else { words.chars().take_while(|c| *c != ',').collect() }
}

/// Charts what is in the way, once for each kind.
async fn hold(
    environment: &Arc<Environment>,
    rollout: &Arc<RolloutState>,
    kind: HoldKind,
    why: &str,
    at: Timestamp,
) -> Stepped {
    if rollout.held.iter().any(|held| held.kind == kind) {
        return Stepped::Waits;
    }
    let command: Command = rollout::hold(rollout.number, rollout.stage, kind, why.to_owned());
    let reason = format!("{}: {}", rollout.id(), kind.as_str());
    let request = move |_: &State| -> Result<Request, Refusal> {
        Ok(Request::by_server(command.clone(), heartbeat::ACTOR, &reason, at))
    };
    match environment.command(Urgency::Patient, request).await {
        Ok(_) => Stepped::Done,
        Err(error) if error.status() >= 500 => Stepped::Failed,
        Err(_) => Stepped::Waits,
    }
}
