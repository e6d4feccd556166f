use super::record::backoff;
use crate::environment::{Environment, Urgency};
use crate::fleet::watch_anew;
use downhaul_control::api::Progress;
use downhaul_control::runbook::{Purpose, Run, RunEvent};
use downhaul_control::{Command, Refusal, RefusalCode, Request, State, decide, heartbeat};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// How often progress is looked at where no acknowledgement comes.
const LOOK: Duration = Duration::from_millis(500);

/// Kills a flag for everyone under the id, unless it is killed so already.
pub(super) async fn kill(
    environment: &Arc<Environment>,
    run: &Arc<Run>,
    [flag, id]: [&str; 2],
    step: usize,
    attempt: u32,
) -> RunEvent {
    let prefix = format!("{}.", run.id());
    for tried in 0.. {
        if let Some(kill) = in_force(&environment.current().state, run, flag) {
            let found = !kill.starts_with(&prefix);
            return RunEvent::Killed { step, attempt, flag: flag.to_owned(), kill, found };
        }
        let (run, named) = (Arc::clone(run), [flag.to_owned(), id.to_owned()]);
        let request = move |state: &State| {
            let [flag, id] = [&named[0], &named[1]];
            if in_force(state, &run, flag).is_some() {
                return Err(Refusal::new(RefusalCode::AlreadyDone, "it is killed already", ""));
            }
            let at = Timestamp::now();
            let reason = format!("{}: {}", run.id(), run.reason);
            let command = decide::kill_everyone(state, [flag, id], &reason, &run.by, at)?;
            Ok(Request::by_server(command, &run.by, &reason, at))
        };
        match environment.command(Urgency::Urgent, request).await {
            Ok(_) => {}
            Err(error) if error.code() == RefusalCode::AlreadyDone.as_str() => {}
            Err(error) if error.status() < 500 => {
                let why = format!("`{flag}` could not be killed: {}", error.detail());
                return RunEvent::Failed { step, attempt, why };
            }
            Err(error) => {
                tracing::error!(flag, detail = error.detail(), "a kill could not be kept");
                sleep(backoff(tried).min(LOOK)).await;
            }
        }
    }
    RunEvent::Failed { step, attempt, why: format!("`{flag}` could not be killed") }
}

/// The kill that turns a flag off for everyone, and that nobody is about to restore by himself.
fn in_force(state: &State, run: &Run, flag: &str) -> Option<String> {
    let everyone = state.kills_of(flag).filter(|kill| kill.kill.scope.is_everyone());
    let mut ids = everyone.map(|kill| kill.kill.id.as_str());
    ids.find(|id| !heartbeat::is_beat(id) && !is_practice(state, run, id)).map(str::to_owned)
}

/// Whether a drill under way, other than this run, has made the kill: it will restore it.
fn is_practice(state: &State, run: &Run, kill: &str) -> bool {
    let by = kill.split_once('.').and_then(|(by, _)| state.releases.run(by));
    by.is_some_and(|by| by.number != run.number && by.purpose == Purpose::Drill && !by.is_ended())
}

/// Waits until every client is dark for all of these kills.
pub(super) async fn watch(
    environment: &Arc<Environment>,
    stale: Duration,
    kills: &[String],
    step: usize,
    attempt: u32,
) -> RunEvent {
    let mut happened = environment.fleet().happened();
    watch_anew(environment, kills);
    // After a start of the server nobody is there yet. Whoever was has come back, or is past the stale deadline, by then.
    let settles = if kills.iter().all(|kill| environment.fleet().saw_commit(kill)) { Duration::ZERO } else { stale };
    loop {
        happened.mark_unchanged();
        let state = Arc::clone(&environment.current().state);
        for kill in kills {
            if let Some(restored) = state.kill(kill).and_then(|kill| kill.restored.as_ref()) {
                let why = format!("`{kill}` was restored meanwhile by {}: {}", restored.actor, restored.reason);
                return RunEvent::Failed { step, attempt, why };
            }
        }
        let progress: Vec<Progress> = kills.iter().filter_map(|kill| environment.fleet().progress(kill)).collect();
        let is_settled = environment.fleet().age() >= settles;
        if is_settled && progress.len() == kills.len() && progress.iter().all(|each| each.complete) {
            return dark(&progress, step, attempt);
        }
        // Ends with the next acknowledgement, and else after a while: standing changes with time alone too.
        let _ = timeout(LOOK, happened.changed()).await;
    }
}

fn dark(progress: &[Progress], step: usize, attempt: u32) -> RunEvent {
    let largest = |of: fn(&Progress) -> Option<f64>| progress.iter().filter_map(of).reduce(f64::max);
    // Who has the last kill has those before it.
    let last = progress.last();
    RunEvent::Dark {
        step,
        attempt,
        dark: last.map_or(0, |last| last.dark_total as u64),
        unknown: last.map_or(0, |last| last.unknown as u64),
        p50_ms: largest(|each| each.p50_ms),
        slowest_ms: largest(|each| each.slowest_ms),
    }
}

/// Ends a kill of the run; `None` where the log could not be written before the run ended.
pub(super) async fn restore(environment: &Arc<Environment>, run: &Arc<Run>, kill: &str) -> Option<RunEvent> {
    for tried in 0.. {
        let (run, id) = (Arc::clone(run), kill.to_owned());
        let request = move |_: &State| {
            let (command, reason) = (Command::Restore { id: id.clone() }, format!("{}: {}", run.id(), run.reason));
            Ok(Request::by_server(command, &run.by, &reason, Timestamp::now()))
        };
        match environment.command(Urgency::Urgent, request).await {
            Ok(_) => return Some(RunEvent::Restored { kill: kill.to_owned() }),
            // Someone else ended it.
            Err(error) if error.code() == RefusalCode::AlreadyDone.as_str() => {
                return Some(RunEvent::Restored { kill: kill.to_owned() });
            }
            Err(error) => {
                tracing::warn!(kill, detail = error.detail(), "a kill could not be ended yet");
                sleep(backoff(tried)).await;
            }
        }
    }
    None
}
