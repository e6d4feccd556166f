//! The budget of the policy: what an edit may move before someone else has to approve.

use crate::support::{World, flag_with, kill_request};
use downhaul_blast::plan::{Kept, Limit};
use downhaul_blast::population::{Limits, Mapping, Population};
use downhaul_control::api::{BudgetVerdict, Impact};
use downhaul_control::decide::People;
use downhaul_control::policy::read;
use downhaul_control::{Command, Decision, Refusal, RefusalCode, decide_over};
use downhaul_core::document::Flag;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::atomic::AtomicBool;

fn policy(document: Value) -> Command {
    Command::PutPolicy { policy: Box::new(read(&document).unwrap()) }
}

/// A flag that is on for so many of 100 000 buckets of users.
fn ramp(width: u32) -> Box<Flag> {
    let rule = json!({ "split": { "slices": [["on", width], ["off", 100_000 - width]] } });
    flag_with("checkout", json!({ "default": "off", "rules": [rule] }))
}

/// A flag that is on for these tenants.
fn tenants(names: &[&str]) -> Box<Flag> {
    flag_with("checkout", json!({ "default": "off", "rules": [{ "when": [{ "tenant": names }], "serve": "on" }] }))
}

fn off() -> Box<Flag> {
    flag_with("checkout", json!({ "default": "off" }))
}

/// With one flag that is off, and this budget.
fn world(budget: Value) -> World {
    let mut world = World::new();
    world.put(off()).unwrap();
    world.ask(policy(json!({ "budget": budget })), None).unwrap();
    world
}

fn people(lines: &str) -> Population {
    Population::from_json_lines(lines.as_bytes(), &Mapping::default(), &Limits::default()).unwrap().0
}

/// Puts a flag, with people to judge by.
fn put_over(world: &World, flag: Box<Flag>, population: &Population, ended: bool) -> Result<BudgetVerdict, Refusal> {
    let request = world.request(Command::PutFlag { flag });
    let end = AtomicBool::new(ended);
    let people = People { population, name: "people", taken_at: "2026-11-01", digest: "d", end: &end };
    let decided = match decide_over(&world.state, &world.valid(), request, Some(&people))? {
        Decision::Change(decided) => Some(decided),
        Decision::Unchanged => None,
    };
    Ok(decided.unwrap().record.change().impact.budget.clone().unwrap())
}

fn last(world: &World) -> &Impact {
    &world.records.last().unwrap().change().impact
}

#[test]
fn each_limit_that_is_exceeded_is_named_with_its_figure() {
    let everything = json!({ "share": 0.1, "tenants": 1, "critical_tenants": ["acme", "globex"] });
    for (budget, edit, words) in [
        (
            json!({ "share": 0.1 }),
            ramp(20_000),
            vec!["at least 20.000 % of everyone is moved, 10.000 % may (`checkout`)"],
        ),
        (json!({ "tenants": 1 }), tenants(&["acme", "globex"]), vec!["how many tenants are touched is not known"]),
        (
            json!({ "critical_tenants": ["acme"] }),
            tenants(&["acme"]),
            vec!["someone of tenant `acme` is given something else: `checkout` goes from `off` to `on`"],
        ),
        (
            everything,
            tenants(&["acme"]),
            vec!["someone of tenant `acme`", "how many are moved is not known without a population, at most 100.000 %"],
        ),
    ] {
        let mut world = world(budget.clone());
        let before = world.state.clone();
        let refusal = world.put(edit).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::NeedsApproval, "{budget}: {refusal}");
        assert!(refusal.message.starts_with("the policy asks for 1 approval for over_budget ("), "{refusal}");
        for words in words {
            assert!(refusal.message.contains(words), "{budget}: {refusal}");
        }
        assert!(!refusal.message.contains("globex"), "what is kept to is not named: {refusal}");
        assert_eq!(world.state, before, "nothing has changed");
    }
}

