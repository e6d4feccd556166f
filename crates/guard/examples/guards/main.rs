//! How often a guard cries wolf, and how soon it finds harm, beside what others do:
//! `cargo run --release -p downhaul-guard --example guards`, which is `cargo xtask bench guards`.
#![expect(clippy::expect_used, reason = "a bench")]

mod others;
#[path = "../../tests/simulated/mod.rs"]
mod simulated;

use downhaul_guard::{Bucket, Comparison, Level, Margin, Plan, Ratio};
use others::{Checks, PlainTest};
use simulated::Rollout;
use std::num::NonZeroU32;

const RUNS: u64 = 2000;
const DAY: usize = 1440;

fn main() {
    false_alarms();
    detection();
    late();
    sizes();
}

/// Something that looks at each bucket, and says once that the variant is to be taken back.
trait Watcher {
    fn alarms(&mut self, bucket: &Bucket) -> bool;
}

struct Ours(Comparison, Level);

impl Ours {
    fn new(margin: (f64, f64), level: f64) -> Ours {
        Ours(Comparison::new(checked(margin), plan()), checked_level(level))
    }
}

impl Watcher for Ours {
    fn alarms(&mut self, bucket: &Bucket) -> bool {
        self.0.add(bucket);
        self.0.evidence().reaches(self.1)
    }
}

fn false_alarms() {
    println!(
        "False alarms: {RUNS} rollouts at the border of what the margin allows, looked at in each of {DAY} buckets,"
    );
    println!("the failure rate of control drifting by half of itself. Guard and plain test at a level of 5 %.\n");
    println!(
        "| margin, units in a bucket, share with the variant, failures of control | guard | plain z-test, each bucket | one check failed | five checks failed |"
    );
    println!("|---|---|---|---|---|");
    for (margin, units, share, control) in [
        ((1.0, 0.0), 1000, 0.5, 0.01),
        ((1.0, 0.0), 1000, 0.05, 0.01),
        ((1.1, 0.0), 1000, 0.5, 0.01),
        ((1.1, 0.0005), 1000, 0.5, 0.01),
        ((1.1, 0.0), 5000, 0.01, 0.001),
        ((1.1, 0.0), 1000, 0.5, 0.2),
    ] {
        let (times, more) = margin;
        let rollout = Rollout { units, share, control, drift: 0.5, times, more, onset: 0 };
        let rate = |watcher: &dyn Fn() -> Box<dyn Watcher>| {
            let alarms = (0..RUNS).filter(|seed| {
                let mut watcher = watcher();
                rollout.buckets(*seed, margin).take(DAY).any(|bucket| watcher.alarms(&bucket))
            });
            format!("{:.1} %", alarms.count() as f64 * 100.0 / RUNS as f64)
        };
        println!(
            "| at most {times} times and {more} more, {units}, {} %, {} % | {} | {} | {} | {} |",
            share * 100.0,
            control * 100.0,
            rate(&|| Box::new(Ours::new(margin, 0.05))),
            rate(&|| Box::new(PlainTest::new(margin, 0.05))),
            rate(&|| Box::new(Checks::new(margin, 1))),
            rate(&|| Box::new(Checks::new(margin, 5))),
        );
    }
    println!();
}

