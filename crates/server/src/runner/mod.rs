//! Carries out the runs of runbooks: does what a run asks for, and records what came of it. Decides nothing.

mod deliver;
mod kills;
mod metric;
mod record;

use crate::drivers;
use crate::environment::Environment;
use crate::state::AppState;
use crate::task::Task;
use downhaul_control::State;
use downhaul_control::runbook::{Action, Due, Phase, Run, RunEvent};
use jiff::Timestamp;
pub(crate) use metric::{Held, Reading, read};
pub(crate) use record::backoff;
use record::record;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// Where nothing is due there is nothing to wait for; it is looked again after this long all the same.
const IDLE: Duration = Duration::from_secs(60);

/// Carries out every run of every environment, those of before the last start too.
pub(crate) async fn carry_out(state: AppState) {
    drivers::in_every_environment(state, supervise).await;
}

async fn supervise(state: AppState, environment: Arc<Environment>) {
    let going_on = |current: &State| {
        current.releases.runs.values().filter(|run| !run.is_settled()).map(|run| run.number).collect()
    };
    let drive = |number| drive(state.clone(), Arc::clone(&environment), number);
    drivers::drive_each(&environment, going_on, drive).await;
}

/// Carries out one run until nothing is left to do.
async fn drive(state: AppState, environment: Arc<Environment>, number: u64) {
    let mut publications = environment.publications();
    let mut works: Vec<(Action, Task)> = Vec::new();
    let mut stop: Option<Task> = None;
    // Wall clocks jump; once a time to come is known, it is waited for on a clock that does not.
    let mut deadlines: BTreeMap<(Timestamp, Due), Instant> = BTreeMap::new();
    loop {
        let current = Arc::clone(&publications.borrow_and_update());
        let Some(run) = current.state.releases.runs.get(&number).filter(|run| !run.is_settled()) else { return };
        let wanted = run.actions();
        works.retain(|(action, _)| wanted.contains(action));
        for action in wanted {
            if !works.iter().any(|(other, _)| *other == action) {
                let work = work(state.clone(), Arc::clone(&environment), Arc::clone(run), action.clone());
                works.push((action, Task::spawn(work)));
            }
        }
        if !matches!(run.phase, Phase::Running { .. }) || run.runbook.stop.is_empty() {
            stop = None;
        } else if stop.is_none() {
            let watch = metric::watch_stop(state.clone(), Arc::clone(&environment), Arc::clone(run));
            stop = Some(Task::spawn(watch));
        }
        let due = run.due();
        deadlines.retain(|known, _| due.contains(known));
        for each in due {
            deadlines.entry(each).or_insert_with(|| Instant::now() + until(each.0));
        }
        let next = deadlines.iter().min_by_key(|(_, at)| **at).map(|((_, due), at)| (*due, *at));
        tokio::select! {
            changed = publications.changed() => if changed.is_err() { return },
            () = sleep_until(next.map_or_else(|| Instant::now() + IDLE, |(_, at)| at)) => {
                if let Some((due, _)) = next {
                    record(&environment, number, &overdue(due)).await;
                }
            }
        }
    }
}

/// How long until a time of the wall clock; nothing where it has passed.
pub(crate) fn until(at: Timestamp) -> Duration {
    Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default()
}

fn overdue(due: Due) -> RunEvent {
    match due {
        Due::Step { step, attempt } => RunEvent::TimedOut { step, attempt },
        Due::Run => RunEvent::Expired,
    }
}

/// Does one thing and records what came of it. Can be ended at any instant and begun anew.
async fn work(state: AppState, environment: Arc<Environment>, run: Arc<Run>, action: Action) {
    let number = run.number;
    match action {
        Action::Kill { id, step, attempt, flag } => {
            let event = kills::kill(&environment, &run, [&flag, &id], step, attempt).await;
            record(&environment, number, &event).await;
        }
        Action::WatchKills { step, attempt, kills } => {
            let event = kills::watch(&environment, state.options().stale, &kills, step, attempt).await;
            record(&environment, number, &event).await;
        }
        Action::Restore { kill } => {
            if let Some(event) = kills::restore(&environment, &run, &kill).await {
                record(&environment, number, &event).await;
            }
        }
        Action::Deliver(delivery) => {
            let event = deliver::deliver(&state, &environment, &run, &delivery).await;
            record(&environment, number, &event).await;
        }
        Action::Wait { step, attempt, until: at } => {
            sleep(until(at)).await;
            record(&environment, number, &RunEvent::Waited { step, attempt }).await;
        }
        Action::QueryMetric { step, attempt, metric } => {
            metric::verify(&state, &environment, number, step, attempt, &metric).await;
        }
        // Whoever is waited for comes by way of the API.
        Action::AwaitCallBack { .. } | Action::AwaitPerson { .. } => {}
    }
}
