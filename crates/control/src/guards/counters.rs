//! Counts of one bucket from the counters of Prometheus, read at its beginning and at its end.
//!
//! What is counted is the difference of each series by itself, in whole numbers. `increase` of PromQL is not asked: it
//! stretches what was scraped to the edges of its window, so that three events become 3.3, and a bucket's share of them is
//! in the next one as well.
//!
//! Where a reading can mean two things, it is read as the one that speaks against harm. A series that was not there at the
//! beginning may have begun since, or may have been there for long without being scraped. So what it has counts where it
//! makes the variant look better (what could fail of the variant, what failed of control), and not where it makes it look
//! worse. A guard may see harm later by that; it never sees any that is not there.

use super::Watch;
use super::minutes::{Cell, Counted, FlagMinute, Told};
use downhaul_core::document::{ClientKind, PrometheusCounters};
use downhaul_core::seal::digest;
use std::collections::BTreeMap;

/// What counts exactly as a float, as which Prometheus keeps it.
const MOST: f64 = 9_007_199_254_740_992.0;
/// Instances that failed and are told apart in a bucket.
const INSTANCES: usize = 8;

/// The counters that a selector gave at one moment, by their labels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters(BTreeMap<String, (String, u64)>);

/// A counter that counts nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{0} is no count: a counter is a whole number from 0 on")]
pub struct NotACount(f64);

/// The four selectors of a guard, read at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CountersRead {
    pub all: Counters,
    pub failed: Counters,
    pub against_all: Counters,
    pub against_failed: Counters,
}

impl Counters {
    /// Adds a series: its labels, and among these which instance it is of.
    ///
    /// # Errors
    /// Where the value is no count.
    pub fn add(&mut self, labels: &BTreeMap<String, String>, value: f64) -> Result<(), NotACount> {
        if !(0.0..=MOST).contains(&value) || value.fract() != 0.0 {
            return Err(NotACount(value));
        }
        let of = labels.iter().map(|(name, value)| format!("{name}={value}\0")).collect::<String>();
        let instance = labels.get("instance").unwrap_or(&of).clone();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number below 2^53")]
        self.0.insert(of, (instance, value as u64));
        Ok(())
    }

    /// What was added since, and which instances added it. One that is smaller than before began anew.
    fn since(&self, before: &Counters, counts_new: bool) -> (u64, Vec<&str>) {
        let added = self.0.iter().filter_map(|(of, (instance, now))| {
            let added = match before.0.get(of) {
                Some((_, then)) => now.checked_sub(*then).unwrap_or(*now),
                None if counts_new => *now,
                None => 0,
            };
            (added > 0).then_some((added, instance.as_str()))
        });
        let (mut sum, mut instances) = (0_u64, Vec::new());
        for (added, instance) in added {
            sum = sum.saturating_add(added);
            instances.push(instance);
        }
        (sum, instances)
    }
}

/// The bucket between two readings, as it is kept.
pub fn counted_between(watch: &Watch, before: &CountersRead, after: &CountersRead, began: u64) -> Option<FlagMinute> {
    let counted = Counted::Counters(counters_id(watch.guard.prometheus.as_ref()?));
    let cell = |variant: &str, units: u64, failed: u64, told: Vec<Told>| Cell {
        variant: variant.to_owned(),
        kind: ClientKind::Server,
        counted: counted.clone(),
        release: None,
        instance: None,
        units,
        failed,
        latency: Vec::new(),
        told,
    };
    let (all, _) = after.all.since(&before.all, true);
    let (failed, instances) = after.failed.since(&before.failed, false);
    let told = |instance: &&str| Told { id: short(instance), failed: true, slowest: 0 };
    let mut told: Vec<Told> = instances.iter().map(told).collect();
    told.sort();
    told.dedup();
    told.truncate(INSTANCES);
    let mut cells = vec![cell(watch.guard.variant.as_str(), all, failed.min(all), told)];
    if let Some(against) = &watch.against {
        let (all, _) = after.against_all.since(&before.against_all, false);
        let (failed, _) = after.against_failed.since(&before.against_failed, true);
        cells.push(cell(against, all.max(failed), failed, Vec::new()));
    }
    Some(FlagMinute { began, flag: watch.flag.to_string(), cells })
}

/// What tells counts of these selectors from those of others, which a guard may have had before.
pub(super) fn counters_id(counters: &PrometheusCounters) -> String {
    short(&serde_json::to_string(counters).unwrap_or_default())
}

fn short(text: &str) -> String {
    digest(text.as_bytes()).chars().take(12).collect()
}
