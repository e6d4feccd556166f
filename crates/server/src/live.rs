//! The live sample of an environment: what clients are asked for, and what they told.

use crate::environment::Publication;
use crate::populations::Provenance;
use downhaul_blast::population::{Builder, Limits, Population};
use downhaul_control::api::{LiveSample as Origin, PopulationName, PopulationView, SampledContext, Trust};
use downhaul_control::policy::Sample;
use downhaul_control::sample::{Asked, NotAdmitted, Reservoir, SamplingKeys, Seen, UNIT, UnitHash, admit};
use downhaul_control::time;
use downhaul_core::document::ClientKind;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The attributes beside those of clients: how far a row is to be believed, and the day on which it was seen.
const TRUST: &str = "downhaul.trust";
const DAY: &str = "downhaul.day";
const TARGETING_KEY: &str = "targetingKey";
/// Contexts of one address, and of one client key, within [`WINDOW`].
const PER_ADDRESS: u32 = 1_000;
const PER_KEY: u32 = 100_000;
/// An instance tells at most one context in this time. A little less than what clients keep to.
const WINDOW: Duration = Duration::from_secs(3000);

/// What the clients of an environment are asked for, as they are told; absent where they are asked for nothing.
pub(crate) type Instruction = Option<Arc<str>>;

#[derive(Debug)]
pub(crate) struct LiveSample {
    keys: SamplingKeys,
    instruction: watch::Sender<Instruction>,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// What the policy allows, and the definition that it was worked out for.
    asked: Option<(Sample, u64, Asked)>,
    reservoir: Reservoir,
    since: Timestamp,
    senders: Senders,
    /// Something is to be kept, or to be removed.
    unsaved: bool,
}

/// Who told something within the window.
#[derive(Debug)]
struct Senders {
    began: Instant,
    instances: BTreeMap<(String, String), Instant>,
    addresses: BTreeMap<String, u32>,
    keys: BTreeMap<String, u32>,
}

/// Who tells a context.
#[derive(Debug, Clone)]
pub(crate) struct Teller<'a> {
    pub(crate) key: &'a str,
    pub(crate) kind: ClientKind,
    pub(crate) address: &'a str,
    pub(crate) instance: &'a str,
}

/// Why a context is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotTaken {
    /// Nobody asked.
    NotAsked,
    TooOften,
    Refused(NotAdmitted),
}

/// What is to be kept.
#[derive(Debug)]
pub(crate) enum Save {
    Put(Box<Population>, Box<Provenance>, Origin),
    Remove,
}

impl LiveSample {
    pub(crate) fn new(keys: SamplingKeys) -> Self {
        let inner = Inner {
            asked: None,
            reservoir: Reservoir::new(0),
            since: Timestamp::now(),
            senders: Senders::new(),
            unsaved: false,
        };
        LiveSample { keys, instruction: watch::Sender::new(None), inner: Mutex::new(inner) }
    }

    /// What clients are told, now.
    pub(crate) fn instruction(&self) -> Instruction {
        self.instruction.borrow().clone()
    }

    /// Asks for what the policy of a publication allows. Where that is less than before, what was told is forgotten.
    pub(crate) fn follow(&self, publication: &Publication) {
        let (state, definition) = (&publication.state, publication.definition);
        let mut inner = self.locked();
        let known = inner.asked.as_ref();
        if known.map(|(sample, at, _)| (Some(sample), *at)) == Some((state.policy.sample.as_ref(), definition)) {
            return;
        }
        let asked = state.policy.sample.as_ref().map(|sample| {
            let attributes = sample.attributes.iter().map(ToString::to_string);
            (sample.clone(), definition, Asked::new(attributes, &state.flag_set))
        });
        let forgets = match (known, &asked) {
            (Some(_), None) => true,
            (Some((.., before)), Some((.., after))) => after.allows_less_than(before),
            (None, _) => false,
        };
        let rows = asked.as_ref().map_or(0, |(sample, ..)| sample.rows.size());
        // What was kept before this process began is only used where it is still allowed: see `load`.
        if forgets {
            inner.forget(rows);
        }
        inner.reservoir.resize(rows);
        inner.asked = asked;
        let told = inner.asked.as_ref().map(|(.., asked)| asked.told(&self.keys));
        let told = told.and_then(|told| serde_json::to_string(&told).ok()).map(Arc::from);
        drop(inner);
        self.instruction.send_if_modified(|instruction| {
            let differs = *instruction != told;
            *instruction = told;
            differs
        });
    }

    /// Takes in what a client tells.
    pub(crate) fn take(&self, teller: &Teller<'_>, said: &SampledContext) -> Result<(), NotTaken> {
        let mut inner = self.locked();
        let Inner { asked, reservoir, senders, unsaved, .. } = &mut *inner;
        let (_, _, asked) = asked.as_ref().ok_or(NotTaken::NotAsked)?;
        let (unit, context) = admit(said, teller.instance, asked, &self.keys).map_err(NotTaken::Refused)?;
        if !senders.may(teller, Instant::now()) {
            return Err(NotTaken::TooOften);
        }
        let trust = if teller.kind == ClientKind::Browser { Trust::Claimed } else { Trust::Trusted };
        *unsaved |= reservoir.take(unit, Seen { context, trust, day: today() });
        Ok(())
    }

