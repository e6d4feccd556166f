use super::*;
use crate::outcomes::Teller;
use crate::telemetry::Latency;
use downhaul_core::document::{ClientKind, Guard};
use downhaul_guard::{Counts, Record, Standing};
use serde_json::json;

const SERVER: Teller<'_> = Teller { key: "k", kind: ClientKind::Server, instance: "i", address: "a" };

fn entry(variant: &str, counted: Counted, all: u64, failed: u64) -> Entry<'_> {
    Entry { flag: "f", variant, counted, all, failed, latency: None }
}

fn watch(more: serde_json::Value) -> Watch {
    let mut guard = json!({ "name": "errors", "variant": "on" });
    guard.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    let guard: Guard = serde_json::from_value(guard).unwrap();
    let against = guard.objective.is_none().then(|| "off".to_owned());
    let since = "2026-11-26T20:00:00.000Z".to_owned();
    Watch { flag: "f".parse().unwrap(), guard, against, since, from: 0, acted: None }
}

fn shown(watch: &Watch, minutes: &[FlagMinute]) -> ((u64, u64), (u64, u64), u32) {
    let seen = seen(watch, &Slow::of(&watch.guard), minutes, &mut Vec::new());
    let pair = |counts: Counts| (counts.units(), counts.failed());
    (pair(seen.bucket.treatment), pair(seen.bucket.control), seen.instances)
}

#[test]
fn buckets_close_once_and_what_comes_later_is_passed_over() {
    let mut minutes = Minutes::new(60);
    for at in [0, 59, 60, 119] {
        minutes.add(&SERVER, None, &entry("on", Counted::Outcomes, 10, 1), at);
    }
    assert_eq!(minutes.close(134, 75), []);
    let closed = minutes.close(135, 75);
    assert_eq!((closed.len(), closed[0].began, closed[0].cells[0].units, closed[0].cells[0].failed), (1, 0, 20, 2));
    minutes.add(&SERVER, None, &entry("on", Counted::Outcomes, 10, 1), 30);
    assert_eq!((minutes.passed_over(), minutes.close(135, 75).len()), (1, 0));
    // A clock that goes back closes nothing twice.
    assert_eq!(minutes.close(10, 75), []);
    assert_eq!(minutes.close_all().len(), 1);
}

#[test]
fn a_browser_counts_once_until_it_has_failed() {
    let mut minutes = Minutes::new(60);
    let page = |instance| Teller { kind: ClientKind::Browser, instance, ..SERVER };
    for (instance, failed) in [("a", 0), ("a", 3), ("a", 5), ("a", 0), ("b", 0)] {
        minutes.add(&page(instance), None, &entry("on", Counted::Outcomes, 10, failed), 0);
    }
    let closed = minutes.close_all();
    assert_eq!((closed[0].cells[0].units, closed[0].cells[0].failed), (3, 1));
    assert_eq!(shown(&watch(json!({})), &closed), ((0, 0), (0, 0), 0), "what browsers claim is asked for");
    assert_eq!(shown(&watch(json!({ "browsers": true })), &closed), ((3, 1), (0, 0), 1));
    // Of another variant it is at risk anew.
    minutes.add(&page("a"), None, &entry("off", Counted::Outcomes, 10, 1), 0);
    assert_eq!(minutes.close_all()[0].cells[0].failed, 1);
}

#[test]
fn a_guard_sees_its_metric_of_all_replicas() {
    let (mut one, mut other) = (Minutes::new(60), Minutes::new(60));
    let latency = Latency { sum_ms: 900.0, counts: [(95, 7), (150, 3)].into() };
    for (minutes, instance) in [(&mut one, "i"), (&mut other, "j")] {
        let teller = Teller { instance, ..SERVER };
        minutes.add(&teller, Some("shop 1"), &entry("on", Counted::Outcomes, 100, 7), 5);
        minutes.add(&teller, Some("shop 2"), &entry("off", Counted::Outcomes, 900, 9), 5);
        minutes.add(&teller, None, &entry("on", Counted::Exposures, 50, 0), 5);
        minutes.add(&teller, None, &entry("on", Counted::Named("thrown".to_owned()), 4, 0), 5);
        let timed = Entry { latency: Some(&latency), ..entry("on", Counted::Named("pay".to_owned()), 10, 1) };
        minutes.add(&teller, None, &timed, 5);
    }
    let both: Vec<FlagMinute> = one.close_all().into_iter().chain(other.close_all()).collect();
    let again: Vec<FlagMinute> = serde_json::from_str(&serde_json::to_string(&both).unwrap()).unwrap();
    assert_eq!(again, both);
    for (guard, expected) in [
        (json!({}), ((200, 14), (1800, 18), 2)),
        (json!({ "metric": "pay" }), ((20, 2), (0, 0), 2)),
        // 16 ms have index 95, 1 s has 143.
        (json!({ "metric": "pay", "slower_than_ms": 1000 }), ((20, 6), (0, 0), 2)),
        (json!({ "metric": "pay", "slower_than_ms": 10_000 }), ((20, 0), (0, 0), 0)),
        (json!({ "metric": "thrown", "per_exposure": true }), ((100, 8), (0, 0), 2)),
        (json!({ "metric": "unheard-of" }), ((0, 0), (0, 0), 0)),
    ] {
        assert_eq!(shown(&watch(guard.clone()), &both), expected, "{guard}");
    }
}

