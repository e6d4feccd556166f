//! Guarded calls.

use super::breakers::Of;
use super::watched::{Moves, Watched, Wrong};
use crate::decisions::Decisions;
use crate::shared::Shared;
use crate::snapshot::Variant;
use serde_json::Value;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What guards one way that a flag leads to; made by [`Client::guard`](crate::Client::guard), cheap to clone and to share.
#[derive(Debug, Clone)]
pub struct Guard {
    shared: Arc<Shared>,
    of: Arc<Of>,
    variant: Option<String>,
    idempotent: bool,
    timeout: Option<Duration>,
}

/// Why a guarded call has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GuardError<E> {
    /// What was called has failed: the guarded function, or the fallback.
    #[error(transparent)]
    Failed(E),
    /// The guarded function was not back in time.
    #[error("what `{flag}` leads to was not back within {limit:?}")]
    TimedOut { flag: String, limit: Duration },
}

impl Guard {
    pub(crate) fn new(shared: &Arc<Shared>, flag: &str) -> Guard {
        let of = shared.breakers.of(flag, shared.present().0.as_deref());
        // What is not known to be harmless twice is never tried again by itself.
        Guard { shared: Arc::clone(shared), of, variant: None, idempotent: false, timeout: None }
    }

    /// Nothing is done twice by doing it again. Then the fallback takes the place of a call that failed, and the breaker tries
    /// again by itself. Else the caller sees the error, and an open breaker waits for somebody.
    #[must_use]
    pub fn idempotent(self) -> Guard {
        Guard { idempotent: true, ..self }
    }

    /// The variant that leads to the guarded function. Unless said: every one but the degraded one, and of a boolean flag the
    /// one that is true.
    #[must_use]
    pub fn variant(self, variant: impl Into<String>) -> Guard {
        Guard { variant: Some(variant.into()), ..self }
    }

    /// How long the guarded function may take; it is dropped then, and has failed. Unless said: what the flag's `breaker` says,
    /// or for ever.
    #[must_use]
    pub fn timeout(self, limit: Duration) -> Guard {
        Guard { timeout: Some(limit), ..self }
    }

    /// Does `path` where the flag leads there and its breaker lets it, else `fallback`.
    ///
    /// # Errors
    /// That of `path` where it is not [idempotent](Guard::idempotent), else that of `fallback`.
    pub async fn run<T, E, P, F>(
        &self,
        decisions: &Decisions,
        path: impl FnOnce() -> P,
        fallback: impl FnOnce() -> F,
    ) -> Result<T, GuardError<E>>
    where
        P: Future<Output = Result<T, E>>,
        F: Future<Output = Result<T, E>>,
    {
        self.run_unless(decisions, |_| false, path, fallback).await
    }

    /// As [`Guard::run`]; errors that `says_nothing` is true of count neither for the path nor against it, and are the
    /// caller's: what it asked for was wrong, or it gave up.
    ///
    /// # Errors
    /// As [`Guard::run`].
    pub async fn run_unless<T, E, P, F>(
        &self,
        decisions: &Decisions,
        says_nothing: impl FnOnce(&E) -> bool,
        path: impl FnOnce() -> P,
        fallback: impl FnOnce() -> F,
    ) -> Result<T, GuardError<E>>
    where
        P: Future<Output = Result<T, E>>,
        F: Future<Output = Result<T, E>>,
    {
        let Some(call) = self.begin(decisions) else { return fallback().await.map_err(GuardError::Failed) };
        let error = match self.limit() {
            None => match path().await {
                Ok(value) => return call.well(value),
                Err(error) => GuardError::Failed(error),
            },
            Some(limit) => match tokio::time::timeout(limit, path()).await {
                Ok(Ok(value)) => return call.well(value),
                Ok(Err(error)) => GuardError::Failed(error),
                Err(_) => GuardError::TimedOut { flag: self.of.flag.clone(), limit },
            },
        };
        if call.wrong(&error, says_nothing) && self.idempotent {
            return fallback().await.map_err(GuardError::Failed);
        }
        Err(error)
    }

