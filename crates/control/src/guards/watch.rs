use super::counters::counters_id;
use super::minutes::{Cell, Counted, Told, remember};
use super::{Acted, FlagMinute, Slow};
use crate::heartbeat;
use crate::proposal::Named;
use crate::state::State;
use crate::time;
use downhaul_core::document::{ClientKind, Flag, Guard};
use downhaul_core::ids::FlagKey;
use downhaul_core::seal::digest;
use downhaul_guard::{Against, Bucket, Counts, Level, Margin, Rules, Seen};
use std::collections::BTreeSet;

/// Buckets that a guard watches before it begins anew: what it was shown has to fit into the chart.
pub const WINDOW: u64 = 2880;

/// A guard of a flag, and since when it watches.
#[derive(Debug, Clone, PartialEq)]
pub struct Watch {
    pub flag: FlagKey,
    pub guard: Guard,
    /// The variant that it is held against; `None` where there is an objective.
    pub against: Option<String>,
    /// RFC 3339. A change of the flag's definition, the start of its rollout, a restore, or somebody who let the rollout go
    /// on after the guard had acted.
    pub since: String,
    /// When its first bucket begins, in seconds since 1970.
    pub from: u64,
    /// What it did since.
    pub acted: Option<Acted>,
}

/// The guards of an environment at `now` (seconds since 1970), with buckets of so many seconds.
pub fn watches(state: &State, now: u64, length: u64) -> Vec<Watch> {
    let flags = state.flag_set.flags.iter().filter(|flag| !flag.guards.is_empty());
    let guards = flags.flat_map(|flag| {
        let ratio = ratio_guard(state, flag);
        let own = flag.guards.iter().map(|guard| watch(state, flag, guard, now, length));
        own.chain(ratio.map(|guard| watch(state, flag, &guard, now, length))).collect::<Vec<_>>()
    });
    guards.collect()
}

/// Whoever compares arms wants to know whether they are what they should be: every rollout of a flag with guards has a
/// guard of that, unless the document says itself how.
fn ratio_guard(state: &State, flag: &Flag) -> Option<Guard> {
    let has_own = flag.guards.iter().any(|guard| guard.is_of_ratio() || guard.name == Guard::SAMPLE_RATIO);
    let rollout = state.rollouts.of_flag(flag.key.as_str()).filter(|_| !has_own)?;
    Some(Guard::sample_ratio(rollout.rollout.variant.clone()))
}

fn watch(state: &State, flag: &Flag, guard: &Guard, now: u64, length: u64) -> Watch {
    let length = length.max(1);
    let acted = state.guards.get(&(flag.key.clone(), guard.name.clone()));
    let mut since = begun(state, flag);
    let rollout = state.rollouts.of_flag(flag.key.as_str());
    if let (Some(acted), Some(rollout)) = (acted, rollout)
        && rollout.baking_since > acted.touch.at
    {
        since = since.max(rollout.baking_since.clone());
    }
    let began = time::from_text(&since).map_or(0, |at| u64::try_from(at.as_second()).unwrap_or(0) + 1);
    let first = began.div_ceil(length) * length;
    let windows = now.saturating_sub(first) / (WINDOW * length);
    Watch {
        flag: flag.key.clone(),
        against: (guard.objective.is_none() && !guard.is_of_ratio())
            .then(|| guard.against.as_ref().unwrap_or(&flag.degraded.variant).to_string()),
        guard: guard.clone(),
        from: first + windows * WINDOW * length,
        acted: acted.filter(|acted| acted.touch.at > since).cloned(),
        since,
    }
}

/// When the variants of a flag last began to be given as they are, RFC 3339: defined anew, or given back after a kill.
pub fn begun(state: &State, flag: &Flag) -> String {
    let restored = state.kills.values().filter(|kill| kill.kill.flag == flag.key && !heartbeat::is_beat(&kill.kill.id));
    // Times of records have one form, so that texts are ordered as times.
    let restored = restored.filter_map(|kill| kill.restored.as_ref()).map(|touch| touch.at.clone());
    restored.fold(placed(state, flag), Ord::max)
}

/// When what the flag decides was last changed; the stages of a rollout are one thing.
fn placed(state: &State, flag: &Flag) -> String {
    let defined = state.defined(&Named::Flag(flag.key.clone()));
    let rollout = state.rollouts.by_number.values().rev().find(|rollout| rollout.rollout.flag == flag.key);
    let by_rollout = rollout.filter(|rollout| {
        defined.is_none_or(|defined| {
            rollout.started.revision == defined.revision
                || rollout.marks.iter().any(|mark| mark.touch.revision == defined.revision)
        })
    });
    match (by_rollout, defined) {
        (Some(rollout), _) => rollout.started.at.clone(),
        (None, Some(defined)) => defined.at.clone(),
        (None, None) => state.changed_at.clone(),
    }
}

/// Whether a bucket was read of the counters that a guard asks for.
pub fn has_counters<'a>(watch: &Watch, parts: impl IntoIterator<Item = &'a FlagMinute>) -> bool {
    parts.into_iter().flat_map(|part| &part.cells).any(|cell| counts(watch, cell))
}

