//! Who is to be given what while a rollout goes on, as far as that can be said of the units that clients tell of.

use super::minutes::{Cell, Counted};
use super::{FlagMinute, Watch};
use crate::heartbeat;
use crate::rollout::at_stage;
use crate::state::State;
use crate::time;
use downhaul_core::document::{Flag, Outcome};
use downhaul_guard::{Arms, Stage};
use std::collections::BTreeMap;

/// What percentages go by where nothing says another; the only one that clients tell units of.
const UNIT: &str = "targetingKey";
/// Buckets of a split.
const ALL: u32 = 100_000;
/// Buckets of time after a stage was entered in which clients may still tell of the stage before.
const SETTLING: u64 = 2;

/// A stage of a rollout, for as long as it is known to have been at it.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitStage {
    /// Of the first bucket that it decided of alone, and the end of the last; seconds since 1970.
    pub from: u64,
    pub until: Option<u64>,
    pub stage: Stage,
    /// Whether those whom the split leaves out are an arm, too.
    rest: bool,
}

/// The stages of the rollout of a flag at which the sizes of the arms are known, in order. None while the flag is killed for
/// a variant, and of a flag that requires others: who reaches the split then does not go by chance alone.
pub fn split_stages(state: &State, flag: &str, length: u64) -> Vec<SplitStage> {
    let (Some(rollout), Some(now)) = (state.rollouts.of_flag(flag), state.flag_set.flag(flag)) else {
        return Vec::new();
    };
    let mut kills = state.flag_set.kills.iter().filter(|kill| !heartbeat::is_beat(&kill.id));
    if !now.requires.is_empty() || kills.any(|kill| kill.flag.as_str() == flag && kill.scope.variant.is_some()) {
        return Vec::new();
    }
    let at = |text: &str| time::from_text(text).map_or(u64::MAX, |at| u64::try_from(at.as_second()).unwrap_or(0));
    let marks = rollout.marks.iter().enumerate();
    marks
        .filter_map(|(index, mark)| {
            let (stage, rest) = split(&at_stage(rollout, mark.stage, now))?;
            let from = at(&mark.touch.at).saturating_add(SETTLING * length);
            let until = rollout.marks.get(index + 1).map(|next| at(&next.touch.at));
            Some(SplitStage { from, until, stage, rest })
        })
        .collect()
}

/// The arms of a flag, where one split decides of everybody who is told with its reason: one rule has a split by the
/// targetingKey, and either it leaves nobody out, or it is for everyone and the last rule, so that the rest has the default.
fn split(flag: &Flag) -> Option<(Stage, bool)> {
    let mut splits = flag.rules.iter().enumerate().filter_map(|(at, rule)| match &rule.then {
        Outcome::Split(split) => Some((at, rule, split)),
        Outcome::Serve(_) => None,
    });
    let (at, rule, split) = splits.next()?;
    if splits.next().is_some() || split.by != UNIT {
        return None;
    }
    let mut widths: BTreeMap<&str, u32> = BTreeMap::new();
    for slice in &split.slices {
        *widths.entry(slice.variant.as_str()).or_default() += slice.width;
    }
    let rest = ALL.saturating_sub(widths.values().sum());
    if rest > 0 {
        if !rule.when.is_empty() || at + 1 != flag.rules.len() {
            return None;
        }
        *widths.entry(flag.default.as_str()).or_default() += rest;
    }
    widths.retain(|_, width| *width > 0);
    let arms = widths.keys().map(|variant| (*variant).to_owned()).collect();
    let shares: Vec<f64> = widths.values().map(|width| f64::from(*width) / f64::from(ALL)).collect();
    (shares.len() > 1).then_some((Stage { arms, shares }, rest > 0))
}

/// Goes on with one bucket. `instances` are those that told so far, in the order in which they first did, and are to be
/// handed on.
pub fn look_at_split<'a>(
    arms: &mut Arms,
    stages: &[SplitStage],
    (began, length): (u64, u64),
    parts: impl IntoIterator<Item = &'a FlagMinute>,
    instances: &mut Vec<String>,
) {
    let is_within = |each: &&SplitStage| each.from <= began && each.until.is_none_or(|until| began + length <= until);
    let Some(SplitStage { stage, rest, .. }) = stages.iter().find(is_within) else { return };
    let mut told: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for cell in parts.into_iter().flat_map(|part| &part.cells) {
        if let Some((instance, place)) = arm_of(cell, stage, *rest) {
            let units = told.entry(instance).or_insert_with(|| vec![0; stage.arms.len()]);
            if let Some(units) = units.get_mut(place) {
                *units = units.saturating_add(cell.units);
            }
        }
    }
    if told.is_empty() || arms.stage(stage.clone()).is_err() {
        return;
    }
    for (instance, units) in told {
        let place = instances.iter().position(|known| known == instance).unwrap_or_else(|| {
            instances.push(instance.to_owned());
            instances.len() - 1
        });
        arms.add(place, &units);
    }
}

fn arm_of<'a>(cell: &'a Cell, stage: &Stage, rest: bool) -> Option<(&'a str, usize)> {
    let (Counted::Units(reason), Some(instance)) = (&cell.counted, &cell.instance) else { return None };
    if reason != "SPLIT" && !(rest && reason == "DEFAULT") {
        return None;
    }
    Some((instance, stage.arms.iter().position(|arm| *arm == cell.variant)?))
}

impl Watch {
    /// Whether it watches the sizes of the arms, and not what happens in them.
    pub fn is_of_ratio(&self) -> bool {
        self.guard.is_of_ratio()
    }
}
