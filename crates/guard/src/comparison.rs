use crate::kernel::{self, GRID};
use crate::mixture::{Mixture, Plan};
use crate::{Bucket, Counts, Evidence, Margin};

/// Of control, before its failure rate counts as known well enough to choose by.
const KNOWN: u64 = 200;
/// From this failure rate of control on, the exact test of two rates is the stronger one.
const COMMON: f64 = 0.05;

/// Two arms, bucket by bucket: how much speaks for harm, and how much against it.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    margin: Margin,
    harm: Mixture<8>,
    harmless: Mixture<3>,
    most: Evidence,
    most_harmless: Evidence,
    control: Counts,
}

impl Comparison {
    #[must_use]
    pub fn new(margin: Margin, plan: Plan) -> Comparison {
        Comparison {
            margin,
            harm: Mixture::new(plan),
            harmless: Mixture::new(plan),
            most: Evidence::NONE,
            most_harmless: Evidence::NONE,
            control: Counts::NONE,
        }
    }

    /// The next bucket. One in which an arm is empty is no evidence.
    pub fn add(&mut self, bucket: &Bucket) {
        self.harm.add(self.factors(bucket));
        self.harmless.add(self.factors_of_harmlessness(bucket));
        self.control = self.control.and(bucket.control);
        self.most = self.most.or_more(self.harm.evidence());
        self.most_harmless = self.most_harmless.or_more(self.harmless.evidence());
    }

    /// What speaks for harm now.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        self.harm.evidence()
    }

    /// The most that ever spoke for harm: what a level is held against.
    #[must_use]
    pub fn most(&self) -> Evidence {
        self.most
    }

    /// The most that ever spoke against harm. That nothing speaks for it is no proof; this is.
    /// Always none for a margin without a relative part, within which equal arms never prove it.
    #[must_use]
    pub fn most_harmless(&self) -> Evidence {
        self.most_harmless
    }

    /// The choice of the test rests on earlier buckets only; so whichever it is, its factor is not expected to be above 1.
    fn factors(&self, bucket: &Bucket) -> [f64; 8] {
        let (units, failed) = self.control.as_floats();
        let guess = (failed + 0.5) / (units + 1.0);
        let is_common = self.control.units() >= KNOWN && guess > COMMON;
        GRID.map(|g| match is_common {
            true => kernel::bernoulli(self.margin, g, guess, bucket),
            false => kernel::poisson(self.margin, g, bucket),
        })
    }

    /// Harm is `p_t >= r p_c + d`, within `p_c <= p_t / r`: the arms change places. Looked for are control that fails as often
    /// as the variant, and more often.
    fn factors_of_harmlessness(&self, bucket: &Bucket) -> [f64; 3] {
        let swapped = Bucket { treatment: bucket.control, control: bucket.treatment };
        let r = self.margin.relative();
        [1.0, 1.3, 2.0].map(|times| kernel::comparing(1.0 / r, 0.0, r * times, &swapped))
    }
}
