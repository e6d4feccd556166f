//! Counts and their evidence, worked out beside this code with fifty digits.
#![expect(clippy::expect_used, reason = "tests")]

use downhaul_guard::{Bucket, Ceiling, Comparison, Counts, Margin, Plan, Ratio};
use std::num::NonZeroU32;

fn counts(units: u64, failed: u64) -> Counts {
    Counts::new(units, failed).expect("counts that can be")
}

fn plan(buckets: u32) -> Plan {
    Plan::new(NonZeroU32::new(buckets).expect("a bucket or more"))
}

fn close(found: f64, expected: f64, what: &str) {
    assert!((found - expected).abs() < 1e-9, "{what}: {found}, expected {expected}");
}

#[test]
fn two_arms() {
    let rare = [(500, 5, 9500, 95), (500, 9, 9500, 90), (480, 12, 9520, 101), (500, 15, 9500, 92)];
    let common = [(300, 60, 300, 55), (310, 75, 290, 60), (0, 0, 300, 50), (300, 120, 300, 60), (300, 110, 310, 70)];
    let bare = [(100, 1, 100, 1), (100, 8, 100, 0), (100, 9, 100, 1)];
    let of = |what: &str, (relative, absolute), buckets, counted: &[(u64, u64, u64, u64)], expected: &[f64]| {
        let margin = Margin::new(relative, absolute).expect("a margin");
        let mut comparison = Comparison::new(margin, plan(buckets));
        for (&(n_t, x_t, n_c, x_c), expected) in counted.iter().zip(expected) {
            comparison.add(&Bucket { treatment: counts(n_t, x_t), control: counts(n_c, x_c) });
            close(comparison.evidence().ln(), *expected, what);
        }
    };
    of(
        "rare failures",
        (1.1, 0.0005),
        60,
        &rare,
        &[-2.065_943_887_036_584, -1.405_025_329_008_334, 0.132_411_896_943_550_3, 3.574_719_061_592_161],
    );
    let expected = [
        -2.655_091_487_322_764,
        -2.268_367_272_289_953,
        -1.308_786_561_377_040_9,
        7.736_564_188_343_049,
        11.705_924_726_616_411,
    ];
    of("common failures, a gap, and longer than planned", (1.1, 0.0), 4, &common, &expected);
    let expected = [-1.054_339_864_551_392, 3.547_676_466_396_094_7, 6.900_524_579_417_571];
    of("no margin", (1.0, 0.0), 2, &bare, &expected);
}

#[test]
fn one_arm_against_an_objective() {
    let mut ceiling = Ceiling::new(0.01, plan(60));
    for (units, failed) in [(500, 5), (500, 14), (400, 12)] {
        ceiling.add(counts(units, failed));
    }
    close(ceiling.most().ln(), 5.409_381_322_984_942, "objective");
}

#[test]
fn sizes_of_arms() {
    let of = |shares: &[f64], units: &[u64]| {
        let mut ratio = Ratio::new(shares).expect("a split");
        ratio.add(units).expect("as many arms");
        ratio
    };
    close(of(&[0.5, 0.5], &[5000, 5600]).evidence().ln(), 14.493_940_784_557_708, "halves");
    let short = of(&[0.05, 0.95], &[400, 9500]);
    close(short.evidence().ln(), 7.912_724_673_179_127, "a small arm that tells too little");
    let (arm, part) = short.shortest().expect("somebody told something");
    assert_eq!((arm, format!("{part:.3}")), (0, "0.808".to_owned()));
    close(of(&[0.1, 0.2, 0.7], &[1000, 2000, 7000]).evidence().ln(), -4.627_847_239_044_968, "as it should be");

    // Stages multiply.
    let mut both = of(&[0.5, 0.5], &[5000, 5600]);
    both.stage(&[0.05, 0.95]).expect("a split");
    both.add(&[400, 9500]).expect("as many arms");
    close(both.evidence().ln(), 14.493_940_784_557_708 + 7.912_724_673_179_127, "two stages");
}
