use crate::Evidence;
use libm::{exp, log};
use std::num::NonZeroU32;

/// How many buckets a guard is meant to watch. It may watch for longer; harm that begins later than planned counts as harm from
/// the beginning, which takes longer to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan(NonZeroU32);

impl Plan {
    #[must_use]
    pub fn new(buckets: NonZeroU32) -> Plan {
        Plan(buckets)
    }

    /// Half of the stake is on harm from the first bucket, the other half is spread over all that follow: harm that begins late
    /// shows in a few buckets, where a test that started once would have to unlearn hours of good behaviour.
    fn stake(self, seen: u32) -> f64 {
        match (seen, self.0.get() - 1) {
            (0, _) => 0.5,
            (seen, later) if seen <= later => 0.5 / f64::from(later),
            _ => 0.0,
        }
    }
}

/// An average of one e-process for each of `N` alternatives and each bucket that harm may begin in.
///
/// For an alternative, `M <- (M + stake) e`: `M` and the stakes still to come are together not expected to grow, and begin at 1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mixture<const N: usize> {
    parts: [f64; N],
    plan: Plan,
    seen: u32,
}

impl<const N: usize> Mixture<N> {
    pub(crate) fn new(plan: Plan) -> Self {
        Mixture { parts: [f64::NEG_INFINITY; N], plan, seen: 0 }
    }

    /// The next bucket, with the logarithm of its factor under each alternative.
    pub(crate) fn add(&mut self, factors: [f64; N]) {
        let stake = log(self.plan.stake(self.seen));
        self.seen = self.seen.saturating_add(1);
        for (part, factor) in self.parts.iter_mut().zip(factors) {
            *part = add_logs(*part, stake) + factor;
        }
    }

    pub(crate) fn evidence(&self) -> Evidence {
        #[expect(clippy::cast_precision_loss, reason = "a handful of alternatives")]
        let alternatives = log(N as f64);
        Evidence::of_ln(self.parts.iter().copied().fold(f64::NEG_INFINITY, add_logs) - alternatives)
    }
}

/// The logarithm of the sum of two numbers that are given by theirs.
pub(crate) fn add_logs(a: f64, b: f64) -> f64 {
    let (large, small) = if a > b { (a, b) } else { (b, a) };
    if small == f64::NEG_INFINITY { large } else { large + libm::log1p(exp(small - large)) }
}
