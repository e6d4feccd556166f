//! Experiments that share a salt, as those do of which nobody is to be in two, and overlap.

use super::Stop;
use super::decide::{Given, Space};
use super::difference::{Moved, possible};
use super::domain::Side;
use super::set::Set;
use super::work::Work;
use crate::cone::Indexed;
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::{Flag, FlagKind, Outcome, Split};
use std::collections::BTreeMap;
use std::ops::Range;

/// Pairs of experiments looked at.
const PAIRS: usize = 500;

/// A salt with a bucketing unit.
type Layer<'a> = (&'a str, &'a str);

pub(super) fn overlaps(indexed: &Indexed<'_>, work: &Work) -> Vec<Diagnostic> {
    let mut layers: BTreeMap<Layer<'_>, Vec<usize>> = BTreeMap::new();
    for (index, flag) in indexed.document.flags.iter().enumerate().filter(|(_, flag)| flag.kind == FlagKind::Experiment)
    {
        for layer in splits(flag).map(|(_, split)| (split.salt.as_str(), split.by.as_str())) {
            let of_layer = layers.entry(layer).or_default();
            if of_layer.last() != Some(&index) {
                of_layer.push(index);
            }
        }
    }
    let mut treated: BTreeMap<(Layer<'_>, usize), Vec<Range<u32>>> = BTreeMap::new();
    for (layer, flags) in &layers {
        for flag in flags {
            let buckets = indexed.document.flags.get(*flag).map(|flag| treated_buckets(flag, *layer));
            treated.insert((*layer, *flag), buckets.unwrap_or_default());
        }
    }
    // Where the slices of two share no bucket, nobody is in both.
    let meet = |layer: Layer<'_>, first: usize, second: usize| {
        let (ones, others) = (treated.get(&(layer, first)), treated.get(&(layer, second)));
        let mut pairs =
            ones.into_iter().flatten().flat_map(|one| others.into_iter().flatten().map(move |other| (one, other)));
        pairs.any(|(one, other)| one.start < other.end && other.start < one.end)
    };
    let pairs = layers.iter().flat_map(|(layer, flags)| {
        let meet = &meet;
        flags.iter().enumerate().flat_map(move |(at, second)| {
            let before = flags.iter().take(at).filter(|first| meet(*layer, **first, *second));
            before.map(|first| (*layer, *first, *second))
        })
    });
    let found = pairs.take(PAIRS).filter_map(|(layer, first, second)| {
        // Two flags that are too much work get no warning.
        work.counted(overlap(indexed, layer, [first, second], work)).unwrap_or_default()
    });
    found.collect()
}

/// The buckets of a layer in which a flag's splits give something else than its default.
fn treated_buckets(flag: &Flag, (salt, by): Layer<'_>) -> Vec<Range<u32>> {
    let mut buckets = Vec::new();
    for (_, split) in splits(flag).filter(|(_, split)| split.salt.as_str() == salt && split.by == by) {
        let mut from = 0_u32;
        for slice in &split.slices {
            let to = from.saturating_add(slice.width);
            if slice.variant != flag.default && from < to {
                buckets.push(from..to);
            }
            from = to;
        }
    }
    buckets
}

fn splits(flag: &Flag) -> impl Iterator<Item = (usize, &Split)> {
    flag.rules.iter().enumerate().filter_map(|(number, rule)| match &rule.then {
        Outcome::Split(split) => Some((number, split)),
        Outcome::Serve(_) => None,
    })
}

/// A context that both flags' splits give something else than their defaults.
fn overlap(
    indexed: &Indexed<'_>,
    (salt, by): Layer<'_>,
    [first, second]: [usize; 2],
    work: &Work,
) -> Result<Option<Diagnostic>, Stop> {
    let flags = &indexed.document.flags;
    let Some((one, other)) = flags.get(first).zip(flags.get(second)) else { return Ok(None) };
    let cones: Vec<_> = [one, other].iter().filter_map(|flag| indexed.cone(flag.key.as_str())).collect();
    let sides: Vec<_> = cones.iter().map(|cone| (Side::Old, cone)).collect();
    let mut space = Space::of([indexed, indexed], &sides, work)?;
    let ones = space.decide(Side::Old, one, Set::ALL)?;
    let others = space.decide(Side::Old, other, Set::ALL)?;
    for (set, tree) in &ones {
        for (other_set, other_tree) in &others {
            let both = space.sets.and(*set, *other_set)?;
            if both.is_empty() {
                continue;
            }
            let pairs = tree.with(other_tree, &mut space.fuel, &|a, b| (*a, *b)).ok_or(Stop::TooMuch)?;
            for (runs, (a, b)) in pairs.leaves() {
                let by_layer = runs.iter().any(|run| {
                    space.buckets.get(run.variable).is_some_and(|known| known.salt == salt && known.by == by)
                });
                if !by_layer || !is_treated(&space, one, a) || !is_treated(&space, other, b) {
                    continue;
                }
                let moved = Moved { set: both, runs, from: *a, to: *b };
                if possible(&mut space, both, &moved.runs)?.is_empty() {
                    continue;
                }
                if let Ok(witness) = space.witness(&moved) {
                    let given = |given: &Given| {
                        space.variants.get(given.variant).map(|known| known.key.clone()).unwrap_or_default()
                    };
                    let message = format!(
                        "`{}` and `{}` share the salt `{salt}`, and some are in both: given `{}` by the one and `{}` by the other",
                        other.key,
                        one.key,
                        given(b),
                        given(a)
                    );
                    let at = splits(other).find(|(_, split)| split.salt.as_str() == salt && split.by == by);
                    let at = at.map_or_else(String::new, |(rule, _)| format!("/rules/{rule}/split"));
                    let help = format!(
                        "give them other slices of the same buckets, or another salt each; such as {}",
                        serde_json::to_string(&witness).unwrap_or_default()
                    );
                    let at = format!("/flags/{second}{at}");
                    let found = Diagnostic::warning("overlapping-experiments", at, message).help(help);
                    return Ok(Some(found.related_to(format!("/flags/{first}"))));
                }
            }
        }
    }
    Ok(None)
}

/// Whether a split gives something that the default is not.
fn is_treated(space: &Space<'_>, flag: &Flag, given: &Given) -> bool {
    given.reason == "SPLIT" && space.variants.get(given.variant).is_some_and(|known| known.key != flag.default.as_str())
}
