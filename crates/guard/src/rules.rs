use crate::{Bucket, Level, Margin};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;

/// What a guard holds a variant against, and what it takes before it speaks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// How likely a false alarm may be, over the whole life of the guard.
    pub level: Level,
    pub against: Against,
    /// For how many buckets the guard is meant to watch.
    pub plan: NonZeroU32,
    /// At least so many units with the variant must have failed, or the guard does not speak.
    pub least_failed: u64,
    /// At least so many instances must have told of such a unit: one machine that crashes in a loop is not a bad variant.
    pub least_instances: u32,
    /// After so many buckets in a row without an arm that it needs, a guard is blind, and says so.
    pub silent_after: NonZeroU32,
}

/// What the failure rate of a variant may not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Against {
    /// That of those who do not have the variant, at the same time, and a margin.
    Control(Margin),
    /// A share from 0 to 1, where nobody is left to compare with.
    Objective(f64),
}

/// Rules that no guard can follow.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum NotRules {
    #[error("the objective is {0}; write the share that may fail, above 0 and below 1, such as 0.01")]
    Objective(f64),
}

impl Rules {
    /// 1 in 1 000, ten per cent and five in 10 000 more failures than control, a day of minutes, five failures in two instances,
    /// blind after three buckets.
    pub const DEFAULT: Rules = Rules {
        level: Level::DEFAULT,
        against: Against::Control(Margin::DEFAULT),
        plan: NonZeroU32::MIN.saturating_add(1439),
        least_failed: 5,
        least_instances: 2,
        silent_after: NonZeroU32::MIN.saturating_add(2),
    };

    /// # Errors
    /// Where the objective is no share that can be missed and met.
    pub fn check(&self) -> Result<(), NotRules> {
        match self.against {
            Against::Objective(most) if !(most > 0.0 && most < 1.0) => Err(NotRules::Objective(most)),
            Against::Objective(_) | Against::Control(_) => Ok(()),
        }
    }
}

/// What a guard is shown of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    #[serde(flatten)]
    pub bucket: Bucket,
    /// How many instances have told of a unit with the variant that failed, since the guard began.
    pub instances: u32,
}
