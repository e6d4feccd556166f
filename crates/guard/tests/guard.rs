//! What a guard says, and when.
#![expect(clippy::expect_used, reason = "tests")]

use downhaul_guard::{
    Against, Counts, Evidence, Guard, Level, Margin, NotAMargin, NotCounts, NotRules, NotShares, Ratio, Record, Rules,
    Seen, Standing,
};
use std::num::NonZeroU32;

fn seen(treatment: (u64, u64), control: (u64, u64), instances: u32) -> Seen {
    let counts = |(units, failed)| Counts::new(units, failed).expect("counts that can be");
    let bucket = downhaul_guard::Bucket { treatment: counts(treatment), control: counts(control) };
    Seen { bucket, instances }
}

fn after(rules: Rules, looks: &[Seen]) -> Guard {
    Record { rules, seen: looks.to_vec() }.replay()
}

#[test]
fn a_harmful_variant_is_harmful_for_good() {
    let mut guard = Guard::new(Rules::DEFAULT);
    assert_eq!(guard.look(&seen((200, 2), (3800, 38), 1)), Standing::Watching);
    assert_eq!(guard.look(&seen((200, 30), (3800, 38), 3)), Standing::Harmful);
    for _ in 0..50 {
        assert_eq!(guard.look(&seen((200, 0), (3800, 38), 3)), Standing::Harmful);
    }
    assert!(guard.evidence().reaches(Level::DEFAULT));
}

#[test]
fn one_instance_or_few_failures_are_only_suspected() {
    let bad = seen((200, 30), (3800, 38), 1);
    let suspecting = Standing::Suspecting { failed: 30, instances: 1 };
    assert_eq!(after(Rules::DEFAULT, &[bad]).standing(), suspecting);
    // Another instance tells of it later, with no further failure: what was shown before counts.
    let mut guard = after(Rules::DEFAULT, &[bad]);
    assert_eq!(guard.look(&seen((200, 2), (3800, 38), 2)), Standing::Harmful);

    let rules = Rules { least_failed: 31, least_instances: 1, ..Rules::DEFAULT };
    assert_eq!(after(rules, &[bad]).standing(), Standing::Suspecting { failed: 30, instances: 1 });
}

#[test]
fn silence_of_either_arm_blinds_and_shows_nothing() {
    let good = seen((200, 2), (3800, 38), 1);
    for silent in [seen((0, 0), (3800, 38), 1), seen((200, 2), (0, 0), 1), Seen::default()] {
        let mut guard = after(Rules::DEFAULT, &[good, silent, silent]);
        assert_eq!(guard.standing(), Standing::Watching);
        assert_eq!(guard.look(&silent), Standing::Blind { buckets: 3 });
        assert_eq!(guard.look(&good), Standing::Watching, "one bucket is enough to see again");
    }
}

#[test]
fn a_variant_that_crashes_before_anybody_can_be_compared() {
    let crash = seen((30, 16), (5, 0), 2);
    assert_eq!(after(Rules::DEFAULT, &[crash]).standing(), Standing::Crashing);
    // With control at hand, the test speaks. Where both fail, what they share is at fault.
    assert_eq!(after(Rules::DEFAULT, &[seen((30, 16), (30, 16), 2)]).standing(), Standing::Watching);
    assert_eq!(after(Rules::DEFAULT, &[seen((30, 15), (5, 0), 2)]).standing(), Standing::Watching);
    assert_eq!(after(Rules::DEFAULT, &[seen((19, 19), (5, 0), 2)]).standing(), Standing::Watching);
}

#[test]
fn harmless_is_shown_and_not_assumed() {
    let rules = Rules { against: Against::Control(Margin::new(1.5, 0.0).expect("a margin")), ..Rules::DEFAULT };
    let bucket = seen((2000, 20), (2000, 20), 2);
    let mut guard = Guard::new(rules);
    assert_eq!(guard.look(&bucket), Standing::Watching, "no alarm is no proof");
    let looks = (2..200).find(|_| guard.look(&bucket) == Standing::Harmless);
    assert!(looks.is_some_and(|looks| looks > 5), "shown after {looks:?} buckets");
    // And what turns bad later is found all the same.
    let later = (0..20).find(|_| guard.look(&seen((2000, 100), (2000, 20), 2)) == Standing::Harmful);
    assert!(later.is_some());
}

