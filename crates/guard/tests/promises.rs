//! The promise: a harmless variant is ever taken for harmful with at most the level's probability, however often one looks.
#![expect(clippy::expect_used, reason = "tests")]

mod simulated;

use downhaul_guard::{Bucket, Comparison, Counts, Guard, Latency, Level, Margin, Plan, Ratio, Rules, Seen};
use proptest::prelude::*;
use simulated::Rollout;
use std::num::NonZeroU32;

const RUNS: u64 = 2000;
const BUCKETS: usize = 120;

fn plan() -> Plan {
    Plan::new(NonZeroU32::MIN.saturating_add(BUCKETS as u32 - 1))
}

/// At most this many of the runs, but for three standard deviations.
fn at_most(alarms: u64, level: f64, what: &str) {
    let runs = RUNS as f64;
    let bound = runs * level + 3.0 * (runs * level * (1.0 - level)).sqrt();
    assert!(alarms as f64 <= bound, "{what}: {alarms} false alarms in {RUNS}, with {bound:.0} allowed");
}

#[test]
fn at_the_border_of_harm_false_alarms_stay_within_the_level() {
    let level = Level::new(0.05).expect("a level");
    for (what, margin, units, share, control) in [
        ("no margin, halves", (1.0, 0.0), 1000, 0.5, 0.01),
        ("no margin, a small arm", (1.0, 0.0), 4000, 0.05, 0.01),
        ("both margins", (1.1, 0.0005), 1000, 0.5, 0.01),
        ("rare failures", (1.1, 0.0), 4000, 0.01, 0.001),
        ("common failures", (1.1, 0.0), 400, 0.5, 0.2),
    ] {
        let (relative, absolute) = margin;
        let rollout = Rollout { units, share, control, drift: 0.5, times: relative, more: absolute, onset: 0 };
        let mut alarms = 0;
        for seed in 0..RUNS {
            let mut comparison = Comparison::new(Margin::new(relative, absolute).expect("a margin"), plan());
            rollout.buckets(seed, margin).take(BUCKETS).for_each(|bucket| comparison.add(&bucket));
            alarms += u64::from(comparison.most().reaches(level));
        }
        at_most(alarms, 0.05, what);
    }
}

#[test]
fn at_the_border_of_harm_nobody_is_called_harmless_beyond_the_level() {
    let level = Level::new(0.05).expect("a level");
    let rollout = Rollout { units: 4000, share: 0.5, control: 0.02, drift: 0.5, times: 1.2, more: 0.0, onset: 0 };
    let mut shown = 0;
    for seed in 0..RUNS {
        let mut comparison = Comparison::new(Margin::new(1.2, 0.0).expect("a margin"), plan());
        rollout.buckets(seed, (1.2, 0.0)).take(BUCKETS).for_each(|bucket| comparison.add(&bucket));
        shown += u64::from(comparison.most_harmless().reaches(level));
    }
    at_most(shown, 0.05, "called harmless");
}

#[test]
fn slower_by_what_is_allowed_is_no_alarm() {
    let margins = [1.05, 1.1, 1.1].map(|relative| Margin::new(relative, 0.0).expect("a margin"));
    let level = Level::new(0.05).expect("a level");
    let mut alarms = 0;
    for seed in 0..RUNS {
        // Three counts of the same requests: who is slower than p99 is slower than p50.
        let rollout =
            |control, times| Rollout { units: 400, share: 0.5, control, drift: 0.0, times, more: 0.0, onset: 0 };
        let of = |control, times: f64| rollout(control, times).buckets(seed, (times, 0.0)).take(60);
        let mut latency = Latency::new(margins, plan());
        for ((half, tenth), hundredth) in of(0.5, 1.05).zip(of(0.1, 1.1)).zip(of(0.01, 1.1)) {
            latency.add(&[half, tenth, hundredth]);
        }
        alarms += u64::from(latency.most().reaches(level));
    }
    at_most(alarms, 0.05, "latency");
}

