use crate::mixture::{Plan, add_logs};
use crate::{Bucket, Comparison, Evidence, Margin};

/// How slow: shares of units slower than three thresholds, each compared with control.
///
/// The thresholds are the quantiles of control in a window *before* the first bucket, and stay for a stage of the rollout:
/// thresholds that are chosen from the counts they judge would void the promise.
/// The average of the three is an e-process again, whatever the three have to do with each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Latency {
    parts: [Comparison; 3],
    most: Evidence,
}

impl Latency {
    /// Which quantiles of control the thresholds are.
    pub const QUANTILES: [f64; 3] = [0.5, 0.9, 0.99];

    /// With the margins by which more units may be slower than each.
    #[must_use]
    pub fn new(margins: [Margin; 3], plan: Plan) -> Latency {
        Latency { parts: margins.map(|margin| Comparison::new(margin, plan)), most: Evidence::NONE }
    }

    /// The next bucket: as failed count those slower than each threshold.
    pub fn add(&mut self, slower: &[Bucket; 3]) {
        for (part, bucket) in self.parts.iter_mut().zip(slower) {
            part.add(bucket);
        }
        let sum = self.parts.iter().map(|part| part.evidence().ln()).fold(f64::NEG_INFINITY, add_logs);
        self.most = self.most.or_more(Evidence::of_ln(sum - libm::log(3.0)));
    }

    /// The most that ever spoke for harm.
    #[must_use]
    pub fn most(&self) -> Evidence {
        self.most
    }

    /// Which of [`Latency::QUANTILES`] speaks loudest now.
    #[must_use]
    pub fn loudest(&self) -> f64 {
        let parts = self.parts.iter().map(|part| part.evidence().ln()).zip(Latency::QUANTILES);
        parts.fold((f64::NEG_INFINITY, 0.5), |loudest, part| if part.0 > loudest.0 { part } else { loudest }).1
    }
}