#[test]
fn an_objective_needs_no_control() {
    let rules = Rules { against: Against::Objective(0.01), ..Rules::DEFAULT };
    assert_eq!(after(rules, &[seen((1000, 10), (0, 0), 2)]).standing(), Standing::Watching);
    assert_eq!(after(rules, &[seen((1000, 60), (0, 0), 2)]).standing(), Standing::Harmful);
    let fine = vec![seen((1000, 2), (0, 0), 2); 20];
    assert_eq!(after(rules, &fine).standing(), Standing::Harmless);
    let none = vec![Seen::default(); 3];
    assert_eq!(after(rules, &none).standing(), Standing::Blind { buckets: 3 });
}

#[test]
fn a_record_decides_again_what_was_decided() {
    let looks = vec![seen((200, 2), (3800, 38), 1), seen((200, 30), (3800, 38), 3), seen((210, 1), (3790, 30), 3)];
    let record = Record { rules: Rules::DEFAULT, seen: looks };
    let text = serde_json::to_string(&record).expect("JSON");
    assert_eq!(
        text,
        r#"{"rules":{"level":0.001,"against":{"control":{"relative":1.1,"absolute":0.0005}},"plan":1440,"least_failed":5,"least_instances":2,"silent_after":3},"seen":[{"treatment":[200,2],"control":[3800,38],"instances":1},{"treatment":[200,30],"control":[3800,38],"instances":3},{"treatment":[210,1],"control":[3790,30],"instances":3}]}"#
    );
    let read: Record = serde_json::from_str(&text).expect("a record");
    assert_eq!(read.replay(), record.replay());
    assert_eq!(read.harmful_at(), Some((1, Standing::Harmful)));
    assert_eq!(read.replay().evidence().to_string(), record.replay().evidence().to_string());
}

#[test]
fn what_cannot_be_is_refused_with_what_to_do() {
    let error = |text: &str| serde_json::from_str::<Seen>(text).expect_err(text).to_string();
    assert!(error(r#"{"treatment":[5,6],"control":[1,0],"instances":1}"#).starts_with("6 of 5 units failed; count"));
    assert!(error(r#"{"treatment":[-1,0],"control":[1,0],"instances":1}"#).contains("invalid value"));
    assert_eq!(Counts::new(u64::MAX, 0), Err(NotCounts::TooMany(u64::MAX)));
    for level in [0.0, -0.1, 0.5, f64::NAN, f64::INFINITY] {
        let refused = Level::new(level).expect_err("no level").to_string();
        assert!(refused.contains("write one from 0.000000001 to 0.2"), "{refused}");
    }
    assert!(matches!(Margin::new(0.9, 0.0), Err(NotAMargin::Relative(_))));
    assert!(matches!(Margin::new(f64::NAN, 0.0), Err(NotAMargin::Relative(_))));
    assert!(matches!(Margin::new(1.0, f64::NAN), Err(NotAMargin::Absolute(_))));
    for objective in [0.0, 1.0, f64::NAN] {
        let rules = Rules { against: Against::Objective(objective), ..Rules::DEFAULT };
        assert!(matches!(rules.check(), Err(NotRules::Objective(_))));
        // And yet nothing breaks where nobody checked.
        after(rules, &[seen((10, 5), (0, 0), 2)]);
    }
    for (shares, expected) in [
        (&[1.0][..], "two arms or more"),
        (&[0.5, 0.6], "add up to 1.1"),
        (&[0.0, 1.0], "not above 0"),
        (&[f64::NAN, 0.5], "not above 0"),
    ] {
        let refused = Ratio::new(shares).expect_err("no split").to_string();
        assert!(refused.contains(expected), "{refused}");
    }
    let mut ratio = Ratio::new(&[0.5, 0.5]).expect("a split");
    assert_eq!(ratio.add(&[1]), Err(NotShares::Arms { told: 1, split: 2 }));
    assert_eq!(ratio.shortest(), None);
}

#[test]
fn evidence_reads_as_odds() {
    let looks = |times| after(Rules::DEFAULT, &vec![seen((200, 10), (3800, 38), 2); times]).evidence().to_string();
    assert_eq!(Evidence::NONE.to_string(), "none");
    assert_eq!(looks(1), "1 in 62");
    assert_eq!(looks(2), "1 in 25\u{202f}000");
    assert_eq!(looks(30), "more than 1 in 10^15");
    let needed = Level::DEFAULT.needs();
    assert_eq!(
        (needed.to_string(), format!("{:.1}", needed.decibans())),
        ("1 in 1\u{202f}000".to_owned(), "30.0".to_owned())
    );
    assert_eq!(Level::DEFAULT.among(4).get(), 0.00025);
    assert_eq!(NonZeroU32::new(1440), Some(Rules::DEFAULT.plan));
}
