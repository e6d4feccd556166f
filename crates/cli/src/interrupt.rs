//! Ctrl-C, for verbs that work for long and have written nothing before their end.

use crate::exit::Failure;
use crate::render::Output;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::signal::unix::{SignalKind, signal};

/// What Ctrl-C does from now on: it ends the run and says so, at once or, while there is work that can be cancelled, as
/// soon as that has stopped. A second one always ends it at once.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt {
    cancel: Arc<AtomicBool>,
    is_heeded: Arc<AtomicBool>,
}

impl Interrupt {
    pub(crate) fn listen(output: &Output) -> Result<Self, Failure> {
        let cannot = |error| Failure::could_not_run("cannot-start", format!("cannot listen for signals: {error}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(cannot)?;
        let mut signals = {
            let _within = runtime.enter();
            signal(SignalKind::interrupt()).map_err(cannot)?
        };
        let interrupt = Interrupt { cancel: Arc::default(), is_heeded: Arc::default() };
        let (own, output) = (interrupt.clone(), Output::new(output.format));
        std::thread::spawn(move || {
            runtime.block_on(async {
                while signals.recv().await.is_some() {
                    let is_first = !own.cancel.swap(true, Ordering::Relaxed);
                    if !(is_first && own.is_heeded.load(Ordering::Relaxed)) {
                        let failure = Interrupt::failure();
                        output.failure(&failure);
                        process::exit(failure.exit.status().into());
                    }
                }
            });
        });
        Ok(interrupt)
    }

    /// Does work that ends early where the flag that it gets is set. What it gives counts only where it never was.
    pub(crate) fn heeded<T>(&self, work: impl FnOnce(&AtomicBool) -> T) -> Result<T, Failure> {
        self.is_heeded.store(true, Ordering::Relaxed);
        let done = work(&self.cancel);
        self.is_heeded.store(false, Ordering::Relaxed);
        if self.cancel.load(Ordering::Relaxed) { Err(Interrupt::failure()) } else { Ok(done) }
    }

    pub(crate) fn failure() -> Failure {
        Failure::could_not_run("cancelled", "cancelled before there was a result; nothing was written")
    }
}
