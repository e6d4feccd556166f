//! Flags that give every context one and the same variant.

use super::Stop;
use super::decide::Space;
use super::domain::Side;
use super::report::Options;
use super::work::Work;
use crate::cone::Indexed;
use downhaul_core::document::{Flag, FlagSet};
use downhaul_core::ids::{FlagKey, VariantKey};
use std::collections::{BTreeMap, BTreeSet};

/// Of the flags that are wanted, those of which it is proved that every context is given the same variant, and that variant.
///
/// Kills are left aside: they come and go. A flag that is too much work by `options`, or of which it cannot be proved, is
/// not among them.
pub fn sole_variants(
    document: &FlagSet,
    is_wanted: impl Fn(&Flag) -> bool,
    options: &Options,
) -> BTreeMap<FlagKey, VariantKey> {
    let document = FlagSet { kills: Vec::new(), ..document.clone() };
    let indexed = Indexed::new(&document);
    let work = Work::new(options);
    let proved = |flag: &Flag| Some((flag.key.clone(), work.counted(sole_variant(&indexed, flag, &work)).ok()??));
    document.flags.iter().filter(|flag| is_wanted(flag)).filter_map(proved).collect()
}

fn sole_variant(indexed: &Indexed<'_>, flag: &Flag, work: &Work) -> Result<Option<VariantKey>, Stop> {
    let Some(cone) = indexed.cone(flag.key.as_str()) else { return Ok(None) };
    let mut space = Space::of([indexed, indexed], &[(Side::Old, &cone)], work)?;
    let parts = space.decide(Side::Old, flag, super::set::Set::ALL)?;
    let given: BTreeSet<usize> =
        parts.iter().flat_map(|(_, tree)| tree.leaves()).map(|(_, given)| given.variant).collect();
    let keys: BTreeSet<&str> =
        given.iter().filter_map(|variant| space.variants.get(*variant)).map(|variant| variant.key.as_str()).collect();
    let mut of_flag = flag.variants.iter().map(|(key, _)| key).filter(|key| keys.contains(key.as_str()));
    Ok(match (of_flag.next(), of_flag.next()) {
        (Some(only), None) => Some(only.clone()),
        _ => None,
    })
}
