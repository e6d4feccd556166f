//! Random pairs of documents, the exact difference of each held against both evaluators over contexts and over all 100 000
//! buckets: `cargo xtask bench agree`.

#[path = "../tests/support/mod.rs"]
mod support;

use std::ops::Range;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;
use support::agreement::{Tally, Units, check, pair_of};

/// Pairs after each of which it is said how far it is.
const STEP: u64 = 250;

fn main() -> ExitCode {
    let numbers: Option<Vec<u64>> = std::env::args().skip(1).map(|number| number.parse().ok()).collect();
    let Some(numbers) = numbers.filter(|numbers| numbers.len() <= 3) else {
        eprintln!("usage: agree [PAIRS [FROM [SEED]]]");
        return ExitCode::FAILURE;
    };
    let number = |at: usize, otherwise| numbers.get(at).copied().unwrap_or(otherwise);
    let (pairs, first, seed) = (number(0, 10_000), number(1, 0), number(2, 0));
    let began = Instant::now();
    let mut all = Found::default();
    let mut from = first;
    while from < first + pairs {
        let to = (from + STEP).min(first + pairs);
        all.take(part(from..to, seed));
        from = to;
        // Whoever ends it knows where to go on.
        println!(
            "{} of {pairs} pairs in {:.0} s, {} with a witness of {} regions, {} disagree; go on with --from {from}",
            from - first,
            began.elapsed().as_secs_f64(),
            all.tally.shown,
            all.tally.regions,
            all.wrong.len()
        );
    }
    let seconds = began.elapsed().as_secs_f64();
    let (slowest, which) = all.slowest;
    println!(
        "{pairs} pairs of documents in {seconds:.0} s, pair {which} the slowest in {slowest:.1} s: {:#?}",
        all.tally
    );
    if all.wrong.is_empty() {
        println!("no disagreement");
        return ExitCode::SUCCESS;
    }
    all.wrong.sort_unstable();
    println!("pairs that disagree: {:?}", all.wrong);
    ExitCode::FAILURE
}

#[derive(Default)]
struct Found {
    tally: Tally,
    /// Pairs by number.
    wrong: Vec<u64>,
    /// How long one took, in seconds, and which.
    slowest: (f64, u64),
}

impl Found {
    fn take(&mut self, other: Found) {
        self.tally += other.tally;
        self.wrong.extend(other.wrong);
        if other.slowest.0 > self.slowest.0 {
            self.slowest = other.slowest;
        }
    }
}

/// Some pairs, on all cores.
fn part(pairs: Range<u64>, seed: u64) -> Found {
    let next = AtomicU64::new(pairs.start);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(&next, pairs.end, seed))).collect();
        let mut all = Found::default();
        for worker in workers {
            match worker.join() {
                Ok(found) => all.take(found),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    })
}

fn work(next: &AtomicU64, end: u64, seed: u64) -> Found {
    let (mut found, mut units) = (Found::default(), Units::default());
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= end {
            return found;
        }
        let began = Instant::now();
        let (old, new, contexts) = pair_of(seed, number);
        match check(&old, &new, &contexts, Some(&mut units)) {
            Ok(checked) => found.tally += checked.map(|(_, tally)| tally).unwrap_or_default(),
            Err(why) => {
                println!("pair {number}: {why}");
                found.wrong.push(number);
            }
        }
        let took = began.elapsed().as_secs_f64();
        if took > found.slowest.0 {
            found.slowest = (took, number);
        }
    }
}
