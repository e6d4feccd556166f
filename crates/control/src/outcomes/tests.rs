use super::*;
use crate::api::{IgnoredOutcomes, OutcomeCount, OutcomeReport};
use downhaul_core::document::ClientKind;
use proptest::prelude::*;
use std::time::Duration;

fn count(flag: &str, variant: &str, ok: u64, failed: u64) -> OutcomeCount {
    OutcomeCount { flag: flag.to_owned(), variant: variant.to_owned(), ok, failed }
}

fn report(sequence: u64, counts: &[OutcomeCount]) -> OutcomeReport {
    OutcomeReport { sequence, from_ms: 0, to_ms: 0, counts: counts.to_vec() }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn teller(kind: ClientKind, instance: &str) -> Teller<'_> {
    let key = match kind {
        ClientKind::Browser => "k-page",
        ClientKind::Edge | ClientKind::Server => "k-server",
    };
    Teller { key, kind, instance, address: "192.0.2.1" }
}

const SERVER: Teller<'_> = Teller { key: "k-server", kind: ClientKind::Server, instance: "i-1", address: "192.0.2.1" };

fn known(flag: &str, variant: &str) -> bool {
    flag == "f" && matches!(variant, "on" | "off")
}

/// That has listened long enough for every metric.
fn listening() -> Outcomes {
    Outcomes::new(Duration::ZERO)
}

fn share(outcomes: &Outcomes, metric: &str, at: u64) -> Result<f64, String> {
    let read = outcomes.read(&metric.parse().unwrap(), seconds(at));
    read.map(|reading| reading.share).map_err(|why| why.to_string())
}

#[test]
fn the_share_that_failed_of_what_was_told_lately() {
    let mut outcomes = listening();
    let mut told = |kind, sequence, counts: &[OutcomeCount], at| {
        outcomes.take(&teller(kind, "i-1"), &[report(sequence, counts)], known, seconds(at))
    };
    told(ClientKind::Server, 1, &[count("f", "on", 10, 90)], 1000);
    told(ClientKind::Edge, 2, &[count("f", "off", 99, 1)], 1030);
    told(ClientKind::Browser, 1, &[count("f", "off", 0, 200)], 1031);
    assert_eq!(share(&outcomes, "outcomes of f over 60s", 1035), Ok(91.0 / 200.0));
    assert_eq!(share(&outcomes, "outcomes of f=off over 60s", 1035), Ok(0.01));
    assert_eq!(share(&outcomes, "outcomes of f=off over 60s with browsers", 1035), Ok(201.0 / 300.0));
    assert_eq!(share(&outcomes, "outcomes of f over 20s", 1035), Ok(0.01), "what lies back does not count");
    let view = outcomes.view(Some("f"), seconds(300), seconds(1035));
    let rows: Vec<String> = view
        .iter()
        .map(|row| format!("{} {:?} {}/{} {}", row.variant, row.kind, row.ok, row.failed, row.last_seconds))
        .collect();
    assert_eq!(rows, ["off Browser 0/200 4", "off Edge 99/1 5", "on Server 10/90 35"]);
    assert_eq!(outcomes.view(Some("g"), seconds(300), seconds(1035)), []);
}

#[test]
fn what_proves_nothing_is_no_data_and_says_why() {
    let mut outcomes = Outcomes::new(seconds(1000));
    let metric = "outcomes of f over 60s";
    let refused = |outcomes: &Outcomes, at| share(outcomes, metric, at).unwrap_err();
    outcomes.take(&SERVER, &[report(1, &[count("f", "on", 1000, 0)])], known, seconds(1050));
    assert_eq!(refused(&outcomes, 1059), "the server began less than 60 s ago, and knows of no outcome of `f` before");
    assert_eq!(share(&outcomes, metric, 1060), Ok(0.0));
    assert_eq!(share(&outcomes, metric, 1095), Ok(0.0));
    assert_eq!(refused(&outcomes, 1096), "clients have fallen silent: no outcome of `f` for more than 45 s");
    assert_eq!(refused(&outcomes, 1200), "no client told of an outcome of `f` within 60 s");
    outcomes.take(&SERVER, &[report(2, &[count("f", "on", 19, 0)])], known, seconds(1200));
    assert_eq!(
        refused(&outcomes, 1200),
        "clients told of fewer than 20 outcomes of `f` within 60 s, which prove nothing"
    );
    outcomes.take(&teller(ClientKind::Browser, "b"), &[report(1, &[count("f", "on", 300, 0)])], known, seconds(1200));
    assert_eq!(
        refused(&outcomes, 1200),
        "clients told of fewer than 20 outcomes of `f` within 60 s, which prove nothing; what browsers claim counts only `with browsers`"
    );
    assert_eq!(share(&outcomes, "outcomes of f over 60s with browsers", 1200), Ok(0.0));
}