#[test]
fn what_keeps_to_it_is_made_and_says_so() {
    let mut world = world(json!({ "share": 0.1, "critical_tenants": ["acme"] }));
    world.put(tenants(&["globex"])).unwrap_err();
    world.ask(policy(json!({ "budget": { "share": 0.1 } })), None).unwrap();
    world.put(ramp(10_000)).unwrap();
    let verdict = last(&world).budget.clone().unwrap();
    assert_eq!((verdict.verdict, verdict.findings.len()), (Kept::Within, 1));
    assert_eq!(verdict.findings[0].why, "at most 10.000 % of everyone is moved, 10.000 % may");
    assert_eq!(verdict.population, None);
    // A change that moves nobody needs no ceremony.
    world.ask(policy(json!({ "budget": { "share": 0.0 } })), None).unwrap();
    let mut worded = ramp(10_000);
    worded.description = "One page".to_owned();
    world.put(worded).unwrap();
    assert_eq!(last(&world).budget.as_ref().unwrap().verdict, Kept::Within);
    assert_eq!(downhaul_control::replay(World::new().state, &world.records), world.state);
}

#[test]
fn without_a_budget_nothing_is_judged_and_with_no_quorum_nothing_is_refused() {
    let mut world = World::new();
    world.put(off()).unwrap();
    world.put(ramp(50_000)).unwrap();
    assert_eq!(last(&world).budget, None);
    let silent = json!({ "budget": { "share": 0.1 }, "approvals": { "over_budget": 0 } });
    world.ask(policy(silent), None).unwrap();
    world.put(ramp(90_000)).unwrap();
    let verdict = last(&world).budget.as_ref().unwrap();
    assert_eq!(verdict.verdict, Kept::Over);
    assert_eq!(verdict.exceeded(), ["at least 40.000 % of everyone is moved, 10.000 % may (`checkout`)"]);
}

#[test]
fn people_say_what_conditions_cannot() {
    let world = world(json!({ "share": 0.3, "tenants": 1 }));
    let few = people(
        "{\"targetingKey\": \"1\", \"tenant\": \"acme\"}\n{\"targetingKey\": \"2\", \"tenant\": \"globex\"}\n\
         {\"targetingKey\": \"3\"}\n{\"targetingKey\": \"4\"}\n",
    );
    let within = put_over(&world, tenants(&["acme"]), &few, false).unwrap();
    assert_eq!(within.verdict, Kept::Within);
    assert_eq!(within.findings[0].why, "25.000 % of the population is moved, 30.000 % may");
    assert_eq!(within.population.unwrap().name, "people");
    let refusal = put_over(&world, tenants(&["acme", "globex"]), &few, false).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::NeedsApproval);
    assert!(refusal.message.contains("50.000 % of the population is moved, 30.000 % may (`checkout`)"), "{refusal}");
    assert!(refusal.message.contains("2 tenants are touched, 1 may"), "{refusal}");
    // Ended before it was done: what is known exactly is no longer enough.
    let refusal = put_over(&world, ramp(1000), &few, true).unwrap_err();
    assert!(refusal.message.contains("the replay over the population `people` did not end in time"), "{refusal}");
}

/// An edit of a killed flag moves nobody now, and everyone once it is restored: the kill is no way around the budget.
#[test]
fn what_a_kill_hides_counts() {
    let mut world = world(json!({ "share": 0.1 }));
    world.kill(&kill_request("checkout")).unwrap();
    let refusal = world.put(ramp(20_000)).unwrap_err();
    let words = "once kills are restored, at least 20.000 % of everyone is moved, 10.000 % may (`checkout`)";
    assert!(refusal.message.contains(words), "{refusal}");
    world.put(ramp(10_000)).unwrap();
    assert_eq!(last(&world).budget.as_ref().unwrap().verdict, Kept::Within);
}

