//! Kills and restores the heartbeat flag of each environment on its schedule, and keeps how long the clients took.

use crate::drivers;
use crate::environment::{Environment, Urgency};
use crate::replica::Message;
use crate::runner::backoff;
use crate::state::AppState;
use downhaul_control::api::{BeatView, HeartbeatView, Progress};
use downhaul_control::heartbeat::{self, Beat};
use downhaul_control::{Command, Refusal, RefusalCode, Request, State, decide, time};
use jiff::Timestamp;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// The first beat comes this soon, where the schedule leaves more time.
const FIRST: Duration = Duration::from_secs(10);
/// Longest time for which the flag stays killed; half of the schedule where that is less.
const LONGEST: Duration = Duration::from_secs(30);
/// How often progress is looked at where no acknowledgement comes.
const LOOK: Duration = Duration::from_millis(250);
/// Beats that are kept.
const KEPT: usize = 100;

/// The last beats of an environment.
#[derive(Debug, Default)]
pub(crate) struct Beats(Mutex<VecDeque<Kept>>);

/// A beat, and every time that went into it, in milliseconds.
#[derive(Debug)]
struct Kept {
    view: BeatView,
    times: Vec<f64>,
}

impl Beats {
    pub(crate) fn view(&self, state: &State, live: usize) -> HeartbeatView {
        let kept = self.locked();
        let mut times: Vec<f64> = kept.iter().flat_map(|beat| beat.times.iter().copied()).collect();
        times.sort_unstable_by(f64::total_cmp);
        let at = |percent: usize| times.get((times.len() * percent).div_ceil(100).max(1) - 1).copied();
        let asked = state.policy.heartbeat.as_ref();
        HeartbeatView {
            flag: asked.map(|heartbeat| heartbeat.flag.to_string()),
            every_seconds: asked.map(|heartbeat| heartbeat.every_seconds.get()),
            paused: asked.and_then(|_| match heartbeat::next(state) {
                Err(heartbeat::NoBeat::Killed { kill, .. }) if heartbeat::is_beat(&kill) => None,
                Err(why) => Some(why.to_string()),
                Ok(_) if live == 0 => Some(NOBODY.to_owned()),
                Ok(_) => None,
            }),
            beats: kept.iter().rev().map(|beat| beat.view.clone()).collect(),
            p50_ms: at(50),
            p99_ms: at(99),
            slowest_ms: times.last().copied(),
            distribution: heartbeat::distribution(&times),
        }
    }

    pub(crate) fn keep(&self, view: BeatView, times: Vec<f64>) {
        let mut kept = self.locked();
        kept.push_back(Kept { view, times });
        while kept.len() > KEPT {
            kept.pop_front();
        }
    }

