//! What a change reaches: the flags of which something that can decide is not what it was.

use crate::cone::Indexed;
use downhaul_core::document::{Flag, FlagSet};
use downhaul_core::ids::FlagKey;
use std::collections::BTreeSet;

/// A flag, and all that can decide of it on either side: the flag, those that it requires, their segments and kills, and
/// what of tenants and regions these look at. A side that lacks the flag is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct Reached {
    pub flag: FlagKey,
    pub before: Option<FlagSet>,
    pub after: Option<FlagSet>,
}

/// The flags that a change reaches, by key: those of whom not every part is what it was, whether or not anyone is given
/// anything else.
pub fn reached(before: &FlagSet, after: &FlagSet) -> Vec<Reached> {
    let sides = [Indexed::new(before), Indexed::new(after)];
    let keys: BTreeSet<&FlagKey> = before.flags.iter().chain(&after.flags).map(|flag| &flag.key).collect();
    let reached = keys.into_iter().filter_map(|key| {
        let cones = sides.each_ref().map(|side| side.cone(key.as_str()));
        if let [Some(was), Some(is)] = &cones
            && was.is_same_as(is)
        {
            return None;
        }
        let [before, after] = cones.map(|cone| cone.map(|cone| cone.to_document()));
        (before != after).then(|| Reached { flag: key.clone(), before, after })
    });
    reached.collect()
}

impl Reached {
    /// The flag itself, before and after.
    pub fn flags(&self) -> impl Iterator<Item = &Flag> {
        [&self.before, &self.after].into_iter().flatten().filter_map(|side| side.flag(self.flag.as_str()))
    }

    /// Whether it is critical on either side.
    pub fn is_critical(&self) -> bool {
        self.flags().any(|flag| flag.critical)
    }
}