    /// As [`Guard::run`], for functions that block. There is no time limit: nobody can end them.
    ///
    /// # Errors
    /// As [`Guard::run`], and never [`GuardError::TimedOut`].
    pub fn run_blocking<T, E>(
        &self,
        decisions: &Decisions,
        path: impl FnOnce() -> Result<T, E>,
        fallback: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, GuardError<E>> {
        let Some(call) = self.begin(decisions) else { return fallback().map_err(GuardError::Failed) };
        let error = match path() {
            Ok(value) => return call.well(value),
            Err(error) => GuardError::Failed(error),
        };
        if call.wrong(&error, |_| false) && self.idempotent {
            return fallback().map_err(GuardError::Failed);
        }
        Err(error)
    }

    /// Lets everything of the flag through and counts nothing, or ends that: for tests and for the hour of need. Of all guards
    /// of the flag.
    pub fn disable(&self, disabled: bool) {
        let steps = self.of.disable(disabled, self.now());
        self.tell_all(steps);
    }

    /// The call that is to be made; `None` where it goes to the fallback.
    fn begin(&self, decisions: &Decisions) -> Option<Call<'_>> {
        let now = self.now();
        if !self.idempotent {
            let steps = self.of.never(now);
            self.tell_all(steps);
        }
        let leads = |variant: &&Variant| match &self.variant {
            Some(wanted) => *wanted == variant.key,
            None => !self.of.fallback_is(&variant.key) && variant.value != Value::Bool(false),
        };
        let watched = match decisions.variant(&self.of.flag).filter(leads) {
            Some(variant) => self.watch(&variant.key, now),
            None => {
                self.of.went_instead();
                return None;
            }
        };
        // Whoever was decided for before the breaker's last step is asked for again.
        let is_admitted = watched.is_passing() || {
            let (admitted, moves) = watched.admits(decisions.unit(), now);
            self.tell(&watched, moves);
            admitted
        };
        if !is_admitted {
            watched.went_instead();
            return None;
        }
        self.shared.starts(&self.of);
        let generation = watched.generation();
        Some(Call { guard: self, watched, generation, began: Instant::now(), is_over: false })
    }

    fn watch(&self, variant: &str, now: i64) -> Arc<Watched> {
        let (watched, moves) = self.of.watch(variant, now);
        self.tell(&watched, moves);
        watched
    }

    fn limit(&self) -> Option<Duration> {
        self.timeout.or_else(|| Duration::try_from_secs_f64(self.of.timeout_ms()? / 1000.0).ok())
    }

    fn now(&self) -> i64 {
        self.shared.clock.now_ms()
    }

    fn tell(&self, watched: &Watched, moves: Moves) {
        let stepped = self.shared.breakers.count(watched, moves);
        self.shared.stepped(stepped);
    }

    fn tell_all(&self, steps: Vec<(Arc<Watched>, Moves)>) {
        for (watched, moves) in steps {
            self.tell(&watched, moves);
        }
    }
}

/// A guarded call under way. One that ends by a panic has failed; one that is dropped says nothing.
struct Call<'a> {
    guard: &'a Guard,
    watched: Arc<Watched>,
    generation: u64,
    began: Instant,
    is_over: bool,
}

impl Call<'_> {
    fn well<T, E>(mut self, value: T) -> Result<T, GuardError<E>> {
        self.is_over = true;
        let moves = self.watched.went_well(self.generation, Some(self.took_ms()), self.guard.now());
        self.guard.tell(&self.watched, moves);
        Ok(value)
    }

    /// Whether it counts against the path.
    fn wrong<E>(mut self, error: &GuardError<E>, says_nothing: impl FnOnce(&E) -> bool) -> bool {
        let wrong = match error {
            GuardError::Failed(error) if says_nothing(error) => Wrong::Ignored,
            GuardError::Failed(_) => Wrong::Failed,
            GuardError::TimedOut { .. } => Wrong::TimedOut,
        };
        self.end(wrong);
        wrong != Wrong::Ignored
    }

    fn end(&mut self, wrong: Wrong) {
        self.is_over = true;
        let moves = self.watched.went_wrong(self.generation, wrong, Some(self.took_ms()), self.guard.now());
        self.guard.tell(&self.watched, moves);
    }

    fn took_ms(&self) -> f64 {
        self.began.elapsed().as_secs_f64() * 1000.0
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.end(if std::thread::panicking() { Wrong::Failed } else { Wrong::Ignored });
        }
    }
}
