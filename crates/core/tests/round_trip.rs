//! What is written is read back as the same.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod support;

use downhaul_core::document::{Flag, FlagSet, Kill, RegionTree, Rule, Scope, Segment};
use downhaul_core::read::{self, Format};
use downhaul_core::seal;
use downhaul_core::validate::validate;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

fn through_serde<T: Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

/// As reading gives them: a variant's value `2.0`, which only code can make, is `2`.
fn document() -> impl Strategy<Value = FlagSet> {
    support::arbitrary::flag_set().prop_map(|document| through_serde(&document))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_valid_document_survives(document in document()) {
        let text = serde_json::to_string(&document).unwrap();
        let (read, warnings) = read::flag_set(&text, Format::Json).unwrap();
        prop_assert_eq!(&read, &document);
        prop_assert!(warnings.iter().all(|warning| warning.code == "number-rounded"));
        prop_assert_eq!(&through_serde(&document), &document);
        // JSON is YAML.
        let pretty = serde_json::to_string_pretty(&document).unwrap();
        prop_assert_eq!(&read::flag_set(&pretty, Format::Yaml).unwrap().0, &document);
        prop_assert!(validate(document, Some("2026-11-24")).is_ok());
    }

    #[test]
    fn the_digest_does_not_depend_on_how_it_was_stored(document in support::arbitrary::flag_set()) {
        let bytes = seal::canonical_bytes(&document).unwrap();
        let stored: FlagSet = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(seal::canonical_bytes(&stored).unwrap(), bytes);
    }

    #[test]
    fn its_parts_survive_alone(document in document()) {
        for flag in &document.flags {
            prop_assert_eq!(&through_serde::<Flag>(flag), flag);
            for rule in &flag.rules {
                prop_assert_eq!(&through_serde::<Rule>(rule), rule);
            }
        }
        for segment in document.segments.values() {
            prop_assert_eq!(&through_serde::<Segment>(segment), segment);
        }
        for kill in &document.kills {
            prop_assert_eq!(&through_serde::<Kill>(kill), kill);
            prop_assert_eq!(&through_serde::<Scope>(&kill.scope), &kill.scope);
        }
        prop_assert_eq!(&through_serde::<RegionTree>(&document.regions), &document.regions);
    }
}