#[test]
fn more_instances_than_are_told_apart_keep_the_failing_ones() {
    let mut minutes = Minutes::new(60);
    for number in 0..100 {
        let instance = number.to_string();
        let failed = u64::from(number % 40 == 39);
        minutes.add(&Teller { instance: &instance, ..SERVER }, None, &entry("on", Counted::Outcomes, 10, failed), 0);
    }
    assert_eq!(shown(&watch(json!({})), &minutes.close_all()).2, 2);
}

#[test]
fn memory_is_bounded() {
    let mut minutes = Minutes::new(60);
    for number in 0..6000 {
        minutes.add(&SERVER, None, &entry("on", Counted::Named(format!("n{number}")), 1, 0), 0);
    }
    minutes.add(&Teller { kind: ClientKind::Browser, ..SERVER }, None, &entry("on", Counted::Outcomes, 1, 0), 0);
    assert_eq!((minutes.passed_over(), minutes.close_all()[0].cells.len()), (1000, 5001));
}

fn evidence() -> GuardEvidence {
    let watch = watch(json!({}));
    let mut minutes = Minutes::new(60);
    let (mut seen_so_far, mut failing) = (Vec::new(), Vec::new());
    let mut guard = downhaul_guard::Guard::new(rules(&watch.guard));
    for bucket in 0..100 {
        for instance in ["i", "j"] {
            let teller = Teller { instance, ..SERVER };
            minutes.add(&teller, None, &entry("on", Counted::Outcomes, 100, 3), bucket * 60);
            minutes.add(&teller, None, &entry("off", Counted::Outcomes, 900, 9), bucket * 60);
        }
        let looked = seen(&watch, &Slow::Not, &minutes.close_all(), &mut failing);
        seen_so_far.push(looked);
        if guard.look(&looked) == Standing::Harmful {
            break;
        }
    }
    GuardEvidence {
        flag: watch.flag,
        guard: watch.guard.name.clone(),
        action: watch.guard.action(),
        from: watch.since,
        bucket_seconds: 60,
        said: guard.standing(),
        odds: guard.evidence().to_string(),
        record: GuardRecord::Counts(Record { rules: rules(&watch.guard), seen: seen_so_far }),
        slow_us: None,
    }
}

fn seen_of(evidence: &mut GuardEvidence) -> &mut Vec<downhaul_guard::Seen> {
    match &mut evidence.record {
        GuardRecord::Counts(record) => &mut record.seen,
        GuardRecord::Arms(_) | GuardRecord::Quorum(_) => panic!("counts were recorded"),
    }
}

#[test]
fn evidence_decides_again_and_any_other_count_is_found() {
    let evidence = evidence();
    assert_eq!(evidence.check(), Ok(()));
    let words = evidence.words("on", 200);
    assert!(words.starts_with("guard errors: evidence of harm 1 in ") && words.contains("`on` "), "{words}");
    assert!(evidence.words("on", 60).len() <= 60);
    assert_eq!(evidence.words("on", 9), "guard err");
    let wrong = |change: &dyn Fn(&mut GuardEvidence)| {
        let mut changed = evidence.clone();
        change(&mut changed);
        changed.check().unwrap_err()
    };
    assert!(wrong(&|changed| changed.odds = "1 in 10".to_owned()).contains("1 in 10 is recorded"));
    assert!(wrong(&|changed| changed.said = Standing::Crashing).contains("Harmful by its counts"));
    assert!(
        wrong(&|changed| {
            let first = seen_of(changed)[0];
            seen_of(changed).push(first);
        })
        .contains("already")
    );
    assert!(wrong(&|changed| seen_of(changed).truncate(1)).contains("no harm"));
}

