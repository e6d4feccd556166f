//! Data changes that a flag with a `phase` leads: which shape of the data to read and to write, and counting how it goes.
//!
//! docs/guide/migrations.md tells how one is run.
//!
//! ```no_run
//! use downhaul_sdk::migration::{MigrationOptions, Phase, Sides};
//! # use std::convert::Infallible;
//! # async fn order_in(_: &str) -> Result<u32, Infallible> { Ok(1) }
//! # async fn run(client: downhaul_sdk::Client) {
//!
//! let orders = client.migration("orders-v2", MigrationOptions::new(Phase::Expand));
//! let order = orders.read(Sides::both(|| order_in("orders"), || order_in("orders_v2")), None).await;
//! # }
//! ```

use crate::decisions::Decisions;
use crate::host::random;
use crate::shared::Shared;
use crate::status::State;
use crate::{Context, acknowledge};
use downhaul_control::api::{CallCounts, ClientState, MigrationTally};
pub use downhaul_core::phase::{Phase, Shape};
use std::collections::BTreeMap;
use std::future::{Future, Ready};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How a data change is followed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MigrationOptions {
    /// What to go by where the control plane has given no phase: before the client is ready, and where the flag is not
    /// there. It is told to the control plane, which takes no step that does not go together with it.
    pub fallback: Phase,
    /// The share of reads that are compared, 0 to 1.
    pub compare_share: f64,
    /// Comparisons at the same time; a read beyond that is not compared.
    pub comparing: usize,
}

impl MigrationOptions {
    /// Compares all reads, 8 at the same time.
    pub fn new(fallback: Phase) -> MigrationOptions {
        MigrationOptions { fallback, compare_share: 1.0, comparing: 8 }
    }
}

/// What holds for one context now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    pub phase: Phase,
    /// The control plane is heard of, and this is its word; otherwise it may be an old one, or the fallback.
    pub confirmed: bool,
}

/// The application's own functions, one for each shape that its code knows.
#[derive(Debug, Clone, Copy)]
pub struct Sides<O, N> {
    old: Option<O>,
    new: Option<N>,
}

/// A side that the code does not know.
pub type Unknown<T, E> = fn() -> Ready<Result<T, E>>;

impl<O, N> Sides<O, N> {
    pub fn both(old: O, new: N) -> Sides<O, N> {
        Sides { old: Some(old), new: Some(new) }
    }
}

impl<O, T, E> Sides<O, Unknown<T, E>> {
    /// Of code that knows the old shape only: it is stopped where the phase wants the new one.
    pub fn old(old: O) -> Sides<O, Unknown<T, E>> {
        Sides { old: Some(old), new: None }
    }
}

impl<N, T, E> Sides<Unknown<T, E>, N> {
    /// Of code that knows the new shape only.
    pub fn new(new: N) -> Sides<Unknown<T, E>, N> {
        Sides { old: None, new: Some(new) }
    }
}

/// Why nothing was read or written.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError<E> {
    /// The code at hand does not know the shape that the phase wants.
    #[error("`{flag}` is at `{}`, where the {} shape is wanted, and no function for it is given: put out code that knows it", phase.name(), shape.name())]
    Refused { flag: String, phase: Phase, shape: Shape },
    /// The application's own function failed.
    #[error(transparent)]
    Failed(E),
}

/// What was written.
#[derive(Debug)]
pub struct Written<T, E> {
    /// What the write that counts gave.
    pub value: T,
    /// Why the second write failed, to queue its repair: the request went well all the same.
    pub second: Result<(), MigrationError<E>>,
}

/// A data change that this code takes part in. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Migration {
    shared: Arc<Shared>,
    counter: Arc<Counter>,
    options: MigrationOptions,
}

/// What was counted since the client began, as it is told to the control plane.
#[derive(Debug)]
pub(crate) struct Counter {
    flag: String,
    fallback: Phase,
    comparing: AtomicUsize,
    counted: Mutex<BTreeMap<Phase, Counts>>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    compared: u64,
    mismatches: u64,
    refused: u64,
    read_old: Calls,
    read_new: Calls,
    write_old: Calls,
    write_new: Calls,
}

#[derive(Debug, Default, Clone, Copy)]
struct Calls {
    calls: u64,
    errors: u64,
    took: Duration,
}

#[derive(Debug, Clone, Copy)]
enum Work {
    Read,
    Write,
}

impl Migration {
    pub(crate) fn begin(shared: &Arc<Shared>, flag: String, options: MigrationOptions) -> Migration {
        let (counter, is_new) = shared.counter(&flag, options.fallback);
        if is_new && *shared.is_ready().borrow() {
            // Whoever follows a data change says so before a step waits for it.
            let shared = Arc::clone(shared);
            tokio::spawn(async move { acknowledge::send(&shared, ClientState::Live, None, None).await });
        }
        Migration { shared: Arc::clone(shared), counter, options }
    }

