//! How long to wait before trying again.

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
const LAST: Duration = Duration::from_secs(30);

/// Before try number `attempt` (from 0): full jitter under 0.5 s · 2^attempt, at most 30 s. `random` is from 0 to 1.
pub(crate) fn backoff(attempt: u32, random: f64) -> Duration {
    FIRST.saturating_mul(1 << attempt.min(16)).min(LAST).mul_f64(random.clamp(0.0, 1.0))
}

/// A stream that ends sooner is one that failed: who is greeted and cut off again and again waits longer and longer.
const LIVED: Duration = Duration::from_secs(5);

/// How a stream comes back.
#[derive(Debug, Default)]
pub(crate) struct Returning {
    failures: u32,
}

impl Returning {
    /// Before the next try, after a stream that was greeted so long ago, if it was. `asked`: what the server said;
    /// `within`: what all clients were told for when it says nothing. `random` is from 0 to 1.
    pub(crate) fn after(
        &mut self,
        lasted: Option<Duration>,
        asked: Option<Duration>,
        within: Duration,
        random: f64,
    ) -> Duration {
        let lived = lasted.is_some_and(|lasted| lasted >= LIVED);
        let failures = if lived { 0 } else { self.failures + 1 };
        let before = std::mem::replace(&mut self.failures, failures);
        match asked {
            Some(asked) => spread(asked, random),
            None if lived => within.mul_f64(random.clamp(0.0, 1.0)),
            None => backoff(before, random),
        }
    }
}

/// `Retry-After`: seconds or an HTTP date; `None` where it can't be read.
pub(crate) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let text = value.trim();
    if (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Duration::from_secs);
    }
    let date = rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

/// A wait that the server asked for, with up to a tenth more, so that not everybody comes back in the same instant.
pub(crate) fn spread(asked: Duration, random: f64) -> Duration {
    asked.mul_f64(1.0 + random.clamp(0.0, 1.0) / 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_below_half_a_minute() {
        let longest: Vec<u128> = (0..9).map(|attempt| backoff(attempt, 1.0).as_millis()).collect();
        assert_eq!(longest, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
        assert_eq!(backoff(3, 0.0), Duration::ZERO);
        assert_eq!(backoff(u32::MAX, 0.5), Duration::from_secs(15));
        assert_eq!(spread(Duration::from_secs(10), 1.0), Duration::from_secs(11));
    }

    #[test]
    fn who_is_cut_comes_back_soon_and_who_is_refused_later_and_later() {
        let mut returning = Returning::default();
        let within = Duration::from_millis(250);
        let [lived, brief] = [Some(LIVED), Some(LIVED / 2)];
        let mut after = |lasted, asked| returning.after(lasted, asked, within, 1.0).as_millis();
        // Greeted and cut off at once counts as a failure, and only a stream that lived ends the row.
        let waits = [lived, None, brief, None, lived, lived, None].map(|lasted| after(lasted, None));
        assert_eq!(waits, [250, 500, 1000, 2000, 250, 250, 500]);
        assert_eq!(after(lived, Some(Duration::from_secs(2))), 2200, "a server that closes is taken at its word");
    }

    #[test]
    fn what_a_server_asks_for() {
        let now: Timestamp = "2026-11-26T12:00:00Z".parse().unwrap();
        let cases = [
            ("7", Some(7)),
            (" 120 ", Some(120)),
            ("Thu, 26 Nov 2026 12:01:00 GMT", Some(60)),
            ("Thu, 26 Nov 2026 11:00:00 GMT", Some(0)),
            ("soon", None),
            ("", None),
            ("-1", None),
            ("9999999999", None),
        ];
        for (text, seconds) in cases {
            assert_eq!(retry_after(text, now), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
