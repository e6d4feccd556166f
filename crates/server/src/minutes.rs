//! Minutes of telemetry on their way into the store: counted in memory, written once they are closed. Nothing waits for it,
//! and what cannot be written for long is lost.

use crate::environment::Environment;
use crate::options::ServerOptions;
use crate::state::AppState;
use downhaul_control::State;
use downhaul_control::guards::{Entry, FlagMinute, Minutes};
use downhaul_control::outcomes::Teller;
use downhaul_store::{MinuteStore, StoreError};
use jiff::Timestamp;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// Flags and minutes that wait for a store that does not take them; the oldest are lost first.
const WAITING: usize = 10_000;
/// Of these so many are written at once.
const PIECE: usize = 256;
/// How long a process that ends tries to write what is left.
const LAST: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(crate) struct LiveMinutes {
    store: Arc<dyn MinuteStore>,
    length: u64,
    grace: u64,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    minutes: Minutes,
    waiting: VecDeque<FlagMinute>,
}

impl LiveMinutes {
    pub(crate) fn new(store: Arc<dyn MinuteStore>, options: &ServerOptions) -> LiveMinutes {
        let length = options.guard_bucket.as_secs().max(1);
        let inner = Inner { minutes: Minutes::new(length), waiting: VecDeque::new() };
        LiveMinutes { store, length, grace: options.guard_grace.as_secs(), inner: Mutex::new(inner) }
    }

    /// How long a bucket is, in seconds.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// How long after its end a bucket is closed, in seconds.
    pub(crate) fn grace(&self) -> u64 {
        self.grace
    }

    pub(crate) fn store(&self) -> &dyn MinuteStore {
        &*self.store
    }

    /// Counts what an instance told of a moment that long ago, of a flag that has guards.
    pub(crate) fn add(
        &self,
        state: &State,
        teller: &Teller<'_>,
        release: Option<&str>,
        entry: &Entry<'_>,
        ago: Duration,
    ) {
        if state.flag_set.flag(entry.flag).is_none_or(|flag| flag.guards.is_empty()) {
            return;
        }
        let at = now().saturating_sub(ago.as_secs());
        self.locked().minutes.add(teller, release, entry, at);
    }

    /// Counts units that were new to an instance, where the flag has guards.
    pub(crate) fn add_units(
        &self,
        state: &State,
        teller: &Teller<'_>,
        (flag, variant, reason): (&str, &str, &'static str),
        units: u64,
        ago: Duration,
    ) {
        if units > 0 && state.flag_set.flag(flag).is_some_and(|flag| !flag.guards.is_empty()) {
            let at = now().saturating_sub(ago.as_secs());
            self.locked().minutes.add_units(teller, (flag, variant, reason), units, at);
        }
    }

    /// Writes what is closed by now, a piece at a time: a change is appended between any two.
    async fn write(&self, environment: &Environment) -> Result<(), StoreError> {
        {
            let mut inner = self.locked();
            let closed = inner.minutes.close(now(), self.grace);
            inner.waiting.extend(closed);
            let lost = inner.waiting.len().saturating_sub(WAITING);
            inner.waiting.drain(..lost);
        }
        loop {
            let piece: Vec<FlagMinute> = self.locked().waiting.iter().take(PIECE).cloned().collect();
            if piece.is_empty() {
                return Ok(());
            }
            self.store.add_minutes(environment.key(), &piece).await?;
            self.locked().waiting.drain(..piece.len());
        }
    }

    fn locked(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Seconds since 1970 by the server's clock.
pub(crate) fn now() -> u64 {
    u64::try_from(Timestamp::now().as_second()).unwrap_or(0)
}

/// Writes what clients told this process, for as long as it runs.
pub(crate) async fn carry_out(state: AppState) {
    let mut ticks = interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        ticks.tick().await;
        for environment in state.environments() {
            match environment.minutes().write(environment).await {
                Ok(()) => failing = false,
                Err(error) if failing => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "still no telemetry")
                }
                Err(error) => {
                    failing = true;
                    tracing::warn!(
                        environment = %environment.key(), error = &error as &dyn std::error::Error,
                        "telemetry cannot be written; guards see nothing of it until it can"
                    );
                }
            }
        }
    }
}

/// What is open when a process ends is written as it is: another one counts on.
pub(crate) async fn write_left(environment: &Environment) {
    let minutes = environment.minutes();
    let left: Vec<FlagMinute> = {
        let mut inner = minutes.locked();
        let open = inner.minutes.close_all();
        inner.waiting.drain(..).chain(open).collect()
    };
    if left.is_empty() {
        return;
    }
    let write = async {
        for piece in left.chunks(PIECE) {
            minutes.store.add_minutes(environment.key(), piece).await?;
        }
        Ok::<(), StoreError>(())
    };
    if !matches!(timeout(LAST, write).await, Ok(Ok(()))) {
        tracing::warn!(environment = %environment.key(), "the last minutes of telemetry were not written");
    }
}