    /// What to read and write for the client's own context; never fails.
    pub fn answer(&self) -> Answer {
        self.answer_for(None)
    }

    /// What to read and write for a context.
    pub fn answer_of(&self, context: &Context) -> Answer {
        self.answer_for(Some(&Decisions::of(&self.shared, context)))
    }

    /// Reads the shape that counts and gives its answer. The other shape is read behind it where the phase compares, and what
    /// comes of that is only counted. `who` gives the decisions where each request has its own context.
    ///
    /// # Errors
    /// Of the function; [`MigrationError::Refused`] where none is given for the shape.
    pub async fn read<T, E, O, N, FO, FN>(
        &self,
        sides: Sides<O, N>,
        who: Option<&Decisions>,
    ) -> Result<T, MigrationError<E>>
    where
        O: Fn() -> FO + Send + Sync + 'static,
        N: Fn() -> FN + Send + Sync + 'static,
        FO: Future<Output = Result<T, E>> + Send,
        FN: Future<Output = Result<T, E>> + Send,
        T: Clone + PartialEq + Send + Sync + 'static,
        E: Send + 'static,
    {
        let Answer { phase, .. } = self.answer_for(who);
        let counter = &self.counter;
        let found = match (phase.reads(), &sides.old, &sides.new) {
            (Shape::Old, Some(old), _) => counter.call(phase, Work::Read, Shape::Old, old()).await,
            (Shape::New, _, Some(new)) => counter.call(phase, Work::Read, Shape::New, new()).await,
            (shape, ..) => return Err(counter.refuse(phase, shape)),
        }
        .map_err(MigrationError::Failed)?;
        let both = sides.old.zip(sides.new);
        if phase.compares().is_some()
            && let Some((old, new)) = both
            && random() < self.options.compare_share
            && counter.begin_comparing(self.options.comparing)
        {
            let (counter, first) = (Arc::clone(counter), found.clone());
            tokio::spawn(async move {
                counter.compare(phase, &first, old, new).await;
                counter.comparing.fetch_sub(1, Ordering::Relaxed);
            });
        }
        Ok(found)
    }

    /// Writes the shapes of the phase in order. If the first fails, nothing else is written; if the second fails, it is
    /// counted and told, and the write has gone well.
    ///
    /// # Errors
    /// Of the function for the first shape; [`MigrationError::Refused`] where none is given for it.
    pub async fn write<T, E, O, N, FO, FN>(
        &self,
        sides: Sides<O, N>,
        who: Option<&Decisions>,
    ) -> Result<Written<T, E>, MigrationError<E>>
    where
        O: FnOnce() -> FO,
        N: FnOnce() -> FN,
        FO: Future<Output = Result<T, E>>,
        FN: Future<Output = Result<T, E>>,
    {
        let Answer { phase, .. } = self.answer_for(who);
        let counter = &self.counter;
        let [first, rest @ ..] = phase.writes() else { return Err(counter.refuse(phase, Shape::Old)) };
        let (mut old, mut new) = (sides.old, sides.new);
        let value = match (first, &mut old, &mut new) {
            (Shape::Old, Some(_), _) => counter.call_once(phase, Shape::Old, old.take()).await,
            (Shape::New, _, Some(_)) => counter.call_once(phase, Shape::New, new.take()).await,
            (shape, ..) => return Err(counter.refuse(phase, *shape)),
        }?;
        let second = match rest.first() {
            None => Ok(()),
            Some(Shape::Old) => counter.call_once(phase, Shape::Old, old).await.map(drop),
            Some(Shape::New) => counter.call_once(phase, Shape::New, new).await.map(drop),
        };
        Ok(Written { value, second })
    }

    /// A gate for code that writes by itself: whether this shape is written now. A no is counted.
    pub fn may_write(&self, shape: Shape, who: Option<&Decisions>) -> bool {
        let Answer { phase, .. } = self.answer_for(who);
        let may = phase.writes().contains(&shape);
        if !may {
            self.counter.counts(phase, |counts| counts.refused += 1);
        }
        may
    }

    fn answer_for(&self, who: Option<&Decisions>) -> Answer {
        answer(&self.shared, &self.counter.flag, self.counter.fallback, who)
    }
}

