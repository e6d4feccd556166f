//! The evaluation vectors, through the library.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test that cannot be set up has failed"
)]

use downhaul_core::check::{Source, check};
use downhaul_core::compile::{Audience, Options, compile};
use downhaul_core::context::Slot;
use downhaul_core::decision::{Cause, ErrorCode};
use downhaul_core::document::ClientKind;
use downhaul_core::evaluate::{NeedText, evaluate, evaluate_all, evaluate_observed};
use downhaul_core::explain::Explainer;
use downhaul_core::kills::{KillSet, Loaded};
use downhaul_core::observe::Observer;
use downhaul_core::prepare::prepare;
use downhaul_core::program::Program;
use downhaul_core::read::Format;
use downhaul_core::validate::Valid;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// See tests/vectors/README.md.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Topic {
    name: String,
    flag_set: Value,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    #[serde(default)]
    name: String,
    context: Map<String, Value>,
    #[serde(default)]
    overrides: BTreeMap<String, String>,
    #[serde(default, rename = "flag")]
    _flag: Option<String>,
    expect: BTreeMap<String, Expected>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    variant: Option<String>,
    reason: String,
    value: Option<Value>,
    rule: Option<u32>,
    cause: Option<String>,
    #[serde(rename = "errorCode")]
    error_code: Option<String>,
}

fn topics() -> Vec<(Topic, Valid)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/evaluation");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let topics = files.into_iter().map(|path| {
        let text = std::fs::read_to_string(&path).unwrap();
        let topic: Topic = serde_json::from_str(&text).unwrap_or_else(|why| panic!("{}: {why}", path.display()));
        let source = Source { name: topic.name.clone(), text: topic.flag_set.to_string(), format: Format::Json };
        let checked = check(&[source], None);
        let valid = checked.valid.unwrap_or_else(|| panic!("{}: {:#?}", path.display(), checked.diagnostics));
        (topic, valid)
    });
    topics.collect()
}

fn load(valid: &Valid, audience: Audience) -> Loaded {
    let document = valid.document();
    let program = compile(valid, &Options { audience });
    let program = Program::from_bytes(&program.to_bytes()).unwrap();
    let kills = KillSet::encode(&document.kills, &document.regions, 1, |_| None);
    Loaded::new(program, KillSet::from_bytes(&kills.to_bytes().unwrap()).unwrap())
}

fn code(cause: &str) -> u8 {
    match cause {
        "stale" => Cause::Stale as u8,
        "breaker" => Cause::Breaker as u8,
        "crash-loop" => Cause::CrashLoop as u8,
        other => panic!("unknown override {other}"),
    }
}

/// Runs all cases against the program for one audience; how many expectations were looked at.
fn run(audience: Audience) -> usize {
    let mut judged = 0;
    let mut wrong = Vec::new();
    for (topic, valid) in topics() {
        let loaded = load(&valid, audience);
        let explainer = Explainer::new(&valid);
        for case in &topic.cases {
            let mut overrides = vec![0; loaded.program.flag_count() as usize];
            for (key, cause) in &case.overrides {
                if let Some(flag) = loaded.program.flag_index(key) {
                    overrides[flag as usize] = code(cause);
                }
            }
            for (key, expected) in &case.expect {
                let place = format!("{}: {} {key} {:?}", topic.name, case.name, case.context);
                let Some(flag) = loaded.program.flag_index(key) else {
                    if audience == Audience::All {
                        assert_eq!(expected.error_code.as_deref(), Some(ErrorCode::FlagNotFound.as_str()), "{place}");
                        assert_eq!(expected.reason, "ERROR", "{place}");
                        judged += 1;
                    }
                    continue;
                };
                judged += 1;
                let decision = evaluate(&loaded, &overrides, &mut prepare(&loaded, &case.context), flag).unwrap();
                let (variant, value) = loaded.program.variant(flag, u32::from(decision.variant)).unwrap();
                let value: Value = serde_json::from_str(value).unwrap();
                let right = expected.reason == decision.reason.as_str()
                    && expected.variant.as_deref().is_none_or(|expected| expected == variant)
                    && expected.value.as_ref().is_none_or(|expected| *expected == value)
                    && expected.rule.is_none_or(|rule| decision.rule() == Some(rule))
                    && expected.cause.as_deref().is_none_or(|cause| decision.cause.as_str() == Some(cause));
                if !right {
                    wrong.push(format!("{place}: {variant} {decision:?}"));
                }
                if audience == Audience::All {
                    let causes = case.overrides.iter();
                    let causes = causes.map(|(flag, cause)| (flag.clone(), Cause::from_code(code(cause)))).collect();
                    let xray = explainer.explain(key, &case.context, &causes);
                    assert_eq!(xray.variant.as_deref(), Some(variant), "{place}");
                    assert_eq!(xray.reason, decision.reason.as_str(), "{place}");
                    assert!(!xray.to_string().is_empty());
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {judged} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    judged
}

#[test]
fn vectors() {
    let judged = run(Audience::All);
    assert!(judged >= 500, "only {judged} expectations were found");
}

/// Hashed lists and left-out segments change no answer.
#[test]
fn vectors_for_each_kind_of_client() {
    for kind in [ClientKind::Browser, ClientKind::Edge, ClientKind::Server] {
        run(Audience::Kind(kind));
    }
}

/// A host that writes texts when they are asked for, and asks for all flags, gets what each gives by itself.
#[test]
fn vectors_with_texts_that_come_when_asked_for() {
    let mut asked = 0;
    for (topic, valid) in topics() {
        let loaded = load(&valid, Audience::All);
        for case in topic.cases.iter().filter(|case| case.overrides.is_empty()) {
            let whole = prepare(&loaded, &case.context);
            let mut waiting = whole.clone();
            let slots = waiting.context.slots.iter_mut();
            slots.filter(|slot| slot.kind == Slot::TEXT).for_each(|slot| *slot = Slot::of(Slot::PENDING));
            let together = loop {
                let mut together = Vec::new();
                match evaluate_all(&loaded, &[], &mut waiting, |_, decision| together.push(decision)) {
                    Ok(()) => break together,
                    Err(NeedText { slot }) => {
                        asked += 1;
                        waiting.context.slots[slot as usize] = whole.context.slots[slot as usize];
                    }
                }
            };
            let watched = |flag| evaluate_observed(&loaded, &[], &mut whole.clone(), flag, &mut Watcher).unwrap();
            let alone: Vec<_> = (0..loaded.program.flag_count()).map(watched).collect();
            assert_eq!(together, alone, "{}: {} {:?}", topic.name, case.name, case.context);
        }
    }
    assert!(asked >= 100, "only {asked} texts were asked for");
}

/// Watches, and so is shown every rule.
struct Watcher;

impl Observer for Watcher {}
