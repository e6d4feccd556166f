use super::minutes::{Cell, Counted, Told, remember};
use super::{Acted, FlagMinute};
use crate::heartbeat;
use crate::proposal::Named;
use crate::state::State;
use crate::time;
use downhaul_core::document::{ClientKind, Flag, Guard};
use downhaul_core::ids::FlagKey;
use downhaul_core::seal::digest;
use downhaul_guard::{Against, Bucket, Counts, Level, Margin, Rules, Seen};

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
    flags.flat_map(|flag| flag.guards.iter().map(move |guard| watch(state, flag, guard, now, length))).collect()
}

fn watch(state: &State, flag: &Flag, guard: &Guard, now: u64, length: u64) -> Watch {
    let length = length.max(1);
    let acted = state.guards.get(&(flag.key.clone(), guard.name.clone()));
    let mut since = begun(state, flag);
    let restored = state.kills.values().filter(|kill| kill.kill.flag == flag.key && !heartbeat::is_beat(&kill.kill.id));
    // Times of records have one form, so that texts are ordered as times.
    since = restored.filter_map(|kill| kill.restored.as_ref()).map(|touch| touch.at.clone()).fold(since, Ord::max);
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
        against: guard
            .objective
            .is_none()
            .then(|| guard.against.as_ref().unwrap_or(&flag.degraded.variant).to_string()),
        guard: guard.clone(),
        from: first + windows * WINDOW * length,
        acted: acted.filter(|acted| acted.touch.at > since).cloned(),
        since,
    }
}

/// When the variants of a flag last began to be given as they are; the stages of a rollout are one thing.
fn begun(state: &State, flag: &Flag) -> String {
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
        level: Level::new(guard.level.unwrap_or(Guard::LEVEL)).unwrap_or(Level::DEFAULT),
        against,
        least_failed: u64::from(guard.least_failed.unwrap_or(Guard::LEAST_FAILED)),
        least_instances: guard.least_instances.unwrap_or(Guard::LEAST_INSTANCES),
        ..Rules::DEFAULT
    }
}

/// What a guard sees of one bucket: the parts of all replicas. `failing` are the instances that it has seen fail, and are to
/// be handed on from bucket to bucket.
pub fn seen<'a>(watch: &Watch, parts: impl IntoIterator<Item = &'a FlagMinute>, failing: &mut Vec<Told>) -> Seen {
    let cells: Vec<&Cell> = parts.into_iter().flat_map(|part| &part.cells).filter(|cell| counts(watch, cell)).collect();
    let arm = |variant: &str| {
        let cells = cells.iter().filter(|cell| cell.variant == variant);
        let (units, failed) = cells.fold((0_u64, 0_u64), |(units, failed), cell| {
            let (more, worse) = counted(&watch.guard, cell);
            (units.saturating_add(more), failed.saturating_add(worse))
        });
        Counts::new(units.min(1 << 53), failed.min(units).min(1 << 53)).unwrap_or(Counts::NONE)
    };
    let treatment = arm(watch.guard.variant.as_str());
    let control = watch.against.as_deref().map(arm).unwrap_or(Counts::NONE);
    for cell in cells.iter().filter(|cell| cell.variant == watch.guard.variant.as_str()) {
        for told in cell.told.iter().filter(|told| failed(&watch.guard, cell, told)) {
            remember(failing, Told { failed: true, ..told.clone() });
        }
    }
    Seen { bucket: Bucket { treatment, control }, instances: u32::try_from(failing.len()).unwrap_or(u32::MAX) }
}

fn counts(watch: &Watch, cell: &Cell) -> bool {
    let guard = &watch.guard;
    let is_metric = match &cell.counted {
        Counted::Exposures => guard.is_per_exposure(),
        Counted::Outcomes => guard.metric() == Guard::OUTCOMES,
        Counted::Named(name) => guard.metric() != Guard::OUTCOMES && name == guard.metric(),
    };
    is_metric && (cell.kind != ClientKind::Browser || guard.counts_browsers())
}

/// Units and failures that a cell adds.
fn counted(guard: &Guard, cell: &Cell) -> (u64, u64) {
    match (guard.slower_than_ms, &cell.counted) {
        (Some(limit), _) => {
            let slow = cell.latency.iter().filter(|(index, _)| *index > index_of(limit));
            let all = cell.latency.iter().fold(0, |sum: u64, (_, count)| sum.saturating_add(*count));
            (all, slow.fold(0, |sum: u64, (_, count)| sum.saturating_add(*count)))
        }
        (None, Counted::Exposures) => (cell.units, 0),
        (None, Counted::Named(_)) if guard.is_per_exposure() => (0, cell.units),
        (None, _) => (cell.units, cell.failed),
    }
}

fn failed(guard: &Guard, cell: &Cell, told: &Told) -> bool {
    match (guard.slower_than_ms, &cell.counted) {
        (Some(limit), _) => told.slowest > index_of(limit),
        (None, Counted::Exposures) => false,
        (None, Counted::Named(_)) if guard.is_per_exposure() => true,
        (None, _) => told.failed,
    }
}

/// The index of a time in docs/reference/telemetry.md.
fn index_of(ms: u32) -> u32 {
    let u = u64::from(ms).saturating_mul(1000).clamp(1, u64::from(u32::MAX));
    let highest = u.ilog2();
    if u < 8 {
        u32::try_from(u).unwrap_or(0)
    } else {
        8 * (highest - 3) + u32::try_from(u >> (highest - 3)).unwrap_or(0)
    }
}
