use super::*;
use crate::api::TelemetryBatch;
use crate::outcomes::Teller;
use downhaul_core::document::ClientKind;
use serde_json::{Value, json};
use std::time::Duration;

const SERVER: Teller<'static> = Teller { key: "k", kind: ClientKind::Server, instance: "i", address: "10.0.0.1" };

fn batch(number: u64, more: Value) -> TelemetryBatch {
    let mut batch = json!({ "telemetry": 1, "instance": "i", "batch": number, "buckets": [] });
    let members = more.as_object().cloned().unwrap_or_default();
    batch.as_object_mut().unwrap().extend(members);
    serde_json::from_value(batch).unwrap()
}

fn bucket(more: Value) -> Value {
    let mut bucket = json!({ "from_ms": 60_000, "to_ms": 0 });
    bucket.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    json!({ "buckets": [bucket] })
}

fn is_variant(flag: &str, variant: &str) -> bool {
    flag == "f" && ["on", "off"].contains(&variant)
}

const fn at(seconds: u64) -> Duration {
    Duration::from_secs(3600 + seconds)
}

fn calls(ok: u64) -> Value {
    bucket(json!({ "guards": [{ "flag": "f", "variant": "on", "ok": ok }] }))
}

#[test]
fn what_no_client_of_ours_sends_is_refused_with_its_place() {
    let outcome = |more: Value| {
        let mut outcome = json!({ "name": "n", "count": 1 });
        outcome.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        bucket(json!({ "outcomes": [outcome] }))
    };
    let latency = |latency: Value| outcome(json!({ "latency": latency }));
    let many = |count: usize, one: Value| Value::Array(vec![one; count]);
    for (more, place) in [
        (json!({ "telemetry": 2 }), "/telemetry"),
        (json!({ "instance": "" }), "/instance"),
        (json!({ "batch": 0 }), "/batch"),
        (json!({ "share": 0.0 }), "/share"),
        (json!({ "share": 1.5 }), "/share"),
        (json!({ "release": "x".repeat(129) }), "/release"),
        (json!({ "left_out": (1_u64 << 53) + 1 }), "/left_out"),
        (json!({ "buckets": many(17, json!({ "from_ms": 0, "to_ms": 0 })) }), "/buckets"),
        (json!({ "buckets": [{ "from_ms": 1, "to_ms": 2 }] }), "/buckets/0/to_ms"),
        (outcome(json!({ "name": "1x" })), "/buckets/0/outcomes/0/name"),
        (outcome(json!({ "name": "a b" })), "/buckets/0/outcomes/0/name"),
        (outcome(json!({ "flag": "f" })), "/buckets/0/outcomes/0/variant"),
        (outcome(json!({ "failed": 2 })), "/buckets/0/outcomes/0/failed"),
        (outcome(json!({ "count": u64::MAX })), "/buckets/0/outcomes/0/count"),
        (latency(json!({ "count": 1, "sum_ms": -1.0, "buckets": [[1, 1]] })), "/buckets/0/outcomes/0/latency/sum_ms"),
        (latency(json!({ "count": 1, "sum_ms": 1.0, "buckets": [[240, 1]] })), "/buckets/0/outcomes/0/latency/buckets"),
        (
            latency(json!({ "count": 2, "sum_ms": 1.0, "buckets": [[5, 1], [5, 1]] })),
            "/buckets/0/outcomes/0/latency/buckets",
        ),
        (latency(json!({ "count": 2, "sum_ms": 1.0, "buckets": [[5, 1]] })), "/buckets/0/outcomes/0/latency/buckets"),
        (bucket(json!({ "guards": [{ "flag": "f", "variant": "on", "ok": u64::MAX }] })), "/buckets/0/guards/0"),
    ] {
        let told = check(&batch(1, more.clone())).unwrap_err().to_string();
        assert!(told.starts_with(&format!("`{place}`")), "{more}: {told}");
    }
    // Neither NaN nor infinities can be written, and what is larger than a double is no number to JSON.
    assert!(
        serde_json::from_str::<TelemetryBatch>(
            r#"{"telemetry":1,"instance":"i","batch":1,"share":1e999,"buckets":[]}"#
        )
        .is_err()
    );
}

