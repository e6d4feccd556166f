//! Asks Prometheus for what guards count there, and keeps it with the minutes that clients told: what a guard was shown is
//! what it can be judged by again.

use super::Judge;
use crate::environment::Environment;
use crate::state::AppState;
use crate::targets::{Prometheus, series_at};
use downhaul_control::guards::{Counters, CountersRead, Watch, counted_between};

/// Buckets that are caught up with in one look, after Prometheus or this server was away.
const AT_ONCE: u64 = 60;

/// Reads what a guard has not seen yet of buckets that began before `until`.
///
/// # Errors
/// In words, why it cannot be said what was counted; it is asked again with the next bucket.
pub(super) async fn fill(state: &AppState, environment: &Environment, judge: &Judge, until: u64) -> Result<(), String> {
    let (watch, length) = (judge.watch(), environment.minutes().length());
    let Some(prometheus) = &state.options().targets.prometheus else {
        return Err("the server knows no Prometheus; name it in the targets file".to_owned());
    };
    let end = until.min(judge.next() + AT_ONCE * length);
    let mut before: Option<CountersRead> = None;
    let mut began = judge.next();
    while began < end {
        let opening = match before.take() {
            Some(opening) => opening,
            None => read(prometheus, watch, began).await?,
        };
        let closing = read(prometheus, watch, began + length).await?;
        if let Some(minute) = counted_between(watch, &opening, &closing, began) {
            let kept = environment.minutes().store().add_minutes(environment.key(), &[minute]).await;
            kept.map_err(|_| "what Prometheus counted could not be kept".to_owned())?;
        }
        before = Some(closing);
        began += length;
    }
    Ok(())
}

/// All selectors at one moment.
async fn read(prometheus: &Prometheus, watch: &Watch, at: u64) -> Result<CountersRead, String> {
    let Some(counters) = &watch.guard.prometheus else { return Ok(CountersRead::default()) };
    let [all, failed] = counters.of_variant(watch.guard.variant.as_str());
    let mut read = CountersRead {
        all: counters_at(prometheus, &all, at).await?,
        failed: counters_at(prometheus, &failed, at).await?,
        ..CountersRead::default()
    };
    if let Some(against) = &watch.against {
        let [all, failed] = counters.of_other(against);
        read.against_all = counters_at(prometheus, &all, at).await?;
        read.against_failed = counters_at(prometheus, &failed, at).await?;
    }
    Ok(read)
}

async fn counters_at(prometheus: &Prometheus, selector: &str, at: u64) -> Result<Counters, String> {
    let mut counters = Counters::default();
    for (labels, value) in series_at(prometheus, selector, at).await? {
        counters.add(&labels, value).map_err(|why| format!("`{selector}`: {why}"))?;
    }
    Ok(counters)
}
