//! Replay of a population that comes in pieces: too large for memory, or spread over machines.

use super::fixed::Scale;
use super::groups::{self, REGION, TENANT, each_bit};
use super::kept::Kept;
use super::partial::{Draw, Drawn, FlagPartial, Partial, Sum, add_at};
use super::pass::{Kind, Pass, Passed};
use super::question::Program;
use super::result::Replay;
use super::{Job, Options, Work, jobs};
use crate::cone::Indexed;
use crate::crew::{Cancelled, Crew};
use crate::population::{Column, Population};
use downhaul_core::bucket::seed;
use downhaul_core::validate::Valid;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Two documents, to be replayed over pieces of a population. Whatever the pieces, what is found is the same as by
/// [`replay`](super::replay) over the whole, but for the examples: these are drawn by their contents, from those that
/// move, as rows of pieces have no numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Piecewise {
    old: Valid,
    new: Valid,
    options: Options,
    scale: Scale,
    values: usize,
}

impl Piecewise {
    /// `total` is the weight of the whole population, `None` where each row weighs 1. `values` is how many different
    /// ones are kept of each attribute that rows are grouped by.
    pub fn new(old: Valid, new: Valid, options: Options, total: Option<f64>, values: usize) -> Self {
        Piecewise { old, new, options, scale: Scale::of_total(total), values }
    }

    /// The names that rules look up in a context, and those that rows are grouped by: nothing else is looked at.
    pub fn attributes(&self) -> BTreeSet<String> {
        let (old, new) = (Indexed::new(self.old.document()), Indexed::new(self.new.document()));
        let mut names: BTreeSet<String> = [TENANT, REGION].map(str::to_owned).into();
        names.extend(self.options.by.iter().cloned());
        let mut add = |program: Program<'_>| names.extend(program.names().into_iter().map(str::to_owned));
        for job in jobs(&old, &new).list {
            [job.old, job.new].into_iter().flatten().map(Program::new).for_each(&mut add);
        }
        add(Program::of_segments(new.document));
        names
    }

    /// Replays the rows of a piece, on this thread, and adds what is found.
    pub fn add(&self, piece: &Population, found: &mut Partial) {
        let never = AtomicBool::new(false);
        // Nobody cancels it.
        let _ = self.add_until(piece, found, &never);
    }