#[test]
fn many_limits_are_counted_and_the_worst_are_kept() {
    let names: Vec<String> = (0..50).map(|n| format!("t-{n}")).chain(["acme".to_owned()]).collect();
    let mut world = World::new();
    world.put(off()).unwrap();
    let budget = json!({ "budget": { "critical_tenants": names }, "approvals": { "over_budget": 0 } });
    world.ask(policy(budget), None).unwrap();
    world.put(tenants(&["acme"])).unwrap();
    let verdict = last(&world).budget.as_ref().unwrap();
    assert_eq!((verdict.findings.len(), verdict.more_findings), (20, 31));
    let first = &verdict.findings[0];
    assert_eq!((first.limit, first.name.as_deref()), (Limit::CriticalTenant, Some("acme")));
}

#[test]
fn an_impact_of_before_there_were_budgets_is_read() {
    let impact: Impact = serde_json::from_value(json!({ "digest": "d", "flag": "checkout" })).unwrap();
    assert_eq!(impact.budget, None);
    assert_eq!(serde_json::to_value(&impact).unwrap(), json!({ "digest": "d", "flag": "checkout" }));
}

proptest! {
    /// Whatever the policy says, and whatever else is refused by it.
    #[test]
    fn a_kill_waits_for_nobody(
        quorum in 0u32..=10, share in 0.0f64..=1.0, critical in any::<bool>(), frozen in any::<bool>(),
    ) {
        let mut world = World::new();
        world.put(flag_with("checkout", json!({ "default": "off", "critical": critical }))).unwrap();
        let approvals = json!({
            "change": quorum, "critical": quorum, "over_budget": quorum, "restore": quorum, "critical_restore": quorum,
            "policy": quorum
        });
        let budget = json!({ "share": share, "tenants": 0, "critical_tenants": ["acme"] });
        world.ask(policy(json!({ "approvals": approvals, "budget": budget })), None).unwrap();
        if frozen {
            world.ask(Command::Freeze, None).unwrap();
        }
        world.kill(&kill_request("checkout")).unwrap();
    }
}

/// Who asks for a flag that is gone is given the default of the call, which is taken to be the degraded variant.
#[test]
fn retiring_a_flag_moves_whom_it_gave_anything_else() {
    let retire = || Command::RetireFlag { key: "checkout".parse().unwrap() };
    for (flag, within, words) in [
        (off(), true, "at most 0.000 % of everyone is moved, 10.000 % may"),
        (ramp(5_000), true, "at most 5.000 % of everyone is moved, 10.000 % may"),
        (ramp(20_000), false, "at least 20.000 % of everyone is moved, 10.000 % may (`checkout`)"),
        (flag_with("checkout", json!({ "default": "on" })), false, "at least 100.000 % of everyone is moved"),
    ] {
        let mut world = World::new();
        world.put(flag).unwrap();
        world.ask(policy(json!({ "budget": { "share": 0.1 } })), None).unwrap();
        if within {
            world.ask(retire(), None).unwrap();
            assert_eq!(last(&world).budget.as_ref().unwrap().findings[0].why, words);
            continue;
        }
        // Gone by `apply --prune` is gone all the same.
        for command in [retire(), Command::Apply { commands: vec![retire()] }] {
            let refusal = world.ask(command, None).unwrap_err();
            assert_eq!(refusal.code, RefusalCode::NeedsApproval);
            assert!(refusal.message.contains(words), "{refusal}");
        }
    }
}

#[test]
fn retiring_a_flag_is_judged_by_people_too() {
    let mut world = World::new();
    world.put(tenants(&["acme"])).unwrap();
    world.ask(policy(json!({ "budget": { "share": 0.1, "critical_tenants": ["acme"] } })), None).unwrap();
    let some = people("{\"targetingKey\": \"1\", \"tenant\": \"acme\"}\n{\"targetingKey\": \"2\"}\n");
    let request = world.request(Command::RetireFlag { key: "checkout".parse().unwrap() });
    let end = AtomicBool::new(false);
    let over = People { population: &some, name: "people", taken_at: "2026-11-01", digest: "d", end: &end };
    let refusal = decide_over(&world.state, &world.valid(), request, Some(&over)).unwrap_err();
    for words in ["50.000 % of the population is moved", "someone of tenant `acme` is given something else"] {
        assert!(refusal.message.contains(words), "{refusal}");
    }
}
