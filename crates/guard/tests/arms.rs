//! Whether arms are as large as they should be, where several instances count the same units.
#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "tests")]

use downhaul_guard::{Arms, Evidence, Level, Stage};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

fn level(level: f64) -> Level {
    Level::new(level).expect("a level")
}

fn stage(on: f64) -> Stage {
    Stage { arms: vec!["off".to_owned(), "on".to_owned()], shares: vec![1.0 - on, on] }
}

/// Users who come again and again to whichever of the instances; of those with the variant `heard` are heard of.
/// Gives after which stage the alarm came.
fn rolled_out(seed: u64, level: Level, instances: usize, users: usize, heard: f64) -> Option<usize> {
    let mut dice = StdRng::seed_from_u64(seed);
    let lots: Vec<f64> = (0..users).map(|_| dice.random_range(0.0..1.0)).collect();
    let is_heard: Vec<bool> = (0..users).map(|_| dice.random_bool(heard)).collect();
    let mut known = vec![vec![false; users]; instances];
    let mut arms = Arms::new(level);
    for (at, share) in [0.05, 0.25, 0.5].into_iter().enumerate() {
        arms.stage(stage(share)).expect("a split");
        for _ in 0..40 {
            let mut told = vec![[0_u64; 2]; instances];
            for _ in 0..users / 10 {
                let (user, instance) = (dice.random_range(0..users), dice.random_range(0..instances));
                let is_on = lots[user] < share;
                if !known[instance][user] && (!is_on || is_heard[user]) {
                    known[instance][user] = true;
                    told[instance][usize::from(is_on)] += 1;
                }
            }
            for (instance, units) in told.iter().enumerate() {
                arms.add(instance, units);
            }
            if arms.is_mismatched() {
                return Some(at);
            }
        }
    }
    None
}

#[test]
fn users_whom_every_instance_sees_raise_no_false_alarm() {
    let runs = 200;
    let alarms = (0..runs).filter(|seed| rolled_out(*seed, level(0.05), 5, 1000, 1.0).is_some()).count();
    // At most the level; three standard deviations of 200 runs are 9.
    assert!(alarms <= 10 + 9, "{alarms} of {runs}");
    // Added up, the same counts are worth five times what they are, and the promise is gone.
    let alone = (0..100).filter(|seed| added_up(*seed)).count();
    assert!(alone > 20, "{alone} of 100: the test would not notice");
}

/// As [`rolled_out`], in one stage and with all counts as if one instance had told them.
fn added_up(seed: u64) -> bool {
    let mut dice = StdRng::seed_from_u64(seed);
    let on = (0..2000).filter(|_| dice.random_bool(0.5)).count() as u64;
    let mut arms = Arms::new(level(0.05));
    arms.stage(stage(0.5)).expect("a split");
    arms.add(0, &[(2000 - on) * 20, on * 20]);
    arms.is_mismatched()
}

#[test]
fn an_arm_that_is_not_heard_of_is_found() {
    // Half of those with the variant crash before anything is told.
    for seed in 0..5 {
        assert!(rolled_out(seed, level(0.0001), 3, 20_000, 0.5).is_some(), "seed {seed}");
    }
}

#[test]
fn what_was_told_is_said_again_from_the_record() {
    let mut arms = Arms::new(level(0.0001));
    arms.add(0, &[1, 1]);
    assert_eq!((arms.instances.len(), arms.told()), (0, None), "nobody knows what it should be");
    arms.stage(stage(0.05)).expect("a split");
    arms.stage(stage(0.05)).expect("the same");
    arms.add(1, &[9500, 10]);
    arms.add(70, &[1, 1]);
    arms.add(0, &[1, 2, 3]);
    arms.stage(stage(0.25)).expect("a split");
    assert_eq!((arms.stages.len(), arms.instances.len()), (2, 2));
    assert!(arms.is_mismatched());
    let short = arms.shortest().expect("an arm");
    assert_eq!((short.arm, short.units, short.all), ("on", 10, 9510));
    let again: Arms = serde_json::from_str(&serde_json::to_string(&arms).expect("JSON")).expect("a record");
    assert_eq!((&again, again.check()), (&arms, Ok(())));
    assert!((again.evidence().ln() - arms.evidence().ln()).abs() < 1e-12);
    for wrong in [
        r#"{"level":0.0001,"stages":[{"arms":["a","b"],"shares":[0.5,0.6]}],"instances":[]}"#,
        r#"{"level":0.0001,"stages":[{"arms":["a"],"shares":[0.5,0.5]}],"instances":[]}"#,
        r#"{"level":0.0001,"stages":[{"arms":["a","b"],"shares":[0.5,0.5]}],"instances":[[[1,2,3]]]}"#,
        r#"{"level":0.0001,"stages":[],"instances":[[[1,2]]]}"#,
    ] {
        let arms: Arms = serde_json::from_str(wrong).expect("a record");
        assert!(arms.check().is_err(), "{wrong}");
    }
    assert_eq!(Arms::new(level(0.0001)).evidence().ln(), 0.0);
    assert!(Arms::new(level(0.0001)).evidence() > Evidence::NONE);
}
