//! Rollouts that never were: counts of both arms, bucket by bucket, always the same for the same seed.

use downhaul_guard::{Bucket, Counts};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Binomial, Distribution};

/// A rollout, as it would be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rollout {
    /// Units in a bucket, both arms together.
    pub(crate) units: u64,
    /// The share of units with the variant.
    pub(crate) share: f64,
    /// The failure rate of control, on average.
    pub(crate) control: f64,
    /// By what part of itself it drifts up and down over the day.
    pub(crate) drift: f64,
    /// The failure rate of the variant is this times that of control, and `more`, from bucket `onset` on; before, it is at the
    /// border of what the margin allows.
    pub(crate) times: f64,
    pub(crate) more: f64,
    pub(crate) onset: usize,
}

impl Rollout {
    /// The buckets of one rollout.
    pub(crate) fn buckets(self, seed: u64, margin: (f64, f64)) -> impl Iterator<Item = Bucket> {
        let mut dice = StdRng::seed_from_u64(seed);
        // Somewhere in the day.
        let phase: f64 = dice.random_range(0.0..std::f64::consts::TAU);
        (0..).map(move |at| {
            let wave = (phase + std::f64::consts::TAU * f64::from(at) / 480.0).sin();
            let control = self.control * (1.0 + self.drift * wave);
            let (times, more) = if at as usize >= self.onset { (self.times, self.more) } else { margin };
            let treated = binomial(&mut dice, self.units, self.share);
            let rest = self.units - treated;
            let treatment = (treated, binomial(&mut dice, treated, (control * times + more).min(1.0)));
            let control = (rest, binomial(&mut dice, rest, control.min(1.0)));
            Bucket { treatment: counts(treatment), control: counts(control) }
        })
    }
}

fn binomial(dice: &mut StdRng, of: u64, p: f64) -> u64 {
    Binomial::new(of, p).expect("a probability").sample(dice)
}

fn counts((units, failed): (u64, u64)) -> Counts {
    Counts::new(units, failed).expect("counts that can be")
}
