//! A change that gives back what an earlier revision had, and what the policy asks of it.

use crate::support::{World, flag_with};
use downhaul_control::history::History;
use downhaul_control::policy::read;
use downhaul_control::{Command, RefusalCode, replay};
use downhaul_core::document::Flag;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn policy(document: Value) -> Command {
    Command::PutPolicy { policy: Box::new(read(&document).unwrap()) }
}

fn checkout(description: &str) -> Box<Flag> {
    flag_with("checkout", json!({ "description": description }))
}

fn put(flag: Box<Flag>) -> Command {
    Command::PutFlag { flag }
}

fn segment(include: &str) -> Command {
    let segment = serde_json::from_value(json!({ "include": [include] })).unwrap();
    Command::PutSegment { key: "staff".parse().unwrap(), segment }
}

fn reverts(world: &World) -> Option<u64> {
    world.records.last().unwrap().change().impact.reverts
}

#[test]
fn what_gives_back_an_earlier_revision_says_which() {
    let mut world = World::new();
    world.put(checkout("one")).unwrap(); // 1
    world.ask(segment("user-7"), None).unwrap(); // 2
    world.put(checkout("two")).unwrap(); // 3
    world.ask(segment("user-8"), None).unwrap(); // 4
    assert_eq!(reverts(&world), None, "never so before");
    world.put(checkout("one")).unwrap(); // 5
    assert_eq!(reverts(&world), Some(2), "the last revision that had it so");
    world.put(checkout("two")).unwrap(); // 6
    let both = |flag, user| Command::Apply { commands: vec![put(checkout(flag)), segment(user)] };
    // `one` went with user-7 at revision 2, with user-8 at revision 5.
    world.ask(both("one", "user-7"), None).unwrap(); // 7
    assert_eq!(reverts(&world), Some(2));
    world.ask(both("two", "user-8"), None).unwrap(); // 8
    assert_eq!(reverts(&world), Some(6));
    world.ask(both("three", "user-7"), None).unwrap(); // 9
    assert_eq!(reverts(&world), None, "one part of it is new");
    world.ask(Command::RemoveSegment { key: "staff".parse().unwrap() }, None).unwrap(); // 10
    assert_eq!(reverts(&world), Some(1), "there was none");
    world.retire("checkout").unwrap(); // 11
    assert_eq!(reverts(&world), None, "a tombstone was never there before");
    assert_eq!(replay(World::new().state, &world.records), world.state);
}

#[test]
fn a_revert_asks_for_its_own_number() {
    for (approvals, new, back) in [
        (json!({ "change": 1 }), Some("1 approval for change"), Some("1 approval for change")),
        (json!({ "change": 1, "revert": 0 }), Some("1 approval for change"), None),
        (json!({ "revert": 2 }), None, Some("2 approvals for revert (all of it as at revision 1)")),
        (
            json!({ "change": 2, "revert": 1 }),
            Some("2 approvals for change"),
            Some("1 approval for revert (all of it as at revision 1)"),
        ),
    ] {
        let mut world = World::new();
        world.put(checkout("one")).unwrap();
        world.put(checkout("two")).unwrap();
        world.ask(policy(json!({ "approvals": approvals })), None).unwrap();
        for (what, words) in [("three", new), ("one", back)] {
            let outcome = world.clone().put(checkout(what));
            match words {
                None => assert!(outcome.unwrap(), "{approvals} {what}"),
                Some(words) => {
                    let refusal = outcome.unwrap_err();
                    assert_eq!(refusal.code, RefusalCode::NeedsApproval);
                    assert_eq!(refusal.message, format!("the policy asks for {words}"), "{approvals} {what}");
                }
            }
        }
    }
}

/// Reverting is no way around what else asks: a critical flag, the budget.
#[test]
fn a_revert_of_a_critical_flag_or_over_the_budget_is_asked_for_that_as_well() {
    let width = |on: u32| {
        let rule = json!({ "split": { "slices": [["on", on], ["off", 100_000 - on]] } });
        flag_with("checkout", json!({ "default": "off", "critical": true, "rules": [rule] }))
    };
    let mut world = World::new();
    world.put(width(50_000)).unwrap();
    world.put(width(10_000)).unwrap();
    let approvals = json!({ "change": 3, "revert": 0, "critical": 1, "over_budget": 2 });
    world.ask(policy(json!({ "approvals": approvals, "budget": { "share": 0.1 } })), None).unwrap();
    let refusal = world.put(width(50_000)).unwrap_err();
    let words = "the policy asks for 2 approvals for critical (it reaches `checkout`) and over_budget \
                 (at least 40.000 % of everyone is moved, 10.000 % may (`checkout`))";
    assert_eq!(refusal.message, words);
}

#[test]
fn what_lies_too_far_back_is_a_change_like_any_other() {
    let mut world = World::new();
    for n in 0..=History::VERSIONS {
        world.put(checkout(&n.to_string())).unwrap();
    }
    world.clone().put(checkout("1")).map(drop).unwrap();
    let mut near = world.clone();
    near.put(checkout("1")).unwrap();
    assert_eq!(reverts(&near), Some(2));
    world.put(checkout("0")).unwrap();
    assert_eq!(reverts(&world), None);
}

proptest! {
    /// Against looking at every flag set that there was.
    #[test]
    fn it_is_a_revert_where_some_revision_had_all_of_it(steps in prop::collection::vec((0u8..3, 0u8..3, any::<bool>()), 1..25)) {
        let mut world = World::new();
        let mut were: Vec<BTreeMap<String, String>> = vec![BTreeMap::new()];
        for (first, second, both) in steps {
            let flag = |key: &str, word: u8| flag_with(key, json!({ "description": word.to_string() }));
            let mut edits = vec![("a", first)];
            if both {
                edits.push(("b", second));
            }
            let commands = edits.iter().map(|(key, word)| put(flag(key, *word))).collect();
            let mut is = were.last().unwrap().clone();
            is.extend(edits.iter().map(|(key, word)| ((*key).to_owned(), word.to_string())));
            if !world.ask(Command::Apply { commands }, None).unwrap() {
                continue;
            }
            let had_all = |were: &BTreeMap<String, String>| {
                edits.iter().all(|(key, word)| were.get(*key) == Some(&word.to_string()))
            };
            prop_assert_eq!(reverts(&world), were.iter().rposition(had_all).map(|revision| revision as u64));
            were.push(is);
        }
    }
}
