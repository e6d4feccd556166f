//! One flag over all rows.

use super::classes::NOW;
use super::fixed::Scale;
use super::places::{Places, Space};
use super::question::Program;
use super::result::{Decided, Why};
use super::row::Rows;
use crate::crew::{Cancelled, Crew};
use crate::population::{Population, Weights};
use downhaul_core::context::Prepared;
use downhaul_core::decision::{Cause, Decision, Reason};
use downhaul_core::evaluate::evaluate;
use downhaul_core::program::NONE;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// A flag in one or both documents, and the rows.
#[derive(Debug)]
pub(super) struct Pass<'a> {
    pub(super) old: Option<&'a Program<'a>>,
    pub(super) new: Option<&'a Program<'a>>,
    pub(super) population: &'a Population,
    /// Where contexts come from, for either.
    pub(super) rows: [Option<Rows<'a>>; 2],
    /// Both read contexts alike.
    pub(super) alike: bool,
    pub(super) now: Option<&'a Value>,
    pub(super) scale: Scale,
    /// Most rows kept as examples of each outcome.
    pub(super) examples: usize,
}

/// Whether and how a row's decision differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Kind {
    Same,
    ReasonOnly,
    Moved,
}

/// What rows get from both documents; `None` where the document lacks the flag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Pair {
    pub(super) from: Option<Decided>,
    pub(super) to: Option<Decided>,
    pub(super) value_changed: bool,
    pub(super) kind: Kind,
}

/// Rows with the same outcome.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub(super) weight: u64,
    pub(super) rows: u64,
    /// Some of them, drawn by their number: each by what it was drawn by, and itself.
    pub(super) drawn: BinaryHeap<(u32, u32)>,
}

#[derive(Debug)]
pub(super) struct Passed {
    /// In the order of their contents.
    pub(super) outcomes: BTreeMap<Pair, Tally>,
    pub(super) moved: Vec<u64>,
}

/// Rows in a chunk: whole words of bits.
pub(super) const CHUNK: usize = 1 << 14;

/// Each outcome gets a number, doubled twice, with its kind in the lowest bits.
#[derive(Debug, Default)]
struct Outcomes {
    numbers: BTreeMap<Pair, u32>,
}

const MOVED: u32 = 2;
const REASON_ONLY: u32 = 1;

impl Outcomes {
    fn code(&mut self, pair: Pair) -> u32 {
        let bits = match pair.kind {
            Kind::Same => 0,
            Kind::ReasonOnly => REASON_ONLY,
            Kind::Moved => MOVED,
        };
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX >> 3);
        *self.numbers.entry(pair).or_insert(next) << 2 | bits
    }
}

impl Pass<'_> {
    /// Runs through all rows; `tick` gets the number of rows done.
    pub(super) fn run(&self, space: &Space, crew: Crew<'_>, tick: &mut dyn FnMut(u64)) -> Result<Passed, Cancelled> {
        let rows = self.population.rows();
        let moved: Vec<AtomicU64> = (0..rows.div_ceil(64)).map(|_| AtomicU64::new(0)).collect();
        let outcomes = Mutex::new(Outcomes::default());
        let state = || Runner::new(space);
        let work = |runner: &mut Runner, chunk: usize| {
            let start = chunk * CHUNK;
            let count = CHUNK.min(rows - start);
            runner.chunk(self, space, start, count, &outcomes);
            let words = moved.iter().skip(start / 64);
            words.zip(&runner.bits).for_each(|(word, bits)| word.store(*bits, Ordering::Relaxed));
        };
        let runners = crew.run(rows.div_ceil(CHUNK), state, work, |done| tick((done * CHUNK).min(rows) as u64))?;
        let mut tallies: Vec<Tally> = Vec::new();
        for runner in runners {
            tallies.resize(tallies.len().max(runner.tallies.len()), Tally::default());
            tallies.iter_mut().zip(runner.tallies).for_each(|(tally, own)| tally.add(own, self.examples));
        }
        let numbers = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner).numbers;
        let outcomes = numbers.into_iter().map(|(pair, number)| {
            let tally = tallies.get_mut(number as usize).map(std::mem::take).unwrap_or_default();
            (pair, tally)
        });
        Ok(Passed { outcomes: outcomes.collect(), moved: moved.into_iter().map(AtomicU64::into_inner).collect() })
    }

    /// The context of a row as it is evaluated.
    pub(super) fn context(&self, row: usize) -> Map<String, Value> {
        let mut context = self.population.context(row);
        if let Some(now) = self.now {
            context.entry(NOW).or_insert_with(|| now.clone());
        }
        context
    }

    pub(super) fn evaluate(&self, row: usize, prepared: &mut [Prepared; 2]) -> Pair {
        let [first, second] = prepared;
        let [old, new] = &self.rows;
        let from = self.old.zip(old.as_ref()).map(|(program, rows)| {
            rows.prepare(row, first);
            (program, program.decide(first))
        });
        let to = self.new.zip(new.as_ref()).map(|(program, rows)| {
            if self.alike {
                first.forget();
                return (program, program.decide(first));
            }
            rows.prepare(row, second);
            (program, program.decide(second))
        });
        let (mut kind, mut value_changed) = (Kind::Same, false);
        if let (Some((old, from)), Some((new, to))) = (&from, &to) {
            let (one, other) = (old.variant(from), new.variant(to));
            value_changed = one.0 == other.0 && one.1 != other.1;
            if one != other {
                kind = Kind::Moved;
            } else if (from.reason, from.cause) != (to.reason, to.cause) {
                kind = Kind::ReasonOnly;
            }
        }
        let decided = |(program, decision): (&Program<'_>, Decision)| program.decided(&decision);
        Pair { from: from.map(decided), to: to.map(decided), value_changed, kind }
    }
}

