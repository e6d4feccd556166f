//! The vectors of `tests/vectors/evaluation`, as a service reads them.

use crate::control_plane::http;
use crate::liar::{envelope, public_key};
use downhaul_control::envelope::EnvelopeSigner;
use downhaul_sdk::{Cause, Context, Options};
use serde_json::{Map, Value};
use std::path::Path;

#[tokio::test]
async fn reads_give_what_the_vectors_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/evaluation");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut judged = 0;
    for path in files {
        let vector: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let signer = EnvelopeSigner::new(&[1; 32]);
        let bytes = envelope(&signer, &vector["flag_set"], |_| {});
        // Nobody is there, and nobody is needed.
        let client = Options::new("http://127.0.0.1:9", "dhk_1")
            .http(http())
            .public_keys([public_key(&signer)])
            .bootstrap(bytes)
            .start()
            .unwrap();
        for case in vector["cases"].as_array().unwrap() {
            // What a client holds down it finds out by itself: see `silence`.
            if case.get("overrides").is_some() {
                continue;
            }
            let context: Map<String, Value> = case["context"].as_object().unwrap().clone();
            let flags = client.evaluate(&Context::from(context));
            for (key, expected) in case["expect"].as_object().unwrap() {
                let details = flags.details(key, Value::Null);
                let place = format!("{}: {key}: {case}", path.display());
                assert_eq!(details.reason.as_str(), expected["reason"], "{place}");
                match expected.get("errorCode") {
                    Some(code) => assert_eq!(details.error.unwrap().code.as_str(), *code, "{place}"),
                    None => {
                        assert_eq!(details.error, None, "{place}");
                        let cause = details.metadata.cause.and_then(Cause::as_str);
                        assert_eq!(
                            expected.get("variant").map_or(details.variant.as_deref(), Value::as_str),
                            details.variant.as_deref(),
                            "{place}"
                        );
                        assert_eq!(*expected.get("value").unwrap_or(&details.value), details.value, "{place}");
                        assert_eq!(expected.get("cause").map_or(cause, Value::as_str), cause, "{place}");
                        let rule = details.metadata.rule_index.map(u64::from);
                        assert_eq!(expected.get("rule").map_or(rule, Value::as_u64), rule, "{place}");
                    }
                }
                judged += 1;
            }
        }
    }
    assert!(judged > 300, "only {judged} were judged");
}
