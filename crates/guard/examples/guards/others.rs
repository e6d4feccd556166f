//! What else watches rollouts: a test that is made for one look, and a threshold with a limit of failed checks.

use crate::Watcher;
use downhaul_guard::{Bucket, Counts};

/// A one-sided z-test of two rates over all counts so far, done anew in each bucket.
pub(crate) struct PlainTest {
    margin: (f64, f64),
    needed: f64,
    treatment: Counts,
    control: Counts,
}

impl PlainTest {
    pub(crate) fn new(margin: (f64, f64), level: f64) -> PlainTest {
        // The quantiles of the normal distribution that are used here.
        let needed = if level < 0.01 { 3.090_232 } else { 1.644_854 };
        PlainTest { margin, needed, treatment: Counts::NONE, control: Counts::NONE }
    }
}

impl Watcher for PlainTest {
    fn alarms(&mut self, bucket: &Bucket) -> bool {
        self.treatment = self.treatment.and(bucket.treatment);
        self.control = self.control.and(bucket.control);
        let ((n_t, p_t), (n_c, p_c)) = (rate(self.treatment), rate(self.control));
        // As textbooks have it, not before five failures in each arm.
        if n_t * p_t < 5.0 || n_c * p_c < 5.0 {
            return false;
        }
        let (r, d) = self.margin;
        let spread = (p_t * (1.0 - p_t) / n_t + r * r * p_c * (1.0 - p_c) / n_c).sqrt();
        (p_t - r * p_c - d) / spread >= self.needed
    }
}

/// A check in each bucket: is the failure rate above that of control and the margin. So many failed checks end the rollout,
/// as `failureLimit` of Argo Rollouts (0 by default) and `threshold` of Flagger (5 in its examples) have it.
pub(crate) struct Checks {
    margin: (f64, f64),
    left: u32,
}

impl Checks {
    pub(crate) fn new(margin: (f64, f64), limit: u32) -> Checks {
        Checks { margin, left: limit }
    }
}

impl Watcher for Checks {
    fn alarms(&mut self, bucket: &Bucket) -> bool {
        let ((n_t, p_t), (_, p_c)) = (rate(bucket.treatment), rate(bucket.control));
        if n_t > 0.0 && p_t > self.margin.0 * p_c + self.margin.1 {
            self.left = self.left.saturating_sub(1);
        }
        self.left == 0
    }
}

fn rate(counts: Counts) -> (f64, f64) {
    let (units, failed) = (counts.units() as f64, counts.failed() as f64);
    (units, if units > 0.0 { failed / units } else { 0.0 })
}
