//! Conformance data of others, read where it lies beside the repository; a run without it says so.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot be set up has failed")]

use downhaul_core::automaton::{self, Automaton};
use downhaul_core::bucket::murmur3_x86_32;
use downhaul_core::ip::{Address, Block, parse_block};
use downhaul_core::version::Version;
use serde_json::Value;
use std::cmp::Ordering;
use std::path::Path;

/// The text of a file of the suites, if they are there.
fn suite(file: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/suites").join(file);
    let text = std::fs::read_to_string(&path).ok();
    if text.is_none() {
        eprintln!("skipped: the suite {file} is not there");
    }
    text
}

fn json(file: &str) -> Option<Value> {
    suite(file).map(|text| serde_json::from_str(&text).unwrap())
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

#[test]
fn murmur3() {
    if let Some(suite) = json("murmur3/data/vectors.json") {
        for vector in suite["vectors"].as_array().unwrap() {
            let hex = vector["hex"].as_str().unwrap();
            let bytes: Vec<u8> = hex
                .as_bytes()
                .chunks(2)
                .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
                .collect();
            let seed = u32::try_from(vector["seed"].as_u64().unwrap()).unwrap();
            assert_eq!(u64::from(murmur3_x86_32(&bytes, seed)), vector["x86_32"].as_u64().unwrap(), "{vector}");
        }
    }
    if let Some(rows) = suite("splitio/data/murmur3-custom-uuids.csv") {
        for row in rows.lines().filter(|row| !row.is_empty()) {
            let columns: Vec<&str> = row.split(',').collect();
            let hash = murmur3_x86_32(columns[1].as_bytes(), columns[0].parse().unwrap());
            assert_eq!(hash, columns[2].parse::<u32>().unwrap(), "{row}");
        }
    }
}

/// Where a row's reading is not ours on purpose: we read a leading `v` and missing parts.
fn is_shortened(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    let core = text.split(['-', '+']).next().unwrap_or("");
    let parts: Vec<&str> = core.split('.').collect();
    parts.len() <= 3 && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

#[test]
fn semver() {
    let compare = |left: &str, right: &str| Version::parse(left).unwrap().precedence(&Version::parse(right).unwrap());
    if let Some(suite) = json("semver/data/vectors.json") {
        let ascending = texts(&suite["ascending"]);
        for (i, left) in ascending.iter().enumerate() {
            for (j, right) in ascending.iter().enumerate() {
                assert_eq!(compare(left, right), i.cmp(&j), "{left} {right}");
            }
        }
        for pair in suite["equal_precedence"].as_array().unwrap() {
            let pair = texts(pair);
            assert_eq!(compare(pair[0], pair[1]), Ordering::Equal, "{pair:?}");
        }
        for text in texts(&suite["valid"]) {
            // Numbers are below 2^64 with us.
            let huge = text.split(['.', '-', '+']).any(|part| {
                !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) && part.parse::<u64>().is_err()
            });
            assert_eq!(Version::parse(text).is_none(), huge, "{text}");
        }
        for text in texts(&suite["invalid"]) {
            let read = Version::parse(text);
            assert!(read.is_none() || is_shortened(text), "{text}");
        }
    }
    if let Some(rows) = suite("splitio/data/semver/valid-semantic-versions.csv") {
        for row in rows.lines().skip(1).filter(|row| !row.is_empty()) {
            let (higher, lower) = row.split_once(',').unwrap();
            // SemVer 2.0 holds where they differ: leading zeros are refused.
            if let (Some(higher), Some(lower)) = (Version::parse(higher), Version::parse(lower)) {
                assert_ne!(higher.precedence(&lower), Ordering::Less, "{row}");
            } else {
                eprintln!("skipped: {row}");
            }
        }
    }
    if let Some(rows) = suite("splitio/data/semver/between-semver.csv") {
        for row in rows.lines().skip(1).filter(|row| !row.is_empty()) {
            let columns: Vec<&str> = row.split(',').collect();
            let between = compare(columns[0], columns[1]) != Ordering::Greater
                && compare(columns[1], columns[2]) != Ordering::Greater;
            assert_eq!(between.to_string(), columns[3], "{row}");
        }
    }
}

#[test]
fn blocks_of_addresses() {
    let Some(suite) = json("cidr/data/vectors.json") else { return };
    let mut judged = 0;
    for row in suite["rows"].as_array().unwrap() {
        let (range, address, expected) =
            (row[0].as_str().unwrap(), row[1].as_str().unwrap(), row[2].as_bool().unwrap());
        // The suite's two dialects: mapped addresses, which read as IPv4 with us, and host bits, which we refuse.
        if address.starts_with("::ffff:") || range.starts_with("::ffff:") {
            continue;
        }
        let Ok(block) = parse_block(range) else {
            continue;
        };
        let within = |block: Block| Address::parse(address).is_some_and(|address| block.contains(address));
        assert_eq!(within(block), expected, "{row}");
        judged += 1;
    }
    assert!(judged > 100, "only {judged} rows were judged");
}

#[test]
fn regular_expressions() {
    let Some(rows) = suite("splitio/data/regex.txt") else { return };
    let (mut judged, mut skipped) = (0, Vec::new());
    for row in rows.lines().filter(|row| !row.is_empty()) {
        let columns: Vec<&str> = row.split('#').collect();
        let [pattern, input, expected] = columns[..] else {
            skipped.push(row);
            continue;
        };
        match automaton::compile(pattern) {
            Ok(table) => {
                let held = Automaton::new(&table).unwrap().holds(input.as_bytes());
                assert_eq!(held.to_string(), expected, "{row}");
                judged += 1;
            }
            Err(_) => skipped.push(row),
        }
    }
    eprintln!("outside the dialect, skipped: {skipped:#?}");
    assert!(judged > 90, "only {judged} rows were judged");
}