impl Program<'_> {
    fn decide(&self, prepared: &mut Prepared) -> Decision {
        // The flag itself is the first; a context that was prepared natively has all its texts.
        let none = Decision { variant: 0, reason: Reason::Error, cause: Cause::None, rule: NONE, kill: NONE };
        evaluate(&self.loaded, &[], prepared, 0).unwrap_or(none)
    }

    /// Key and value.
    fn variant(&self, decision: &Decision) -> (&str, &str) {
        self.loaded.program.variant(0, u32::from(decision.variant)).unwrap_or_default()
    }

    fn decided(&self, decision: &Decision) -> Decided {
        let flag = self.cone.flags.first();
        let rule = decision.rule();
        let name = rule.and_then(|rule| flag?.rules.get(rule as usize)?.name.clone());
        let kill = decision.kill().and_then(|kill| self.cone.kills.get(kill as usize)).map(|kill| kill.id.clone());
        let why = Why { reason: decision.reason.as_str().into(), rule, rule_name: name, kill };
        Decided { variant: self.variant(decision).0.to_owned(), why }
    }
}

impl Tally {
    fn add(&mut self, other: Tally, most: usize) {
        self.weight += other.weight;
        self.rows += other.rows;
        self.drawn.extend(other.drawn);
        while self.drawn.len() > most {
            self.drawn.pop();
        }
    }

    /// Keeps the row if it is drawn before another one that is kept.
    fn draw(&mut self, row: u32, most: usize) {
        let drawn = (row.wrapping_mul(SPREAD), row);
        if self.drawn.len() < most {
            self.drawn.push(drawn);
        } else if let Some(mut last) = self.drawn.peek_mut()
            && drawn < *last
        {
            *last = drawn;
        }
    }
}

/// Odd, so that every row is drawn by a number of its own: rows next to each other are often alike.
const SPREAD: u32 = 0x9E37_79B1;

/// What a thread works with.
struct Runner {
    places: Places,
    found: Vec<u32>,
    tallies: Vec<Tally>,
    bits: Vec<u64>,
    prepared: [Prepared; 2],
}

impl Runner {
    fn new(space: &Space) -> Self {
        Runner {
            places: Places::new(space),
            found: Vec::new(),
            tallies: Vec::new(),
            bits: Vec::new(),
            prepared: Default::default(),
        }
    }

    fn chunk(&mut self, pass: &Pass<'_>, space: &Space, start: usize, count: usize, outcomes: &Mutex<Outcomes>) {
        let Runner { places, found, tallies, bits, prepared } = self;
        places.answers(space, start, count, found, |row| {
            let pair = pass.evaluate(row, prepared);
            let code = outcomes.lock().unwrap_or_else(PoisonError::into_inner).code(pair);
            let number = (code >> 2) as usize;
            if tallies.len() <= number {
                tallies.resize(number + 1, Tally::default());
            }
            code
        });
        bits.clear();
        match pass.population.weights() {
            Weights::Even => {
                tally(found, std::iter::repeat(pass.scale.fixed(1.0)), start, tallies, bits, pass.examples)
            }
            Weights::Each(weights) => {
                let weights = weights.iter().skip(start).map(|weight| pass.scale.fixed(*weight));
                tally(found, weights, start, tallies, bits, pass.examples);
            }
        }
    }
}

fn tally(
    found: &[u32],
    mut weights: impl Iterator<Item = u64>,
    start: usize,
    tallies: &mut [Tally],
    bits: &mut Vec<u64>,
    examples: usize,
) {
    // Rows are counted in 32 bits.
    let mut row = u32::try_from(start).unwrap_or(u32::MAX);
    for codes in found.chunks(64) {
        let mut word = 0u64;
        for (bit, code) in codes.iter().enumerate() {
            let weight = weights.next().unwrap_or(0);
            if let Some(tally) = tallies.get_mut((code >> 2) as usize) {
                tally.weight += weight;
                tally.rows += 1;
                if code & (MOVED | REASON_ONLY) != 0 {
                    word |= u64::from(code & MOVED != 0) << bit;
                    tally.draw(row, examples);
                }
            }
            row = row.wrapping_add(1);
        }
        bits.push(word);
    }
}
