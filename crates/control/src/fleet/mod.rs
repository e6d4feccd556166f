//! Who runs what, from acknowledgements: a roster, and how far each kill has come.
//!
//! Times are monotonic, since any moment that the caller chooses and keeps.

mod migration;
mod progress;
pub mod spread;
pub mod states;
mod view;

use crate::api::{Acknowledgement, ClientState, Position, Transport, Trust};
use downhaul_core::document::ClientKind;
pub use migration::Counted;
use migration::Counts;
use progress::Watch;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// How much a roster takes in, and how long it remembers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// After this long without a word an instance no longer counts as live.
    pub lease: Duration,
    /// After this long it is forgotten.
    pub forget: Duration,
    /// A client counts as behind once it has lacked a change for this long.
    pub settle: Duration,
    /// After this long without a byte a client degrades flags with `on_stale: degraded`.
    pub stale: Duration,
    /// Instances per client key.
    pub per_key: usize,
    /// Instances per network address.
    pub per_address: usize,
    /// Kills whose progress is kept; the oldest are dropped.
    pub kills: usize,
    /// Acknowledgements that are kept of one kill. Beyond them, and twice the instances of the roster, those of instances
    /// that are gone are dropped.
    pub acknowledgements: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            lease: Duration::from_secs(45),
            forget: Duration::from_secs(600),
            settle: Duration::from_secs(15),
            stale: Duration::from_secs(45),
            per_key: 100_000,
            per_address: 10_000,
            kills: 100,
            acknowledgements: 200_000,
        }
    }
}

/// Who acknowledges, as the server knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Id of the client key.
    pub key: String,
    pub kind: ClientKind,
    /// Network address.
    pub address: String,
}

/// Why an acknowledgement does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCounted {
    #[error("the acknowledgement has an empty or overlong field")]
    Malformed,
    #[error("there are as many instances with this key as may be")]
    KeyFull,
    #[error("there are as many instances at this address as may be")]
    AddressFull,
}

/// A kill that an instance has applied, and how long after its commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    pub kill: String,
    pub after: Duration,
}

/// The roster of an environment.
#[derive(Debug, Clone)]
pub struct Fleet {
    limits: Limits,
    instances: BTreeMap<InstanceId, Instance>,
    per_key: BTreeMap<String, usize>,
    per_address: BTreeMap<String, usize>,
    /// By id of the kill.
    watches: BTreeMap<String, Watch>,
    counts: Counts,
    refused: u64,
    /// The newest positions and when each came, oldest first.
    published: VecDeque<(Position, Duration)>,
}

/// Positions of which it is known when they came.
const PUBLISHED: usize = 1024;

/// An instance chooses its own id, so it is told apart by key as well.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct InstanceId {
    key: String,
    instance: String,
}

#[derive(Debug, Clone, PartialEq)]
struct Instance {
    kind: ClientKind,
    address: String,
    said: Acknowledgement,
    last_seen: Duration,
    /// Since when it runs its release, as far as it was heard of.
    runs_since: Duration,
    /// Since when there is something that it cannot accept.
    refuses_since: Option<Duration>,
    swing: Swing,
}

/// How often an instance told of an older revision after a newer one.
#[derive(Debug, Clone, Default, PartialEq)]
struct Swing {
    count: u32,
    first: Duration,
    last: Duration,
    /// The older revision.
    low: u64,
}

impl Fleet {
    pub fn new(limits: Limits) -> Fleet {
        Fleet {
            limits,
            instances: BTreeMap::new(),
            per_key: BTreeMap::new(),
            per_address: BTreeMap::new(),
            watches: BTreeMap::new(),
            counts: Counts::default(),
            refused: 0,
            published: VecDeque::new(),
        }
    }

    /// A position is the newest from now on.
    pub fn published(&mut self, position: Position, now: Duration) {
        if self.published.back().is_none_or(|(newest, _)| *newest < position) {
            self.published.push_back((position, now));
        }
        while self.published.len() > PUBLISHED {
            self.published.pop_front();
        }
    }

    /// Since when there has been something newer than a position, as far as is known.
    fn lacks_since(&self, position: Position) -> Option<Duration> {
        let after = self.published.partition_point(|(known, _)| *known <= position);
        self.published.get(after).map(|(_, at)| *at)
    }

    /// Takes an acknowledgement in. Gives the kills that this instance has now applied, for the first time.
    pub fn acknowledge(
        &mut self,
        sender: &Sender,
        said: Acknowledgement,
        now: Duration,
    ) -> Result<Vec<Applied>, NotCounted> {
        let is_good = is_well_formed(&said);
        let id = InstanceId { key: sender.key.clone(), instance: said.instance.clone() };
        let known = self.instances.get(&id);
        let room = match known {
            _ if !is_good => Err(NotCounted::Malformed),
            Some(_) => Ok(()),
            None if count(&self.per_key, &sender.key) >= self.limits.per_key => Err(NotCounted::KeyFull),
            None if count(&self.per_address, &sender.address) >= self.limits.per_address => {
                Err(NotCounted::AddressFull)
            }
            None => Ok(()),
        };
        if let Err(why) = room {
            self.refused += 1;
            return Err(why);
        }
        let was_known = known.is_some();
        let trust = Trust::of(sender.kind);
        self.counts.take(trust, known.map_or(&[], |known| known.said.migrations.as_slice()), &said.migrations);
        let swing =
            known.map_or_else(Swing::default, |known| known.swing.after(known.said.position, said.position, now));
        // A late or repeated word never moves an instance back; a lower epoch is a server that it no longer follows.
        let position = known.map_or(said.position, |known| known.said.position.max(said.position));
        let waited = Duration::from_millis(said.waited_ms.unwrap_or(0).into()).min(spread::MOST_WAITED);
        let applied = self.note_applied(&id, was_known, position, now.saturating_sub(waited));
        if said.state == ClientState::Closing {
            self.remove(&id);
        } else {
            self.put(id, sender, Acknowledgement { position, ..said }, swing, now);
        }
        Ok(applied)
    }

