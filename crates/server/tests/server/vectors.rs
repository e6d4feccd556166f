//! The vectors of `tests/vectors/evaluation`, through the server: as it publishes them, and as it explains them itself.

use crate::support::{ENVIRONMENT, Served};
use downhaul_core::decision::Cause;
use downhaul_core::evaluate::evaluate;
use downhaul_core::kills::{KillSet, Loaded};
use downhaul_core::prepare::prepare;
use downhaul_core::program::Program;
use serde_json::{Value, json};
use std::path::Path;

/// Each file with its name.
fn vectors() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/evaluation");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |path: std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (name, serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap())
    };
    files.into_iter().map(read).collect()
}

/// Puts a document into force as people would: its definitions by `apply`, each of its kills by a kill.
async fn put_into_force(served: &Served, flag_set: &Value) {
    let mut document = flag_set.clone();
    document["environment"] = json!(ENVIRONMENT);
    let kills = document.as_object_mut().unwrap().remove("kills").unwrap_or_else(|| json!([]));
    served.apply(&document).await;
    for kill in kills.as_array().unwrap() {
        let body = json!({ "flag": kill["flag"], "scope": kill["scope"], "reason": kill["reason"] });
        served.post("/kills", body).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_and_explained_decides_as_the_vectors_say() {
    let (mut published, mut explained) = (0, 0);
    for (name, vector) in vectors() {
        let served = Served::new().await;
        put_into_force(&served, &vector["flag_set"]).await;
        let (key, _) = served.key(json!({ "kind": "server" })).await;
        let received = served.flag_set(&key, "", None).await;
        let program = Program::from_bytes(&received.program).unwrap();
        let loaded = Loaded::new(program, KillSet::from_bytes(&received.kills).unwrap());
        for case in vector["cases"].as_array().unwrap() {
            let context = case["context"].as_object().unwrap();
            let overrides = case.get("overrides").and_then(Value::as_object);
            let mut causes = vec![0; loaded.program.flag_count() as usize];
            for (flag, cause) in overrides.into_iter().flatten() {
                let known = [Cause::Stale, Cause::Breaker, Cause::CrashLoop];
                let cause = known.into_iter().find(|known| known.as_str() == cause.as_str()).unwrap();
                if let Some(at) = loaded.program.flag_index(flag) {
                    causes[at as usize] = cause as u8;
                }
            }
            for (flag, expected) in case["expect"].as_object().unwrap() {
                let Some(number) = loaded.program.flag_index(flag) else { continue };
                let decision = evaluate(&loaded, &causes, &mut prepare(&loaded, context), number).unwrap();
                let (variant, _) = loaded.program.variant(number, u32::from(decision.variant)).unwrap();
                let value: Value = serde_json::from_str(loaded.value(number, &decision)).unwrap();
                let given = json!({ "variant": variant, "reason": decision.reason.as_str(), "value": value });
                for member in ["variant", "reason", "value"].into_iter().filter(|member| expected.get(member).is_some())
                {
                    assert_eq!(given[member], expected[member], "{name}: published, {flag}: {case}");
                    published += 1;
                }
                if overrides.is_none() {
                    let answer = served.post("/explain", json!({ "flag": flag, "context": context })).await;
                    for member in
                        ["variant", "reason", "value"].into_iter().filter(|member| expected.get(member).is_some())
                    {
                        assert_eq!(
                            answer["xray"][member], expected[member],
                            "{name}: explained, {flag}: {case}\n{answer}"
                        );
                        explained += 1;
                    }
                    let path = served.url(&format!("/ofrep/v1/evaluate/flags/{flag}"));
                    let request = served.http.post(path).bearer_auth(&key).json(&json!({ "context": context }));
                    let answer: Value = request.send().await.unwrap().json().await.unwrap();
                    for member in
                        ["variant", "reason", "value"].into_iter().filter(|member| expected.get(member).is_some())
                    {
                        assert_eq!(answer[member], expected[member], "{name}: by OFREP, {flag}: {case}\n{answer}");
                    }
                }
            }
        }
        served.close().await;
    }
    assert!(published > 1000 && explained > 1000, "only {published} and {explained} were judged");
}
