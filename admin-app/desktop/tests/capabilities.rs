//! What a page may call is what it calls, and nothing else.

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const CAPABILITY: &str = include_str!("../capabilities/console.json");

/// The names of the commands that a text calls, by `call("name"`, `invoke("name"`.
fn called(text: &str) -> BTreeSet<String> {
    let calls = ["call(\"", "invoke(\""];
    let parts = calls.iter().flat_map(|call| text.split(call).skip(1));
    parts.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())).collect()
}

#[test]
fn pages_may_call_exactly_what_they_call() {
    let capability: Value = serde_json::from_str(CAPABILITY).unwrap();
    let allowed: BTreeSet<String> =
        capability["permissions"].as_array().unwrap().iter().map(|each| each.as_str().unwrap().to_owned()).collect();
    let mut used = called(include_str!("../../ui/src/backend/window.rs"));
    used.extend(called(include_str!("../pages/start.js")));
    let used: BTreeSet<String> = used.iter().map(|name| format!("allow-{}", name.replace('_', "-"))).collect();
    assert_eq!(allowed, used);
}

#[test]
fn one_capability_holds_for_the_one_window_and_for_no_address_but_its_own() {
    let files: Vec<_> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("capabilities")).unwrap().collect();
    assert_eq!(files.len(), 1);
    let capability: Value = serde_json::from_str(CAPABILITY).unwrap();
    assert_eq!(capability["windows"], serde_json::json!(["main"]));
    for member in ["remote", "webviews", "local"] {
        assert_eq!(capability.get(member), None, "{member}");
    }
    let config: Value = serde_json::from_str(include_str!("../tauri.conf.json")).unwrap();
    assert_eq!(config["app"]["security"]["capabilities"], serde_json::json!(["console"]));
    assert_eq!(config["app"]["security"]["csp"], "default-src 'none'", "of pages that are not the app's own");
}
