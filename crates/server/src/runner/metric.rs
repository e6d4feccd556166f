use super::record::record;
use crate::environment::Environment;
use crate::state::AppState;
use crate::targets::{Answer, ask};
use downhaul_control::outcomes::OutcomeMetric;
use downhaul_control::release::RecoveryMetric;
use downhaul_control::runbook::{Run, RunEvent};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often a recovery metric is read, and at most how long a reading may lie back for the next one to follow it without
/// a gap.
const READ: Duration = Duration::from_secs(1);
const GAP: Duration = Duration::from_secs(15);
/// How often stop conditions are looked at.
const STOP: Duration = Duration::from_secs(5);

/// Reads a metric until it is ended. No data never counts as holding, and what has held before it counts no more.
pub(super) async fn verify(
    state: &AppState,
    environment: &Arc<Environment>,
    number: u64,
    step: usize,
    attempt: u32,
    metric: &RecoveryMetric,
) {
    let mut held: Option<Held> = None;
    loop {
        let Reading { answer, as_of } = read(state, environment, &metric.query).await;
        let now = Instant::now();
        let (value, problem) = match answer {
            Answer::Value(value) => (Some(value), None),
            Answer::NoData(why) | Answer::Down(why) => (None, Some(why)),
        };
        let holds = value.is_some_and(|value| metric.condition.holds(value));
        held = holds.then(|| Held::next(held, now));
        let held_ms = held.map_or(0, |held| u64::try_from(held.until(as_of).as_millis()).unwrap_or(u64::MAX));
        let event = RunEvent::MetricRead { step, attempt, value, holds, held_ms, problem };
        let is_news = environment
            .current()
            .state
            .releases
            .runs
            .get(&number)
            .is_some_and(|run| run.advance(&event, Timestamp::now()).is_ok());
        if is_news {
            record(environment, number, &event).await;
        }
        sleep(READ).await;
    }
}

/// Since when readings have held without a gap.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    since: Instant,
    last: Instant,
}

impl Held {
    pub(crate) fn next(before: Option<Held>, now: Instant) -> Held {
        match before {
            Some(held) if now - held.last <= GAP => Held { since: held.since, last: now },
            _ => Held { since: now, last: now },
        }
    }

    /// For how long until `as_of`, of which the last reading is.
    pub(crate) fn until(self, as_of: Instant) -> Duration {
        as_of.saturating_duration_since(self.since)
    }
}

/// Looks at a run's stop conditions until one shows. No data is no sign.
pub(super) async fn watch_stop(state: AppState, environment: Arc<Environment>, run: Arc<Run>) {
    loop {
        for stop in &run.runbook.stop {
            if let Answer::Value(value) = read(&state, &environment, &stop.query).await.answer
                && stop.condition.holds(value)
            {
                let event = RunEvent::Stopped { condition: stop.name.clone(), value };
                return record(&environment, run.number, &event).await;
            }
        }
        sleep(STOP).await;
    }
}

/// What a query gives.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reading {
    pub(crate) answer: Answer,
    /// Of what came later it says nothing, and so nothing has held since: who falls silent is never taken for well.
    pub(crate) as_of: Instant,
}

/// What a query gives now: of outcomes that clients told, else of Prometheus.
pub(crate) async fn read(state: &AppState, environment: &Environment, query: &str) -> Reading {
    if let Some(metric) = OutcomeMetric::of_query(query) {
        return read_outcomes(environment, metric.map_err(|why| why.to_string()));
    }
    let answer = match &state.options().targets.prometheus {
        Some(prometheus) => ask(prometheus, query).await,
        None => Answer::Down("the server knows no Prometheus; name it in the targets file".to_owned()),
    };
    Reading { answer, as_of: Instant::now() }
}

fn read_outcomes(environment: &Environment, metric: Result<OutcomeMetric, String>) -> Reading {
    let now = Instant::now();
    let read = metric.and_then(|metric| environment.outcomes().read(&metric).map_err(|why| why.to_string()));
    match read {
        Ok(reading) => {
            let as_of = now.checked_sub(reading.age).unwrap_or(now);
            Reading { answer: Answer::Value(reading.share), as_of }
        }
        Err(why) => Reading { answer: Answer::NoData(why), as_of: now },
    }
}
