//! Cohorts are stable: a stage only adds people, whatever the flag was before, and back and forward gives the same people.
//! Judged by the evaluator that clients run.

use crate::support::{World, flag_with, now};
use downhaul_control::api::RolloutAct;
use downhaul_control::rollout::{self, Rollout};
use downhaul_control::{Command, Request};
use downhaul_core::compile::{Audience, Options, compile};
use downhaul_core::decision::Decision;
use downhaul_core::document::FlagSet;
use downhaul_core::evaluate::evaluate;
use downhaul_core::kills::{KillSet, Loaded};
use downhaul_core::prepare::prepare;
use downhaul_core::validate::validate;
use jiff::SignedDuration;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn condition() -> impl Strategy<Value = Value> {
    let tenants = proptest::sample::subsequence(vec!["acme", "globex", "initech"], 1..3);
    let regions = proptest::sample::subsequence(vec!["eu", "eu-west", "us"], 1..2);
    prop_oneof![
        tenants.prop_map(|tenants| json!({ "tenant": tenants })),
        regions.prop_map(|regions| json!({ "region": regions })),
        Just(json!({ "segment": ["staff"] })),
        (0..5).prop_map(|age| json!({ "attribute": "age", "op": "ge", "values": [age] })),
    ]
}

fn percent() -> impl Strategy<Value = Value> {
    prop_oneof![Just(json!(100)), (1..100_000u32).prop_map(|part| json!(f64::from(part) / 1000.0))]
}

fn slices() -> impl Strategy<Value = Value> {
    proptest::collection::vec((proptest::sample::select(vec!["on", "off", "blue"]), 0..33_333u32), 1..4)
        .prop_map(|slices| json!(slices))
}

/// Rules of all kinds, such as a split that gives the variant to others than the rollout does.
fn rules() -> impl Strategy<Value = Value> {
    let when = proptest::collection::vec(condition(), 0..2);
    let then = prop_oneof![
        proptest::sample::select(vec!["on", "off", "blue"]).prop_map(|variant| ("serve", json!(variant))),
        (
            slices(),
            proptest::sample::select(vec!["checkout", "other"]),
            proptest::sample::select(vec!["targetingKey", "age"])
        )
            .prop_map(|(slices, salt, by)| ("split", json!({ "by": by, "salt": salt, "slices": slices }))),
    ];
    let rule = (when, then).prop_map(|(when, (kind, then))| json!({ "when": when, kind: then }));
    proptest::collection::vec(rule, 0..4).prop_map(|mut rules| {
        for (at, rule) in rules.iter_mut().enumerate() {
            rule["name"] = json!(format!("rule {at}"));
        }
        Value::Array(rules)
    })
}

fn stages() -> impl Strategy<Value = Value> {
    let stage = (proptest::collection::vec(condition(), 0..3), percent())
        .prop_map(|(when, percent)| json!({ "when": when, "percent": percent, "bake_seconds": 1 }));
    proptest::collection::vec(stage, 1..6).prop_map(Value::Array)
}

/// 300 people who differ in everything that is asked for, some without a key to share them out by.
fn people() -> Vec<Map<String, Value>> {
    let person = |number: usize| {
        let mut context = json!({
            "tenant": (["acme", "globex", "initech", "hooli"][number % 4]),
            "region": (["eu-west", "eu-north", "us", "mars"][number / 4 % 4]),
            "age": number % 7,
        });
        if !number.is_multiple_of(11) {
            context["targetingKey"] = json!(format!("user-{number}"));
        }
        context.as_object().unwrap().clone()
    };
    (0..300).map(person).collect()
}

fn decided(flag_set: &FlagSet, people: &[Map<String, Value>]) -> Vec<Decision> {
    let valid = validate(flag_set.clone(), None).unwrap().0;
    let kills = KillSet::encode(&flag_set.kills, &flag_set.regions, 1, |_| None);
    let loaded = Loaded::new(compile(&valid, &Options { audience: Audience::All }), kills);
    people.iter().map(|person| evaluate(&loaded, &[], &mut prepare(&loaded, person), 0).unwrap()).collect()
}

