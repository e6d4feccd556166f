//! How many move, as far as that is known without a population.

use super::{FlagPlan, Status};
use crate::exact::{Bucket, Region};

/// Part of everyone, from 0 to 1: at least and at most so much.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    pub least: f64,
    pub most: f64,
}

impl Share {
    pub const NOBODY: Share = Share { least: 0.0, most: 0.0 };
    pub const UNKNOWN: Share = Share { least: 0.0, most: 1.0 };

    pub fn is_certain(self) -> bool {
        self.most - self.least < 1e-9
    }

    /// Of everyone whom one of the two moves.
    #[must_use]
    pub fn or(self, other: Share) -> Share {
        Share { least: self.least.max(other.least), most: (self.most + other.most).min(1.0) }
    }
}

impl FlagPlan {
    /// Who is given another variant or value.
    ///
    /// Buckets of the targetingKey are taken to hold the same part of everyone each, as they do of people who are many;
    /// buckets of anything else (five in a hundred tenants may be half of all people) say nothing about how many.
    pub fn share(&self) -> Share {
        match self.status {
            Status::Unknown => Share::UNKNOWN,
            // Nobody was given anything by a flag that was not there.
            Status::Added | Status::Removed | Status::ReasonOnly => Share::NOBODY,
            Status::Changed => {
                let disjoint = |sum: Share, region: Share| Share {
                    least: (sum.least + region.least).min(1.0),
                    most: (sum.most + region.most).min(1.0),
                };
                self.regions.iter().map(share).fold(Share::NOBODY, disjoint)
            }
        }
    }
}

fn share(region: &Region) -> Share {
    let of_people = |bucket: &Bucket| bucket.by == "targetingKey";
    let mut buckets = region.bucket.iter().chain(&region.and_buckets);
    let is_of_people = buckets.all(of_people);
    let most = match (&region.bucket, is_of_people) {
        (None, _) => 1.0,
        (Some(_), true) => region.share,
        (Some(_), false) => 1.0,
    };
    let everyone =
        region.when.is_empty() && region.no_unit.is_empty() && region.unit.is_empty() && region.lists_aside.is_empty();
    let least = if everyone && region.exact && is_of_people { most } else { 0.0 };
    Share { least, most }
}