#[test]
fn what_is_slow_is_learnt_of_control_and_stays() {
    let watch = watch(json!({ "metric": "pay", "slower_than": "p90" }));
    let mut slow = Slow::of(&watch.guard);
    let bucket = |variant: &str, counts: &[(u32, u64)]| {
        let mut minutes = Minutes::new(60);
        let latency = Latency { sum_ms: 1.0, counts: counts.iter().copied().collect() };
        let all = counts.iter().map(|(_, count)| count).sum();
        let timed = Entry { latency: Some(&latency), ..entry(variant, Counted::Named("pay".to_owned()), all, 0) };
        minutes.add(&SERVER, None, &timed, 0);
        minutes.close_all()
    };
    // The variant's own times say nothing of it.
    assert_eq!(slow.learn(&watch, &bucket("on", &[(150, 10_000)])), 0);
    assert_eq!(slow.learn(&watch, &bucket("off", &[(95, 90), (100, 9)])), 99);
    assert_eq!((slow.learnt(), slow.is_learning()), (Some((99, 200)), true));
    assert_eq!(slow.learn(&watch, &bucket("off", &[(95, 90), (110, 11)])), 101);
    // Of 200 a tenth, 20, may be beyond: 180 are at 95.
    assert_eq!(slow, Slow::Beyond(95));
    assert_eq!(slow.microseconds(), Some(16_384));
    assert_eq!(slow.learn(&watch, &bucket("off", &[(150, 100_000)])), 0, "it stays");
    let seen = seen(&watch, &slow, &bucket("on", &[(95, 7), (96, 3)]), &mut Vec::new());
    assert_eq!((seen.bucket.treatment.units(), seen.bucket.treatment.failed()), (10, 3));
}

fn read(series: [&[(&str, f64)]; 4]) -> CountersRead {
    let [all, failed, against_all, against_failed] = series.map(|series| {
        let mut counters = Counters::default();
        for (instance, value) in series {
            let labels = [("instance".to_owned(), (*instance).to_owned())].into();
            counters.add(&labels, *value).unwrap();
        }
        counters
    });
    CountersRead { all, failed, against_all, against_failed }
}

#[test]
fn counters_are_counted_series_by_series_and_never_towards_harm() {
    let watch = watch(json!({ "prometheus": { "all": "r{v=\"$variant\"}", "failed": "e{v=\"$variant\"}" } }));
    let pairs = |before: &CountersRead, after: &CountersRead| {
        let minute = counted_between(&watch, before, after, 60).unwrap();
        shown(&watch, &[minute.clone(), minute])
    };
    for (what, before, after, expected) in [
        (
            "differences, of each instance",
            read([&[("a", 100.0), ("b", 50.0)], &[("a", 1.0), ("b", 1.0)], &[("a", 900.0)], &[("a", 9.0)]]),
            read([&[("a", 110.0), ("b", 55.0)], &[("a", 3.0), ("b", 2.0)], &[("a", 990.0)], &[("a", 10.0)]]),
            ((15, 3), (90, 1), 2),
        ),
        (
            "began anew",
            read([&[("a", 100.0)], &[("a", 7.0)], &[("a", 900.0)], &[("a", 9.0)]]),
            read([&[("a", 12.0)], &[("a", 2.0)], &[("a", 90.0)], &[("a", 3.0)]]),
            ((12, 2), (90, 3), 1),
        ),
        (
            "not there before: what speaks for the variant counts",
            read([&[], &[], &[], &[]]),
            read([&[("a", 100.0)], &[("a", 40.0)], &[("a", 900.0)], &[("a", 9.0)]]),
            ((100, 0), (9, 9), 0),
        ),
        (
            "gone",
            read([&[("a", 100.0)], &[("a", 7.0)], &[("a", 900.0)], &[("a", 9.0)]]),
            read([&[], &[], &[], &[]]),
            ((0, 0), (0, 0), 0),
        ),
        (
            "more failures than could fail, as read in between",
            read([&[("a", 10.0)], &[("a", 0.0)], &[("a", 10.0)], &[("a", 0.0)]]),
            read([&[("a", 11.0)], &[("a", 2.0)], &[("a", 11.0)], &[("a", 2.0)]]),
            ((1, 1), (2, 2), 1),
        ),
    ] {
        assert_eq!(pairs(&before, &after), expected, "{what}");
    }
    let other = super::watch::has_counters(&watch, &[]);
    assert!(!other);
    for wrong in [0.5, -1.0, f64::NAN, f64::INFINITY, 1e17] {
        assert!(Counters::default().add(&Default::default(), wrong).is_err(), "{wrong}");
    }
}