#[test]
fn a_batch_counts_once_whatever_comes_again() {
    let mut telemetry = Telemetry::new(at(0));
    let take = |telemetry: &mut Telemetry, number: u64, ok: u64| {
        telemetry.take(&SERVER, &batch(number, calls(ok)), is_variant, at(1)).unwrap();
    };
    for (number, ok) in [(1, 5), (1, 5), (3, 2), (2, 100), (3, 2)] {
        take(&mut telemetry, number, ok);
    }
    assert_eq!(telemetry.breakers(None, 5, at(1)).breakers[0].ok, 7);
    assert_eq!(telemetry.ignored().repeated, 3);
    // Another instance has numbers of its own.
    let other = Teller { instance: "j", ..SERVER };
    telemetry.take(&other, &batch(1, calls(1)), is_variant, at(1)).unwrap();
    assert_eq!(telemetry.breakers(None, 5, at(1)).breakers[0].ok, 8);
}

#[test]
fn a_bucket_is_of_the_minute_in_which_it_ended_by_the_servers_clock() {
    let mut telemetry = Telemetry::new(at(0));
    let ended = |ago_ms: u64| {
        let guards = json!([{ "flag": "f", "variant": "on", "ok": 1 }]);
        json!({ "buckets": [{ "from_ms": ago_ms + 60_000, "to_ms": ago_ms, "guards": guards }] })
    };
    for (number, ago) in [(1, 0), (2, 90_000), (3, 600_000), (4, 3_600_000), (5, 3_600_001), (6, 1 << 52)] {
        telemetry.take(&SERVER, &batch(number, ended(ago)), is_variant, at(600)).unwrap();
    }
    let within = |minutes| telemetry.breakers(None, minutes, at(600)).breakers[0].ok;
    assert_eq!([within(1), within(2), within(3), within(11), within(60)], [1, 1, 2, 3, 3]);
    assert_eq!(telemetry.ignored().late, 2);
}

#[test]
fn unknown_flags_variants_reasons_and_causes_are_passed_over() {
    let mut telemetry = Telemetry::new(at(0));
    let exposure = |flag: &str, variant: &str, reason: &str, cause: Value| json!({ "flag": flag, "variant": variant, "reason": reason, "cause": cause, "count": 2 });
    let exposures = json!([
        exposure("f", "on", "STATIC", Value::Null),
        exposure("f", "off", "DISABLED", json!("breaker")),
        exposure("g", "on", "STATIC", Value::Null),
        exposure("f", "x", "STATIC", Value::Null),
        exposure("f", "on", "BECAUSE", Value::Null),
        exposure("f", "on", "DISABLED", json!("whim")),
    ]);
    let breakers =
        json!([{ "flag": "g", "variant": "on", "state": "open" }, { "flag": "f", "variant": "on", "state": "open" }]);
    let mut more = bucket(
        json!({ "exposures": exposures, "outcomes": [{ "name": "n", "flag": "g", "variant": "on", "count": 1 }, { "name": "n", "count": 1 }] }),
    );
    more["breakers"] = breakers;
    telemetry.take(&SERVER, &batch(1, more), is_variant, at(1)).unwrap();
    assert_eq!(telemetry.ignored().unknown, 6);
    assert_eq!(telemetry.totals(is_variant).len(), 3);
    assert_eq!(telemetry.totals(|_, _| false).len(), 1, "an outcome under no flag");
    assert_eq!(telemetry.breakers(None, 5, at(1)).breakers.len(), 1);
}

#[test]
fn where_breakers_stand_is_what_each_instance_said_last_for_three_minutes() {
    let mut telemetry = Telemetry::new(at(0));
    let mut say = |instance: &str, number: u64, kind: ClientKind, state: &str, now: Duration| {
        let teller = Teller { instance, kind, ..SERVER };
        let breakers =
            json!({ "breakers": [{ "flag": "f", "variant": "on", "state": state, "cause": "consecutive" }] });
        telemetry.take(&teller, &batch(number, breakers), is_variant, now).unwrap();
    };
    say("a", 1, ClientKind::Server, "open", at(0));
    say("a", 2, ClientKind::Server, "half-open", at(10));
    say("b", 1, ClientKind::Server, "closed", at(100));
    say("page", 1, ClientKind::Browser, "open", at(100));
    let page = telemetry.breakers(Some("f"), 5, at(100));
    let shown: Vec<_> = page
        .breakers
        .iter()
        .map(|view| (view.kind, view.instances, view.half_open, view.open, view.open_share))
        .collect();
    assert_eq!(shown, [(ClientKind::Browser, 1, 0, 1, 1.0), (ClientKind::Server, 2, 1, 0, 0.5)]);
    assert_eq!(telemetry.breakers(None, 5, at(191)).breakers[1].instances, 1, "one has fallen silent");
    assert_eq!(telemetry.breakers(Some("g"), 5, at(100)).breakers, []);
    telemetry.take(&Teller { instance: "b", ..SERVER }, &batch(2, json!({})), is_variant, at(110)).unwrap();
    assert_eq!(telemetry.breakers(None, 5, at(110)).breakers[1].instances, 1, "one has no breaker any more");
}