#[test]
fn a_report_counts_once_and_when_its_outcomes_were() {
    let mut outcomes = listening();
    let first = report(1, &[count("f", "on", 30, 0)]);
    let second = OutcomeReport { from_ms: 20_000, to_ms: 10_000, ..report(2, &[count("f", "on", 0, 30)]) };
    outcomes.take(&SERVER, std::slice::from_ref(&first), known, seconds(1000));
    // The answer was lost: it comes again with the next, and the next with the one after.
    let again = outcomes.take(&SERVER, &[first.clone(), second.clone()], known, seconds(1020));
    assert_eq!(again, IgnoredOutcomes { repeated: 1, ..IgnoredOutcomes::default() });
    let again = outcomes.take(&SERVER, &[second, first], known, seconds(1021));
    assert_eq!(again, IgnoredOutcomes { repeated: 2, ..IgnoredOutcomes::default() });
    let reading = outcomes.read(&"outcomes of f over 60s".parse().unwrap(), seconds(1021)).unwrap();
    assert_eq!((reading.share, reading.outcomes, reading.age), (0.5, 60, seconds(11)));
    // Another instance has numbers of its own.
    outcomes.take(&teller(ClientKind::Server, "i-2"), &[report(1, &[count("f", "on", 60, 0)])], known, seconds(1021));
    assert_eq!(share(&outcomes, "outcomes of f over 60s", 1021), Ok(0.25));
}

#[test]
fn what_could_not_be_sent_for_long_proves_nothing_of_now() {
    let mut outcomes = listening();
    let counts = [count("f", "on", 30, 0)];
    let collected = |sequence, from_ms, to_ms| OutcomeReport { from_ms, to_ms, ..report(sequence, &counts) };
    outcomes.take(&SERVER, &[collected(1, 300_000, 0)], known, seconds(2000));
    assert_eq!(
        share(&outcomes, "outcomes of f over 60s", 2000).unwrap_err(),
        "no client told of an outcome of `f` within 60 s"
    );
    let late = outcomes.take(&SERVER, &[collected(2, 2_000_000, 1_000_000)], known, seconds(2000));
    assert_eq!(late, IgnoredOutcomes { late: 1, ..IgnoredOutcomes::default() });
    let total: u64 = outcomes.totals(known).iter().map(|total| total.ok).sum();
    assert_eq!(total, 30);
}

#[test]
fn who_lies_or_floods_moves_little() {
    let mut outcomes = listening();
    // A page claims to have done more than a page can.
    let ignored = outcomes.take(
        &teller(ClientKind::Browser, "liar"),
        &[report(1, &[count("f", "on", 0, 1 << 53)])],
        known,
        seconds(1000),
    );
    assert_eq!(ignored.limited, 1);
    assert_eq!(outcomes.view(None, seconds(60), seconds(1000))[0].failed, 1000);
    // Many pages at one address, each with as much as a page may.
    for page in 0..100 {
        let name = format!("page {page}");
        outcomes.take(
            &teller(ClientKind::Browser, &name),
            &[report(1, &[count("f", "on", 0, 1000)])],
            known,
            seconds(1000),
        );
    }
    assert_eq!(outcomes.view(None, seconds(60), seconds(1000))[0].failed, 20_000);
    // The share of what is cut stays.
    outcomes.take(&SERVER, &[report(1, &[count("f", "on", 1 << 52, 1 << 50)])], known, seconds(1000));
    assert_eq!(share(&outcomes, "outcomes of f over 60s", 1000), Ok(0.2));
    // No flag, no variant, no name.
    let strange = [count("g", "on", 1, 0), count("f", "gone", 1, 0), count("", "on", 1, 0), count("f", "off", 1, 0)];
    assert_eq!(outcomes.take(&SERVER, &[report(2, &strange)], known, seconds(1010)).unknown, 3);
    assert_eq!(outcomes.view(None, seconds(5), seconds(1010)).len(), 1);
}

