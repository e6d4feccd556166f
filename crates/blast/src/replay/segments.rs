//! Which segments of a document each row is in.

use super::classes::traits;
use super::kept::Kept;
use super::places::{Places, Space};
use super::question::{Program, Questions};
use super::row::Rows;
use crate::crew::{Cancelled, Crew};
use crate::population::{Entry, Population};
use downhaul_core::context::Prepared;
use downhaul_core::document::FlagSet;
use downhaul_core::evaluate::evaluate_all;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// For each row a set of segments.
#[derive(Debug)]
pub(super) struct Membership {
    keys: Vec<String>,
    /// Numbers of keys.
    pub(super) sets: Vec<Vec<usize>>,
    /// By row.
    pub(super) codes: Vec<u32>,
}

/// Finds out by evaluating a flag for each segment. `None` where the document has none.
pub(super) fn membership(
    document: &FlagSet,
    population: &Population,
    kept: &mut Kept,
    now: Option<&Value>,
    crew: Crew<'_>,
) -> Result<Option<Membership>, Cancelled> {
    if document.segments.is_empty() {
        return Ok(None);
    }
    let program = Program::of_segments(document);
    let traits = traits(&Questions::of(&[&program]), population, kept, now, crew, &mut |_, _| {})?;
    let space = Space::new(traits, population.rows());
    let rows = Rows::new(&program.loaded, population, kept, now);
    let known: Mutex<BTreeMap<Vec<usize>, u32>> = Mutex::new(BTreeMap::new());
    let mut codes = vec![0u32; population.rows()];
    let state = || (Places::new(&space), Prepared::default(), Vec::new());
    let fill = |(places, prepared, found): &mut (Places, Prepared, Vec<u32>), from: usize, piece: &mut [u32]| {
        places.answers(&space, from, piece.len(), found, |row| {
            rows.prepare(row, prepared);
            let mut set = Vec::new();
            // A context that was prepared natively has all its texts.
            let _ = evaluate_all(&program.loaded, &[], prepared, |flag, decision| {
                if decision.variant == 0 {
                    set.push(flag as usize);
                }
            });
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX - 1);
            *known.entry(set).or_insert(next)
        });
        piece.copy_from_slice(found);
    };
    crew.fill(&mut codes, state, fill, &mut |_| {})?;
    let mut sets: Vec<(Vec<usize>, u32)> =
        known.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect();
    sets.sort_by_key(|(_, code)| *code);
    Ok(Some(Membership {
        keys: document.segments.keys().map(ToString::to_string).collect(),
        sets: sets.into_iter().map(|(set, _)| set).collect(),
        codes,
    }))
}

impl Membership {
    /// The keys of the segments that rows with a code are in.
    pub(super) fn each_key(&self, code: u32, mut each: impl FnMut(&str)) {
        let set = self.sets.get(code as usize).into_iter().flatten();
        set.filter_map(|number| self.keys.get(*number)).for_each(|key| each(key));
    }

    /// By segment: moved weight, weight of all, and the key; without those of which nothing moved.
    pub(super) fn folded(&self, sums: &[(u32, u64)], totals: &[u64]) -> Vec<(u64, u64, Entry<'_>)> {
        let mut folded: Vec<(u64, u64)> = vec![(0, 0); self.keys.len()];
        let mut sums = sums.iter().peekable();
        for ((code, set), total) in (0u32..).zip(&self.sets).zip(totals) {
            let sum = sums.next_if(|(own, _)| *own == code).map_or(0, |(_, sum)| *sum);
            for number in set {
                if let Some((moved, of)) = folded.get_mut(*number) {
                    *moved += sum;
                    *of += total;
                }
            }
        }
        let named = folded.into_iter().zip(&self.keys).filter(|((moved, _), _)| *moved > 0);
        named.map(|((moved, of), key)| (moved, of, Entry::Text(key))).collect()
    }
}
