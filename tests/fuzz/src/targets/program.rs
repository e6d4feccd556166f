//! Program bytes and kill sets.

use super::SHOP_PROGRAM;
use downhaul_core::evaluate::{evaluate, evaluate_all, evaluate_observed};
use downhaul_core::kills::{KillSet, Loaded};
use downhaul_core::observe::Observer;
use downhaul_core::prepare::prepare;
use downhaul_core::program::Program;
use serde_json::{Map, Value, json};
use std::io::Cursor;
use std::sync::LazyLock;

/// Contexts that go far into most flags.
pub(crate) static CONTEXTS: LazyLock<Vec<Map<String, Value>>> = LazyLock::new(|| {
    let contexts = json!([
        {},
        {"targetingKey": "user-1", "tenant": "acme", "region": "eu", "app_version": "2.10.0-rc.1", "plan": "pro"},
        {"targetingKey": "user-2", "tenant": "globex", "region": "eu-west", "ip": "10.1.2.3", "age": 41, "beta": true},
        {"targetingKey": "\u{1f600}", "tenant": 3, "region": ["eu"], "email": "A@example.com", "roles": ["a", "b", 1, null]},
        {"targetingKey": 7.5, "ip": "2001:db8::1", "time": "2026-11-24T10:00:00Z", "nested": {"deep": {"er": -0.0}}},
    ]);
    serde_json::from_value(contexts).unwrap()
});

/// With the length and the checksum that these bytes should have: most changes would else be found by these alone.
pub(crate) fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let length = u32::try_from(bytes.len()).unwrap_or(0).to_le_bytes();
    let Some((head, body)) = bytes.split_at_mut_checked(16) else { return bytes };
    let sum = murmur3::murmur3_32(&mut Cursor::new(body), 0).unwrap().to_le_bytes();
    head.get_mut(8..12).unwrap().copy_from_slice(&length);
    head.get_mut(12..16).unwrap().copy_from_slice(&sum);
    bytes
}

/// Watches, and so is shown every rule.
struct Watcher;

impl Observer for Watcher {}

/// What is accepted can be written again, and decides alike however it is asked.
pub(crate) fn bytes(bytes: &[u8]) {
    assert!(Program::from_bytes(bytes).is_err() || sealed(bytes) == bytes, "a wrong checksum was taken");
    let Ok(program) = Program::from_bytes(&sealed(bytes)) else { return };
    let again = Program::from_bytes(&program.to_bytes()).unwrap();
    assert_eq!(again, program);
    let loaded = Loaded::new(program, SHOP_PROGRAM.kill_set.clone());
    for context in CONTEXTS.iter() {
        let mut together = Vec::new();
        evaluate_all(&loaded, &[2], &mut prepare(&loaded, context), |_, decision| together.push(decision)).unwrap();
        for (flag, together) in (0..).zip(together) {
            let alone = evaluate(&loaded, &[2], &mut prepare(&loaded, context), flag).unwrap();
            let mut prepared = prepare(&loaded, context);
            let watched = evaluate_observed(&loaded, &[2], &mut prepared, flag, &mut Watcher).unwrap();
            assert_eq!((alone, watched), (together, together));
            let _ = loaded.value(flag, &together);
        }
    }
}

/// What is accepted can be written again, and is in force at once.
pub(crate) fn kills(bytes: &[u8]) {
    let Ok(kills) = KillSet::from_bytes(bytes) else { return };
    let written = kills.to_bytes().unwrap();
    assert_eq!(KillSet::from_bytes(&written).unwrap(), kills);
    let loaded = Loaded::new(SHOP_PROGRAM.program.clone(), kills);
    for context in CONTEXTS.iter() {
        evaluate_all(&loaded, &[], &mut prepare(&loaded, context), |_, _| ()).unwrap();
    }
}