    /// A kill was committed just now. `position` is the one that it made.
    pub fn killed(&mut self, id: &str, position: Position, degrades_when_stale: bool, now: Duration) {
        while self.watches.len() >= self.limits.kills.max(1) {
            let oldest = self.watches.iter().min_by_key(|(_, watch)| watch.committed()).map(|(id, _)| id.clone());
            oldest.map(|id| self.watches.remove(&id));
        }
        let mut watch = Watch::new(position, degrades_when_stale, now);
        // Of another replica's kill the clients' words may be here before the kill itself.
        for (instance, known) in &self.instances {
            watch.note(instance, false, known.said.position, now);
        }
        self.watches.insert(id.to_owned(), watch);
    }

    /// Forgets instances that have not been heard of for long. To be called every few seconds.
    pub fn tick(&mut self, now: Duration) {
        let gone: Vec<InstanceId> = self
            .instances
            .iter()
            .filter(|(_, instance)| now.saturating_sub(instance.last_seen) > self.limits.forget)
            .map(|(id, _)| id.clone())
            .collect();
        gone.iter().for_each(|id| self.remove(id));
    }

    /// Instances that count as live.
    pub fn live(&self, now: Duration) -> usize {
        self.instances.values().filter(|instance| self.standing(instance, now) == Standing::Live).count()
    }

    fn note_applied(&mut self, id: &InstanceId, was_known: bool, position: Position, at: Duration) -> Vec<Applied> {
        let mut applied = Vec::new();
        let most = self.limits.acknowledgements.max(2 * self.instances.len());
        for (kill, watch) in &mut self.watches {
            // Halves it at least, so that it is not done again soon.
            if watch.kept() >= most {
                watch.keep(|id| self.instances.contains_key(id));
            }
            if watch.note(id, was_known, position, at) {
                applied.push(Applied { kill: kill.clone(), after: at.saturating_sub(watch.committed()) });
            }
        }
        applied
    }

    fn put(&mut self, id: InstanceId, sender: &Sender, said: Acknowledgement, swing: Swing, now: Duration) {
        let known = self.instances.get(&id);
        let runs_since = known.filter(|known| known.said.release == said.release).map_or(now, |known| known.runs_since);
        let refused = known.and_then(|known| known.refuses_since);
        let refuses_since = (!said.problems.is_empty()).then(|| refused.unwrap_or(now));
        // What another replica heard may come behind what was heard here.
        let now = known.map_or(now, |known| known.last_seen.max(now));
        self.remove(&id);
        *self.per_key.entry(sender.key.clone()).or_default() += 1;
        *self.per_address.entry(sender.address.clone()).or_default() += 1;
        let (kind, address) = (sender.kind, sender.address.clone());
        let instance = Instance { kind, address, said, last_seen: now, runs_since, refuses_since, swing };
        self.instances.insert(id, instance);
    }

    fn remove(&mut self, id: &InstanceId) {
        if let Some(instance) = self.instances.remove(id) {
            decrement(&mut self.per_key, &id.key);
            decrement(&mut self.per_address, &instance.address);
        }
    }

    fn standing(&self, instance: &Instance, now: Duration) -> Standing {
        match instance.said.state {
            ClientState::Hidden => Standing::Hidden,
            _ if now.saturating_sub(instance.last_seen) > self.limits.lease => Standing::Unknown,
            _ => Standing::Live,
        }
    }
}

/// What an instance counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Live,
    Hidden,
    /// Not heard of for the lease.
    Unknown,
}

impl Standing {
    fn as_str(self) -> &'static str {
        match self {
            Standing::Live => "live",
            Standing::Hidden => "hidden",
            Standing::Unknown => "unknown",
        }
    }
}

impl Swing {
    /// With what it tells next. A lower epoch is another log, and no way back.
    fn after(&self, known: Position, said: Position, now: Duration) -> Swing {
        if said.epoch != known.epoch || said.revision >= known.revision {
            return self.clone();
        }
        let goes_on = self.count > 0 && now.saturating_sub(self.last) <= states::SWING;
        Swing {
            count: if goes_on { self.count.saturating_add(1) } else { 1 },
            first: if goes_on { self.first } else { now },
            last: now,
            low: said.revision,
        }
    }
}

impl Instance {
    fn trust(&self) -> Trust {
        Trust::of(self.kind)
    }

    fn polls(&self) -> bool {
        matches!(self.said.transport, Some(Transport::Poll | Transport::Kept))
    }
}

/// Longest field of an acknowledgement, in bytes, and the most problems.
const FIELD: usize = 128;
const PROBLEMS: usize = 16;

fn is_well_formed(said: &Acknowledgement) -> bool {
    let is_short = |text: &String| text.len() <= FIELD;
    !said.instance.is_empty()
        && is_short(&said.instance)
        && is_short(&said.sdk)
        && said.release.as_ref().is_none_or(is_short)
        && said.region.as_ref().is_none_or(is_short)
        && said.program.as_ref().is_none_or(is_short)
        && said.problems.len() <= PROBLEMS
        && said.problems.iter().all(is_short)
        && migration::are_well_formed(&said.migrations)
}

fn count(counts: &BTreeMap<String, usize>, of: &str) -> usize {
    counts.get(of).copied().unwrap_or(0)
}

fn decrement(counts: &mut BTreeMap<String, usize>, of: &str) {
    if let Some(count) = counts.get_mut(of) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(of);
        }
    }
}

#[cfg(test)]
mod tests;