fn answer(shared: &Arc<Shared>, flag: &str, fallback: Phase, who: Option<&Decisions>) -> Answer {
    let details = match who {
        Some(who) => who.details(flag, String::new()),
        None => Decisions::own(shared).details(flag, String::new()),
    };
    match Phase::named(&details.value) {
        Some(phase) => Answer { phase, confirmed: shared.status().state == State::Ready },
        None => Answer { phase: fallback, confirmed: false },
    }
}

impl Counter {
    pub(crate) fn new(flag: &str, fallback: Phase) -> Counter {
        let flag = flag.to_owned();
        Counter { flag, fallback, comparing: AtomicUsize::new(0), counted: Mutex::default() }
    }

    pub(crate) fn flag(&self) -> &str {
        &self.flag
    }

    pub(crate) fn tallies(&self, shared: &Arc<Shared>) -> Vec<MigrationTally> {
        // That it is followed is told before there is anything to count.
        let Answer { phase, .. } = answer(shared, &self.flag, self.fallback, None);
        self.counts(phase, |_| {});
        let tally = |(phase, counts): (&Phase, &Counts)| MigrationTally {
            flag: self.flag.clone(),
            phase: *phase,
            fallback: self.fallback,
            compared: counts.compared,
            mismatches: counts.mismatches,
            refused: counts.refused,
            read_old: counts.read_old.told(),
            read_new: counts.read_new.told(),
            write_old: counts.write_old.told(),
            write_new: counts.write_new.told(),
        };
        self.lock().iter().map(tally).collect()
    }

    fn counts(&self, phase: Phase, change: impl FnOnce(&mut Counts)) {
        change(self.lock().entry(phase).or_default());
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Phase, Counts>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn refuse<E>(&self, phase: Phase, shape: Shape) -> MigrationError<E> {
        self.counts(phase, |counts| counts.refused += 1);
        MigrationError::Refused { flag: self.flag.clone(), phase, shape }
    }

    async fn call<T, E>(
        &self,
        phase: Phase,
        work: Work,
        shape: Shape,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let began = Instant::now();
        let result = call.await;
        let took = began.elapsed();
        self.counts(phase, |counts| counts.of(work, shape).add(took, result.is_ok()));
        result
    }

    async fn call_once<T, E, F>(
        &self,
        phase: Phase,
        shape: Shape,
        side: Option<impl FnOnce() -> F>,
    ) -> Result<T, MigrationError<E>>
    where
        F: Future<Output = Result<T, E>>,
    {
        match side {
            Some(side) => self.call(phase, Work::Write, shape, side()).await.map_err(MigrationError::Failed),
            None => {
                self.counts(phase, |counts| counts.of(Work::Write, shape).add(Duration::ZERO, false));
                Err(MigrationError::Refused { flag: self.flag.clone(), phase, shape })
            }
        }
    }

    fn begin_comparing(&self, most: usize) -> bool {
        let more = |comparing: usize| (comparing < most).then_some(comparing + 1);
        self.comparing.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok()
    }

    async fn compare<T, E, O, N, FO, FN>(&self, phase: Phase, found: &T, old: O, new: N)
    where
        O: Fn() -> FO,
        N: Fn() -> FN,
        FO: Future<Output = Result<T, E>>,
        FN: Future<Output = Result<T, E>>,
        T: PartialEq,
    {
        // A comparison that fails has been counted as a failed call, and is nobody else's business.
        let read_old = || self.call(phase, Work::Read, Shape::Old, old());
        let read_new = || self.call(phase, Work::Read, Shape::New, new());
        let other = match phase.reads() {
            Shape::Old => read_new().await,
            Shape::New => read_old().await,
        };
        let Ok(other) = other else { return };
        self.counts(phase, |counts| counts.compared += 1);
        if *found == other {
            return;
        }
        // Someone may have written between the two reads.
        let (Ok(old), Ok(new)) = tokio::join!(read_old(), read_new()) else { return };
        if old != new {
            self.counts(phase, |counts| counts.mismatches += 1);
            tracing::warn!(flag = self.flag, phase = phase.name(), "the two shapes gave different answers, twice");
        }
    }
}

impl Counts {
    fn of(&mut self, work: Work, shape: Shape) -> &mut Calls {
        match (work, shape) {
            (Work::Read, Shape::Old) => &mut self.read_old,
            (Work::Read, Shape::New) => &mut self.read_new,
            (Work::Write, Shape::Old) => &mut self.write_old,
            (Work::Write, Shape::New) => &mut self.write_new,
        }
    }
}

impl Calls {
    fn add(&mut self, took: Duration, ok: bool) {
        self.calls += 1;
        self.errors += u64::from(!ok);
        self.took += took;
    }

    fn told(&self) -> CallCounts {
        CallCounts {
            calls: self.calls,
            errors: self.errors,
            ms: u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX),
        }
    }
}
