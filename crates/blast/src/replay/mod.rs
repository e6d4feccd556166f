//! Replay: two flag sets over a population, and what differs.
//!
//! The evaluator decides everything here, but not row by row. For each flag it is worked out on what its decision can
//! depend (`cone`), which questions that puts to a row (`question`), and which values are alike to all of them
//! (`classes`); buckets become the runs of buckets between the borders of slices. Rows that are alike in all of this get
//! the same, so the evaluator is asked for one of them (`places`), and the rest is adding up (`pass`, `groups`).
//!
//! Weights are added as whole numbers (`fixed`), so the answer is the same on any number of threads.

mod chunks;
mod classes;
mod fixed;
mod groups;
mod partial;
mod pass;
mod piecewise;
mod places;
mod question;
mod report;
mod result;
mod segments;

pub use fixed::TotalWeight;
pub use partial::Partial;
pub use piecewise::Piecewise;
pub use result::{Decided, Example, FlagReplay, Given, Group, Groups, ReasonOnly, Replay, RuleMove, Transition, Why};

use crate::cone::{Cone, Indexed};
use crate::population::Population;
use chunks::{Cancelled, Crew};
use classes::{Columns, traits};
use downhaul_core::document::FlagSet;
use downhaul_core::validate::Valid;
use fixed::Scale;
use groups::{Dimension, grouped};
use pass::{Pass, Passed};
use places::Space;
use question::{Program, Questions};
use serde_json::Value;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
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

/// How far a replay is: rows, counted once for each flag that has to be looked at.
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
    let (old, new) = (Indexed::new(old.document()), Indexed::new(new.document()));
    let mut work = Work {
        options,
        columns: Columns::new(population),
        scale: Scale::of(population),
        crew: Crew { threads: threads(options), cancel },
    };
    let jobs = jobs(&old, &new);
    let mut steps = Steps { done: 0, of: (jobs.list.len() * population.rows()) as u64, progress };
    let mut found = Replay {
        rows: population.rows() as u64,
        of: work.total(),
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
    let mut dimensions = None;
    let mut any_moved = vec![0u64; population.rows().div_ceil(64)];
    for job in jobs.list {
        work.job(job, new.document, &mut dimensions, &mut steps, &mut any_moved, &mut found)?;
    }
    work.whole(dimensions.as_deref(), &any_moved, &mut found)?;
    Ok(found)
}

fn threads(options: &Options) -> usize {
    let wanted = options.threads.or_else(|| std::thread::available_parallelism().ok());
    wanted.map_or(1, NonZeroUsize::get)
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
    columns: Columns<'a>,
    scale: Scale,
    crew: Crew<'a>,
}

impl<'a> Work<'a> {
    fn population(&self) -> &'a Population {
        self.columns.population
    }

    fn total(&self) -> f64 {
        let population = self.population();
        let fixed = |row| self.scale.fixed(population.row_weight(row));
        self.scale.weight((0..population.rows()).map(fixed).sum())
    }

    fn job(
        &mut self,
        job: Job<'_>,
        new: &FlagSet,
        dimensions: &mut Option<Vec<Dimension<'a>>>,
        steps: &mut Steps<'_>,
        any_moved: &mut [u64],
        found: &mut Replay,
    ) -> Result<(), ReplayError> {
        let rows = self.population().rows() as u64;
        let Steps { done, of, progress } = steps;
        let mut tick = |rows| progress(Progress { done: *done + rows, of: *of });
        self.pass(&job, &mut tick, |work, pass, passed| {
            let key = job.flag.to_owned();
            match (&job.old, &job.new) {
                (Some(_), Some(_)) => {
                    if report::differs(&passed.outcomes) {
                        let by = work.by(dimensions, new, passed)?;
                        any_moved.iter_mut().zip(&passed.moved).for_each(|(any, own)| *any |= own);
                        let examples = report::examples(pass, passed);
                        let flag = report::flag(&passed.outcomes, work.scale, by, found.of, examples);
                        found.flags.insert(key, flag);
                    }
                }
                (None, _) => drop(found.added.insert(key, report::given(&passed.outcomes, work.scale))),
                (_, None) => drop(found.removed.insert(key, report::given(&passed.outcomes, work.scale))),
            }
            Ok(())
        })?;
        *done += rows;
        Ok(())
    }

    /// Runs a flag over all rows, and hands on what came out.
    fn pass(
        &mut self,
        job: &Job<'_>,
        tick: &mut dyn FnMut(u64),
        then: impl FnOnce(&mut Self, &Pass<'_>, &Passed) -> Result<(), Cancelled>,
    ) -> Result<(), Cancelled> {
        let population = self.population();
        let (from, to) = (job.old.clone().map(Program::new), job.new.clone().map(Program::new));
        let programs: Vec<&Program<'_>> = [&from, &to].into_iter().flatten().collect();
        let now = self.options.now.as_ref();
        let traits = traits(&Questions::of(&programs), &mut self.columns, now, self.crew)?;
        let space = Space::new(traits, population.rows());
        let mut names: Vec<&str> = programs.iter().flat_map(|program| program.names()).collect();
        names.sort_unstable();
        names.dedup();
        let pass = Pass {
            old: from.as_ref(),
            new: to.as_ref(),
            population,
            behind: &population.columns_behind(&names),
            now,
            scale: self.scale,
            examples: self.options.examples,
        };
        let passed = pass.run(&space, self.crew, tick)?;
        drop(space);
        then(self, &pass, &passed)
    }

    /// The moved rows in groups. What rows are grouped by is worked out when it is needed first.
    fn by(
        &mut self,
        dimensions: &mut Option<Vec<Dimension<'a>>>,
        new: &FlagSet,
        passed: &Passed,
    ) -> Result<BTreeMap<String, Groups>, Cancelled> {
        if passed.moved.iter().all(|word| *word == 0) {
            return Ok(BTreeMap::new());
        }
        let known = match dimensions {
            Some(known) => known,
            None => {
                let now = self.options.now.as_ref();
                let membership = segments::membership(new, &mut self.columns, now, self.crew)?;
                let by = &self.options.by;
                dimensions.insert(groups::dimensions(&mut self.columns, membership, by, self.scale, self.crew)?)
            }
        };
        grouped(known, self.columns.population, &passed.moved, self.options.groups, self.scale, self.crew)
    }

    /// All flags together.
    fn whole(
        &self,
        dimensions: Option<&[Dimension<'_>]>,
        moved: &[u64],
        found: &mut Replay,
    ) -> Result<(), ReplayError> {
        let population = self.population();
        let Some(dimensions) = dimensions else { return Ok(()) };
        let (mut weight, mut rows) = (0u64, 0u64);
        groups::each_bit(moved, |row| {
            weight += self.scale.fixed(population.row_weight(row));
            rows += 1;
        });
        (found.moved, found.moved_rows) = (self.scale.weight(weight), rows);
        let only = found.flags.values().next().filter(|_| found.flags.len() == 1);
        found.by = match only {
            Some(only) => only.by.clone(),
            None => grouped(dimensions, population, moved, self.options.groups, self.scale, self.crew)?,
        };
        found.tenants = report::top_tenants(&found.by);
        Ok(())
    }
}