#[test]
fn memory_is_bounded_and_a_full_page_leaves_servers_room() {
    let mut outcomes = listening();
    let any = |_: &str, _: &str| true;
    fn page(instance: &str) -> Teller<'_> {
        teller(ClientKind::Browser, instance)
    }
    // More than 15 minutes, one flag each.
    for at in 0..400 {
        outcomes.take(&page("i"), &[report(at + 1, &[count("f", "on", 1, 0)])], any, seconds(1000 + at * 5));
    }
    // More flags at once than are counted.
    for at in 0..50 {
        let counts: Vec<OutcomeCount> = (0..64).map(|n| count(&format!("f{}", at * 64 + n), "on", 1, 0)).collect();
        let (name, address) = (format!("many {at}"), format!("192.0.2.{at}"));
        outcomes.take(&Teller { address: &address, ..page(&name) }, &[report(1, &counts)], any, seconds(3000));
    }
    assert!(outcomes.ignored().limited > 1000, "{:?}", outcomes.ignored());
    // More pages than are remembered.
    for at in 0..120_000 {
        outcomes.take(&page(&at.to_string()), &[report(1, &[])], any, seconds(3000));
    }
    outcomes.take(&SERVER, &[report(1, &[count("f", "on", 25, 0)])], any, seconds(3000));
    let (buckets, entries, instances) = outcomes.size();
    assert!(buckets <= 183, "{buckets}");
    assert!((2000..=2001).contains(&entries), "{entries}");
    assert!(instances <= 100_001, "{instances}");
    assert_eq!(share(&outcomes, "outcomes of f over 60s", 3000), Ok(0.0));
}

#[test]
fn reports_that_are_none() {
    let fits = report(1, &[count("f", "on", 1 << 53, 0)]);
    assert_eq!(check(&[fits.clone(), fits.clone()]), Ok(()));
    let with = |change: &dyn Fn(&mut OutcomeReport)| {
        let mut report = fits.clone();
        change(&mut report);
        check(&[fits.clone(), report]).map_err(|why| why.to_string())
    };
    for (refused, expected) in [
        (with(&|report| report.sequence = 0), "`outcomes/1/sequence`: the first report is 1, and each one more"),
        (with(&|report| report.to_ms = 1), "`outcomes/1/to_ms`: the last outcome is not before the first"),
        (
            with(&|report| report.counts = vec![count("f", "on", 1, 0); 65]),
            "`outcomes/1/counts`: 65 entries, and 64 at most are taken",
        ),
        (
            with(&|report| report.counts[0].failed = u64::MAX),
            "`outcomes/1/counts/0/failed`: 18446744073709551615 is more than anybody counts exactly, 9007199254740992",
        ),
    ] {
        assert_eq!(refused, Err(expected.to_owned()));
    }
    assert_eq!(
        check(&vec![fits; 5]).unwrap_err().to_string(),
        "`outcomes`: 5 reports, and 4 at most are taken at a time"
    );
}

#[test]
fn metrics_as_text() {
    for text in ["outcomes of f over 60s", "outcomes of a/b=on over 15s", "outcomes of f over 900s with browsers"] {
        assert_eq!(OutcomeMetric::of_query(text).unwrap().unwrap().to_string(), text);
    }
    for other in ["rate(outcomes[1m])", "outcomes", "sum(outcomes) of f", ""] {
        assert_eq!(OutcomeMetric::of_query(other), None);
    }
    for bad in [
        "outcomes of",
        "outcomes of f",
        "outcomes of f over 60",
        "outcomes of f over +60s",
        "outcomes of f over 14s",
        "outcomes of f over 901s",
        "outcomes of f over 1m",
        "outcomes of -f over 60s",
        "outcomes of f= over 60s",
        "outcomes of f over 60s with",
        "outcomes of f over 60s with browsers too",
    ] {
        assert!(OutcomeMetric::of_query(bad).unwrap().is_err(), "{bad}");
    }
}

/// What is sent of one instance's reports: each again and again, in any acknowledgement, until it was answered.
fn sent() -> impl Strategy<Value = (Vec<(u64, u64)>, Vec<usize>)> {
    (prop::collection::vec((0_u64..50, 0_u64..50), 1..8), prop::collection::vec(0_usize..4, 1..30))
}

proptest! {
    /// However often reports are sent again, their outcomes are counted once.
    #[test]
    fn nothing_is_counted_twice_and_nothing_is_lost((reports, losses) in sent()) {
        let mut outcomes = listening();
        let reports: Vec<OutcomeReport> = (1..).zip(&reports)
            .map(|(sequence, (ok, failed))| report(sequence, &[count("f", "on", *ok, *failed)]))
            .collect();
        let (mut confirmed, mut sealed) = (0, 0);
        for loss in losses {
            sealed = reports.len().min(sealed + 1).min(confirmed + 4);
            outcomes.take(&SERVER, &reports[confirmed..sealed], known, seconds(1000));
            // One answer in four arrives.
            if loss == 0 { confirmed = sealed; }
        }
        outcomes.take(&SERVER, &reports[confirmed..sealed], known, seconds(1000));
        let sum = |of: fn(&OutcomeCount) -> u64| reports[..sealed].iter().map(|report| of(&report.counts[0])).sum::<u64>();
        let (ok, failed) = (sum(|count| count.ok), sum(|count| count.failed));
        let total = outcomes.totals(known);
        let counted = total.first().map_or((0, 0), |total| (total.ok, total.failed));
        prop_assert_eq!(counted, (ok, failed));
    }
}