#[test]
fn since_when_and_why_one_is_open_is_that_of_the_first_and_of_known_causes() {
    let mut telemetry = Telemetry::new(at(0));
    let mut say = |instance: &str, state: &str, cause: &str, since_ms: u64, now: Duration| {
        let teller = Teller { instance, ..SERVER };
        let breaker =
            json!({ "flag": "f", "variant": "on", "state": state, "cause": cause, "since_ms": since_ms, "attempt": 1 });
        telemetry.take(&teller, &batch(1, json!({ "breakers": [breaker] })), is_variant, now).unwrap();
    };
    say("a", "open", "consecutive", 500, at(0));
    say("b", "half-open", "waited", 90_000, at(5));
    say("c", "open", "because", 100, at(10));
    say("d", "closed", "probed", 3_600_000, at(10));
    say("e", "forced-open", "kill", 3_600_000, at(10));
    let view = &telemetry.breakers(None, 5, at(10)).breakers[0];
    assert_eq!(view.open_for_ms, Some(95_000), "five seconds have gone by since it was told");
    let causes: Vec<_> = view.causes.iter().map(|(cause, count)| (cause.as_str(), *count)).collect();
    assert_eq!(causes, [("consecutive", 1), ("waited", 1)]);
    assert_eq!(telemetry.breakers(None, 5, at(184)).breakers[0].open_for_ms, Some(269_000), "the first fell silent");
    let calm = &telemetry.breakers(None, 5, at(500)).breakers;
    assert!(calm.is_empty(), "{calm:?}");
}

#[test]
fn whoever_floods_is_put_off_and_takes_nothing_from_others() {
    let mut telemetry = Telemetry::new(at(0));
    let page = Teller { kind: ClientKind::Browser, ..SERVER };
    let many = |number: u64| {
        let name = |index: usize| json!({ "name": format!("n{number}-{index}"), "count": 1 });
        batch(number, bucket(json!({ "outcomes": (0..400).map(name).collect::<Vec<_>>() })))
    };
    assert_eq!(telemetry.take(&page, &many(1), is_variant, at(0)), Ok(()));
    assert_eq!(telemetry.take(&page, &many(2), is_variant, at(0)), Ok(()));
    assert_eq!(telemetry.take(&page, &many(3), is_variant, at(0)), Err(Refused::TooMuch));
    assert_eq!(telemetry.take(&page, &many(3), is_variant, at(5)), Ok(()), "it comes again");
    assert_eq!(telemetry.take(&SERVER, &batch(1, calls(1)), is_variant, at(0)), Ok(()));
    assert_eq!(telemetry.ignored().limited, 200, "names of one environment");
    let seconds = |number: u64| at(5 * number);
    for number in 4..2000 {
        telemetry.take(&page, &many(number), is_variant, seconds(number)).unwrap();
    }
    let (minutes, entries, totals) = telemetry.size();
    assert!(minutes <= 61 && entries <= 10_000 && totals <= 20_000, "{minutes} {entries} {totals}");
}

#[test]
fn latencies_add_up_by_index() {
    let mut telemetry = Telemetry::new(at(0));
    for number in 1..=2 {
        let latency = json!({ "count": 3, "sum_ms": 40.5, "buckets": [[55, 1], [95, 2]] });
        let outcome =
            json!({ "name": "pay", "flag": "f", "variant": "on", "count": 3, "failed": 1, "latency": latency });
        telemetry.take(&SERVER, &batch(number, bucket(json!({ "outcomes": [outcome] }))), is_variant, at(1)).unwrap();
    }
    let totals = telemetry.totals(is_variant);
    let sums = &totals[0].sums;
    assert_eq!((sums.ok, sums.failed, sums.latency.sum_ms), (4, 2, 81.0));
    assert_eq!(sums.latency.counts.iter().collect::<Vec<_>>(), [(&55, &2), (&95, &4)]);
}
