//! Samples as bytes: what is drawn, and what is refused.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use downhaul_blast::population::{Builder, Limits, Population};
use downhaul_core::bucket::murmur3_x86_32;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use support::arbitrary::context;
use support::{Context, population};

fn people(rows: usize) -> Population {
    let mut builder = Builder::new(&Limits::default());
    for row in 0..rows {
        let tenant = format!("tenant-{}", row % 300);
        let context = json!({ "targetingKey": format!("user-{row}"), "tenant": tenant, "n": { "row": row % 70_000 } });
        #[expect(clippy::cast_precision_loss, reason = "small")]
        builder.push(context.as_object().unwrap(), 1.0 + (row % 3) as f64).unwrap();
    }
    builder.finish()
}

#[test]
fn a_sample_is_the_same_every_time_and_remembers_the_whole() {
    let whole = people(100_000);
    let bytes = whole.to_sample_bytes(5_000);
    assert_eq!(bytes, whole.to_sample_bytes(5_000));
    let sample = Population::from_sample_bytes(&bytes, &Limits::default()).unwrap();
    assert_eq!(sample.rows(), 5_000);
    assert_eq!(sample, whole.sample(5_000));
    let sampled = sample.sampled().unwrap();
    assert_eq!((sampled.rows, sampled.weight), (100_000, whole.weight()));
    // Each row as likely as any other: means come out alike.
    let mean = |population: &Population| {
        let total: f64 = (0..population.rows()).map(|row| population.row_weight(row)).sum();
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let mean = total / population.rows() as f64;
        mean
    };
    assert!((mean(&whole) - mean(&sample)).abs() < 0.05);
    // A sample of a sample is one of the whole.
    assert_eq!(whole.sample(5_000).sample(100), whole.sample(100));
    // Nothing that no row has.
    for column in sample.columns() {
        let used: std::collections::BTreeSet<u32> = column.codes().iter().copied().filter(|code| *code != 0).collect();
        assert_eq!(used.len(), column.dictionary().len(), "{}", column.name());
    }
    // All of it where so many are wanted.
    assert_eq!(Population::from_sample_bytes(&whole.to_sample_bytes(usize::MAX), &Limits::default()).unwrap(), whole);
}

#[test]
fn the_same_people_are_drawn_from_another_order() {
    let whole = people(1_000);
    let mut builder = Builder::new(&Limits::default());
    for row in (0..1_000).rev() {
        builder.push(&whole.context(row), 1.0).unwrap();
    }
    let keys = |population: &Population| {
        let mut keys: Vec<Value> =
            (0..population.rows()).map(|row| population.context(row)["targetingKey"].clone()).collect();
        keys.sort_by_key(ToString::to_string);
        keys
    };
    assert_eq!(keys(&builder.finish().sample(50)), keys(&whole.sample(50)));
}

#[test]
fn what_is_no_sample_is_told() {
    let bytes = people(100).to_sample_bytes(100);
    let refusal = |bytes: &[u8], limits: &Limits| Population::from_sample_bytes(bytes, limits).unwrap_err().to_string();
    let limits = Limits::default();
    assert_eq!(refusal(b"", &limits), "this is not a sample of a population: it does not begin as one does");
    assert_eq!(refusal(b"DHS2....", &limits), "this is not a sample of a population: it does not begin as one does");
    assert_eq!(refusal(&bytes[..6], &limits), "this is not a sample of a population: it is cut short");
    assert_eq!(refusal(&bytes[..90], &limits), "this is not a sample of a population: it was damaged on its way");
    assert_eq!(refusal(&bytes, &Limits { rows: 99, ..Limits::default() }), "the population has more than 99 rows");
    assert!(
        refusal(&bytes, &Limits { columns: 2, ..Limits::default() })
            .starts_with("the population has more than 2 columns")
    );
    assert!(
        refusal(&bytes, &Limits { bytes: 100, ..Limits::default() })
            .starts_with("the population takes more than 100 bytes")
    );
}

/// With the checksum that its content asks for.
fn sealed(body: &[u8]) -> Vec<u8> {
    let mut bytes = b"DHS1".to_vec();
    bytes.extend(murmur3_x86_32(body, 0).to_le_bytes());
    bytes.extend(body);
    bytes
}

