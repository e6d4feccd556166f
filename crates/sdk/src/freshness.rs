//! How long the control plane has been silent, and what time it is there. Neither goes back when a clock does.
//!
//! Read by every decision, so all of it is atomic; written by what hears of the control plane.

use jiff::Timestamp;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Stands for never.
const NEVER: i64 = i64::MIN;
/// Where the control plane does not say.
const STALE_AFTER_MS: i64 = 45_000;

/// Times are milliseconds: `now` on a clock that never jumps, `wall` on the machine's.
#[derive(Debug)]
pub(crate) struct Freshness {
    heard_at: AtomicI64,
    /// When a flag set was kept that is all there is: it has been silent since then.
    kept_at: AtomicI64,
    stale_ms: AtomicI64,
    until: AtomicI64,
    /// Epoch milliseconds of the server less `now`.
    server_ahead: AtomicI64,
}

impl Freshness {
    pub(crate) fn new() -> Freshness {
        Freshness {
            heard_at: AtomicI64::new(NEVER),
            kept_at: AtomicI64::new(NEVER),
            stale_ms: AtomicI64::new(STALE_AFTER_MS),
            until: AtomicI64::new(NEVER),
            server_ahead: AtomicI64::new(NEVER),
        }
    }

    /// Something came from the control plane.
    pub(crate) fn heard(&self, now: i64) {
        self.heard_at.store(now, Ordering::Release);
    }

    pub(crate) fn server_time(&self, time: &str, now: i64) {
        let Some(time) = parsed(time) else { return };
        // A high-water mark: a replica whose clock is behind does not bring back what has expired.
        self.server_ahead.fetch_max(time.saturating_sub(now), Ordering::AcqRel);
    }

    pub(crate) fn kept_since(&self, issued_at: &str, now: i64, wall: i64) {
        let age = parsed(issued_at).map_or(i64::MAX / 2, |issued| wall.saturating_sub(issued).max(0));
        self.kept_at.store(now.saturating_sub(age), Ordering::Release);
    }

    pub(crate) fn valid_until(&self, time: &str) {
        self.until.store(parsed(time).unwrap_or(0), Ordering::Release);
    }

    pub(crate) fn stale_after(&self, after: Duration) {
        if !after.is_zero() {
            self.stale_ms.store(i64::try_from(after.as_millis()).unwrap_or(i64::MAX), Ordering::Release);
        }
    }

    pub(crate) fn is_stale(&self, now: i64) -> bool {
        self.since().is_some_and(|since| now.saturating_sub(since) > self.stale_ms.load(Ordering::Acquire))
    }

    pub(crate) fn is_expired(&self, now: i64, wall: impl FnOnce() -> i64) -> bool {
        let until = self.until.load(Ordering::Acquire);
        until != NEVER && self.time(now, wall) > until
    }

    pub(crate) fn silent(&self, now: i64) -> Option<Duration> {
        let heard = some(&self.heard_at)?;
        Some(Duration::from_millis(u64::try_from(now.saturating_sub(heard)).unwrap_or(0)))
    }

    /// How long until it may have to be looked at again.
    pub(crate) fn next_look(&self, now: i64, wall: impl FnOnce() -> i64) -> Duration {
        let stale = self.since().map(|since| since.saturating_add(self.stale_ms.load(Ordering::Acquire)) - now);
        let until = some(&self.until).map(|until| until.saturating_sub(self.time(now, wall)));
        let next = [stale, until].into_iter().flatten().filter(|ms| *ms >= 0).min().unwrap_or(LONGEST_MS);
        Duration::from_millis(u64::try_from(next.min(LONGEST_MS)).unwrap_or(0) + 1)
    }

    /// What time it is, by the control plane's clock where that is known.
    pub(crate) fn timestamp(&self, now: i64) -> Timestamp {
        Timestamp::from_millisecond(self.time(now, crate::host::Clock::wall_ms)).unwrap_or(Timestamp::MAX)
    }

    fn since(&self) -> Option<i64> {
        some(&self.heard_at).or_else(|| some(&self.kept_at))
    }

    /// The wall clock counts only until the control plane has told its own.
    fn time(&self, now: i64, wall: impl FnOnce() -> i64) -> i64 {
        some(&self.server_ahead).map_or_else(wall, |ahead| now.saturating_add(ahead))
    }
}

/// A machine's clock may be set: nobody sleeps longer.
const LONGEST_MS: i64 = 5_000;

fn some(value: &AtomicI64) -> Option<i64> {
    Some(value.load(Ordering::Acquire)).filter(|value| *value != NEVER)
}

fn parsed(time: &str) -> Option<i64> {
    time.parse::<Timestamp>().ok().map(|time| time.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: &str = "2026-11-26T12:00:00.000Z";

    fn noon() -> i64 {
        parsed(NOON).unwrap()
    }

    #[test]
    fn silence_counts_from_the_last_byte() {
        let fresh = Freshness::new();
        assert!(!fresh.is_stale(i64::MAX / 2), "nothing is there that could be stale");
        fresh.heard(1000);
        assert!(!fresh.is_stale(46_000));
        assert!(fresh.is_stale(46_001));
        fresh.stale_after(Duration::from_secs(60));
        assert!(!fresh.is_stale(46_001));
        fresh.stale_after(Duration::ZERO);
        assert!(!fresh.is_stale(46_001), "no deadline at all is no deadline");
        assert_eq!(fresh.silent(3000), Some(Duration::from_secs(2)));
    }

    #[test]
    fn what_was_kept_is_as_old_as_its_issue() {
        let fresh = Freshness::new();
        fresh.kept_since(NOON, 500, noon() + 44_000);
        assert!(!fresh.is_stale(500 + 1000));
        assert!(fresh.is_stale(500 + 1001));
        // A clock that is behind makes nothing fresher than now.
        fresh.kept_since(NOON, 500, noon() - 100_000);
        assert!(fresh.is_stale(500 + 45_001));
        fresh.kept_since("long ago", 500, 0);
        assert!(fresh.is_stale(500));
        fresh.heard(500);
        assert!(!fresh.is_stale(500), "once it is heard of, that counts");
    }

    #[test]
    fn validity_goes_by_the_clock_of_the_server() {
        let fresh = Freshness::new();
        fresh.valid_until(NOON);
        assert!(!fresh.is_expired(0, noon));
        assert!(fresh.is_expired(0, || noon() + 1));
        fresh.server_time("2026-11-26T11:59:59.000Z", 100);
        assert!(!fresh.is_expired(100, || noon() + 1), "its clock counts, not ours");
        assert!(fresh.is_expired(1101, || 0));
        // A replica whose clock is behind.
        fresh.server_time("2026-11-26T10:00:00.000Z", 1101);
        assert!(fresh.is_expired(1101, || 0));
        fresh.valid_until("nonsense");
        assert!(fresh.is_expired(0, || 0));
    }

    #[test]
    fn it_is_looked_at_when_something_may_turn() {
        let fresh = Freshness::new();
        assert_eq!(fresh.next_look(0, || 0), Duration::from_millis(5001));
        fresh.heard(0);
        assert_eq!(fresh.next_look(44_000, || 0), Duration::from_millis(1001));
        assert_eq!(fresh.next_look(45_001, || 0), Duration::from_millis(5001));
    }
}
