//! Rules whose answer follows anyway: without them, all that they decide are given the same by what comes after.

use super::Stop;
use super::decide::Given;
use super::domain::Side;
use super::lints::{Linter, Open, name};
use super::set::Set;
use super::tree::BUCKETS;
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::{Outcome, Rule, Split};
use downhaul_core::ids::VariantKey;
use std::collections::BTreeMap;

/// Contexts that are asked about before all of them are.
const SAMPLES: usize = 4;

/// One context as a class of each attribute and a bucket of each salt; class or bucket 0 where it does not say.
#[derive(Debug, Default)]
struct Sample {
    classes: BTreeMap<usize, usize>,
    buckets: BTreeMap<usize, u32>,
}

/// Buckets of a salt: its variable, from, and below.
type Slice = (usize, u32, u32);

impl Linter<'_> {
    /// `holds`: the contexts of each rule of the flag. `open`: what is not decided before this one.
    pub(super) fn redundant(&mut self, number: usize, rule: &Rule, open: &Open, holds: &[Set]) -> Result<(), Stop> {
        if has_not_begun(rule) || self.is_told_apart(number, rule, open, holds)? {
            return Ok(());
        }
        if self.follows(number, rule, open, holds)? {
            let at = format!("{}/rules/{number}", self.at);
            let message = format!(
                "{} changes nothing: without it, all that it decides are given the same by what comes after it",
                name(rule)
            );
            self.found.push(
                Diagnostic::warning("redundant-rule", at, message)
                    .help("take it out, or say what it was meant to change"),
            );
        }
        Ok(())
    }

    /// Whether some context is given something else without the rule: most rules have one, and it is found at once.
    fn is_told_apart(&mut self, number: usize, rule: &Rule, open: &Open, holds: &[Set]) -> Result<bool, Stop> {
        let decides = self.decides(rule, holds.get(number).copied().unwrap_or(Set::EMPTY))?;
        for (set, tree) in open.iter().take(SAMPLES) {
            let both = self.space.sets.and(*set, decides)?;
            if both.is_empty() {
                continue;
            }
            for classes in [self.way_through(both, false), self.way_through(both, true)] {
                let leaves = tree.leaves();
                for (runs, _) in leaves.iter().filter(|(_, is_open)| **is_open).take(SAMPLES) {
                    let buckets: BTreeMap<usize, (u32, u32)> =
                        runs.iter().map(|run| (run.variable, (run.from, run.to))).collect();
                    for (variant, own) in self.answers(rule) {
                        let mut sample = Sample { classes: classes.clone(), buckets: BTreeMap::new() };
                        sample.buckets.extend(buckets.iter().map(|(variable, (from, _))| (*variable, *from)));
                        if let Some((variable, from, to)) = own {
                            let (low, high) = buckets.get(&variable).copied().unwrap_or((0, BUCKETS));
                            if from.max(low) >= to.min(high) {
                                continue;
                            }
                            sample.buckets.insert(variable, from.max(low));
                        }
                        if self.given_after(number, &sample, holds)?.is_some_and(|given| given != variant) {
                            return Ok(true);
                        }
                    }
                }
            }
        }
        Ok(false)
    }

    fn way_through(&self, set: Set, from_the_end: bool) -> BTreeMap<usize, usize> {
        let rank = |_, class: usize| {
            let class = u32::try_from(class).unwrap_or(u32::MAX);
            if from_the_end { u32::MAX - class } else { class }
        };
        self.space.sets.path(set, rank).into_iter().collect()
    }

    /// What a rule gives, and in which buckets.
    fn answers(&mut self, rule: &Rule) -> Vec<(VariantKey, Option<Slice>)> {
        match &rule.then {
            Outcome::Serve(variant) => vec![(variant.clone(), None)],
            // Who gets what is known by tenant, and asked when all are.
            Outcome::Split(split) if by_tenant(split) => Vec::new(),
            Outcome::Split(split) => {
                let variable = self.space.bucket_variable(split);
                let mut from = 0_u32;
                let slices = split.slices.iter().map(|slice| {
                    let start = from;
                    from = from.saturating_add(slice.width).min(BUCKETS);
                    (slice.variant.clone(), Some((variable, start, from)))
                });
                slices.filter(|(_, own)| own.is_some_and(|(_, from, to)| from < to)).collect()
            }
        }
    }

    /// What a context is given by the rules after `number`, or by default; `None` where that is not known at once.
    fn given_after(&mut self, number: usize, sample: &Sample, holds: &[Set]) -> Result<Option<VariantKey>, Stop> {
        let flag = self.flag;
        for (rule, holds) in flag.rules.iter().zip(holds).skip(number + 1) {
            if !self.contains(*holds, sample) {
                continue;
            }
            match &rule.then {
                Outcome::Serve(variant) => return Ok(Some(variant.clone())),
                Outcome::Split(split) if by_tenant(split) => return Ok(None),
                Outcome::Split(split) => {
                    let units = self.space.units(&split.by)?;
                    let variable = self.space.bucket_variable(split);
                    let bucket = sample.buckets.get(&variable).copied().unwrap_or(0);
                    let mut end = 0_u32;
                    let slice = split.slices.iter().find(|slice| {
                        end = end.saturating_add(slice.width);
                        bucket < end
                    });
                    if let Some(slice) = slice.filter(|_| self.contains(units, sample)) {
                        return Ok(Some(slice.variant.clone()));
                    }
                }
            }
        }
        Ok(Some(flag.default.clone()))
    }

    fn contains(&self, set: Set, sample: &Sample) -> bool {
        let mut at = set;
        while let Some((variable, branches)) = self.space.sets.branches(at) {
            let class = sample.classes.get(&variable).copied().unwrap_or(0);
            at = branches.get(class).copied().unwrap_or(Set::EMPTY);
        }
        at == Set::ALL
    }

    /// Whether without the rule all that it decides are given what it gives them.
    fn follows(&mut self, number: usize, rule: &Rule, open: &Open, holds: &[Set]) -> Result<bool, Stop> {
        let flag = self.flag;
        let mut care = Set::EMPTY;
        for (set, _) in open {
            care = self.space.sets.or(care, *set)?;
        }
        care = self.space.sets.and(care, holds.get(number).copied().unwrap_or(Set::EMPTY))?;
        let own = self.space.decide_by(Side::Old, flag, rule, care)?;
        let after = self.space.decide_from(Side::Old, flag, number + 1, care)?;
        let decided = |is_open: &bool, own: &Option<Given>| if *is_open { own.map(|own| own.variant) } else { None };
        let alike = |own: &Option<usize>, after: &Given| own.is_none_or(|own| own == after.variant);
        for (set, is_open) in open {
            for (own_set, own) in &own {
                let both = self.space.sets.and(*set, *own_set)?;
                if both.is_empty() {
                    continue;
                }
                let own = is_open.with(own, &mut self.space.fuel, &decided).ok_or(Stop::TooMuch)?;
                for (after_set, after) in &after {
                    if self.space.sets.and(both, *after_set)?.is_empty() {
                        continue;
                    }
                    let same = own.with(after, &mut self.space.fuel, &alike).ok_or(Stop::TooMuch)?;
                    if same.leaves().into_iter().any(|(_, same)| !same) {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }
}

fn by_tenant(split: &Split) -> bool {
    split.by.starts_with("tenant.")
}

/// Whether a rule is a ramp at its beginning or its end, kept for the next step: a slice of it is nobody's yet, or any more.
fn has_not_begun(rule: &Rule) -> bool {
    match &rule.then {
        Outcome::Serve(_) => false,
        Outcome::Split(split) => split.slices.iter().any(|slice| slice.width == 0),
    }
}
