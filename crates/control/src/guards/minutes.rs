use crate::outcomes::Teller;
use crate::telemetry::Latency;
use downhaul_core::document::ClientKind;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// Cells of one bucket, of what servers and edges told and of what browsers claim each.
const CELLS: usize = 5000;
/// Browsers that are remembered to have failed, before the older half is forgotten.
const FAILED: usize = 200_000;
/// Instances of which units are kept in a bucket of a flag.
const UNIT_INSTANCES: usize = 64;
/// Instances that are told apart in a cell: more are not asked for by any guard.
const INSTANCES: usize = 8;

/// What was counted of one flag in one bucket of time, as one process was told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlagMinute {
    /// When the bucket began, in seconds since 1970.
    pub began: u64,
    pub flag: String,
    pub cells: Vec<Cell>,
}

/// Counts of one thing under one variant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    pub variant: String,
    pub kind: ClientKind,
    pub counted: Counted,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// Which instance told, of units, which are not added up: as much of a hash as tells instances apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Of browsers: instances that had not failed before; else how often it happened.
    pub units: u64,
    pub failed: u64,
    /// How long it took, by index of docs/reference/telemetry.md; of each browser its slowest one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub latency: Vec<(u32, u64)>,
    /// Some of those who told, the failing and slow ones first.
    pub told: Vec<Told>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Counted {
    /// Code was given the variant.
    Exposures,
    /// How what the flag decides of went, as acknowledgements tell.
    Outcomes,
    /// Something of this name happened.
    Named(String),
    /// Counters of Prometheus, by the selectors of the guard that asks for them.
    Counters(String),
    /// Bucketing units that an instance had not exposed to the flag before, by the reason of what they were given.
    Units(String),
}

/// An instance, as far as others are told apart from it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Told {
    /// A part of a hash.
    pub id: String,
    pub failed: bool,
    /// Index of the slowest that it told of.
    pub slowest: u32,
}

/// What is to be counted.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    pub flag: &'a str,
    pub variant: &'a str,
    pub counted: Counted,
    pub all: u64,
    pub failed: u64,
    pub latency: Option<&'a Latency>,
}

/// Counts of buckets that are still open, in bounded memory. Whoever calls names the time.
#[derive(Debug, Clone)]
pub struct Minutes {
    /// How long a bucket is, in seconds.
    length: u64,
    open: BTreeMap<u64, Bucket>,
    /// Buckets that began before are closed.
    closed: u64,
    young: BTreeSet<u64>,
    old: BTreeSet<u64>,
    /// Entries that came too late or found no room.
    passed_over: u64,
}

#[derive(Debug, Clone, Default)]
struct Bucket {
    trusted: BTreeMap<Of, Sums>,
    claimed: BTreeMap<Of, Sums>,
    /// By flag and instance, so that where there is no room an instance is missing in every arm.
    units: BTreeMap<(String, String), UnitsOf>,
}

#[derive(Debug, Clone)]
struct UnitsOf {
    kind: ClientKind,
    /// By variant and reason.
    counts: BTreeMap<(String, String), u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Of {
    flag: String,
    variant: String,
    kind: ClientKind,
    counted: Counted,
    release: Option<String>,
}

#[derive(Debug, Clone, Default)]
struct Sums {
    units: u64,
    failed: u64,
    latency: BTreeMap<u32, u64>,
    told: Vec<Told>,
}

impl Minutes {
    /// With buckets of so many seconds.
    pub fn new(length: u64) -> Minutes {
        Minutes {
            length: length.max(1),
            open: BTreeMap::new(),
            closed: 0,
            young: BTreeSet::new(),
            old: BTreeSet::new(),
            passed_over: 0,
        }
    }

    /// Counts what an instance told of the moment `at`, in seconds since 1970.
    pub fn add(&mut self, teller: &Teller<'_>, release: Option<&str>, entry: &Entry<'_>, at: u64) {
        if entry.all == 0 {
            return;
        }
        let began = at - at % self.length;
        if began < self.closed {
            self.passed_over += 1;
            return;
        }
        let is_claimed = teller.kind == ClientKind::Browser;
        let counts = if is_claimed {
            let Some(counts) = self.of_browser(teller, entry) else { return };
            counts
        } else {
            let latency = entry.latency.map(|latency| latency.counts.clone()).unwrap_or_default();
            Sums { units: entry.all, failed: entry.failed.min(entry.all), latency, told: Vec::new() }
        };
        let of = Of {
            flag: entry.flag.to_owned(),
            variant: entry.variant.to_owned(),
            kind: teller.kind,
            counted: entry.counted.clone(),
            release: release.map(str::to_owned),
        };
        let bucket = self.open.entry(began).or_default();
        let part = if is_claimed { &mut bucket.claimed } else { &mut bucket.trusted };
        if part.len() >= CELLS && !part.contains_key(&of) {
            self.passed_over += 1;
            return;
        }
        let sums = part.entry(of).or_default();
        sums.units = sums.units.saturating_add(counts.units);
        sums.failed = sums.failed.saturating_add(counts.failed);
        for (index, count) in &counts.latency {
            let sum = sums.latency.entry(*index).or_default();
            *sum = sum.saturating_add(*count);
        }
        let slowest = entry.latency.and_then(|latency| latency.counts.keys().next_back().copied()).unwrap_or(0);
        remember(&mut sums.told, Told { id: id(teller), failed: entry.failed > 0, slowest });
    }

