use crate::kernel::{self, GRID};
use crate::mixture::{Mixture, Plan};
use crate::{Counts, Evidence};

/// One arm against an objective, where nothing is left to compare with: harmless is a failure rate of at most `most`.
#[derive(Debug, Clone, PartialEq)]
pub struct Ceiling {
    most: f64,
    harm: Mixture<8>,
    harmless: Mixture<3>,
    evidence: Evidence,
    against: Evidence,
}

/// By what part of the objective a harmless variant fails, as it is looked for.
const BELOW: [f64; 3] = [0.8, 0.5, 0.2];

impl Ceiling {
    /// `most` is a share from 0 to 1; what is beyond is taken for the nearest.
    #[must_use]
    pub fn new(most: f64, plan: Plan) -> Ceiling {
        let most = if most.is_nan() { 1.0 } else { most.clamp(0.0, 1.0) };
        let (evidence, against) = (Evidence::NONE, Evidence::NONE);
        Ceiling { most, harm: Mixture::new(plan), harmless: Mixture::new(plan), evidence, against }
    }

    pub fn add(&mut self, counts: Counts) {
        let (units, failed) = counts.as_floats();
        self.harm.add(GRID.map(|g| kernel::ceiling(self.most, g, units, failed)));
        // The same factor with `g` below 1 is not expected to grow while the rate is at least `most`.
        self.harmless.add(BELOW.map(|g| kernel::ceiling(self.most, g, units, failed)));
        self.evidence = self.evidence.or_more(self.harm.evidence());
        self.against = self.against.or_more(self.harmless.evidence());
    }

    /// The most that ever spoke for harm.
    #[must_use]
    pub fn most(&self) -> Evidence {
        self.evidence
    }

    /// The most that ever spoke against it.
    #[must_use]
    pub fn most_harmless(&self) -> Evidence {
        self.against
    }
}
