use crate::environment::Environment;
use crate::runner::{Held, Reading, read};
use crate::state::AppState;
use crate::targets::Answer;
use downhaul_control::State;
use downhaul_control::alarms::Ledger;
use downhaul_control::release::{RecoveryMetric, Release};
use futures_util::future::join_all;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;
use tokio::time::Instant;

/// How often metrics are read.
const READ: Duration = Duration::from_secs(5);

/// For how long the recovery metrics of releases have held, of those that an alarm waits for. They are read beside everything
/// else: whoever is asked may say nothing for as long as a query may take, and no other alarm waits for that.
#[derive(Debug, Default)]
pub(super) struct Recovery {
    held: HeldMetrics,
    began: Option<Instant>,
    reading: Option<oneshot::Receiver<Found>>,
    shown: BTreeMap<String, String>,
}

/// By release and name of the metric.
type HeldMetrics = BTreeMap<(String, String), Held>;

#[derive(Debug)]
struct Found {
    held: HeldMetrics,
    /// By release, where all of its metrics have held for their time.
    shown: BTreeMap<String, String>,
}

impl Recovery {
    /// What the metrics of each release show, where all of them have held for their time: as they were read last.
    pub(super) fn read(
        &mut self,
        state: &AppState,
        environment: &Arc<Environment>,
        now: &State,
        ledger: &Ledger,
    ) -> BTreeMap<String, String> {
        let releases = awaited(now, ledger);
        if releases.is_empty() {
            *self = Recovery::default();
            return BTreeMap::new();
        }
        if let Some(reading) = &mut self.reading {
            match reading.try_recv() {
                Ok(found) => (self.held, self.shown) = (found.held, found.shown),
                Err(TryRecvError::Empty) => return self.shown.clone(),
                Err(TryRecvError::Closed) => {}
            }
            self.reading = None;
        }
        if self.began.is_none_or(|began| began.elapsed() >= READ) {
            self.began = Some(Instant::now());
            let (done, reading) = oneshot::channel();
            self.reading = Some(reading);
            let (state, environment, held) = (state.clone(), Arc::clone(environment), self.held.clone());
            tokio::spawn(async move {
                // Nobody waits for it any more where the alarms are over.
                let _ = done.send(found(&state, &environment, &releases, &held).await);
            });
        }
        self.shown.clone()
    }
}

/// Asks for all metrics at once.
async fn found(state: &AppState, environment: &Environment, releases: &[Release], held: &HeldMetrics) -> Found {
    let all = releases.iter().flat_map(|release| release.recovery.iter().map(move |metric| (release, metric)));
    let asked = all.map(|(release, metric)| async move {
        let of = (release.key.to_string(), metric.name.clone());
        let (held, words) = one(state, environment, metric, held.get(&of).copied()).await;
        (of, held, words)
    });
    let mut found = Found { held: BTreeMap::new(), shown: BTreeMap::new() };
    let mut words: BTreeMap<String, Option<Vec<String>>> = BTreeMap::new();
    for (of, held, said) in join_all(asked).await {
        let all = words.entry(of.0.clone()).or_insert_with(|| Some(Vec::new()));
        *all = all.take().zip(said).map(|(mut all, said)| {
            all.push(said);
            all
        });
        if let Some(held) = held {
            found.held.insert(of, held);
        }
    }
    let shown = words.into_iter().filter_map(|(release, words)| Some((release, words?.join(", "))));
    found.shown = shown.collect();
    found
}

/// Since when a metric has held, and in words where that is long enough.
async fn one(
    state: &AppState,
    environment: &Environment,
    metric: &RecoveryMetric,
    held: Option<Held>,
) -> (Option<Held>, Option<String>) {
    let Reading { answer, as_of } = read(state, environment, &metric.query).await;
    let value = match answer {
        Answer::Value(value) if metric.condition.holds(value) => value,
        // No data never counts as holding.
        Answer::Value(_) | Answer::NoData(_) | Answer::Down(_) => return (None, None),
    };
    let held = Held::next(held, Instant::now());
    let seconds = metric.for_seconds;
    let is_long = held.until(as_of) >= Duration::from_secs(u64::from(seconds));
    (Some(held), is_long.then(|| format!("{} was {} for {seconds} s ({value} now)", metric.name, metric.condition)))
}

/// Releases whose metrics show when an alarm is over.
fn awaited(state: &State, ledger: &Ledger) -> Vec<Release> {
    let open = ledger.alarms.iter().filter(|alarm| alarm.recovered.is_none() && alarm.cause.happened);
    let keys: BTreeSet<&str> = open.flat_map(|alarm| alarm.cause.runbooks.iter().map(String::as_str)).collect();
    let releases = keys.into_iter().filter_map(|key| state.releases.release(key)).map(|known| &known.release);
    releases.filter(|release| !release.recovery.is_empty()).cloned().collect()
}
