use crate::mixture::add_logs;
use crate::ratio::{checked, mismatch};
use crate::{Evidence, Level, NotShares};
use libm::log;
use serde::{Deserialize, Serialize};

/// Instances whose counts are looked at.
const INSTANCES: usize = 64;

/// Whether the arms are as large as the split says, as several instances tell it of the units that they first saw.
///
/// One instance counts a unit once; two instances may both count the same one. So their counts are not added: each
/// instance has a [`crate::Ratio`] of its own, and what is judged is the average of these, the first of them with the most
/// weight. An average is not expected to grow whatever its parts have to do with each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arms {
    pub level: Level,
    /// What was to be given to each arm, one stage after another.
    pub stages: Vec<Stage>,
    /// By instance, in the order in which they first told: new units of each arm in each stage; empty where there were none.
    pub instances: Vec<Vec<Vec<u64>>>,
}

/// The arms of one stage, and the share of units that each is to be given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    pub arms: Vec<String>,
    pub shares: Vec<f64>,
}

/// An arm that is short of units.
#[derive(Debug, Clone, PartialEq)]
pub struct Short<'a> {
    pub arm: &'a str,
    pub share: f64,
    pub units: u64,
    /// Of all arms.
    pub all: u64,
}

impl Arms {
    #[must_use]
    pub fn new(level: Level) -> Arms {
        Arms { level, stages: Vec::new(), instances: Vec::new() }
    }

    /// From now on these arms are given these shares. The same again begins no new stage.
    ///
    /// # Errors
    /// Where the shares are no split into two arms or more.
    pub fn stage(&mut self, stage: Stage) -> Result<(), NotShares> {
        checked(&stage.shares)?;
        if stage.arms.len() != stage.shares.len() {
            return Err(NotShares::Arms { told: stage.arms.len(), split: stage.shares.len() });
        }
        if self.stages.last() != Some(&stage) {
            self.stages.push(stage);
        }
        Ok(())
    }

    /// New units of each arm of the stage, as the instance at this place told. A place beyond those that there are is the
    /// next one; where there are enough of them, it is passed over.
    pub fn add(&mut self, instance: usize, units: &[u64]) {
        let Some(stage) = self.stages.len().checked_sub(1) else { return };
        let arms = self.stages.last().map_or(0, |stage| stage.arms.len());
        if units.len() != arms || units.iter().all(|units| *units == 0) || instance >= INSTANCES {
            return;
        }
        if instance >= self.instances.len() {
            self.instances.resize(instance + 1, Vec::new());
        }
        let Some(stages) = self.instances.get_mut(instance) else { return };
        if stages.len() <= stage {
            stages.resize(stage + 1, Vec::new());
        }
        let Some(counts) = stages.get_mut(stage) else { return };
        counts.resize(arms, 0);
        for (count, units) in counts.iter_mut().zip(units) {
            *count = count.saturating_add(*units);
        }
    }

    /// What speaks for a mismatch now.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        let (mut sum, mut place) = (f64::NEG_INFINITY, 1.0);
        for stages in self.instances.iter().take(INSTANCES) {
            let told = stages.iter().zip(&self.stages).filter(|(counts, _)| !counts.is_empty());
            let ln: f64 = told.map(|(counts, stage)| mismatch(&stage.shares, &as_floats(counts))).sum();
            sum = add_logs(sum, ln - log(place * (place + 1.0)));
            place += 1.0;
        }
        // What is left of the weights is of instances that have not told yet, and says nothing.
        Evidence::of_ln(add_logs(sum, -log(place)))
    }

    #[must_use]
    pub fn is_mismatched(&self) -> bool {
        self.evidence().reaches(self.level)
    }

    /// New units of each arm of the newest stage of which anything was told, by its place; of all instances, which may have
    /// counted a unit more than once.
    #[must_use]
    pub fn told(&self) -> Option<(&Stage, Vec<u64>)> {
        self.stages.iter().enumerate().rev().find_map(|(at, stage)| {
            let mut sums = vec![0_u64; stage.arms.len()];
            for counts in self.instances.iter().filter_map(|stages| stages.get(at)) {
                for (sum, count) in sums.iter_mut().zip(counts) {
                    *sum = sum.saturating_add(*count);
                }
            }
            sums.iter().any(|sum| *sum > 0).then_some((stage, sums))
        })
    }

    /// The arm that has the least of what it should have in the newest stage.
    #[must_use]
    pub fn shortest(&self) -> Option<Short<'_>> {
        let (stage, sums) = self.told()?;
        let all = sums.iter().fold(0, |all: u64, sum| all.saturating_add(*sum));
        let part = |(share, units): (f64, u64)| as_float(units) / share;
        let arms = stage.arms.iter().zip(stage.shares.iter().copied().zip(sums));
        let (arm, (share, units)) = arms.min_by(|one, other| part(one.1).total_cmp(&part(other.1)))?;
        Some(Short { arm, share, units, all })
    }

    /// # Errors
    /// Where this is nothing that can have been counted.
    pub fn check(&self) -> Result<(), NotShares> {
        for stage in &self.stages {
            checked(&stage.shares)?;
            if stage.arms.len() != stage.shares.len() {
                return Err(NotShares::Arms { told: stage.arms.len(), split: stage.shares.len() });
            }
        }
        for stages in &self.instances {
            for (at, counts) in stages.iter().enumerate().filter(|(_, counts)| !counts.is_empty()) {
                let split = self.stages.get(at).map_or(0, |stage| stage.arms.len());
                if counts.len() != split {
                    return Err(NotShares::Arms { told: counts.len(), split });
                }
            }
        }
        Ok(())
    }
}

fn as_floats(counts: &[u64]) -> Vec<f64> {
    counts.iter().map(|count| as_float(*count)).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a rounded count of 2^53 units moves nothing")]
fn as_float(count: u64) -> f64 {
    count as f64
}
