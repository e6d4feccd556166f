//! Weights as whole numbers, so that a sum is the same in whatever order it is made.

use crate::population::{Population, Weights};

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
            Weights::Each(_) => Scale::for_total(population.weight()),
        }
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
