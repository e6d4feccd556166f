//! Replay: two flag sets over a population, and what differs.
//!
//! The evaluator decides everything here, but not row by row. For each flag it is worked out on what its decision can
//! depend (`cone`), which questions that puts to a row (`question`), and which values are alike to all of them
//! (`classes`); buckets become the runs of buckets between the borders of slices. Rows that are alike in all of this get
//! the same, so the evaluator is asked for one of them (`places`), and the rest is adding up (`pass`, `groups`).
//!
//! Weights are added as whole numbers (`fixed`), so the answer is the same on any number of threads. What was worked out
//! about the population is kept (`kept`) for the next flag, and for the next replay of a [`Replayer`].

mod classes;
mod fixed;
mod groups;
mod kept;
mod partial;
mod pass;
mod piecewise;
mod places;
mod question;
mod regions;
mod report;
mod result;
mod row;
mod segments;

pub use fixed::TotalWeight;
pub use partial::Partial;
pub use piecewise::Piecewise;
pub use result::{
    Decided, Directly, Example, FlagReplay, Given, Group, Groups, ReasonOnly, Replay, RuleMove, Transition, Why, Within,
};

use crate::cone::{Cone, Indexed};
use crate::crew::{self, Cancelled, Crew};
use crate::population::Population;
use classes::traits;
use downhaul_core::document::FlagSet;
use downhaul_core::prepare::prepares_as;
use downhaul_core::validate::Valid;
use groups::{Dimension, dimensions, grouped};
use kept::Kept;
use pass::{Pass, Passed};
use places::Space;
use question::{Program, Questions};
use row::Rows;
use serde_json::Value;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What is wanted of a replay.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Attributes by which moved rows are grouped, beside `tenant`, `region` and `segment`.
    pub by: Vec<String>,
    /// Most examples of a flag.
    pub examples: usize,
    /// Most groups that are listed of an attribute.
    pub groups: usize,
    /// `None` for one thread a core. Without the feature `threads` there is one.
    pub threads: Option<NonZeroUsize>,
    /// What rows have as `now` that have no such attribute: a time as rules take it.
    pub now: Option<Value>,
}

impl Default for Options {
    fn default() -> Self {
        Options { by: Vec::new(), examples: 3, groups: 1000, threads: None, now: None }
    }
}

/// How far a replay is: rows, counted twice for each flag that has to be looked at. First it is found out which are alike,
/// then they are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Progress {
    pub done: u64,
    pub of: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplayError {
    #[error("the replay was cancelled")]
    Cancelled,
}

impl From<Cancelled> for ReplayError {
    fn from(_: Cancelled) -> Self {
        ReplayError::Cancelled
    }
}

/// Runs a population through two documents. `progress` is called from this thread only, now and then; `cancel` may be
/// set from any.
///
/// # Errors
/// Where it was cancelled.
pub fn replay(
    old: &Valid,
    new: &Valid,
    population: &Population,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
    cancel: &AtomicBool,
) -> Result<Replay, ReplayError> {
    run([old, new], population, &mut Kept::new(population), options, progress, cancel)
}

/// Replays over one population, one after another, as while someone drags a slider: what was worked out about the
/// population for one is there for the next.
#[derive(Debug)]
pub struct Replayer {
    population: Arc<Population>,
    kept: Kept,
}

impl Replayer {
    pub fn new(population: Arc<Population>) -> Self {
        Replayer { kept: Kept::new(&population), population }
    }

    /// As [`replay`], and with the same result.
    ///
    /// # Errors
    /// Where it was cancelled.
    pub fn replay(
        &mut self,
        old: &Valid,
        new: &Valid,
        options: &Options,
        progress: &mut dyn FnMut(Progress),
        cancel: &AtomicBool,
    ) -> Result<Replay, ReplayError> {
        run([old, new], &self.population, &mut self.kept, options, progress, cancel)
    }
}

fn run(
    [old, new]: [&Valid; 2],
    population: &Population,
    kept: &mut Kept,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
    cancel: &AtomicBool,
) -> Result<Replay, ReplayError> {
    let (old, new) = (Indexed::new(old.document()), Indexed::new(new.document()));
    let crew = Crew { threads: threads(options), cancel };
    let mut work = Work { options, population, kept, crew, dimensions: None };
    let jobs = jobs(&old, &new);
    let mut steps = Steps { done: 0, of: (2 * jobs.list.len() * population.rows()) as u64, progress };
    let mut found = Replay {
        rows: population.rows() as u64,
        of: work.kept.scale.weight(work.kept.total),
        moved: 0.0,
        moved_rows: 0,
        sampled: population.sampled(),
        by: BTreeMap::new(),
        tenants: Vec::new(),
        flags: BTreeMap::new(),
        compared: jobs.compared,
        added: BTreeMap::new(),
        removed: BTreeMap::new(),
    };
    let mut any_moved = vec![0u64; population.rows().div_ceil(64)];
    for job in jobs.list {
        work.job(job, new.document, &mut steps, &mut any_moved, &mut found)?;
    }
    work.whole(&any_moved, &mut found)?;
    Ok(found)
}

fn threads(options: &Options) -> usize {
    options.threads.map_or_else(crew::cores, NonZeroUsize::get)
}

struct Jobs<'a> {
    /// Flags in both documents.
    compared: usize,
    /// Flags that can differ, and flags of one document only.
    list: Vec<Job<'a>>,
}

struct Job<'a> {
    flag: &'a str,
    old: Option<Cone<'a>>,
    new: Option<Cone<'a>>,
}