    fn add_until(&self, piece: &Population, found: &mut Partial, cancel: &AtomicBool) -> Result<(), Cancelled> {
        let (old, new) = (Indexed::new(self.old.document()), Indexed::new(self.new.document()));
        // Examples are drawn otherwise.
        let options = Options { examples: 0, ..self.options.clone() };
        let crew = Crew { threads: 1, cancel };
        let mut kept = Kept::scaled(piece, self.scale);
        let now = options.now.as_ref();
        let dimensions = groups::dimensions(new.document, piece, &mut kept, &options.by, now, crew)?;
        let places: Vec<Vec<Vec<usize>>> = dimensions
            .iter()
            .map(|dimension| {
                let values = found.dimensions.entry(dimension.name().to_owned()).or_default();
                values.places_of(dimension, self.values)
            })
            .collect();
        let fixed = |row| self.scale.fixed(piece.row_weight(row));
        found.rows += piece.rows() as u64;
        found.weight += kept.total;
        // The moved weight of each value, by dimension.
        let moved_by = |moved: &[u64], add: &mut AddMoved<'_>| {
            let count = moved.iter().map(|word| word.count_ones() as usize).sum();
            for (dimension, places) in dimensions.iter().zip(&places).filter(|_| count > 0) {
                for (code, weight) in groups::sums(dimension, piece, moved, count, self.scale) {
                    for place in places.get(code as usize).into_iter().flatten() {
                        add(dimension.name(), *place, weight);
                    }
                }
            }
        };
        let draws = Draws::new(piece);
        let mut work = Work { options: &options, population: piece, kept: &mut kept, crew, dimensions: None };
        let mut any_moved = vec![0u64; piece.rows().div_ceil(64)];
        for job in jobs(&old, &new).list {
            let flag = found.flags.entry(job.flag.to_owned()).or_default();
            self.add_flag(&mut work, &job, flag, &draws, &mut any_moved, &moved_by)?;
        }
        each_bit(&any_moved, |row| found.moved.add(Sum { weight: fixed(row), rows: 1 }));
        moved_by(&any_moved, &mut |name, place, weight| {
            if let Some(values) = found.dimensions.get_mut(name) {
                values.add_moved(place, weight);
            }
        });
        found.drop_overfull();
        Ok(())
    }

    fn add_flag(
        &self,
        work: &mut Work<'_>,
        job: &Job<'_>,
        flag: &mut FlagPartial,
        draws: &Draws<'_>,
        any_moved: &mut [u64],
        moved_by: &dyn Fn(&[u64], &mut AddMoved<'_>),
    ) -> Result<(), Cancelled> {
        work.pass(job, &mut |_| {}, |_, pass, passed| {
            for (pair, tally) in &passed.outcomes {
                let sum = Sum { weight: tally.weight, rows: tally.rows };
                flag.outcomes.entry(pair.clone()).or_default().add(sum);
            }
            if job.old.is_some() && job.new.is_some() {
                any_moved.iter_mut().zip(&passed.moved).for_each(|(any, own)| *any |= own);
                moved_by(&passed.moved, &mut |name, place, weight| match flag.by.get_mut(name) {
                    Some(sums) => add_at(sums, place, weight),
                    None => add_at(flag.by.entry(name.to_owned()).or_default(), place, weight),
                });
                if self.options.examples > 0 && passed.outcomes.keys().any(|pair| pair.kind == Kind::Moved) {
                    draws.draw(pass, passed, flag);
                }
            }
            Ok(())
        })
    }

    /// Adds what was found in other pieces.
    pub fn merge(&self, found: &mut Partial, other: Partial) {
        found.merge(other, self.values);
    }

    /// All pieces added up, as of one population.
    pub fn finish(&self, mut found: Partial) -> Replay {
        let (old, new) = (Indexed::new(self.old.document()), Indexed::new(self.new.document()));
        let both = |flag: &str| (old.has(flag), new.has(flag));
        let super::Jobs { compared, list } = jobs(&old, &new);
        for job in list {
            // Without any row there is nothing of a flag yet.
            found.flags.entry(job.flag.to_owned()).or_default();
        }
        found.finish(compared, &new.document.regions, both, self.scale, self.options.examples, self.options.groups)
    }
}

/// Adds moved weight to a dimension's value, by its place.
type AddMoved<'a> = dyn FnMut(&str, usize, u64) + 'a;

/// What rows are drawn by: their contents, so that it does not matter in which piece they are.
struct Draws<'p> {
    /// The order of their paths, so that it does not matter which was met first.
    columns: Vec<(&'p Column, u32)>,
    piece: &'p Population,
}

impl<'p> Draws<'p> {
    fn new(piece: &'p Population) -> Self {
        let mut columns: Vec<&Column> = piece.columns().iter().map(Arc::as_ref).collect();
        columns.sort_by(|one, other| one.path().cmp(other.path()));
        Draws { columns: columns.into_iter().map(|column| (column, seed(&column.name()))).collect(), piece }
    }

    fn by(&self, row: usize) -> u64 {
        const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
        self.columns.iter().fold(0, |by, (column, name)| {
            let entry = column.code(row).and_then(|code| column.dictionary().entry(code));
            // What is absent says nothing.
            let Some(entry) = entry else { return by };
            let text = entry.text();
            let own = u64::from(*name) << 32 | u64::from(seed(text));
            (by.rotate_left(23) ^ own).wrapping_mul(SPREAD)
        })
    }

    fn draw(&self, pass: &Pass<'_>, passed: &Passed, flag: &mut FlagPartial) {
        let mut prepared = Default::default();
        each_bit(&passed.moved, |row| {
            let by = self.by(row);
            if !flag.would_keep(by) {
                return;
            }
            let context = pass.context(row);
            // Writing into memory cannot fail.
            let context = serde_json::to_string(&context).unwrap_or_default();
            let pair = pass.evaluate(row, &mut prepared);
            flag.keep(Draw { by, context }, Drawn { weight: self.piece.row_weight(row), pair });
        });
    }
}
