//! Random pairs of documents, the exact difference of each held against both evaluators over contexts and over all 100 000
//! buckets: `cargo xtask bench agree`.

#[path = "../tests/support/mod.rs"]
mod support;

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;
use support::agreement::{Tally, Units, check, pair};

fn main() -> ExitCode {
    let wanted = std::env::args().nth(1).map(|wanted| wanted.parse());
    let Ok(pairs) = wanted.unwrap_or(Ok(10_000)) else {
        eprintln!("usage: agree [PAIRS]");
        return ExitCode::FAILURE;
    };
    let began = Instant::now();
    let next = AtomicU64::new(0);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let done = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(|| work(&next, pairs))).collect();
        let join =
            |worker: thread::ScopedJoinHandle<'_, _>| worker.join().unwrap_or_else(|_| Err("see above".to_owned()));
        workers.into_iter().map(join).collect::<Result<Vec<Tally>, String>>()
    });
    match done {
        Ok(tallies) => {
            let mut tally = Tally::default();
            tallies.into_iter().for_each(|each| tally += each);
            println!(
                "{pairs} pairs of documents in {:.0} s, no disagreement: {tally:#?}",
                began.elapsed().as_secs_f64()
            );
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn work(next: &AtomicU64, pairs: u64) -> Result<Tally, String> {
    let (mut tally, mut units) = (Tally::default(), Units::default());
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= pairs {
            return Ok(tally);
        }
        let (old, new, contexts) = pair(number);
        let found = check(&old, &new, &contexts, Some(&mut units));
        match found.map_err(|why| format!("pair {number}: {why}")) {
            Ok(found) => tally += found.map(|(_, found)| found).unwrap_or_default(),
            Err(why) => {
                // The others need not go on.
                next.store(pairs, Ordering::Relaxed);
                return Err(why);
            }
        }
    }
}