    /// Counts units that were new to an instance. What browsers claim is passed over: each visit of somebody is another one.
    pub fn add_units(&mut self, teller: &Teller<'_>, (flag, variant, reason): (&str, &str, &str), units: u64, at: u64) {
        let began = at - at % self.length;
        if teller.kind == ClientKind::Browser || began < self.closed {
            return;
        }
        let told = &mut self.open.entry(began).or_default().units;
        let of = (flag.to_owned(), id(teller));
        if told.len() >= CELLS && !told.contains_key(&of) {
            self.passed_over += 1;
            return;
        }
        let told = told.entry(of).or_insert_with(|| UnitsOf { kind: teller.kind, counts: BTreeMap::new() });
        let sum = told.counts.entry((variant.to_owned(), reason.to_owned())).or_default();
        *sum = sum.saturating_add(units);
    }

    /// Of a browser each instance counts once in what it tells, and no more once it has failed: what it tells of later is not
    /// independent of that. Nothing where it has failed before.
    fn of_browser(&mut self, teller: &Teller<'_>, entry: &Entry<'_>) -> Option<Sums> {
        let mark = mark(teller, entry);
        if self.young.contains(&mark) || self.old.contains(&mark) {
            return None;
        }
        if entry.failed > 0 {
            if self.young.len() >= FAILED {
                self.old = std::mem::take(&mut self.young);
            }
            self.young.insert(mark);
        }
        let slowest = entry.latency.and_then(|latency| latency.counts.keys().next_back().copied());
        let latency = slowest.map(|index| (index, 1)).into_iter().collect();
        Some(Sums { units: 1, failed: u64::from(entry.failed > 0), latency, told: Vec::new() })
    }

    /// Closes the buckets that ended `grace` seconds before `now` or earlier, and gives what was counted in them. What comes
    /// of them later is passed over.
    pub fn close(&mut self, now: u64, grace: u64) -> Vec<FlagMinute> {
        let Some(ended) = now.checked_sub(grace.saturating_add(self.length)) else { return Vec::new() };
        let until = (ended - ended % self.length).saturating_add(self.length);
        self.closed = self.closed.max(until);
        let later = self.open.split_off(&self.closed);
        let closed = std::mem::replace(&mut self.open, later);
        closed.into_iter().flat_map(|(began, bucket)| flags_of(began, bucket)).collect()
    }

    /// All that is open, as of a process that ends.
    pub fn close_all(&mut self) -> Vec<FlagMinute> {
        std::mem::take(&mut self.open).into_iter().flat_map(|(began, bucket)| flags_of(began, bucket)).collect()
    }

    /// Entries that came too late or found no room, since the beginning.
    pub fn passed_over(&self) -> u64 {
        self.passed_over
    }
}

fn flags_of(began: u64, bucket: Bucket) -> Vec<FlagMinute> {
    let mut flags: BTreeMap<String, Vec<Cell>> = BTreeMap::new();
    for (of, sums) in bucket.trusted.into_iter().chain(bucket.claimed) {
        let Of { flag, variant, kind, counted, release } = of;
        let Sums { units, failed, latency, told } = sums;
        let latency = latency.into_iter().collect();
        let cell = Cell { variant, kind, counted, release, instance: None, units, failed, latency, told };
        flags.entry(flag).or_default().push(cell);
    }
    let mut instances: BTreeMap<String, usize> = BTreeMap::new();
    for ((flag, instance), told) in bucket.units {
        // Those with the lowest ids: the same ones from minute to minute, whatever they tell.
        let place = instances.entry(flag.clone()).or_default();
        *place += 1;
        if *place > UNIT_INSTANCES {
            continue;
        }
        let cells = told.counts.into_iter().map(|((variant, reason), units)| Cell {
            variant,
            kind: told.kind,
            counted: Counted::Units(reason),
            release: None,
            instance: Some(instance.clone()),
            units,
            failed: 0,
            latency: Vec::new(),
            told: Vec::new(),
        });
        flags.entry(flag).or_default().extend(cells);
    }
    flags.into_iter().map(|(flag, cells)| FlagMinute { began, flag, cells }).collect()
}

/// Keeps the most telling of those who told: who failed, then who was slow.
pub(super) fn remember(known: &mut Vec<Told>, told: Told) {
    match known.iter_mut().find(|each| each.id == told.id) {
        Some(each) => {
            each.failed |= told.failed;
            each.slowest = each.slowest.max(told.slowest);
        }
        None => known.push(told),
    }
    if known.len() > INSTANCES {
        known.sort_by(|one, other| (other.failed, other.slowest, &one.id).cmp(&(one.failed, one.slowest, &other.id)));
        known.truncate(INSTANCES);
    }
}

/// What tells an instance apart, and nobody who it is.
fn id(teller: &Teller<'_>) -> String {
    format!("{:08x}", number(&[teller.key, teller.instance]) >> 32)
}

fn mark(teller: &Teller<'_>, entry: &Entry<'_>) -> u64 {
    let name = match &entry.counted {
        Counted::Exposures => "/exposures",
        Counted::Outcomes => "/outcomes",
        Counted::Named(name) | Counted::Units(name) | Counted::Counters(name) => name,
    };
    number(&[teller.key, teller.instance, entry.flag, entry.variant, name])
}

fn number(parts: &[&str]) -> u64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}