    /// Takes up what was kept, as far as it is still allowed; else it is to be removed.
    pub(crate) fn load(&self, about: &PopulationView, kept: &Population) {
        let mut inner = self.locked();
        let allowed = inner.asked.as_ref().is_some_and(|(.., asked)| {
            let mut names = kept.columns().iter().map(|column| column.name());
            names.all(|name| [TRUST, DAY, UNIT, TARGETING_KEY].contains(&name.as_str()) || asked.has(&name))
        });
        if !allowed {
            inner.unsaved = true;
            return;
        }
        for row in 0..kept.rows() {
            if let Some((unit, seen)) = read(kept.context(row)) {
                inner.reservoir.take(unit, seen);
            }
        }
        if let Some(since) = about.live.as_ref().and_then(|live| live.since.parse().ok()) {
            inner.since = since;
        }
    }

    /// Forgets everything, such as when someone removes the population.
    pub(crate) fn forget(&self) {
        let mut inner = self.locked();
        let rows = inner.asked.as_ref().map_or(0, |(sample, ..)| sample.rows.size());
        inner.forget(rows);
    }

    /// The same where another replica has removed the population: nothing is to be kept or removed here.
    pub(crate) fn forget_elsewhere(&self) {
        self.forget();
        self.locked().unsaved = false;
    }

    /// What is to be kept, where something is new since this was asked last.
    pub(crate) fn to_save(&self) -> Option<Save> {
        let mut inner = self.locked();
        let days = inner.asked.as_ref().map_or(0, |(sample, ..)| i32::try_from(sample.days.get()).unwrap_or(i32::MAX));
        inner.unsaved |= inner.reservoir.expire(today().saturating_sub(days));
        if !std::mem::take(&mut inner.unsaved) {
            return None;
        }
        if inner.reservoir.is_empty() {
            return Some(Save::Remove);
        }
        let mut builder = Builder::new(&Limits::default());
        let mut counts = [0_u64; 2];
        for (_, seen) in inner.reservoir.units() {
            let is_trusted = seen.trust == Trust::Trusted;
            if let Some(count) = counts.get_mut(usize::from(is_trusted)) {
                *count += 1;
            }
            // A row whose attributes contradict each other (`a` and `a.b` as one value) is left out.
            let _ = builder.push(&written(seen), 1.0);
        }
        let [claimed, trusted] = counts;
        let now = time::to_text(Timestamp::now());
        let since = time::to_text(inner.since);
        let units = inner.reservoir.seen();
        let name = PopulationName::live();
        let source = format!("live sample, {units} units since {since}");
        let provenance = Provenance { name, source, taken_at: now.clone(), put_at: now, put_by: "system".to_owned() };
        let origin = Origin { units, since, trusted, claimed };
        Some(Save::Put(Box::new(builder.finish()), Box::new(provenance), origin))
    }

    /// What was given out to be kept could not be: it is to be tried again.
    pub(crate) fn not_saved(&self) {
        self.locked().unsaved = true;
    }

    fn locked(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn forget(&mut self, rows: usize) {
        self.reservoir = Reservoir::new(rows);
        self.since = Timestamp::now();
        self.unsaved = true;
    }
}

impl Senders {
    fn new() -> Self {
        Senders { began: Instant::now(), instances: BTreeMap::new(), addresses: BTreeMap::new(), keys: BTreeMap::new() }
    }

    /// Whether one more context may come from there; then it is counted.
    fn may(&mut self, teller: &Teller<'_>, now: Instant) -> bool {
        if now.duration_since(self.began) > WINDOW {
            self.began = now;
            self.addresses.clear();
            self.keys.clear();
            self.instances.retain(|_, at| now.duration_since(*at) < WINDOW);
        }
        let instance = (teller.key.to_owned(), teller.instance.to_owned());
        if self.instances.get(&instance).is_some_and(|at| now.duration_since(*at) < WINDOW) {
            return false;
        }
        let of_address = self.addresses.get(teller.address).copied().unwrap_or(0);
        let of_key = self.keys.get(teller.key).copied().unwrap_or(0);
        if of_address >= PER_ADDRESS || of_key >= PER_KEY {
            return false;
        }
        self.addresses.insert(teller.address.to_owned(), of_address + 1);
        self.keys.insert(teller.key.to_owned(), of_key + 1);
        self.instances.insert(instance, now);
        true
    }
}

/// Days since 1970.
fn today() -> i32 {
    i32::try_from(Timestamp::now().as_second().div_euclid(24 * 60 * 60)).unwrap_or(i32::MAX)
}

/// A row as it is kept.
fn written(seen: &Seen) -> serde_json::Map<String, Value> {
    let mut context = seen.context.clone();
    let trust = if seen.trust == Trust::Trusted { "trusted" } else { "claimed" };
    context.insert(TRUST.to_owned(), json!(trust));
    context.insert(DAY.to_owned(), json!(seen.day));
    context
}

/// What [`written`] wrote.
fn read(mut context: serde_json::Map<String, Value>) -> Option<(UnitHash, Seen)> {
    let trust = if context.remove(TRUST)? == "trusted" { Trust::Trusted } else { Trust::Claimed };
    let day = i32::try_from(context.remove(DAY)?.as_i64()?).ok()?;
    let unit = context.get(TARGETING_KEY).or_else(|| context.get(UNIT))?.as_str()?;
    let number = u128::from_str_radix(unit, 16).ok().filter(|_| unit.len() == 32)?;
    Some((number.to_be_bytes(), Seen { context, trust, day }))
}
