//! What a change of weights promises to the people in the buckets.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use downhaul_core::document::Slice;
use downhaul_core::ids::VariantKey;
use downhaul_core::rebalance::rebalance;
use proptest::prelude::*;
use std::collections::BTreeMap;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];

fn slices(parts: &[(&str, u32)]) -> Vec<Slice> {
    parts.iter().map(|(name, width)| Slice { variant: name.parse().unwrap(), width: *width }).collect()
}

fn parts(slices: &[Slice]) -> Vec<(&str, u32)> {
    slices.iter().map(|slice| (slice.variant.as_str(), slice.width)).collect()
}

fn widths(parts: &[(&str, u32)]) -> Vec<(VariantKey, u32)> {
    parts.iter().map(|(name, width)| (name.parse().unwrap(), *width)).collect()
}

#[test]
fn known_cases() {
    let cases: &[[&[(&str, u32)]; 3]] = &[
        [
            &[("on", 25_000), ("off", 75_000)],
            &[("on", 50_000), ("off", 50_000)],
            &[("on", 25_000), ("off", 50_000), ("on", 25_000)],
        ],
        [&[("on", 25_000), ("off", 50_000), ("on", 25_000)], &[("on", 100_000), ("off", 0)], &[("on", 100_000)]],
        [&[], &[("on", 10)], &[("on", 10)]],
        [&[("on", 10)], &[("on", 0)], &[]],
        [&[("on", 10)], &[("on", 20), ("off", 5)], &[("on", 20), ("off", 5)]],
        [&[("on", 10), ("old", 10)], &[("on", 15)], &[("on", 15)]],
    ];
    for [current, target, expected] in cases {
        assert_eq!(parts(&rebalance(&slices(current), &widths(target))), *expected, "{current:?} -> {target:?}");
    }
}

/// The variant of every bucket, at a scale small enough to write out.
fn buckets(slices: &[Slice]) -> Vec<Option<&str>> {
    let mut buckets = vec![None; 100];
    let all = slices.iter().flat_map(|slice| std::iter::repeat_n(slice.variant.as_str(), slice.width as usize));
    for (bucket, variant) in buckets.iter_mut().zip(all) {
        *bucket = Some(variant);
    }
    buckets
}

/// Slices whose widths sum to at most 100.
fn some_slices() -> impl Strategy<Value = Vec<(&'static str, u32)>> {
    prop::collection::vec((prop::sample::select(&NAMES[..]), 0..40_u32), 0..8).prop_map(|mut parts| {
        let mut left = 100;
        for (_, width) in &mut parts {
            *width = (*width).min(left);
            left -= *width;
        }
        parts
    })
}

proptest! {
    #[test]
    fn exact_and_fewest(current in some_slices(), target in some_slices()) {
        let before = slices(&current);
        let after = rebalance(&before, &widths(&target));

        let sum = |parts: &[(&str, u32)]| {
            let mut sums: BTreeMap<String, u32> = BTreeMap::new();
            for (name, width) in parts.iter().filter(|(_, width)| *width > 0) {
                *sums.entry((*name).to_owned()).or_default() += width;
            }
            sums
        };
        prop_assert_eq!(sum(&parts(&after)), sum(&target));

        // Whatever the order of slices, the covered buckets are the first ones; among these a variant can keep at most the
        // smaller of what it has there and what it is to have.
        let (old, new) = (buckets(&before), buckets(&after));
        let covered: u32 = target.iter().map(|(_, width)| width).sum();
        let stays: usize = NAMES.iter().map(|name| {
            let has = old.iter().take(covered as usize).filter(|variant| **variant == Some(*name)).count();
            let wants = sum(&target).get(*name).copied().unwrap_or_default() as usize;
            has.min(wants)
        }).sum();
        let unmoved = old.iter().zip(&new).take(covered as usize).filter(|(old, new)| old == new).count();
        prop_assert_eq!(unmoved, stays);

        // A ramp takes the variant from no one.
        let total: u32 = current.iter().map(|(_, width)| width).sum();
        if covered >= total {
            for name in NAMES {
                let has = sum(&current).get(name).copied().unwrap_or_default();
                let wants = sum(&target).get(name).copied().unwrap_or_default();
                for (old, new) in old.iter().zip(&new).filter(|(old, _)| wants >= has && **old == Some(name)) {
                    prop_assert_eq!(old, new);
                }
            }
        }
    }
}