impl Watch {
    /// `checkout-v2/errors`
    pub fn id(&self) -> String {
        format!("{}/{}", self.flag, self.guard.name)
    }

    /// The id of the kill that this guard makes: however often it is asked for, it is made once.
    pub fn kill_id(&self) -> String {
        let of = format!("{}/{}/{}/{}", self.flag, self.guard.name, self.since, self.from);
        format!("guard-{}", digest(of.as_bytes()).chars().take(12).collect::<String>())
    }
}

/// By what a guard judges.
pub fn rules(guard: &Guard) -> Rules {
    let against = match guard.objective {
        Some(most) => Against::Objective(most),
        None => {
            let relative = guard.relative.unwrap_or(Guard::RELATIVE);
            let absolute = guard.absolute.unwrap_or(Guard::ABSOLUTE);
            // Validation has seen to both.
            Against::Control(Margin::new(relative, absolute).unwrap_or(Margin::DEFAULT))
        }
    };
    Rules {
        level: Level::new(guard.level()).unwrap_or(Level::DEFAULT),
        against,
        least_failed: u64::from(guard.least_failed.unwrap_or(Guard::LEAST_FAILED)),
        least_instances: guard.least_instances.unwrap_or(Guard::LEAST_INSTANCES),
        ..Rules::DEFAULT
    }
}

/// What a guard sees of one bucket: the parts of all replicas. `failing` are the instances that it has seen fail, and are to
/// be handed on from bucket to bucket.
pub fn seen<'a>(
    watch: &Watch,
    slow: &Slow,
    parts: impl IntoIterator<Item = &'a FlagMinute>,
    failing: &mut Vec<Told>,
) -> Seen {
    let mut cells: Vec<&Cell> =
        parts.into_iter().flat_map(|part| &part.cells).filter(|cell| counts(watch, cell)).collect();
    if watch.guard.prometheus.is_some() {
        // Where two replicas both took themselves for the one that asks, both had the same answer.
        let mut known = BTreeSet::new();
        cells.retain(|cell| known.insert(cell.variant.as_str()));
    }
    let limit = slow.limit();
    let arm = |variant: &str| {
        let cells = cells.iter().filter(|cell| cell.variant == variant);
        let (units, failed) = cells.fold((0_u64, 0_u64), |(units, failed), cell| {
            let (more, worse) = counted(&watch.guard, limit, cell);
            (units.saturating_add(more), failed.saturating_add(worse))
        });
        Counts::new(units.min(1 << 53), failed.min(units).min(1 << 53)).unwrap_or(Counts::NONE)
    };
    let treatment = arm(watch.guard.variant.as_str());
    let control = watch.against.as_deref().map(arm).unwrap_or(Counts::NONE);
    for cell in cells.iter().filter(|cell| cell.variant == watch.guard.variant.as_str()) {
        for told in cell.told.iter().filter(|told| failed(&watch.guard, limit, cell, told)) {
            remember(failing, Told { failed: true, ..told.clone() });
        }
    }
    Seen { bucket: Bucket { treatment, control }, instances: u32::try_from(failing.len()).unwrap_or(u32::MAX) }
}

pub(super) fn counts(watch: &Watch, cell: &Cell) -> bool {
    let guard = &watch.guard;
    if let Some(counters) = &guard.prometheus {
        return matches!(&cell.counted, Counted::Counters(id) if *id == counters_id(counters));
    }
    let is_metric = match &cell.counted {
        Counted::Units(_) | Counted::Counters(_) => false,
        Counted::Exposures => guard.is_per_exposure(),
        Counted::Outcomes => guard.metric() == Guard::OUTCOMES,
        Counted::Named(name) => guard.metric() != Guard::OUTCOMES && name == guard.metric(),
    };
    is_metric && (cell.kind != ClientKind::Browser || guard.counts_browsers())
}

/// Units and failures that a cell adds.
fn counted(guard: &Guard, limit: Option<u32>, cell: &Cell) -> (u64, u64) {
    match (limit, &cell.counted) {
        (Some(limit), _) => {
            let slow = cell.latency.iter().filter(|(index, _)| *index > limit);
            let all = cell.latency.iter().fold(0, |sum: u64, (_, count)| sum.saturating_add(*count));
            (all, slow.fold(0, |sum: u64, (_, count)| sum.saturating_add(*count)))
        }
        (None, Counted::Exposures) => (cell.units, 0),
        (None, Counted::Named(_)) if guard.is_per_exposure() => (0, cell.units),
        (None, _) => (cell.units, cell.failed),
    }
}

fn failed(guard: &Guard, limit: Option<u32>, cell: &Cell, told: &Told) -> bool {
    match (limit, &cell.counted) {
        (Some(limit), _) => told.slowest > limit,
        (None, Counted::Exposures) => false,
        (None, Counted::Named(_)) if guard.is_per_exposure() => true,
        (None, _) => told.failed,
    }
}
