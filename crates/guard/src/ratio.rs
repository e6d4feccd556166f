use crate::Evidence;
use libm::{lgamma, log};

/// Whether the arms are as large as the split says they should be (sample ratio mismatch).
///
/// Where they are not, nothing that is compared between them can be trusted: the worst variant is one that crashes before it
/// tells anything. Sequential by a Dirichlet prior around the shares that are expected, after Lindon and Malek, *Anytime-valid
/// inference for multinomial count data* (NeurIPS 2022). Count units at their first exposure.
#[derive(Debug, Clone, PartialEq)]
pub struct Ratio {
    shares: Vec<f64>,
    counts: Vec<f64>,
    /// Of the stages before this one.
    before: f64,
    most: Evidence,
}

/// How sure the prior is of the expected shares: small departures are looked for.
const CONCENTRATION: f64 = 100.0;

/// Shares that make no split.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NotShares {
    #[error("a ratio needs two arms or more, and there are {0}")]
    TooFew(usize),
    #[error("the share {0} is not above 0 and below 1; leave out arms that nobody is given")]
    Share(f64),
    #[error("the shares add up to {0}, and not to 1")]
    Sum(f64),
    #[error("there are {told} arms, and the split has {split}")]
    Arms { told: usize, split: usize },
}

impl Ratio {
    /// # Errors
    /// Where the shares are no split into two arms or more.
    pub fn new(shares: &[f64]) -> Result<Ratio, NotShares> {
        let shares = checked(shares)?;
        let counts = vec![0.0; shares.len()];
        Ok(Ratio { shares, counts, before: 0.0, most: Evidence::NONE })
    }

    /// New units of each arm.
    ///
    /// # Errors
    /// Where there are more or fewer arms than the split has; nothing is counted then.
    pub fn add(&mut self, units: &[u64]) -> Result<(), NotShares> {
        if units.len() != self.shares.len() {
            return Err(NotShares::Arms { told: units.len(), split: self.shares.len() });
        }
        for (count, units) in self.counts.iter_mut().zip(units) {
            #[expect(clippy::cast_precision_loss, reason = "a rounded count of 2^53 units moves nothing")]
            {
                *count += *units as f64;
            }
        }
        self.most = self.most.or_more(self.evidence());
        Ok(())
    }

    /// From now on other shares are expected, and perhaps of other arms: the next stage of a rollout.
    /// Evidence of disjoint stages multiplies.
    ///
    /// # Errors
    /// Where the shares are no split; the stage before goes on.
    pub fn stage(&mut self, shares: &[f64]) -> Result<(), NotShares> {
        let shares = checked(shares)?;
        self.before = self.evidence().ln();
        self.counts = vec![0.0; shares.len()];
        self.shares = shares;
        Ok(())
    }

    /// What speaks for a mismatch now.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        Evidence::of_ln(self.before + mismatch(&self.shares, &self.counts))
    }

    /// The most that ever spoke for a mismatch.
    #[must_use]
    pub fn most(&self) -> Evidence {
        self.most
    }

    /// The arm that has told the least of what it should have in this stage, by its place, and what part of it.
    #[must_use]
    pub fn shortest(&self) -> Option<(usize, f64)> {
        let total: f64 = self.counts.iter().sum();
        if total <= 0.0 {
            return None;
        }
        let parts = self.counts.iter().zip(&self.shares).map(|(count, share)| count / (share * total));
        parts.enumerate().min_by(|a, b| a.1.total_cmp(&b.1))
    }
}

/// The logarithm of the evidence of one stage. It rests on sums alone: whatever came in between, they say the same.
pub(crate) fn mismatch(shares: &[f64], counts: &[f64]) -> f64 {
    let total: f64 = counts.iter().sum();
    let mut ln = lgamma(CONCENTRATION) - lgamma(CONCENTRATION + total);
    for (share, count) in shares.iter().zip(counts) {
        let prior = CONCENTRATION * share;
        ln += lgamma(prior + count) - lgamma(prior) - count * log(*share);
    }
    ln
}

pub(crate) fn checked(shares: &[f64]) -> Result<Vec<f64>, NotShares> {
    if shares.len() < 2 {
        return Err(NotShares::TooFew(shares.len()));
    }
    if let Some(share) = shares.iter().find(|share| !(**share > 0.0 && **share < 1.0)) {
        return Err(NotShares::Share(*share));
    }
    let sum: f64 = shares.iter().sum();
    if (sum - 1.0).abs() > 1e-9 {
        return Err(NotShares::Sum(sum));
    }
    Ok(shares.to_vec())
}