/// Of stages that add somebody.
fn rollout(stages: &Value, before: Option<String>) -> Rollout {
    let document = json!({ "flag": "checkout", "variant": "on", "stages": stages, "before": before });
    let mut rollout: Rollout = serde_json::from_value(document).unwrap();
    for stage in std::mem::take(&mut rollout.stages) {
        rollout.stages.push(stage);
        if !rollout::validate::alone(&rollout).is_empty() {
            rollout.stages.pop();
        }
    }
    rollout
}

fn later(world: &mut World, command: Command) {
    let at = now().saturating_add(SignedDuration::from_hours(i64::try_from(world.records.len()).unwrap())).unwrap();
    let request = Request { at, ..world.request(command) };
    world.carry_out(request).unwrap();
}

fn act(world: &mut World, act: RolloutAct) {
    let command = rollout::act(&world.state, 1, None, act).unwrap();
    later(world, command);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn a_stage_only_adds_people_and_the_way_back_and_forward_is_the_same(
        rules in rules(), stages in stages(), before in proptest::option::of(0..4usize), default in 0..3usize,
        way in proptest::collection::vec(any::<bool>(), 0..12),
    ) {
        let mut world = World::new();
        let regions = json!({ "eu": { "eu-west": {}, "eu-north": {} }, "us": {} });
        later(&mut world, Command::PutRegions { regions: serde_json::from_value(regions).unwrap() });
        let staff = json!({ "include": ["user-7", "user-8"], "when": [{ "attribute": "age", "op": "in", "values": [3] }] });
        later(&mut world, Command::PutSegment { key: "staff".parse().unwrap(), segment: serde_json::from_value(staff).unwrap() });
        let before = before.filter(|at| *at < rules.as_array().unwrap().len()).map(|at| format!("rule {at}"));
        let flag = flag_with("checkout", json!({
            "variants": { "blue": "b", "off": "f", "on": "n" }, "default": (["blue", "off", "on"][default]), "rules": rules,
        }));
        later(&mut world, Command::PutFlag { flag });
        let wanted = rollout(&stages, before);
        let command = rollout::start(&world.state, &wanted).unwrap();
        let (people, base) = (people(), world.state.flag_set.clone());
        let on = |decisions: &[Decision]| -> Vec<bool> {
            let flag = base.flag("checkout").unwrap();
            decisions.iter().map(|each| flag.variants[usize::from(each.variant)].0.as_str() == "on").collect()
        };
        // What was decided at each stage, the one before the first included.
        let mut known = vec![decided(&base, &people)];
        later(&mut world, command);
        known.push(decided(&world.state.flag_set, &people));
        let last = wanted.stages.len();
        for forward in way.into_iter().chain(vec![true; 2 * last]) {
            let stage = world.state.rollouts.by_number[&1].stage;
            if forward && stage < last {
                let command = rollout::advance(&world.state, 1, stage, Vec::new()).unwrap();
                later(&mut world, command);
            } else if !forward && stage > 0 {
                act(&mut world, RolloutAct::StepBack);
                act(&mut world, RolloutAct::Resume);
            }
            let stage = world.state.rollouts.by_number[&1].stage;
            let now = decided(&world.state.flag_set, &people);
            match known.get(stage) {
                Some(then) => prop_assert_eq!(then, &now, "stage {} is what it was", stage),
                None => known.push(now),
            }
        }
        for (stage, pair) in known.windows(2).enumerate() {
            let (had, has) = (on(&pair[0]), on(&pair[1]));
            let lost = had.iter().zip(&has).position(|(had, has)| *had && !*has);
            prop_assert_eq!(lost, None, "lost by entering stage {}", stage + 1);
            // Whoever is given nothing is decided for as before.
            for (before, after) in known[0].iter().zip(&pair[1]).zip(&has).filter(|(_, has)| !**has).map(|(pair, _)| pair) {
                prop_assert_eq!(before.variant, after.variant);
            }
        }
        act(&mut world, RolloutAct::RollBack);
        prop_assert_eq!(&world.state.flag_set.flags, &base.flags);
    }
}