#[test]
fn arms_of_the_right_size_are_no_mismatch_over_stages() {
    let level = Level::new(0.01).expect("a level");
    let mut alarms = 0;
    for seed in 0..RUNS {
        let of = |share| Rollout { units: 500, share, control: 0.0, drift: 0.0, times: 1.0, more: 0.0, onset: 0 };
        let mut ratio = Ratio::new(&[0.05, 0.95]).expect("a split");
        for share in [0.05, 0.5] {
            ratio.stage(&[share, 1.0 - share]).expect("a split");
            for bucket in of(share).buckets(seed, (1.0, 0.0)).take(60) {
                ratio.add(&[bucket.treatment.units(), bucket.control.units()]).expect("two arms");
            }
        }
        alarms += u64::from(ratio.most().reaches(level));
    }
    at_most(alarms, 0.01, "sizes");
}

#[test]
fn harm_is_found_and_found_late_as_well() {
    let find = |onset| {
        let rollout = Rollout { units: 4000, share: 0.05, control: 0.01, drift: 0.5, times: 5.0, more: 0.0, onset };
        (0..200).all(|seed| {
            let mut comparison = Comparison::new(Margin::DEFAULT, plan());
            let mut buckets = rollout.buckets(seed, (1.0, 0.0)).take(onset + 20);
            buckets.any(|bucket| {
                comparison.add(&bucket);
                comparison.evidence().reaches(Level::DEFAULT)
            })
        })
    };
    assert!(find(0), "harm from the beginning");
    assert!(find(90), "harm after three quarters of the rollout");
}

fn bucket() -> impl Strategy<Value = Bucket> {
    let arm = || (0u64..2000).prop_flat_map(|units| (Just(units), 0..=units));
    (arm(), arm()).prop_map(|((n_t, x_t), (n_c, x_c))| {
        let counts = |units, failed| Counts::new(units, failed).expect("counts that can be");
        Bucket { treatment: counts(n_t, x_t), control: counts(n_c, x_c) }
    })
}

fn evidence(buckets: &[Bucket]) -> f64 {
    let mut comparison = Comparison::new(Margin::DEFAULT, plan());
    buckets.iter().for_each(|bucket| comparison.add(bucket));
    comparison.evidence().ln()
}

#[test]
fn where_control_fails_nearly_always_nothing_is_shown() {
    let bucket = |treatment, control| {
        let counts = |(units, failed)| Counts::new(units, failed).expect("counts that can be");
        Bucket { treatment: counts(treatment), control: counts(control) }
    };
    // Ten per cent more than 91 of 100 is everybody.
    let seen = [bucket((0, 0), (200, 183)), bucket((100, 100), (100, 91)), bucket((100, 100), (100, 91))];
    assert!(evidence(&seen) < 0.0);
}

proptest! {
    #[test]
    fn one_more_treated_failure_never_lowers_the_evidence(mut buckets in prop::collection::vec(bucket(), 1..8)) {
        let before = evidence(&buckets);
        // In the last bucket: an earlier one also moves the guess of later ones.
        let last = buckets.last_mut().expect("a bucket");
        let more = last.treatment;
        prop_assume!(more.failed() < more.units());
        last.treatment = Counts::new(more.units(), more.failed() + 1).expect("counts that can be");
        prop_assert!(evidence(&buckets) >= before - 1e-9);
    }

    #[test]
    fn one_more_failure_of_control_never_raises_it(mut buckets in prop::collection::vec(bucket(), 1..8)) {
        let before = evidence(&buckets);
        let last = buckets.last_mut().expect("a bucket");
        let more = last.control;
        prop_assume!(more.failed() < more.units());
        last.control = Counts::new(more.units(), more.failed() + 1).expect("counts that can be");
        prop_assert!(evidence(&buckets) <= before + 1e-9);
    }

    #[test]
    fn evidence_is_a_number_and_harm_is_latched(buckets in prop::collection::vec(bucket(), 1..30)) {
        let mut guard = Guard::new(Rules { least_instances: 1, ..Rules::DEFAULT });
        let mut was = false;
        for bucket in buckets {
            let standing = guard.look(&Seen { bucket, instances: 1 });
            let is = matches!(standing, downhaul_guard::Standing::Harmful | downhaul_guard::Standing::Crashing);
            prop_assert!(is || !was);
            was = is;
            prop_assert!(!guard.evidence().ln().is_nan());
        }
    }
}
