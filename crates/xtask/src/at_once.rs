//! Work on many things, as many at once as there are processors.

use anyhow::Result;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What `work` makes of each, in their order; the first error, once none is worked on any more.
pub(crate) fn each<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> Result<R> + Sync) -> Result<Vec<R>> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut made = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(one) = all.get(at) else { return Ok(made) };
            match work(one) {
                Ok(result) => made.push((at, result)),
                Err(error) => {
                    next.store(all.len(), Ordering::Relaxed);
                    return Err(error);
                }
            }
        }
    };
    let count = thread::available_parallelism().map_or(1, NonZero::get);
    let mut made = Vec::with_capacity(all.len());
    thread::scope(|scope| -> Result<()> {
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(worker)).collect();
        for worker in workers {
            made.extend(worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(())
    })?;
    made.sort_by_key(|(at, _)| *at);
    Ok(made.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    #[test]
    fn results_are_in_order_and_an_error_ends_it() {
        let all: Vec<usize> = (0..100).collect();
        assert_eq!(each(&all, |one| Ok(one * 2)).unwrap(), all.iter().map(|one| one * 2).collect::<Vec<_>>());
        let error = each(&all, |one| if *one == 40 { bail!("no {one}") } else { Ok(()) }).unwrap_err();
        assert_eq!(error.to_string(), "no 40");
        assert_eq!(each(&[] as &[usize], |_| Ok(())).unwrap(), []);
    }
}
