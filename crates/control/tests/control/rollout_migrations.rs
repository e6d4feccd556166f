//! A rollout of a flag that is a data change: each stage goes through the checks of both.

use crate::support::{World, now};
use downhaul_control::api::{MigrationStepRequest, RolloutAct};
use downhaul_control::migration::{Evidence, propose};
use downhaul_control::rollout::{self, Next, Obstacle};
use downhaul_control::{Authority, Command, Refusal, Request};
use downhaul_core::phase::Phase;
use downhaul_core::read::Format;
use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const FLAG: &str = "orders-v2";

fn at(seconds: i64) -> Timestamp {
    now().saturating_add(SignedDuration::from_secs(seconds)).unwrap()
}

fn put(world: &mut World, members: Value) -> Result<bool, Refusal> {
    let mut flag = json!({
        "key": FLAG, "owner": "orders", "kind": "migration", "expires": "2027-03-31", "phase": "expand",
        "degraded": { "meaning": "Orders as before" },
    });
    flag.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    world.put(Box::new(serde_json::from_value(flag).unwrap()))
}

fn asked(from: Phase, to: Phase, tenants: &[&str]) -> MigrationStepRequest {
    MigrationStepRequest {
        from,
        to,
        tenants: tenants.iter().map(|tenant| (*tenant).to_owned()).collect(),
        percent: None,
        by: None,
        evidence: Evidence::default(),
        reason: "because".to_owned(),
    }
}

/// Takes a step, with the hold that comes before it.
fn step(world: &mut World, from: Phase, to: Phase, tenants: &[&str]) -> Result<(), Refusal> {
    for _ in 0..2 {
        let step = propose(&world.state, FLAG, &asked(from, to, tenants), Vec::new())?;
        let is_hold = step.hold_for.is_some();
        world.ask(Command::Migrate { step: Box::new(step) }, None)?;
        if !is_hold {
            break;
        }
    }
    Ok(())
}

/// At `dual-write` for one tenant, and at `expand` for the others.
fn begun() -> World {
    let mut world = World::new();
    put(&mut world, json!({})).unwrap();
    step(&mut world, Phase::Expand, Phase::DualWrite, &["acme"]).unwrap();
    world
}

fn start(world: &mut World, variant: &str, percents: &[u32]) -> Result<bool, Refusal> {
    let stages: Vec<Value> = percents.iter().map(|percent| json!({ "percent": percent, "bake_seconds": 60 })).collect();
    let plan = json!({ "flag": FLAG, "variant": variant, "stages": stages });
    let plan = rollout::read::rollout(&plan.to_string(), Format::Json).unwrap().0;
    let command = rollout::start(&world.state, &plan)?;
    carry_out(world, 0, command)
}

fn carry_out(world: &mut World, seconds: i64, command: Command) -> Result<bool, Refusal> {
    let request = Request { at: at(seconds), authority: Authority::Root, ..world.request(command) };
    world.carry_out(request)
}

fn advance(world: &mut World, seconds: i64) -> Result<bool, Refusal> {
    let stage = world.state.rollouts.by_number.get(&1).unwrap().stage;
    let command = rollout::advance(&world.state, 1, stage, Vec::new())?;
    carry_out(world, seconds, command)
}

fn refused<T: std::fmt::Debug>(result: Result<T, Refusal>) -> String {
    let why = result.unwrap_err();
    let problems: Vec<String> = why.diagnostics.iter().map(|each| format!("\n  {each}")).collect();
    format!("{} [{}]: {}{}", why.message, why.code.as_str(), why.help, problems.concat())
}