fn detection() {
    println!(
        "Detection at a level of 0.1 %, at most 1.1 times the failures of control: median (and 90th percentile) of units"
    );
    println!("with the variant until the alarm, of 400 rollouts; and how many of them had failed.\n");
    println!("| failures of control | times as many | share | units with the variant | failed |");
    println!("|---|---|---|---|---|");
    for (control, times, share) in [
        (0.001, 2.0, 0.05),
        (0.001, 5.0, 0.05),
        (0.001, 20.0, 0.05),
        (0.01, 1.5, 0.05),
        (0.01, 2.0, 0.05),
        (0.01, 2.0, 0.5),
        (0.01, 5.0, 0.05),
        (0.01, 5.0, 0.5),
        (0.01, 20.0, 0.05),
        (0.05, 1.5, 0.05),
        (0.05, 2.0, 0.05),
        (0.05, 2.0, 0.5),
        (0.05, 5.0, 0.05),
    ] {
        // Small buckets, so that the number of units is told finely.
        let units = if share < 0.1 { 200 } else { 40 };
        let rollout = Rollout { units, share, control, drift: 0.0, times, more: 0.0, onset: 0 };
        let mut found: Vec<(u64, u64)> = (0..400)
            .map(|seed| {
                let mut watcher = Ours::new((1.1, 0.0), 0.001);
                let mut told = (0, 0);
                for bucket in rollout.buckets(seed, (1.1, 0.0)).take(200_000) {
                    told = (told.0 + bucket.treatment.units(), told.1 + bucket.treatment.failed());
                    if watcher.alarms(&bucket) {
                        break;
                    }
                }
                told
            })
            .collect();
        found.sort_unstable();
        let at = |part: usize| found.get(found.len() * part / 100).copied().unwrap_or_default();
        let failed = at(50).1;
        println!("| {} % | {times} | {} % | {} ({}) | {failed} |", control * 100.0, share * 100.0, at(50).0, at(90).0);
    }
    println!();
}

fn late() {
    println!(
        "Harm that begins after 600 of {DAY} buckets of 500 units in each arm, 1 % of control failing, level 0.1 %:"
    );
    println!(
        "median of buckets from then until the alarm, of 200 rollouts; beside it the same test without late stakes.\n"
    );
    println!("| times as many failures | guard | one stake at the beginning |");
    println!("|---|---|---|");
    for times in [1.5, 2.0, 5.0] {
        let rollout = Rollout { units: 1000, share: 0.5, control: 0.01, drift: 0.0, times, more: 0.0, onset: 600 };
        let median = |plan: Plan| {
            let mut delays: Vec<usize> = (0..200)
                .map(|seed| {
                    let mut watcher = Ours(Comparison::new(checked((1.1, 0.0)), plan), checked_level(0.001));
                    let mut buckets = rollout.buckets(seed, (1.0, 0.0)).take(4000);
                    buckets.position(|bucket| watcher.alarms(&bucket)).unwrap_or(4000).saturating_sub(600)
                })
                .collect();
            delays.sort_unstable();
            delays.get(100).copied().unwrap_or_default()
        };
        println!("| {times} | {} | {} |", median(plan()), median(Plan::new(NonZeroU32::MIN)));
    }
    println!();
}

fn sizes() {
    println!(
        "An arm that tells too little, level 0.01 %: median of units of both arms until the alarm, of 200 rollouts.\n"
    );
    println!("| share of the arm | tells | units |");
    println!("|---|---|---|");
    for (share, tells) in [(0.5, 0.95), (0.5, 0.9), (0.05, 0.9), (0.05, 0.7)] {
        let shown = share * tells / (share * tells + 1.0 - share);
        let rollout = Rollout { units: 200, share: shown, control: 0.0, drift: 0.0, times: 1.0, more: 0.0, onset: 0 };
        let mut found: Vec<u64> = (0..200)
            .map(|seed| {
                let Ok(mut ratio) = Ratio::new(&[share, 1.0 - share]) else { return 0 };
                let mut units = 0;
                for bucket in rollout.buckets(seed, (1.0, 0.0)).take(10_000) {
                    let arms = [bucket.treatment.units(), bucket.control.units()];
                    units += arms.iter().sum::<u64>();
                    if ratio.add(&arms).is_err() || ratio.most().reaches(checked_level(0.0001)) {
                        break;
                    }
                }
                units
            })
            .collect();
        found.sort_unstable();
        println!("| {} % | {} % | {} |", share * 100.0, tells * 100.0, found.get(100).copied().unwrap_or_default());
    }
}

fn plan() -> Plan {
    Plan::new(NonZeroU32::MIN.saturating_add(DAY as u32 - 1))
}

fn checked((relative, absolute): (f64, f64)) -> Margin {
    Margin::new(relative, absolute).unwrap_or(Margin::DEFAULT)
}

fn checked_level(level: f64) -> Level {
    Level::new(level).unwrap_or(Level::DEFAULT)
}
