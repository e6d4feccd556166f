//! Canonical JSON, beside an implementation of RFC 8785 that shares no code with ours.

use downhaul_core::seal::{canonical_bytes, check_canonical};
use proptest::prelude::*;
use serde_json::{Value, json};

fn value() -> impl Strategy<Value = Value> {
    let text =
        prop_oneof!["[a-c\"\\\\]{0,3}", "\\PC{0,4}", any::<String>(), Just("\u{8}\u{1f}\u{FB33}\u{1F600}".to_owned())];
    let number = prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1000..1000_i64).prop_map(Value::from),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::from),
        (-1e6..1e6_f64).prop_map(Value::from),
    ];
    let leaf =
        prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), number, text.clone().prop_map(Value::from)];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((text.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// What the oracle writes for what the bytes say; nothing where they are no JSON.
fn rewritten(bytes: &[u8]) -> Option<Vec<u8>> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    serde_json_canonicalizer::to_vec(&value).ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_is_written_as_the_oracle_writes_it(value in value()) {
        let bytes = canonical_bytes(&value).unwrap();
        let oracle = serde_json_canonicalizer::to_vec(&value).unwrap();
        prop_assert_eq!(std::str::from_utf8(&bytes), std::str::from_utf8(&oracle));
        prop_assert_eq!(check_canonical(&bytes), Ok(()));
    }

    /// A byte that is changed, dropped or put in is noticed, unless it makes another canonical text.
    #[test]
    fn what_is_canonical_is_what_the_oracle_would_write(value in value(), at in any::<prop::sample::Index>(), how in 0..4, byte in any::<u8>()) {
        let mut bytes = canonical_bytes(&value).unwrap();
        let at = at.index(bytes.len());
        match how {
            0 => bytes[at] ^= 1 << (byte % 8),
            1 => { bytes.remove(at); }
            2 => bytes.insert(at, byte),
            _ => bytes.insert(at, *b" \t\n,:0\\\"".get(usize::from(byte % 8)).unwrap()),
        }
        prop_assert_eq!(check_canonical(&bytes).is_ok(), rewritten(&bytes).as_ref() == Some(&bytes), "{:?}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn a_key_that_stands_twice_is_not_written() {
    struct Twice;
    impl serde::Serialize for Twice {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map([("b", 1), ("a", 2), ("b", 3)])
        }
    }
    assert!(canonical_bytes(&Twice).is_err());
}

#[test]
fn variants_and_keys_of_every_kind() {
    #[derive(serde::Serialize)]
    enum Each {
        Unit,
        One(u8),
        Two(i8, f32),
        Named { b: char, a: Option<()> },
    }
    let each = [Each::Unit, Each::One(1), Each::Two(-2, 0.5), Each::Named { b: 'é', a: None }];
    let keys = std::collections::BTreeMap::from([(10, json!({})), (9, json!([]))]);
    let ours = canonical_bytes(&(&each, &keys)).unwrap();
    assert_eq!(ours, serde_json_canonicalizer::to_vec(&(&each, &keys)).unwrap());
}