/// Which phase a rollout may give, by where the flag stands: that phase or the one before, as any rule may.
#[test]
fn a_stage_gives_no_phase_that_clients_are_not_ready_for() {
    let mut told = Vec::new();
    for (name, world) in [
        ("expand", {
            let mut world = World::new();
            put(&mut world, json!({})).unwrap();
            world
        }),
        ("dual-write, one tenant first", begun()),
        ("dual-write", {
            let mut world = begun();
            step(&mut world, Phase::DualWrite, Phase::DualWrite, &[]).unwrap();
            world
        }),
        ("back at expand", {
            let mut world = begun();
            step(&mut world, Phase::DualWrite, Phase::Expand, &[]).unwrap();
            world
        }),
    ] {
        for variant in ["expand", "dual-write", "backfill"] {
            let mut world = world.clone();
            let started = start(&mut world, variant, &[10, 100]);
            let word = match &started {
                Ok(_) => "starts".to_owned(),
                Err(why) => why.code.as_str().to_owned(),
            };
            told.push(format!("{name}: {variant} {word}"));
        }
    }
    assert_snapshot!(told.join("\n"), @r"
    expand: expand starts
    expand: dual-write invalid
    expand: backfill invalid
    dual-write, one tenant first: expand starts
    dual-write, one tenant first: dual-write starts
    dual-write, one tenant first: backfill invalid
    dual-write: expand starts
    dual-write: dual-write starts
    dual-write: backfill invalid
    back at expand: expand starts
    back at expand: dual-write phase-order
    back at expand: backfill phase-order
    ");
}

/// What a rollout has begun, a step of the data change neither overtakes nor undoes unseen.
#[test]
fn steps_and_stages_wait_for_each_other() {
    let mut world = begun();
    start(&mut world, "dual-write", &[10, 50, 100]).unwrap();
    advance(&mut world, 60).unwrap();
    let served = |world: &World| {
        let flag = world.state.flag_set.flag(FLAG).unwrap();
        format!(
            "{}, else {}",
            flag.rules.iter().map(|rule| serde_json::to_string(rule).unwrap()).collect::<Vec<_>>().join(" "),
            flag.default
        )
    };
    assert_snapshot!(served(&world), @r#"{"name":"first cohort","when":[{"tenant":["acme"]}],"serve":"dual-write"} {"name":"rollout","split":{"by":"targetingKey","salt":"orders-v2","slices":[["dual-write",50000]]}}, else expand"#);
    // The next phase: not while some are served the one before.
    assert_snapshot!(refused(step(&mut world, Phase::DualWrite, Phase::Backfill, &[])), @"some are still served `expand` of `orders-v2`, which is at `dual-write` [phase-order]: give everyone `dual-write` first: `downhaul migration advance orders-v2`");
    // Everyone at this one, past the rollout: it is held, and says by what.
    step(&mut world, Phase::DualWrite, Phase::DualWrite, &[]).unwrap();
    let known = world.state.rollouts.by_number.get(&1).unwrap();
    let next = rollout::next(&world.state, known, at(1000)).unwrap();
    assert!(matches!(next, Next::Blocked(Obstacle::Edited(Some(_)))), "{next:?}");
    assert_snapshot!(refused(advance(&mut world, 1000)), @"the flag was edited at revision 5 by a-1 (`because`) since ro-1 put it, and ro-1 overwrites nobody's edit [changed-since]: `downhaul rollout resume ro-1` takes the flag as it is now, `downhaul rollout end ro-1` leaves it so; a kill goes on whatever was edited");
    assert_snapshot!(refused(rollout::act(&world.state, 1, None, RolloutAct::RollBack).and_then(|command| carry_out(&mut world, 1000, command))), @"the flag was edited at revision 5 by a-1 (`because`) since ro-1 put it, and ro-1 overwrites nobody's edit [changed-since]: `downhaul rollout resume ro-1` takes the flag as it is now, `downhaul rollout end ro-1` leaves it so; a kill goes on whatever was edited");
    // The data change goes on, and the rollout cannot be let go on over it.
    step(&mut world, Phase::DualWrite, Phase::Backfill, &[]).unwrap();
    assert_snapshot!(refused(rollout::act(&world.state, 1, None, RolloutAct::Resume).and_then(|command| carry_out(&mut world, 1000, command))), @"the rules of ro-1 do not stand in `orders-v2` any more, as it was edited [changed-since]: end it with `downhaul rollout end ro-1`, and start another one on the flag as it is");
    // While it is there, the flag stays.
    assert_snapshot!(refused(world.retire(FLAG)), @"`orders-v2` is at `backfill`, and clients that no longer find it would go by their own fallback [phase-order]: take it to `contract`, or back to `expand`, and retire it there");
    let end = rollout::act(&world.state, 1, None, RolloutAct::End).unwrap();
    carry_out(&mut world, 1000, end).unwrap();
}

/// Nothing is given a second time after a step back, not by a stage either: some may still be ahead.
#[test]
fn a_step_back_holds_a_rollout() {
    let mut world = begun();
    start(&mut world, "dual-write", &[10, 100]).unwrap();
    step(&mut world, Phase::DualWrite, Phase::Expand, &[]).unwrap();
    let flag = world.state.flag_set.flag(FLAG).unwrap();
    assert!(flag.rules.is_empty() && flag.default.as_str() == "expand");
    assert_snapshot!(refused(advance(&mut world, 60)), @"the flag was edited at revision 4 by a-1 (`because`) since ro-1 put it, and ro-1 overwrites nobody's edit [changed-since]: `downhaul rollout resume ro-1` takes the flag as it is now, `downhaul rollout end ro-1` leaves it so; a kill goes on whatever was edited");
    assert_snapshot!(refused(rollout::act(&world.state, 1, None, RolloutAct::Resume).and_then(|command| carry_out(&mut world, 60, command))), @"the rules of ro-1 do not stand in `orders-v2` any more, as it was edited [changed-since]: end it with `downhaul rollout end ro-1`, and start another one on the flag as it is");
}

/// A kill comes before both.
#[test]
fn a_kill_holds_stages_and_steps() {
    let mut world = begun();
    start(&mut world, "dual-write", &[10, 100]).unwrap();
    world.kill(&crate::support::kill_request(FLAG)).unwrap();
    let known = world.state.rollouts.by_number.get(&1).unwrap();
    assert!(matches!(rollout::next(&world.state, known, at(60)).unwrap(), Next::Blocked(Obstacle::Killed { .. })));
    assert_snapshot!(refused(advance(&mut world, 60)), @"ro-1 does not go on now: `orders-v2` is killed by k-1 [not-now]: look at it again");
    assert_snapshot!(refused(step(&mut world, Phase::DualWrite, Phase::Backfill, &[])), @"`orders-v2` is killed by `k-1`, and whom that reaches is at `expand` [still-killed]: restore it first (`downhaul restore k-1`), or make it lasting: `downhaul migration back orders-v2`");
}
