//! How many move: of a population, and as far as that is known without one.

use super::{FlagPlan, Moved, Plan, Status, Transition};
use crate::exact::{Bucket, Region};
use downhaul_core::bucket::BUCKETS;
use std::collections::BTreeMap;

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
}

impl Moved {
    /// The part of the population that moves, from 0 to 1.
    pub fn share(&self) -> f64 {
        part(self.moved, self.weight)
    }
}

impl Plan {
    /// Who is given another variant or value by some flag.
    pub fn share(&self) -> Share {
        if self.exact.is_none() {
            return Share::UNKNOWN;
        }
        let least = self.flags.values().map(|flag| flag.share().least).fold(0.0, f64::max);
        let changed = || self.flags.values().filter(|flag| flag.status == Status::Changed);
        let is_known = self.flags.values().all(|flag| flag.share() != Share::UNKNOWN || !flag.regions.is_empty());
        let most = if is_known { at_most(changed().flat_map(|flag| &flag.regions)) } else { 1.0 };
        Share { least, most }
    }
}

impl FlagPlan {
    /// The part of the population that moves, from 0 to 1; `None` without one.
    pub fn moved_share(&self) -> Option<f64> {
        Some(part(self.moved?, self.of?))
    }

    /// Who is given another variant or value.
    ///
    /// Buckets of the targetingKey are taken to hold the same part of everyone each, as they do of people who are many;
    /// buckets of anything else (five in a hundred tenants may be half of all people) say nothing about how many.
    pub fn share(&self) -> Share {
        match self.status {
            Status::Unknown => Share::UNKNOWN,
            // Found in a population only.
            Status::Changed if self.regions.is_empty() => Share::UNKNOWN,
            // Nobody was given anything by a flag that was not there.
            Status::Added | Status::Removed | Status::ReasonOnly => Share::NOBODY,
            Status::Changed => sum(self.regions.iter()),
        }
    }

    /// Of these, those who go this way.
    pub fn share_of(&self, transition: &Transition) -> Share {
        sum(self.regions.iter().filter(move |region| {
            let way = &region.transition;
            way.from == transition.from && way.to == transition.to && way.values == transition.values
        }))
    }
}

fn part(moved: f64, of: f64) -> f64 {
    if of > 0.0 { moved / of } else { 0.0 }
}

/// Regions are disjoint, and so at least their sum.
fn sum<'a>(regions: impl Iterator<Item = &'a Region> + Clone) -> Share {
    let least: f64 = regions.clone().map(|region| share(region).least).sum();
    Share { least: least.min(1.0), most: at_most(regions) }
}

/// At most the sum of all. Of those that lie in buckets of one salt, however, no more than these buckets hold, however many
/// conditions part them: so each goes with the salt that most of them have.
fn at_most<'a>(regions: impl Iterator<Item = &'a Region> + Clone) -> f64 {
    let mut common: BTreeMap<&str, usize> = BTreeMap::new();
    for bucket in regions.clone().flat_map(buckets).filter(|bucket| is_of_people(bucket)) {
        *common.entry(&bucket.salt).or_default() += 1;
    }
    let mut others = 0.0;
    let mut by_salt: BTreeMap<&str, (f64, Runs)> = BTreeMap::new();
    for region in regions {
        let own = buckets(region).filter(|bucket| is_of_people(bucket));
        let most = share(region).most;
        match own.max_by_key(|bucket| common.get(bucket.salt.as_str())) {
            Some(bucket) => {
                let (sum, runs) = by_salt.entry(&bucket.salt).or_default();
                *sum += most;
                runs.push((bucket.from, bucket.to));
            }
            None => others += most,
        }
    }
    let salts: f64 = by_salt.into_values().map(|(sum, runs)| covered(runs).min(sum)).sum();
    (others + salts).min(1.0)
}

/// Buckets, each run from the first to below the last.
type Runs = Vec<(u32, u32)>;

/// Of all buckets, those in any of the runs.
fn covered(mut runs: Runs) -> f64 {
    runs.sort_unstable();
    let (mut covered, mut end) = (0, 0);
    for (from, to) in runs {
        covered += to.saturating_sub(from.max(end));
        end = end.max(to);
    }
    f64::from(covered) / f64::from(BUCKETS)
}

fn buckets(region: &Region) -> impl Iterator<Item = &Bucket> {
    region.bucket.iter().chain(&region.and_buckets)
}

fn is_of_people(bucket: &Bucket) -> bool {
    bucket.by == "targetingKey"
}

fn share(region: &Region) -> Share {
    let of_people = buckets(region).all(is_of_people);
    let most = if of_people { region.share } else { 1.0 };
    let everyone =
        region.when.is_empty() && region.no_unit.is_empty() && region.unit.is_empty() && region.lists_aside.is_empty();
    let least = if everyone && region.exact && of_people { most } else { 0.0 };
    Share { least, most }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn regions(regions: Value) -> Share {
        let regions: Vec<Region> = regions
            .as_array()
            .unwrap()
            .iter()
            .map(|region| {
                let mut whole = json!({
                    "when": [], "bucket": null, "share": 1.0, "from": "a", "to": "b", "from_reason": "DEFAULT",
                    "to_reason": "DEFAULT", "witness": null, "exact": true,
                });
                for (member, value) in region.as_object().unwrap() {
                    whole[member] = value.clone();
                }
                serde_json::from_value(whole).unwrap()
            })
            .collect();
        sum(regions.iter())
    }

    #[test]
    fn what_is_known_without_a_population() {
        let bucket =
            |by: &str, salt: &str, from: u32, to: u32| json!({ "by": by, "salt": salt, "from": from, "to": to });
        let people = |from, to| bucket("targetingKey", "s", from, to);
        let when = json!([{ "tenant": ["acme"] }]);
        let quarter = |from| json!({ "when": when, "bucket": people(from, from + 25_000), "share": 0.25 });
        for (given, least, most) in [
            (json!([]), 0.0, 0.0),
            (json!([{}]), 1.0, 1.0),
            (json!([{ "when": when }]), 0.0, 1.0),
            (json!([{ "exact": false }]), 0.0, 1.0),
            (json!([{ "bucket": people(0, 5000), "share": 0.05 }]), 0.05, 0.05),
            (json!([{ "no_unit": ["targetingKey"] }, { "bucket": people(0, 5000), "share": 0.05 }]), 0.05, 1.0),
            // Five in a hundred tenants may be everyone.
            (json!([{ "bucket": bucket("tenant", "s", 0, 5000), "share": 0.05 }]), 0.0, 1.0),
            (json!([quarter(0)]), 0.0, 0.25),
            (json!([quarter(0), quarter(0)]), 0.0, 0.25),
            (json!([quarter(0), quarter(10_000)]), 0.0, 0.35),
            (
                json!([quarter(0), { "when": when, "bucket": bucket("targetingKey", "t", 0, 1000), "share": 0.01 }]),
                0.0,
                0.26,
            ),
            (
                json!([{ "when": when, "bucket": people(0, 50_000), "and_buckets": [bucket("tenant", "t", 0, 10)], "share": 0.00005 }]),
                0.0,
                0.5,
            ),
        ] {
            let share = regions(given.clone());
            assert!((share.least - least).abs() < 1e-9 && (share.most - most).abs() < 1e-9, "{given} is {share:?}");
        }
    }
}
