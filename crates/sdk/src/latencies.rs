//! How long things took: a log-linear histogram, eight buckets for each doubling of microseconds.

use downhaul_control::api::LatencyReport;
use std::collections::BTreeMap;

/// Longer ones count as this long: the format ends there.
const LONGEST_US: f64 = 4_294_967_295.0;

/// docs/reference/telemetry.md names the indexes.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Latencies {
    count: u64,
    sum_ms: f64,
    buckets: BTreeMap<u32, u64>,
}

impl Latencies {
    /// What is no time is left out.
    pub(crate) fn add_some(&mut self, ms: Option<f64>) {
        let Some(ms) = ms.filter(|ms| ms.is_finite() && *ms >= 0.0) else { return };
        self.count += 1;
        self.sum_ms += ms;
        *self.buckets.entry(index(ms)).or_default() += 1;
    }

    pub(crate) fn take(&mut self) -> Option<LatencyReport> {
        let Latencies { count, sum_ms, buckets } = std::mem::take(self);
        (count > 0).then(|| LatencyReport { count, sum_ms, buckets: buckets.into_iter().collect() })
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 1 and 2^32 - 1")]
fn index(ms: f64) -> u32 {
    let us = (ms * 1000.0).floor().clamp(1.0, LONGEST_US) as u32;
    if us < 8 {
        return us;
    }
    let highest = us.ilog2();
    8 * (highest - 3) + (us >> (highest - 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_those_of_the_format() {
        let cases =
            [(0.001, 1), (0.007, 7), (0.008, 8), (0.016, 16), (1.0, 63), (16.0, 95), (1000.0, 143), (60_000.0, 190)];
        for (ms, expected) in cases {
            assert_eq!(index(ms), expected, "{ms} ms");
        }
        assert_eq!((index(0.0), index(f64::MAX)), (1, 239));
    }

    #[test]
    fn what_is_no_time_is_not_counted() {
        let mut latencies = Latencies::default();
        for ms in [None, Some(f64::NAN), Some(f64::INFINITY), Some(-1.0)] {
            latencies.add_some(ms);
        }
        assert_eq!(latencies.take(), None);
        latencies.add_some(Some(1.0));
        latencies.add_some(Some(1.0));
        let report = latencies.take().unwrap();
        assert_eq!((report.count, report.buckets), (2, vec![(63, 2)]));
        assert_eq!(latencies.take(), None);
    }
}
