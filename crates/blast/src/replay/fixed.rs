//! Weights as whole numbers, so that a sum is the same in whatever order it is made.

use crate::population::{Population, Weights};
use serde::{Deserialize, Serialize};

/// How much of a unit 1 stands for: a power of two, so small that all weights together stay below 2^63.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    /// What a weight is multiplied with.
    up: f64,
    down: f64,
}

/// Bits that the sum of all weights may take; what rounding adds leaves one more.
const BITS: i32 = 61;

impl Scale {
    pub(super) fn of(population: &Population) -> Self {
        match population.weights() {
            // Whole already.
            Weights::Even => Scale { up: 1.0, down: 1.0 },
            Weights::Each(weights) => {
                let mut total = TotalWeight::default();
                weights.iter().for_each(|weight| total.add(*weight));
                Scale::for_total(total.sum())
            }
        }
    }

    /// `None` where each row weighs 1.
    pub(super) fn of_total(total: Option<f64>) -> Self {
        total.map_or(Scale { up: 1.0, down: 1.0 }, Scale::for_total)
    }

    fn for_total(total: f64) -> Self {
        // 2^above is greater than the total. Of what is smaller than any usual number only the first digits count.
        let above = if total > 0.0 { exponent(total) + 1 } else { 0 };
        let shift = (BITS - above).clamp(-1000, 1000);
        Scale { up: power_of_two(shift), down: power_of_two(-shift) }
    }

    pub(super) fn fixed(self, weight: f64) -> u64 {
        // Weights are finite and not negative, so this rounds, and never to more than the total.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 2^63 and not negative")]
        let fixed = (weight * self.up + 0.5) as u64;
        fixed
    }

    pub(super) fn weight(self, sum: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a double is what is asked for")]
        let sum = sum as f64;
        sum * self.down
    }
}

/// The sum of weights: the same whatever the order in which they are added, as in pieces that are added up apart.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TotalWeight {
    /// By exponent, as it is stored, the sum of what it is the exponent of.
    mantissas: Vec<u128>,
}

impl TotalWeight {
    /// Adds a weight: finite and not negative.
    pub fn add(&mut self, weight: f64) {
        let bits = weight.to_bits();
        let stored = (bits >> MANTISSA_BITS) as usize & 0x7FF;
        // What is smaller than any usual number lacks the leading 1, and has the exponent of the smallest.
        let leading = if stored == 0 { 0 } else { 1 << MANTISSA_BITS };
        let mantissa = bits & ((1 << MANTISSA_BITS) - 1) | leading;
        self.add_at(stored.max(1), u128::from(mantissa));
    }

    /// Adds what was added up apart.
    pub fn merge(&mut self, other: &TotalWeight) {
        for (exponent, sum) in other.mantissas.iter().enumerate().filter(|(_, sum)| **sum > 0) {
            self.add_at(exponent, *sum);
        }
    }

    fn add_at(&mut self, exponent: usize, sum: u128) {
        if self.mantissas.len() <= exponent {
            self.mantissas.resize(exponent + 1, 0);
        }
        if let Some(mantissa) = self.mantissas.get_mut(exponent) {
            *mantissa = mantissa.saturating_add(sum);
        }
    }

    /// Infinite where it is more than a number can hold.
    pub fn sum(&self) -> f64 {
        // From the smallest on, so that these are not lost; in two steps, as no double holds the smallest power of two.
        let part = |(exponent, sum): (i32, &u128)| {
            #[expect(clippy::cast_precision_loss, reason = "a double is what is asked for")]
            let sum = *sum as f64;
            let exponent = exponent - 1023 - MANTISSA_BITS;
            sum * power_of_two(exponent / 2) * power_of_two(exponent - exponent / 2)
        };
        (0i32..).zip(&self.mantissas).filter(|(_, sum)| **sum > 0).map(part).fold(0.0, |sum, part| sum + part)
    }
}

const MANTISSA_BITS: i32 = 52;

/// The exponent of a positive double, as it is stored.
fn exponent(value: f64) -> i32 {
    let biased = (value.to_bits() >> 52) as i32;
    biased - 1023
}

/// Exact; the exponent lies between -1000 and 1000.
fn power_of_two(exponent: i32) -> f64 {
    let biased = u64::try_from(exponent + 1023).unwrap_or(0);
    f64::from_bits(biased << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_do_not_depend_on_their_order() {
        let weights: Vec<f64> = (1..10_000).map(|n| 1.0 / f64::from(n)).collect();
        let scale = Scale::for_total(weights.iter().sum());
        let forth: u64 = weights.iter().map(|weight| scale.fixed(*weight)).sum();
        let back: u64 = weights.iter().rev().map(|weight| scale.fixed(*weight)).sum();
        assert_eq!(forth, back);
        assert!((scale.weight(forth) - weights.iter().sum::<f64>()).abs() < 1e-12);
    }

    #[test]
    fn the_total_does_not_depend_on_the_order_either() {
        // Added one after another, ten times 0.1 is less than 1.
        let weights: Vec<f64> =
            (1..10_000).map(|n| 1.0 / f64::from(n)).chain([0.1; 10]).chain([1e-300, 5e-324]).collect();
        let total = |weights: &mut dyn Iterator<Item = &f64>| {
            let mut total = TotalWeight::default();
            weights.for_each(|weight| total.add(*weight));
            total
        };
        let whole = total(&mut weights.iter());
        assert_eq!(whole, total(&mut weights.iter().rev()));
        let (one, other) = weights.split_at(777);
        let mut merged = total(&mut one.iter());
        merged.merge(&total(&mut other.iter()));
        assert_eq!(merged, whole);
        assert!((whole.sum() - weights.iter().sum::<f64>()).abs() < 1e-9);
        let text = serde_json::to_string(&whole).unwrap();
        assert_eq!(serde_json::from_str::<TotalWeight>(&text).unwrap(), whole);
        for weight in [0.0, 5e-324, f64::MIN_POSITIVE, 1.0, 0.1, f64::MAX] {
            assert_eq!(total(&mut [weight].iter()).sum().to_bits(), weight.to_bits(), "{weight}");
        }
        assert_eq!(total(&mut [f64::MAX, f64::MAX].iter()).sum(), f64::INFINITY);
    }

    #[test]
    fn weights_come_back() {
        for weight in [1.0, 0.1, 20.44553, 1e-280, 1e300, f64::MAX, 3.0] {
            let scale = Scale::for_total(weight);
            let back = scale.weight(scale.fixed(weight));
            assert!((back - weight).abs() <= weight * 1e-15, "{weight} {back}");
        }
        for total in [0.0, f64::MIN_POSITIVE, 5e-324] {
            let scale = Scale::for_total(total);
            assert!(scale.weight(scale.fixed(total)) <= f64::MIN_POSITIVE);
        }
    }

    #[test]
    fn the_total_fits() {
        for total in [1.0, 1.5, 1.999_999_999, 2.0, 1e18, 7e-7] {
            assert!(Scale::for_total(total).fixed(total) <= 1 << BITS, "{total}");
        }
    }
}
