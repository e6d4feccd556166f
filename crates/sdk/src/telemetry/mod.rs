//! Counts of what the application does with flags: exposures, named outcomes, how long things took, guarded calls and the
//! states of [breakers](crate::guard).
//!
//! It begins with [`Client::telemetry`](crate::Client::telemetry); a client that nobody asked tells nothing. Nothing waits for
//! it, memory is bounded, and nothing of anybody is in it: keys, reasons, names in your code, and numbers.
//! docs/reference/telemetry.md is the format.

mod buckets;
mod tell;
mod units;

use crate::decisions::Decisions;
use crate::shared::Shared;
use buckets::{Buckets, Exposed, Under};
use downhaul_control::api::Position;
use downhaul_core::decision::{Cause, Decision};
use std::collections::BTreeSet;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use units::Units;

pub(crate) use tell::{flush, run};

/// Counts, and tells once a minute. Cheap to clone: all clones are one.
#[derive(Debug, Clone)]
pub struct Telemetry {
    shared: Arc<Shared>,
}

/// What a client counts.
#[derive(Debug)]
pub(crate) struct Counting {
    buckets: Mutex<Buckets>,
    /// Flags whose answer for the client's own context was read, since it was another one.
    own: Mutex<(Option<Position>, BTreeSet<u32>)>,
    units: Mutex<Units>,
    telling: tokio::sync::Mutex<tell::Telling>,
}

/// Flags whose answer was read of decisions that were made for one context.
#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<BTreeSet<u32>>);

/// Keys of flags are no secret, but names of the application are shown to others.
const LONGEST_NAME: usize = 64;

impl Telemetry {
    pub(crate) fn begin(shared: &Arc<Shared>) -> Telemetry {
        shared.telemetry.get_or_init(Counting::new);
        shared.look_telemetry.notify_one();
        Telemetry { shared: Arc::clone(shared) }
    }

    /// Counts that something happened: `outcome("checkout.error", None, true)`. Names are 1 to 64 of `a-z A-Z 0-9 . _ -`, beginning
    /// with a letter; others are left out. `under` is a flag, and the decisions of the request that it happened in.
    pub fn outcome(&self, name: &str, under: Option<(&str, &Decisions)>, failed: bool) {
        self.happen(name, of(under), failed, None);
    }

    /// Does `work`, and counts how long it took and whether it failed, which the caller sees all the same. Work that is dropped
    /// before its end is not counted.
    ///
    /// # Errors
    /// Those of `work`.
    pub async fn timed<T, E>(
        &self,
        name: &str,
        under: Option<(&str, &Decisions)>,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let of = of(under);
        let began = Instant::now();
        let result = work.await;
        self.happen(name, of, result.is_err(), Some(began.elapsed().as_secs_f64() * 1000.0));
        result
    }

    /// Tells what there is now; true if all of it was taken.
    pub async fn flush(&self) -> bool {
        tell::flush(&self.shared).await
    }

    fn happen(&self, name: &str, of: Option<(String, String)>, failed: bool, took_ms: Option<f64>) {
        let Some(counting) = self.shared.telemetry.get() else { return };
        let now = self.shared.clock.now_ms();
        let under = Under { name: name.to_owned(), of };
        let mut buckets = counting.buckets();
        if is_name(name) {
            buckets.happen(under, failed, took_ms, now);
        } else {
            buckets.leave_out();
        }
    }
}

impl Counting {
    fn new() -> Counting {
        Counting {
            buckets: Mutex::default(),
            own: Mutex::default(),
            units: Mutex::default(),
            telling: tokio::sync::Mutex::default(),
        }
    }

    /// The application was given a variant for a unit. `seen` is absent for the client's own context, which is nobody's.
    pub(crate) fn expose(
        &self,
        seen: Option<&Seen>,
        unit: &str,
        position: Position,
        flag: u32,
        exposed: impl FnOnce() -> (String, String, Decision),
        now: i64,
    ) {
        let is_new = match seen {
            Some(Seen(seen)) => seen.lock().unwrap_or_else(PoisonError::into_inner).insert(flag),
            None => {
                let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
                if own.0 != Some(position) {
                    *own = (Some(position), BTreeSet::new());
                }
                own.1.insert(flag)
            }
        };
        if !is_new {
            return;
        }
        let (flag, variant, Decision { reason, cause, .. }) = exposed();
        let cause = if cause == Cause::None { None } else { cause.as_str() };
        let mut units = self.units.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = seen.is_some() && units.is_new(&flag, unit);
        drop(units);
        self.buckets().expose(Exposed { flag, variant, reason: reason.as_str(), cause }, is_new, now);
    }

    fn buckets(&self) -> MutexGuard<'_, Buckets> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The flag, and the variant that it gives there; `None` where it gives none.
fn of(under: Option<(&str, &Decisions)>) -> Option<(String, String)> {
    let (flag, decisions) = under?;
    Some((flag.to_owned(), decisions.variant(flag)?.key.clone()))
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    name.len() <= LONGEST_NAME
        && name.bytes().all(fits)
        && name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
}