#[test]
fn contradictions_are_refused() {
    // One row of weight 1, columns as given: path, dictionary, codes.
    let of = |columns: &[u8]| sealed(&[&[1, 0, 0][..], columns].concat());
    let read = |bytes: &[u8]| Population::from_sample_bytes(bytes, &Limits::default());
    let good = of(&[1, 1, 1, b'a', 1, 2, b'x', 1]);
    assert_eq!(Value::Object(read(&good).unwrap().context(0)), json!({ "a": "x" }));
    for (why, columns) in [
        ("a code beyond the dictionary", &[1, 1, 1, b'a', 1, 2, b'x', 2][..]),
        ("a column without a path", &[1, 0, 1, 2, b'x', 1]),
        ("the same path twice", &[2, 1, 1, b'a', 0, 0, 1, 1, b'a', 0, 0]),
        ("a value and something within it", &[2, 1, 1, b'a', 1, 2, b'x', 1, 2, 1, b'a', 1, b'b', 1, 2, b'x', 1]),
        ("a value twice", &[1, 1, 1, b'a', 2, 2, b'x', 2, b'x', 1]),
        ("a text as JSON", &[1, 1, 1, b'a', 1, 7, b'"', b'x', b'"', 1]),
        ("an object with members", &[1, 1, 1, b'a', 1, 15, b'{', b'"', b'a', b'"', b':', b'1', b'}', 1]),
        ("JSON not as it is written", &[1, 1, 1, b'a', 1, 5, b' ', b'1', 1]),
        ("no UTF-8", &[1, 1, 1, b'a', 1, 2, 0xff, 1]),
        ("something at its end", &[1, 1, 1, b'a', 1, 2, b'x', 1, 0]),
        ("a number without an end", &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ("more columns than bytes", &[200, 1]),
    ] {
        assert!(read(&of(columns)).is_err(), "{why}");
    }
    // Weights: two different ones, not finite.
    for weight in [f64::NAN, f64::INFINITY, -1.0] {
        let mut body = vec![1, 0, 1, 1];
        body.extend(weight.to_le_bytes());
        body.extend([0, 0]);
        assert!(read(&sealed(&body)).is_err(), "{weight}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_population_survives_the_way(
        rows in vec((context(), prop_oneof![Just(1.0), 0.0..1e9_f64]), 0..30), of in 0..40_usize,
    ) {
        let whole = population(&rows);
        let sample = Population::from_sample_bytes(&whole.to_sample_bytes(of), &Limits::default()).unwrap();
        prop_assert_eq!(sample.rows(), of.min(rows.len()));
        let drawn: Vec<(Context, f64)> = (0..sample.rows()).map(|row| (sample.context(row), sample.row_weight(row))).collect();
        let mut left = rows.iter();
        prop_assert!(drawn.iter().all(|one| left.any(|each| each == one)), "rows of the population, in their order");
        prop_assert_eq!(sample.sampled().is_some(), of < rows.len());
    }

    #[test]
    fn hostile_bytes_never_panic(
        rows in vec((context(), 0.0..9.0_f64), 0..5), flips in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut in any::<prop::sample::Index>(),
        noise in vec(any::<u8>(), 0..60),
    ) {
        let mut body = population(&rows).to_sample_bytes(100)[8..].to_vec();
        let _ = Population::from_sample_bytes(&sealed(&body[..cut.index(body.len() + 1)]), &Limits::default());
        for (at, byte) in flips {
            let at = at.index(body.len());
            body[at] = byte;
        }
        for bytes in [&body, &noise] {
            if let Ok(read) = Population::from_sample_bytes(&sealed(bytes), &Limits { rows: 1000, ..Limits::default() }) {
                // Whatever was read holds together.
                for row in 0..read.rows().min(10) {
                    let _ = read.context(row);
                    let _ = read.attribute("app.version");
                }
                let again = Population::from_sample_bytes(&read.to_sample_bytes(usize::MAX), &Limits::default()).unwrap();
                prop_assert_eq!(again, read);
            }
        }
    }
}