fn jobs<'a>(old: &Indexed<'a>, new: &Indexed<'a>) -> Jobs<'a> {
    let mut jobs = Jobs { compared: 0, list: Vec::new() };
    for flag in &new.document.flags {
        let flag = flag.key.as_str();
        let job = Job { flag, old: old.cone(flag), new: new.cone(flag) };
        jobs.compared += usize::from(job.old.is_some());
        let same = job.old.as_ref().zip(job.new.as_ref()).is_some_and(|(old, new)| old.decides_as(new));
        if !same {
            jobs.list.push(job);
        }
    }
    let removed = old.document.flags.iter().map(|flag| flag.key.as_str()).filter(|flag| !new.has(flag));
    jobs.list.extend(removed.map(|flag| Job { flag, old: old.cone(flag), new: None }));
    jobs
}

struct Steps<'a> {
    done: u64,
    of: u64,
    progress: &'a mut dyn FnMut(Progress),
}

struct Work<'a> {
    options: &'a Options,
    population: &'a Population,
    kept: &'a mut Kept,
    crew: Crew<'a>,
    /// What rows are grouped by, worked out when it is needed first.
    dimensions: Option<Vec<Arc<Dimension>>>,
}

impl Work<'_> {
    fn job(
        &mut self,
        job: Job<'_>,
        new: &FlagSet,
        steps: &mut Steps<'_>,
        any_moved: &mut [u64],
        found: &mut Replay,
    ) -> Result<(), ReplayError> {
        let Steps { done, of, progress } = steps;
        let mut tick = |rows| progress(Progress { done: *done + rows, of: *of });
        self.pass(&job, &mut tick, |work, pass, passed| {
            let key = job.flag.to_owned();
            let scale = work.kept.scale;
            match (&job.old, &job.new) {
                (Some(_), Some(_)) => {
                    if report::differs(&passed.outcomes) {
                        let by = work.by(new, passed)?;
                        any_moved.iter_mut().zip(&passed.moved).for_each(|(any, own)| *any |= own);
                        let examples = report::examples(pass, passed);
                        let flag = report::flag(&passed.outcomes, scale, by, found.of, examples);
                        found.flags.insert(key, flag);
                    }
                }
                (None, _) => drop(found.added.insert(key, report::given(&passed.outcomes, scale))),
                (_, None) => drop(found.removed.insert(key, report::given(&passed.outcomes, scale))),
            }
            Ok(())
        })?;
        *done += 2 * self.population.rows() as u64;
        Ok(())
    }

    /// Runs a flag over all rows, and hands on what came out. `tick` gets how far it is, up to twice the number of rows.
    fn pass(
        &mut self,
        job: &Job<'_>,
        tick: &mut dyn FnMut(u64),
        then: impl FnOnce(&mut Self, &Pass<'_>, &Passed) -> Result<(), Cancelled>,
    ) -> Result<(), Cancelled> {
        let population = self.population;
        let rows = population.rows() as u64;
        let (from, to) = (job.old.clone().map(Program::new), job.new.clone().map(Program::new));
        let programs: Vec<&Program<'_>> = [&from, &to].into_iter().flatten().collect();
        let now = self.options.now.as_ref();
        let mut classified = |values: usize, all: usize| {
            let rows = (values as u128 * u128::from(rows)).checked_div(all as u128).unwrap_or_default();
            tick(u64::try_from(rows).unwrap_or_default());
        };
        let questions = Questions::of(&programs);
        let traits = traits(&questions, population, self.kept, now, self.crew, &mut classified)?;
        let space = Space::new(traits, population.rows());
        let readers = [&from, &to]
            .map(|program| program.as_ref().map(|program| Rows::new(&program.loaded, population, self.kept, now)));
        let alike = from.as_ref().zip(to.as_ref()).is_some_and(|(from, to)| prepares_as(&from.loaded, &to.loaded));
        let pass = Pass {
            old: from.as_ref(),
            new: to.as_ref(),
            population,
            rows: readers,
            alike,
            now,
            scale: self.kept.scale,
            examples: self.options.examples,
        };
        let passed = pass.run(&space, self.crew, &mut |done| tick(rows + done))?;
        drop(space);
        then(self, &pass, &passed)
    }

    /// The moved rows in groups.
    fn by(&mut self, new: &FlagSet, passed: &Passed) -> Result<BTreeMap<String, Groups>, Cancelled> {
        if passed.moved.iter().all(|word| *word == 0) {
            return Ok(BTreeMap::new());
        }
        let Options { by, now, groups, .. } = self.options;
        let known = match &mut self.dimensions {
            Some(known) => known,
            none => none.insert(dimensions(new, self.population, self.kept, by, now.as_ref(), self.crew)?),
        };
        grouped(known, self.population, &passed.moved, *groups, self.kept.scale, self.crew)
    }

    /// All flags together.
    fn whole(&self, moved: &[u64], found: &mut Replay) -> Result<(), ReplayError> {
        let Some(dimensions) = &self.dimensions else { return Ok(()) };
        let scale = self.kept.scale;
        let (mut weight, mut rows) = (0u64, 0u64);
        groups::each_bit(moved, |row| {
            weight += scale.fixed(self.population.row_weight(row));
            rows += 1;
        });
        (found.moved, found.moved_rows) = (scale.weight(weight), rows);
        let only = found.flags.values().next().filter(|_| found.flags.len() == 1);
        found.by = match only {
            Some(only) => only.by.clone(),
            None => grouped(dimensions, self.population, moved, self.options.groups, scale, self.crew)?,
        };
        found.tenants = report::top_tenants(&found.by);
        Ok(())
    }
}
