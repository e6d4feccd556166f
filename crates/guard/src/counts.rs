use serde::{Deserialize, Serialize};

/// How many units were at risk in a bucket of time, and how many of these failed.
///
/// At risk is a unit that was active in the bucket and has not failed before under this guard; it fails once, at its first
/// failure. Counted like this, users who always fail stop hiding what is new, and the units of a bucket are independent of each
/// other. Requests are not: one broken account that tries again 200 times would pass for 200 failures, and in simulation such
/// counts let a guard of 0.1 % raise a false alarm in a fifth of rollouts.
///
/// An outcome belongs to the bucket of its exposure; close a bucket when outcomes can no longer come, for both arms alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(try_from = "[u64; 2]", into = "[u64; 2]")]
pub struct Counts {
    units: u64,
    failed: u64,
}

/// Beyond this a count is no longer exact as a float.
const MOST: u64 = 1 << 53;

/// Counts that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCounts {
    #[error("{failed} of {units} units failed; count a unit that failed among those at risk, too")]
    MoreThanAll { units: u64, failed: u64 },
    #[error("{0} units are more than a bucket can hold (2^53); make buckets shorter")]
    TooMany(u64),
}

impl Counts {
    /// Nobody.
    pub const NONE: Counts = Counts { units: 0, failed: 0 };

    /// # Errors
    /// Where more failed than were at risk, or more were at risk than can be told exactly.
    pub fn new(units: u64, failed: u64) -> Result<Counts, NotCounts> {
        match () {
            () if units > MOST => Err(NotCounts::TooMany(units)),
            () if failed > units => Err(NotCounts::MoreThanAll { units, failed }),
            () => Ok(Counts { units, failed }),
        }
    }

    #[must_use]
    pub fn units(self) -> u64 {
        self.units
    }

    #[must_use]
    pub fn failed(self) -> u64 {
        self.failed
    }

    /// Both together; what would be too many stays at the most.
    #[must_use]
    pub fn and(self, other: Counts) -> Counts {
        let units = (self.units + other.units).min(MOST);
        Counts { units, failed: (self.failed + other.failed).min(units) }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts are bounded by 2^53")]
    pub(crate) fn as_floats(self) -> (f64, f64) {
        (self.units as f64, self.failed as f64)
    }
}

impl TryFrom<[u64; 2]> for Counts {
    type Error = NotCounts;

    fn try_from([units, failed]: [u64; 2]) -> Result<Self, NotCounts> {
        Counts::new(units, failed)
    }
}

impl From<Counts> for [u64; 2] {
    fn from(counts: Counts) -> Self {
        [counts.units, counts.failed]
    }
}

/// One bucket of time: those with the variant that is watched, and those with the one it is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    pub treatment: Counts,
    pub control: Counts,
}
