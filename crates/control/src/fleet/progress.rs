use super::{Fleet, Instance, InstanceId, Standing};
use crate::api::{Position, Progress, Straggler, Trust};
use std::collections::BTreeMap;
use std::time::Duration;

/// Stragglers that are named.
const NAMED: usize = 100;

/// Who has applied a kill, and how long that took.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    position: Position,
    degrades_when_stale: bool,
    committed: Duration,
    /// Whoever has acknowledged the kill; how long after the commit that came, where the instance was there before it.
    dark: BTreeMap<InstanceId, Option<Duration>>,
}

impl Watch {
    pub(super) fn new(position: Position, degrades_when_stale: bool, committed: Duration) -> Watch {
        Watch { position, degrades_when_stale, committed, dark: BTreeMap::new() }
    }

    pub(super) fn committed(&self) -> Duration {
        self.committed
    }

    /// How many acknowledgements it keeps.
    pub(super) fn kept(&self) -> usize {
        self.dark.len()
    }

    /// Keeps only those of these instances.
    pub(super) fn keep(&mut self, is_kept: impl Fn(&InstanceId) -> bool) {
        self.dark.retain(|id, _| is_kept(id));
    }

    /// Whether the instance has applied the kill with this acknowledgement, and had not before.
    pub(super) fn note(&mut self, id: &InstanceId, was_known: bool, position: Position, now: Duration) -> bool {
        let has_it = (position.epoch, position.kill_revision) >= (self.position.epoch, self.position.kill_revision);
        if !has_it || self.dark.contains_key(id) {
            return false;
        }
        // One that comes with the kill had nothing to turn off, so it says nothing about the time to disable.
        self.dark.insert(id.clone(), was_known.then(|| now.saturating_sub(self.committed)));
        true
    }
}

impl Fleet {
    /// How far a kill has come; `None` if it is not watched.
    pub fn progress(&self, kill: &str, now: Duration) -> Option<Progress> {
        let watch = self.watches.get(kill)?;
        let mut progress = Progress {
            dark_total: watch.dark.len(),
            elapsed_ms: milliseconds(now.saturating_sub(watch.committed)),
            stale_seconds: u32::try_from(self.limits.stale.as_secs()).unwrap_or(u32::MAX),
            degrades_when_stale: watch.degrades_when_stale,
            ..Progress::default()
        };
        let mut stragglers = Vec::new();
        for (id, instance) in &self.instances {
            let is_dark = watch.dark.contains_key(id);
            let standing = match self.standing(instance, now) {
                // Lost before the kill: not waited for by this kill.
                Standing::Unknown if is_dark || instance.last_seen + self.limits.lease < watch.committed => continue,
                Standing::Hidden if is_dark => continue,
                standing => standing,
            };
            count(&mut progress, instance, standing, is_dark);
            if !is_dark && standing != Standing::Hidden {
                stragglers.push((id, instance, standing));
            }
        }
        let is_past_stale = |instance: &Instance| now.saturating_sub(instance.last_seen) >= self.limits.stale;
        progress.complete = stragglers.iter().all(|(_, instance, standing)| {
            *standing == Standing::Unknown && watch.degrades_when_stale && is_past_stale(instance)
        });
        progress.stragglers_total = stragglers.len();
        stragglers.sort_by_key(|(_, instance, _)| instance.last_seen);
        stragglers.truncate(NAMED);
        progress.stragglers = stragglers
            .into_iter()
            .map(|(id, instance, standing)| self.straggler(id, instance, standing, watch, now))
            .collect();
        times(&mut progress, watch);
        Some(progress)
    }

    /// Those that a kill waits for and that have not acknowledged it.
    pub(super) fn not_dark(&self, kill: &str, now: Duration) -> impl Iterator<Item = (&InstanceId, &Instance)> {
        let watch = self.watches.get(kill);
        self.instances.iter().filter(move |(id, instance)| {
            let Some(watch) = watch else { return false };
            let was_lost = || instance.last_seen + self.limits.lease < watch.committed;
            match self.standing(instance, now) {
                Standing::Hidden => false,
                Standing::Unknown => !watch.dark.contains_key(id) && !was_lost(),
                Standing::Live => !watch.dark.contains_key(id),
            }
        })
    }

    /// Watches a kill no longer. Gives how long after its commit each acknowledgement came, in milliseconds.
    pub fn end_watch(&mut self, kill: &str) -> Vec<f64> {
        let watch = self.watches.remove(kill);
        watch.iter().flat_map(|watch| watch.dark.values().flatten().copied().map(milliseconds)).collect()
    }

    fn straggler(
        &self,
        id: &InstanceId,
        instance: &Instance,
        standing: Standing,
        watch: &Watch,
        now: Duration,
    ) -> Straggler {
        let silent = now.saturating_sub(instance.last_seen);
        let left = self.limits.stale.saturating_sub(silent);
        let will = match (standing, watch.degrades_when_stale) {
            (Standing::Unknown, true) if left.is_zero() => "past its stale deadline: has degraded by itself".to_owned(),
            (_, true) if silent > self.limits.lease / 2 => format!("degrades by itself within {} s", seconds_up(left)),
            (Standing::Unknown, _) => {
                "unreachable: keeps what it has until it comes back, and then applies the kill".to_owned()
            }
            _ if instance.polls() => "polls: applies it with its next request".to_owned(),
            _ => "connected, has not acknowledged".to_owned(),
        };
        Straggler {
            instance: id.instance.clone(),
            kind: instance.kind,
            trust: instance.trust(),
            region: instance.said.region.clone(),
            sdk: instance.said.sdk.clone(),
            release: instance.said.release.clone(),
            last_seen_ms: u64::try_from(silent.as_millis()).unwrap_or(u64::MAX),
            revision: instance.said.position.revision,
            will,
        }
    }
}

fn count(progress: &mut Progress, instance: &Instance, standing: Standing, is_dark: bool) {
    let region = instance.said.region.clone().unwrap_or_default();
    let region = progress.by_region.entry(region).or_default();
    let split = match instance.trust() {
        Trust::Trusted => &mut progress.trusted,
        Trust::Claimed => &mut progress.claimed,
    };
    match standing {
        Standing::Hidden => progress.hidden += 1,
        Standing::Unknown => {
            progress.unknown += 1;
            region.unknown += 1;
            split.unknown += 1;
        }
        Standing::Live => {
            progress.live += 1;
            region.live += 1;
            split.live += 1;
            if is_dark {
                progress.dark += 1;
                region.dark += 1;
                split.dark += 1;
            }
        }
    }
}

fn times(progress: &mut Progress, watch: &Watch) {
    let mut times: Vec<Duration> = watch.dark.values().flatten().copied().collect();
    times.sort_unstable();
    let at = |percent: usize| {
        // Nearest rank: the smallest time that this share of all is not above.
        let rank = (times.len() * percent).div_ceil(100).max(1);
        times.get(rank - 1).copied().map(milliseconds)
    };
    progress.first_ms = times.first().copied().map(milliseconds);
    progress.p50_ms = at(50);
    progress.p99_ms = at(99);
    progress.slowest_ms = times.last().copied().map(milliseconds);
}

/// With microseconds behind the point.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

fn seconds_up(time: Duration) -> u64 {
    time.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX)
}
