//! Work in chunks, on as many threads as wanted. What comes out never depends on which thread did what.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Threads, and whether someone wants them to stop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crew<'a> {
    pub(crate) threads: usize,
    pub(crate) cancel: &'a AtomicBool,
}

/// Someone wanted it to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cancelled;

/// One thread a core; without the feature `threads` one.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

impl Crew<'_> {
    /// Does `work` for each chunk, each thread with a state of its own; gives the states. The calling thread works as
    /// well, and calls `tick` with the number of chunks that are done.
    pub(crate) fn run<S: Send>(
        self,
        chunks: usize,
        state: impl Fn() -> S + Sync,
        work: impl Fn(&mut S, usize) + Sync,
        mut tick: impl FnMut(usize),
    ) -> Result<Vec<S>, Cancelled> {
        let next = AtomicUsize::new(0);
        let done = AtomicUsize::new(0);
        let each = |tick: &mut dyn FnMut(usize)| {
            let mut own = state();
            while !self.cancel.load(Ordering::Relaxed) {
                let chunk = next.fetch_add(1, Ordering::Relaxed);
                if chunk >= chunks {
                    break;
                }
                work(&mut own, chunk);
                tick(done.fetch_add(1, Ordering::Relaxed) + 1);
            }
            own
        };
        let states = with_helpers(self.threads.min(chunks), &each, &mut tick);
        if self.cancel.load(Ordering::Relaxed) { Err(Cancelled) } else { Ok(states) }
    }

    /// Fills a slice piece by piece; `fill` gets each piece and where it begins, `tick` how many elements are filled.
    pub(crate) fn fill<T: Send, S: Send>(
        self,
        slice: &mut [T],
        state: impl Fn() -> S + Sync,
        fill: impl Fn(&mut S, usize, &mut [T]) + Sync,
        tick: &mut dyn FnMut(usize),
    ) -> Result<(), Cancelled> {
        let length = slice.len();
        let pieces = length.div_ceil(PIECE);
        let left = Mutex::new(slice.chunks_mut(PIECE).enumerate());
        let work = |own: &mut S, _: usize| {
            let piece = left.lock().unwrap_or_else(PoisonError::into_inner).next();
            if let Some((number, piece)) = piece {
                fill(own, number * PIECE, piece);
            }
        };
        self.run(pieces, state, work, |done| tick((done * PIECE).min(length))).map(|_| ())
    }
}

/// Elements that a thread fills at a time.
const PIECE: usize = 1 << 15;

#[cfg(feature = "threads")]
fn with_helpers<S: Send>(
    threads: usize,
    each: &(impl Fn(&mut dyn FnMut(usize)) -> S + Sync),
    tick: &mut dyn FnMut(usize),
) -> Vec<S> {
    std::thread::scope(|scope| {
        let helpers: Vec<_> = (1..threads).map(|_| scope.spawn(|| each(&mut |_| {}))).collect();
        let mut states = vec![each(tick)];
        for helper in helpers {
            match helper.join() {
                Ok(state) => states.push(state),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        states
    })
}

#[cfg(not(feature = "threads"))]
fn with_helpers<S: Send>(
    _threads: usize,
    each: &(impl Fn(&mut dyn FnMut(usize)) -> S + Sync),
    tick: &mut dyn FnMut(usize),
) -> Vec<S> {
    vec![each(tick)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chunk_is_done_once() {
        let cancel = AtomicBool::new(false);
        for threads in [0, 1, 2, 5] {
            let crew = Crew { threads, cancel: &cancel };
            let mut last = 0;
            let states = crew.run(100, Vec::new, |own: &mut Vec<usize>, chunk| own.push(chunk), |done| last = done);
            let mut all = states.unwrap().concat();
            all.sort_unstable();
            assert_eq!(all, (0..100).collect::<Vec<_>>());
            assert!(last <= 100);
            let mut slice = vec![0; 3 * PIECE + 7];
            let fill = |(): &mut (), from: usize, piece: &mut [usize]| {
                (from..).zip(piece).for_each(|(at, element)| *element = at);
            };
            let mut filled = 0;
            crew.fill(&mut slice, || (), fill, &mut |done| filled = done).unwrap();
            assert!(filled <= slice.len());
            assert!(slice.iter().enumerate().all(|(at, element)| at == *element));
        }
    }

    #[test]
    fn a_cancelled_run_ends() {
        let cancel = AtomicBool::new(false);
        let crew = Crew { threads: 2, cancel: &cancel };
        let work = |_: &mut (), chunk: usize| cancel.store(chunk > 3, Ordering::Relaxed);
        assert_eq!(crew.run(usize::MAX, || (), work, |_| {}), Err(Cancelled));
    }
}
