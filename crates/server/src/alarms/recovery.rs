use crate::environment::Environment;
use crate::runner::{Held, Reading, read};
use crate::state::AppState;
use crate::targets::Answer;
use downhaul_control::State;
use downhaul_control::alarms::Ledger;
use downhaul_control::release::{RecoveryMetric, Release};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// How often metrics are read.
const READ: Duration = Duration::from_secs(5);

/// For how long the recovery metrics of releases have held, of those that an alarm waits for.
#[derive(Debug, Default)]
pub(super) struct Recovery {
    /// By release and name of the metric.
    held: BTreeMap<(String, String), Held>,
    read: Option<Instant>,
    shown: BTreeMap<String, String>,
}

impl Recovery {
    /// What the metrics of each release show, where all of them have held for their time.
    pub(super) async fn read(
        &mut self,
        state: &AppState,
        environment: &Environment,
        now: &State,
        ledger: &Ledger,
    ) -> BTreeMap<String, String> {
        let releases = awaited(now, ledger);
        if releases.is_empty() {
            *self = Recovery::default();
            return BTreeMap::new();
        }
        if self.read.is_some_and(|read| read.elapsed() < READ) {
            return self.shown.clone();
        }
        self.read = Some(Instant::now());
        self.shown.clear();
        for release in releases {
            let mut shown = Some(Vec::new());
            for metric in &release.recovery {
                match self.metric(state, environment, release.key.as_str(), metric).await {
                    Some(words) => shown.iter_mut().for_each(|shown| shown.push(words.clone())),
                    None => shown = None,
                }
            }
            if let Some(shown) = shown {
                self.shown.insert(release.key.to_string(), shown.join(", "));
            }
        }
        self.shown.clone()
    }

    /// In words, where it has held for its time.
    async fn metric(
        &mut self,
        state: &AppState,
        environment: &Environment,
        release: &str,
        metric: &RecoveryMetric,
    ) -> Option<String> {
        let of = (release.to_owned(), metric.name.clone());
        let Reading { answer, as_of } = read(state, environment, &metric.query).await;
        let value = match answer {
            Answer::Value(value) if metric.condition.holds(value) => value,
            // No data never counts as holding.
            Answer::Value(_) | Answer::NoData(_) | Answer::Down(_) => {
                self.held.remove(&of);
                return None;
            }
        };
        let held = Held::next(self.held.get(&of).copied(), Instant::now());
        self.held.insert(of, held);
        let needed = Duration::from_secs(u64::from(metric.for_seconds));
        let seconds = metric.for_seconds;
        (held.until(as_of) >= needed)
            .then(|| format!("{} was {} for {seconds} s ({value} now)", metric.name, metric.condition))
    }
}

/// Releases whose metrics show when an alarm is over.
fn awaited<'a>(state: &'a State, ledger: &Ledger) -> Vec<&'a Release> {
    let open = ledger.alarms.iter().filter(|alarm| alarm.recovered.is_none() && alarm.cause.happened);
    let keys: BTreeSet<&str> = open.flat_map(|alarm| alarm.cause.runbooks.iter().map(String::as_str)).collect();
    let releases = keys.into_iter().filter_map(|key| state.releases.release(key)).map(|known| &known.release);
    releases.filter(|release| !release.recovery.is_empty()).collect()
}
