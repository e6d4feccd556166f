use super::is_temporary;
use crate::change::Record;
use crate::command::Command;
use crate::fold::fold_into;
use crate::proposal::Named;
use crate::state::State;
use downhaul_blast::exact::{Options, sole_variants};
use downhaul_core::ids::{FlagKey, VariantKey};
use std::collections::{BTreeMap, BTreeSet};

/// Nodes for one flag: what cannot be proved within them is not said.
const NODES: usize = 20_000;

/// The flags that have given every context one and the same variant from a past state on, through every change since.
///
/// Kills are left aside. Flags that are meant to stay are not among them.
#[derive(Debug, Clone)]
pub struct SoleSince {
    state: State,
    sole: BTreeMap<FlagKey, VariantKey>,
    flags: BTreeSet<FlagKey>,
}

impl SoleSince {
    /// `then` is the state to begin with.
    pub fn new(mut then: State) -> SoleSince {
        then.forget_past();
        let wanted: BTreeSet<FlagKey> =
            then.flag_set.flags.iter().filter(|flag| is_temporary(flag)).map(|flag| flag.key.clone()).collect();
        let sole = of(&then, &wanted);
        let flags = then.flag_set.flags.iter().map(|flag| flag.key.clone()).collect();
        SoleSince { state: then, sole, flags }
    }

    /// Takes the next change.
    pub fn take(&mut self, record: &Record) {
        let command = &record.change().command;
        if self.sole.is_empty() && !command.defines() {
            return;
        }
        let before = self.reached(command);
        fold_into(&mut self.state, record);
        let reached: BTreeSet<FlagKey> = before.union(&self.reached(command)).cloned().collect();
        let reached: BTreeSet<FlagKey> = reached.into_iter().filter(|key| self.sole.contains_key(key)).collect();
        if !reached.is_empty() {
            let now = of(&self.state, &reached);
            self.sole.retain(|key, variant| !reached.contains(key) || now.get(key) == Some(variant));
        }
    }

    /// What each of them gives, and all flags that were there at the beginning.
    pub fn finish(self) -> (BTreeMap<FlagKey, VariantKey>, BTreeSet<FlagKey>) {
        let SoleSince { state, mut sole, flags } = self;
        sole.retain(|key, _| state.flag_set.flag(key.as_str()).is_some_and(is_temporary));
        (sole, flags)
    }

    /// Flags of which a command may decide, or more.
    fn reached(&self, command: &Command) -> BTreeSet<FlagKey> {
        if !command.defines() {
            return BTreeSet::new();
        }
        let mut reached = BTreeSet::new();
        for named in command.names() {
            let Named::Flag(flag) = named else {
                return self.sole.keys().cloned().collect();
            };
            reached.extend(self.state.degrades_with(flag.as_str()).into_iter().cloned());
            reached.insert(flag);
        }
        reached
    }
}

fn of(state: &State, wanted: &BTreeSet<FlagKey>) -> BTreeMap<FlagKey, VariantKey> {
    sole_variants(&state.flag_set, |flag| wanted.contains(&flag.key), &Options { nodes: NODES })
}
