use super::machine::{Ended, Machine};
use super::settings::{Declared, Settings, observed};
use super::unit::probe_hash;
use super::window::Window;
use downhaul_control::api::BreakerState;
use proptest::prelude::*;
use serde_json::{Value, json};

fn settings(declared: &Value) -> Settings {
    if declared.is_null() { observed() } else { Declared::read(declared).unwrap().settings }
}

/// `tests/vectors/breakers.json`: the npm package replays the same.
#[test]
fn every_step_leads_where_the_vectors_say() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/breakers.json");
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert!(!cases.is_empty());
    for case in &cases {
        let name = case["name"].as_str().unwrap();
        let random = case["random"].as_f64().unwrap();
        let mut machine = Machine::new("f", settings(&case["declared"]), 0);
        let steps = case["steps"].as_array().unwrap();
        for (index, (step, expected)) in steps.iter().zip(case["after"].as_array().unwrap()).enumerate() {
            let (what, at, with) = (step[0].as_str().unwrap(), step[1].as_i64().unwrap(), &step[2]);
            let generation = machine.generation;
            let mut admitted = None;
            let mut ended = |generation, ended| machine.ended(generation, ended, at, || random);
            match what {
                "ok" => ended(generation, Ended::Ok),
                "slow" => ended(generation, Ended::Slow),
                "failed" => ended(generation, Ended::Failed),
                "late" => ended(generation.wrapping_sub(1), Ended::Failed),
                "advance" => machine.advance(at),
                "admits" => admitted = Some(machine.admits(with.as_str().unwrap(), at)),
                "kill" => machine.force(with.as_u64().unwrap(), at),
                "restore" => machine.release(with.as_u64().unwrap(), at),
                "latch" => machine.latch(at),
                "disable" => machine.disable(true, at),
                "enable" => machine.disable(false, at),
                "another" => machine.configure(settings(&case["declared"]), false, at),
                other => panic!("no step {other}"),
            }
            let cause = machine.cause.map(super::BreakerCause::as_str);
            let mut after = json!([machine.state.name(), cause, machine.share(), machine.attempt]);
            if let Some(admitted) = admitted {
                after.as_array_mut().unwrap().push(admitted.into());
            }
            assert_eq!(numbers(&after), numbers(expected), "{name}, step {index}: {step}");
        }
    }
}

/// JavaScript writes 1.0 as 1.
fn numbers(after: &Value) -> Value {
    let one = |value: &Value| value.as_f64().map_or_else(|| value.clone(), Value::from);
    after.as_array().unwrap().iter().map(one).collect()
}

#[test]
fn units_are_drawn_as_the_npm_package_draws_them() {
    // Made by `probeHash` of web/sdk/src/guard/unit.ts.
    for (unit, flag, draw, expected) in HASHES {
        assert_eq!(probe_hash(unit, flag, *draw), *expected, "{unit}");
    }
}

const HASHES: &[(&str, &str, u32, u32)] = &[
    ("", "f", 1, 4_260_562_394),
    ("user-1", "recommendations", 1, 3_577_516_415),
    ("user-1", "recommendations", 2, 2_300_160_241),
    ("Zoë 🚀", "checkout-v2", 7, 250_628_915),
];

#[test]
fn calls_leave_the_window_by_tenths() {
    let mut window = Window::new(10_000.0);
    for at in 0..10 {
        window.failed(at * 1000);
    }
    window.well(9_999);
    assert_eq!(window.sums(), (11, 10, 0));
    window.well(10_000);
    assert_eq!(window.sums(), (11, 9, 0), "the oldest second has left");
    window.slow(12_000);
    assert_eq!(window.sums(), (10, 7, 1));
    window.well(5_000);
    assert_eq!(window.sums(), (11, 7, 1), "a time before the last one counts as the last one");
    window.well(60_000);
    assert_eq!(window.sums(), (1, 0, 0));
}

#[test]
fn what_the_document_does_not_say_is_its_default() {
    let read = |value: Value| Declared::read(&value).unwrap();
    let declared =
        read(json!({ "fallback": "off", "of": "abc", "consecutive": 3, "slow_ms": 0, "least_calls": "many" }));
    assert_eq!((declared.fallback.as_str(), declared.of.as_str()), ("off", "abc"));
    let Settings { acts, consecutive, least_calls, slow_ms, probes, .. } = declared.settings;
    assert_eq!((acts, consecutive, least_calls, slow_ms, probes), (true, 3, 20, None, true));
    let observing = read(json!({ "mode": "observe", "probe": "never" })).settings;
    assert_eq!((observing.acts, observing.probes), (false, false));
    assert_eq!(Declared::read(&json!("later")), None, "of a kind that is not known: as if there were none");
}

#[derive(Debug, Clone)]
enum Act {
    End(u8),
    Late,
    Advance,
    Kill,
    Restore,
    Disable(bool),
    Another,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        12 => (0u8..3).prop_map(Act::End),
        1 => Just(Act::Late),
        2 => Just(Act::Advance),
        1 => Just(Act::Kill),
        1 => Just(Act::Restore),
        1 => any::<bool>().prop_map(Act::Disable),
        1 => Just(Act::Another),
    ]
}

proptest! {
    /// Whatever comes: a killed flag is left by nothing but a later restore; an opening of a closed breaker is a minute after the
    /// one before at least; who is let through at one share is let through at the next.
    #[test]
    fn it_only_ever_takes_calls_away(acts in prop::collection::vec((act(), 0i64..30_000), 1..400)) {
        let of = settings(&json!({ "fallback": "off", "of": "1", "slow_ms": 10 }));
        let mut machine = Machine::new("f", of.clone(), 0);
        let (mut now, mut kills, mut killed) = (0, 0, false);
        let mut opened: Option<i64> = None;
        for (act, pause) in acts {
            now += pause;
            let before = (machine.state, machine.round);
            let units: Vec<bool> = (0..50).map(|unit| machine.draws(&unit.to_string())).collect();
            let generation = machine.generation;
            match act {
                Act::End(0) => machine.ended(generation, Ended::Ok, now, || 0.5),
                Act::End(1) => machine.ended(generation, Ended::Slow, now, || 0.5),
                Act::End(_) => machine.ended(generation, Ended::Failed, now, || 0.5),
                Act::Late => machine.ended(generation.wrapping_sub(1), Ended::Failed, now, || 0.5),
                Act::Advance => machine.advance(now),
                Act::Kill => {
                    kills += 1;
                    killed = true;
                    machine.force(kills, now);
                }
                Act::Restore => {
                    kills += 1;
                    killed = false;
                    machine.release(kills, now);
                    opened = None;
                }
                Act::Disable(disabled) => {
                    machine.disable(disabled, now);
                    opened = None;
                }
                Act::Another => {
                    machine.configure(of.clone(), false, now);
                    opened = None;
                }
            }
            prop_assert_eq!(machine.state == BreakerState::ForcedOpen, killed);
            if before.0 == BreakerState::HalfOpen && machine.state == BreakerState::HalfOpen && machine.round == before.1 {
                let again: Vec<bool> = (0..50).map(|unit| machine.draws(&unit.to_string())).collect();
                prop_assert_eq!(units, again, "nobody goes to and fro within a share");
            }
            if before.0 == BreakerState::Closed && machine.state == BreakerState::Open {
                if let Some(opened) = opened {
                    prop_assert!(now - opened >= 60_000, "opened after {} ms", now - opened);
                }
                opened = Some(now);
            }
        }
    }
}
