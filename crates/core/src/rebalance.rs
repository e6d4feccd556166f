//! New widths for a split that move as few people as possible.

use crate::document::Slice;
use crate::ids::VariantKey;
use std::collections::BTreeMap;

/// Slices with the target widths, in which as few buckets as possible change their variant.
///
/// Slices lie one after another, so it is the last buckets that are uncovered, and where the widths sum to less than before
/// the last ones lose their variant whatever is done.
/// Otherwise a variant whose width does not shrink keeps every bucket that it has: a ramp never takes it from anyone.
/// A variant that `target` lists twice gets both widths; one that it does not list gets none.
pub fn rebalance(current: &[Slice], target: &[(VariantKey, u32)]) -> Vec<Slice> {
    let mut wanted: Vec<(&VariantKey, u64)> = Vec::new();
    for (variant, width) in target {
        match wanted.iter_mut().find(|(each, _)| *each == variant) {
            Some((_, sum)) => *sum += u64::from(*width),
            None => wanted.push((variant, u64::from(*width))),
        }
    }
    let total = wanted.iter().map(|(_, width)| width).sum();
    let mut missing: BTreeMap<&VariantKey, u64> = wanted.iter().copied().collect();
    let runs = keep(current, total, &mut missing);
    let lacking = wanted.iter().map(|(variant, _)| (*variant, missing.get(variant).copied().unwrap_or_default()));
    fill(&runs, lacking)
}

/// Buckets that lie together: kept by a variant, or free.
type Run<'a> = (Option<&'a VariantKey>, u64);

/// Cuts `current` to the buckets below `total` and lets each variant keep up to what is `missing` of it, from its first
/// bucket on; what it keeps is not missing any more.
fn keep<'a>(current: &'a [Slice], total: u64, missing: &mut BTreeMap<&VariantKey, u64>) -> Vec<Run<'a>> {
    let mut left = total;
    let mut runs = Vec::with_capacity(2 * current.len() + 1);
    for slice in current {
        let width = u64::from(slice.width).min(left);
        left -= width;
        let wanted = missing.get_mut(&slice.variant);
        let kept = wanted.as_ref().map_or(0, |wanted| (**wanted).min(width));
        if let Some(wanted) = wanted {
            *wanted -= kept;
        }
        runs.push((Some(&slice.variant), kept));
        runs.push((None, width - kept));
    }
    runs.push((None, left));
    runs
}

/// Gives the free buckets to those that lack some; both are equally many.
fn fill<'a>(runs: &[Run<'a>], lacking: impl Iterator<Item = (&'a VariantKey, u64)>) -> Vec<Slice> {
    let mut lacking = lacking.filter(|(_, width)| *width > 0);
    let mut next = lacking.next();
    let mut slices = Vec::new();
    for (variant, width) in runs {
        if let Some(variant) = variant {
            push(&mut slices, variant, *width);
            continue;
        }
        let mut free = *width;
        while let Some((variant, width)) = next.filter(|_| free > 0) {
            let given = width.min(free);
            push(&mut slices, variant, given);
            free -= given;
            next = if width > given { Some((variant, width - given)) } else { lacking.next() };
        }
    }
    slices
}

fn push(slices: &mut Vec<Slice>, variant: &VariantKey, width: u64) {
    if width == 0 {
        return;
    }
    let width = u32::try_from(width).unwrap_or(u32::MAX);
    match slices.last_mut() {
        Some(last) if last.variant == *variant => last.width = last.width.saturating_add(width),
        _ => slices.push(Slice { variant: variant.clone(), width }),
    }
}