    fn locked(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const NOBODY: &str = "no client is connected";

/// Beats in every environment, as its policy says at each time.
pub(crate) async fn carry_out(state: AppState) {
    drivers::in_every_environment(state, |state, environment| follow(environment, state)).await;
}

async fn follow(environment: Arc<Environment>, state: AppState) {
    end_left(&environment).await;
    let mut publications = environment.publications();
    // Since when the schedule is in force, and the last beat in it.
    let (mut began, mut last) = (Instant::now(), None::<Instant>);
    loop {
        let current = Arc::clone(&publications.borrow_and_update());
        let Some(heartbeat) = &current.state.policy.heartbeat else {
            if publications.changed().await.is_err() {
                return;
            }
            (began, last) = (Instant::now(), None);
            continue;
        };
        let every = Duration::from_secs(u64::from(heartbeat.every_seconds.get()));
        let due = last.map_or(began + every.min(FIRST), |last| last + every);
        tokio::select! {
            () = sleep_until(due) => {
                last = Some(Instant::now());
                beat(&environment, &state, every).await;
            }
            changed = publications.changed() => if changed.is_err() { return },
        }
    }
}

/// Ends beats that a process did not come to end.
pub(crate) async fn end_left(environment: &Arc<Environment>) {
    let left: Vec<String> = heartbeat::in_force(&environment.current().state).map(str::to_owned).collect();
    for kill in left {
        restore(environment, &kill, "heartbeat, left over").await;
    }
}

/// One beat: kill, wait for the clients, restore.
async fn beat(environment: &Arc<Environment>, state: &AppState, every: Duration) {
    if environment.fleet().live() == 0 {
        return;
    }
    let Some((beat, at)) = kill(environment).await else { return };
    let deadline = Instant::now() + LONGEST.min(every / 2);
    let mut happened = environment.fleet().happened();
    let progress = loop {
        happened.mark_unchanged();
        let progress = environment.fleet().progress(&beat.kill).unwrap_or_default();
        let waited_for = progress.stragglers_total;
        if waited_for == 0 || Instant::now() >= deadline {
            break progress;
        }
        // Ends with the next acknowledgement, and else after a while.
        let _ = timeout(LOOK, happened.changed()).await;
    };
    let times = environment.fleet().end_watch(&beat.kill);
    restore(environment, &beat.kill, &words(&progress)).await;
    let missing = progress.stragglers_total;
    state.metrics().beat(environment.key().as_str(), missing);
    let view = BeatView {
        kill: beat.kill,
        at: time::to_text(at),
        dark: progress.dark_total,
        missing,
        p50_ms: progress.p50_ms,
        p99_ms: progress.p99_ms,
        slowest_ms: progress.slowest_ms,
    };
    environment.tell(|| Message::Beat {
        environment: environment.key().to_string(),
        view: Box::new(view.clone()),
        times: times.clone(),
    });
    environment.beats().keep(view, times);
}

async fn kill(environment: &Arc<Environment>) -> Option<(Beat, Timestamp)> {
    let at = Timestamp::now();
    let request = move |state: &State| {
        let refuse = |why: heartbeat::NoBeat| Refusal::new(RefusalCode::NotNow, why.to_string(), "");
        let beat = heartbeat::next(state).map_err(refuse)?;
        let (reason, actor) = ("heartbeat", heartbeat::ACTOR);
        let command = decide::kill_everyone(state, [beat.flag.as_str(), &beat.kill], reason, actor, at)?;
        Ok(Request::by_server(command, actor, reason, at))
    };
    match environment.command(Urgency::Urgent, request).await {
        Ok(committed) => match &committed.record.as_ref()?.change().command {
            Command::Kill { kill } => Some((Beat { flag: kill.flag.clone(), kill: kill.id.clone() }, at)),
            _ => None,
        },
        Err(error) => {
            tracing::debug!(environment = %environment.key(), detail = error.detail(), "no heartbeat now");
            None
        }
    }
}

/// Until it is restored: by this process, or by somebody else.
async fn restore(environment: &Arc<Environment>, kill: &str, reason: &str) {
    for tried in 0.. {
        let (id, reason) = (kill.to_owned(), reason.to_owned());
        let request = move |_: &State| {
            let command = Command::Restore { id: id.clone() };
            Ok(Request::by_server(command, heartbeat::ACTOR, &reason, Timestamp::now()))
        };
        match environment.command(Urgency::Urgent, request).await {
            Ok(_) => return,
            Err(error) if error.status() < 500 => return,
            Err(error) => {
                tracing::warn!(kill, detail = error.detail(), "the heartbeat flag could not be restored yet");
                sleep(backoff(tried)).await;
            }
        }
    }
}

/// What is charted of a beat: `heartbeat: 100 dark, 0 missing, the slowest after 84 ms`.
fn words(progress: &Progress) -> String {
    let slowest = progress.slowest_ms.map(|slowest| format!(", the slowest after {slowest:.0} ms")).unwrap_or_default();
    format!("heartbeat: {} dark, {} missing{slowest}", progress.dark_total, progress.stragglers_total)
}
