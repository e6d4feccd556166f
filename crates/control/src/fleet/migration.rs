use super::{FIELD, Fleet, Instance, Standing};
use crate::api::{CallCounts, MigrationFleet, MigrationRelease, MigrationTally, PhaseCounts, Position, Trust};
use downhaul_core::document::{ClientKind, Flag};
use downhaul_core::phase::Phase;
use std::collections::BTreeMap;
use std::time::Duration;

/// Most tallies of one instance.
const TALLIES: usize = 64;
/// Largest number that an instance can have counted to: what JavaScript counts exactly.
const MOST: u64 = 1 << 53;

/// What clients have counted of data changes, by flag, phase and trust.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    total: BTreeMap<(String, Phase, Trust), PhaseCounts>,
    /// What has come since it was last asked for.
    news: Vec<Counted>,
}

/// What one acknowledgement has added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    pub flag: String,
    pub added: PhaseCounts,
}

impl Counts {
    /// An instance tells what it has counted since it began, so that a lost or repeated word changes nothing.
    pub(super) fn take(&mut self, trust: Trust, before: &[MigrationTally], now: &[MigrationTally]) {
        for tally in now {
            let same = |other: &&MigrationTally| other.flag == tally.flag && other.phase == tally.phase;
            let Some(added) = added(trust, before.iter().find(same), tally) else { continue };
            let key = (tally.flag.clone(), tally.phase, trust);
            let total = self.total.entry(key).or_insert_with(|| empty(tally.phase, trust));
            add(total, &added);
            self.news.push(Counted { flag: tally.flag.clone(), added });
        }
    }
}

impl Fleet {
    /// What has been counted since this was last asked.
    pub fn newly_counted(&mut self) -> Vec<Counted> {
        std::mem::take(&mut self.counts.news)
    }

    /// What has been counted of a flag, from the first phase on.
    pub fn counts(&self, flag: &str) -> Vec<PhaseCounts> {
        self.counts.total.iter().filter(|((key, ..), _)| key == flag).map(|(_, counts)| counts.clone()).collect()
    }

    /// The clients that a data change concerns. `changed` is the position of the last change of its flag; `age` is for how
    /// long this roster has been kept.
    pub fn migration(&self, flag: &Flag, changed: Position, now: Duration, age: Duration) -> MigrationFleet {
        let mut releases: BTreeMap<(Option<&str>, ClientKind, Option<Phase>), MigrationRelease> = BTreeMap::new();
        for instance in self.instances.values().filter(|instance| flag.clients.contains(&instance.kind)) {
            let said = &instance.said;
            let fallback = own_fallback(instance, flag.key.as_str());
            let key = (said.release.as_deref(), instance.kind, fallback);
            let release = releases.entry(key).or_insert_with(|| MigrationRelease {
                release: said.release.clone(),
                kind: instance.kind,
                fallback,
                instances: 0,
                behind: 0,
                behind_silent: 0,
                needs_old: None,
            });
            release.instances += 1;
            if (said.position.epoch, said.position.revision) < (changed.epoch, changed.revision) {
                release.behind += 1;
                release.behind_silent += usize::from(self.standing(instance, now) != Standing::Live);
            }
        }
        // By then whoever is there has found its way back and said so, or knows itself that it is stale.
        let settles_in = self.limits.stale.saturating_sub(age);
        MigrationFleet {
            settles_in_seconds: (!settles_in.is_zero()).then(|| settles_in.as_secs().max(1)),
            forget_seconds: self.limits.forget.as_secs(),
            releases: releases.into_values().collect(),
        }
    }
}

/// Of several, the one that is furthest back.
fn own_fallback(instance: &Instance, flag: &str) -> Option<Phase> {
    instance.said.migrations.iter().filter(|tally| tally.flag == flag).map(|tally| tally.fallback).min()
}

pub(super) fn are_well_formed(tallies: &[MigrationTally]) -> bool {
    let fits = |calls: &CallCounts| [calls.calls, calls.errors, calls.ms].into_iter().all(|count| count <= MOST);
    tallies.len() <= TALLIES
        && tallies.iter().all(|tally| {
            !tally.flag.is_empty()
                && tally.flag.len() <= FIELD
                && [tally.compared, tally.mismatches, tally.refused].into_iter().all(|count| count <= MOST)
                && [tally.read_old, tally.read_new, tally.write_old, tally.write_new].iter().all(fits)
        })
}

fn empty(phase: Phase, trust: Trust) -> PhaseCounts {
    PhaseCounts {
        phase,
        trust,
        compared: 0,
        mismatches: 0,
        refused: 0,
        read_old: CallCounts::default(),
        read_new: CallCounts::default(),
        write_old: CallCounts::default(),
        write_new: CallCounts::default(),
    }
}

/// `None` where nothing is new. An instance that counts from the start again is taken at its word.
fn added(trust: Trust, before: Option<&MigrationTally>, now: &MigrationTally) -> Option<PhaseCounts> {
    let more = |of: fn(&MigrationTally) -> u64| {
        let (was, is) = (before.map_or(0, of), of(now));
        if is < was { is } else { is - was }
    };
    let calls = |of: fn(&MigrationTally) -> CallCounts| {
        let (was, is) = (before.map(of).unwrap_or_default(), of(now));
        if is.calls < was.calls {
            return is;
        }
        CallCounts {
            calls: is.calls - was.calls,
            errors: is.errors.saturating_sub(was.errors),
            ms: is.ms.saturating_sub(was.ms),
        }
    };
    let added = PhaseCounts {
        phase: now.phase,
        trust,
        compared: more(|tally| tally.compared),
        mismatches: more(|tally| tally.mismatches),
        refused: more(|tally| tally.refused),
        read_old: calls(|tally| tally.read_old),
        read_new: calls(|tally| tally.read_new),
        write_old: calls(|tally| tally.write_old),
        write_new: calls(|tally| tally.write_new),
    };
    (added != empty(now.phase, trust)).then_some(added)
}

fn add(total: &mut PhaseCounts, more: &PhaseCounts) {
    let calls = |total: &mut CallCounts, more: CallCounts| {
        total.calls = total.calls.saturating_add(more.calls);
        total.errors = total.errors.saturating_add(more.errors);
        total.ms = total.ms.saturating_add(more.ms);
    };
    total.compared = total.compared.saturating_add(more.compared);
    total.mismatches = total.mismatches.saturating_add(more.mismatches);
    total.refused = total.refused.saturating_add(more.refused);
    calls(&mut total.read_old, more.read_old);
    calls(&mut total.read_new, more.read_new);
    calls(&mut total.write_old, more.write_old);
    calls(&mut total.write_new, more.write_new);
}
