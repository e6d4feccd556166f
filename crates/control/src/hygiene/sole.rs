use super::is_temporary;
use crate::change::Record;
use crate::command::Command;
use crate::fold::fold_away;
use crate::proposal::Named;
use crate::state::State;
use downhaul_blast::exact::{Options, sole_variants};
use downhaul_core::document::Flag;
use downhaul_core::ids::{FlagKey, VariantKey};
use std::collections::{BTreeMap, BTreeSet};

/// Nodes for one flag: what cannot be proved within them is not said.
const NODES: usize = 20_000;

/// The flags that have given every context one and the same variant from a past state on, through every change since.
///
/// Kills are left aside. Flags that are meant to stay are not among them. Changes are looked at for the sake of flags that
/// give the same at both ends and were touched in between; mostly there is none, and nothing has to be read.
#[derive(Debug, Clone)]
pub struct SoleSince {
    state: State,
    /// Those whose every change is looked at.
    watched: BTreeMap<FlagKey, VariantKey>,
    /// Those of which nothing has changed.
    untouched: BTreeMap<FlagKey, VariantKey>,
    flags: BTreeSet<FlagKey>,
}

impl SoleSince {
    /// `then` is the state to begin with, `now` the one to end with.
    pub fn new(mut then: State, now: &State) -> SoleSince {
        then.forget_past();
        let flags: BTreeSet<FlagKey> = then.flag_set.flags.iter().map(|flag| flag.key.clone()).collect();
        let both = |flag: &&Flag| is_temporary(flag) && now.flag_set.flag(flag.key.as_str()).is_some_and(is_temporary);
        let wanted: BTreeSet<FlagKey> = then.flag_set.flags.iter().filter(both).map(|flag| flag.key.clone()).collect();
        let at_first = of(&then, &wanted);
        let at_last = of(now, &at_first.keys().cloned().collect());
        let same = at_first.into_iter().filter(|(key, variant)| at_last.get(key) == Some(variant));
        let (untouched, watched) = same.partition(|(key, _)| is_untouched(now, key, then.flag_set.revision));
        SoleSince { state: then, watched, untouched, flags }
    }

    /// Whether no change needs to be looked at any more.
    pub fn is_settled(&self) -> bool {
        self.watched.is_empty()
    }

    /// Takes the next change.
    pub fn take(&mut self, record: Record) {
        let command = &record.change().command;
        // Kills, people and policies decide of none of it.
        if self.is_settled() || !command.defines() {
            return;
        }
        let command = command.clone();
        let before = self.reached(&command);
        fold_away(&mut self.state, record);
        let reached: BTreeSet<FlagKey> = before.union(&self.reached(&command)).cloned().collect();
        let reached: BTreeSet<FlagKey> = reached.into_iter().filter(|key| self.watched.contains_key(key)).collect();
        if !reached.is_empty() {
            let now = of(&self.state, &reached);
            self.watched.retain(|key, variant| !reached.contains(key) || now.get(key) == Some(variant));
        }
    }

    /// What each of them gives, and all flags that were there at the beginning.
    pub fn finish(self) -> (BTreeMap<FlagKey, VariantKey>, BTreeSet<FlagKey>) {
        let SoleSince { watched, mut untouched, flags, .. } = self;
        untouched.extend(watched);
        (untouched, flags)
    }

    /// Flags of which a command may decide, or more.
    fn reached(&self, command: &Command) -> BTreeSet<FlagKey> {
        let mut reached = BTreeSet::new();
        for named in command.names() {
            let Named::Flag(flag) = named else {
                return self.watched.keys().cloned().collect();
            };
            reached.extend(self.state.degrades_with(flag.as_str()).into_iter().cloned());
            reached.insert(flag);
        }
        reached
    }
}

/// Whether nothing that decides of a flag was defined after a revision: the flag, what it requires, and where any of these
/// has rules, what rules look at.
fn is_untouched(now: &State, key: &FlagKey, since: u64) -> bool {
    // Without the past it is not known.
    if now.history.is_none() {
        return false;
    }
    let is_older = |named: &Named| now.defined(named).is_none_or(|touch| touch.revision <= since);
    let mut needed = vec![key];
    let mut at = 0;
    while let Some(key) = needed.get(at).copied() {
        at += 1;
        let Some(flag) = now.flag_set.flag(key.as_str()) else { return false };
        let sees_others = !flag.rules.is_empty() && !others_are_older(now, since);
        if sees_others || !is_older(&Named::Flag(key.clone())) {
            return false;
        }
        for prerequisite in &flag.requires {
            if !needed.contains(&&prerequisite.flag) {
                needed.push(&prerequisite.flag);
            }
        }
    }
    true
}

/// Whether no segment, tenant or region was defined, or removed, after a revision.
fn others_are_older(now: &State, since: u64) -> bool {
    let others = now.defined.iter().filter(|(named, _)| !matches!(named, Named::Flag(_)));
    others.into_iter().all(|(_, touch)| touch.revision <= since)
}

fn of(state: &State, wanted: &BTreeSet<FlagKey>) -> BTreeMap<FlagKey, VariantKey> {
    sole_variants(&state.flag_set, |flag| wanted.contains(&flag.key), &Options { nodes: NODES })
}
