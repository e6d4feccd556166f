//! The policy: how it is read, put, folded and described.

use crate::support::{World, flag, kill_request};
use downhaul_control::policy::{Policy, json_schema, read};
use downhaul_control::{Command, RefusalCode};
use serde_json::{Value, json};

fn policy(document: Value) -> Command {
    Command::PutPolicy { policy: Box::new(read(&document).unwrap()) }
}

#[test]
fn what_is_left_out_is_as_the_reference_says() {
    let whole = serde_json::to_value(Policy::default()).unwrap();
    let approvals = json!({
        "change": 0, "critical": 0, "over_budget": 1, "restore": 0, "critical_restore": 0, "policy": 0, "self": false
    });
    assert_eq!(whole, json!({ "kills": 500, "reason": 2000, "approvals": approvals, "drill_days": 90 }));
    let sample = read(&json!({ "sample": { "attributes": ["plan"] } })).unwrap().sample.unwrap();
    assert_eq!((sample.rows.get(), sample.days.get(), sample.attributes.len()), (50_000, 30, 1));
    assert!(read(&json!({})).unwrap().sample.is_none(), "nothing is sampled unless it is said");
}

#[test]
fn a_policy_that_is_wrong_says_where() {
    for (document, pointer, words) in [
        (json!([]), "", "a policy is an object"),
        (json!({ "kill": 5 }), "/kill", "unknown field `kill`"),
        (json!({ "kills": 5 }), "/kills", "5 is not a whole number from 100 to 2000"),
        (json!({ "kills": -1 }), "/kills", "-1 is not a whole number from 100 to 2000"),
        (json!({ "reason": 1.5 }), "/reason", "floating point"),
        (json!({ "approvals": { "critical": 11 } }), "/approvals/critical", "11 is not a whole number from 0 to 10"),
        (json!({ "approvals": { "kill": 1 } }), "/approvals/kill", "unknown field `kill`"),
        (json!({ "approvals": { "self": 1 } }), "/approvals/self", "expected a boolean"),
        (json!({ "budget": { "share": 5 } }), "/budget/share", "5 is not a part from 0 to 1"),
        (json!({ "budget": { "regions": ["a b"] } }), "/budget/regions/0", "` ` at byte 1 is not allowed"),
        (json!({ "budget": { "regions": ["eu", "eu"] } }), "/budget/regions/1", "`eu` stands there twice"),
        (json!({ "population": "" }), "/population", "1 to 128 letters, digits"),
        (json!({ "sample": { "days": 401 } }), "/sample/days", "401 is not a whole number from 1 to 400"),
        (json!({ "sample": { "rows": 0 } }), "/sample/rows", "0 is not a whole number from 1 to 1000000"),
        (
            json!({ "sample": { "attributes": ["plan", "targetingKey"] } }),
            "/sample/attributes/1",
            "says who someone is",
        ),
        (json!({ "sample": { "attributes": [""] } }), "/sample/attributes/0", "1 to 256 bytes"),
    ] {
        let problems = read(&document).unwrap_err();
        assert_eq!(problems[0].place.pointer, pointer, "{document}: {}", problems[0]);
        assert!(problems[0].message.contains(words), "{document}: {}", problems[0]);
        assert!(problems[0].help.as_ref().is_some_and(|help| !help.is_empty()), "{document}");
    }
}

#[test]
fn it_is_changed_by_the_log_alone_and_replayed() {
    let mut world = World::new();
    let document =
        json!({ "approvals": { "critical": 1 }, "budget": { "share": 0.05 }, "sample": { "attributes": [] } });
    assert!(world.ask(policy(document.clone()), None).unwrap());
    assert!(!world.ask(policy(document), None).unwrap(), "it is so already");
    let record = &world.records[0];
    assert_eq!(
        record.change().impact.from.as_deref(),
        Some("approvals.critical 0, no budget.share, no sample.attributes, no sample.days, no sample.rows")
    );
    assert_eq!(
        record.change().impact.to.as_deref(),
        Some("approvals.critical 1, budget.share 0.05, sample.attributes [], sample.days 30, sample.rows 50000")
    );
    assert_eq!(world.state.policy_touch.as_ref().map(|touch| touch.revision), Some(1));
    let replayed = downhaul_control::replay(World::new().state, &world.records);
    assert_eq!(replayed, world.state);
    assert_eq!(replayed.policy.approvals.critical.get(), 1);

    let refusal = world.ask(policy(json!({})), Some(0)).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::ChangedSince);
    assert!(refusal.message.starts_with("the policy was changed at revision 1 by a-1"), "{refusal}");
    world.ask(policy(json!({})), Some(1)).unwrap();
}

#[test]
fn its_limits_are_kept_to() {
    let mut world = World::new();
    world.put(flag("a")).unwrap();
    world.ask(policy(json!({ "reason": 100 })), None).unwrap();
    let long = downhaul_control::api::KillRequest { reason: "x".repeat(101), ..kill_request("a") };
    assert!(world.kill(&long).unwrap_err().message.contains("101 bytes, more than 100"));
    world.kill(&kill_request("a")).unwrap();
}

#[test]
fn a_region_of_the_budget_neither_is_missing_nor_goes_missing() {
    let mut world = World::new();
    let regions = |names: Value| Command::PutRegions { regions: serde_json::from_value(names).unwrap() };
    let refusal = world.ask(policy(json!({ "budget": { "regions": ["eu"] } })), None).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::UnknownName);
    assert!(refusal.message.contains("the budget names the region `eu`"), "{refusal}");
    world.ask(regions(json!({ "eu": {}, "us": {} })), None).unwrap();
    world.ask(policy(json!({ "budget": { "regions": ["eu"] } })), None).unwrap();
    assert_eq!(world.ask(regions(json!({ "us": {} })), None).unwrap_err().code, RefusalCode::NamedByPolicy);
    world.ask(regions(json!({ "eu": { "eu-west": {} } })), None).unwrap();
}

#[test]
fn a_freeze_stops_every_change_but_the_way_down() {
    let mut world = World::new();
    world.put(flag("a")).unwrap();
    assert_eq!(world.ask(Command::Unfreeze, None).unwrap_err().code, RefusalCode::AlreadyDone);
    world.ask(Command::Freeze, None).unwrap();
    let refusal = world.put(crate::support::flag_with("a", json!({ "default": "off" }))).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::Frozen);
    assert_eq!(refusal.message, "production is frozen since 2026-11-23T20:00:01.000Z by a-1 (`because`)");
    assert_eq!(world.retire("a").unwrap_err().code, RefusalCode::Frozen);
    let apply = Command::Apply { commands: vec![Command::PutFlag { flag: flag("b") }] };
    assert_eq!(world.ask(apply, None).unwrap_err().code, RefusalCode::Frozen);
    assert_eq!(world.ask(policy(json!({ "kills": 100 })), None).unwrap_err().code, RefusalCode::Frozen);
    let id = world.kill(&kill_request("a")).unwrap();
    world.restore(&id).unwrap();
    assert!(world.ask(Command::Freeze, None).unwrap_err().message.ends_with("already"));
    world.ask(Command::Unfreeze, None).unwrap();
    world.put(flag("b")).unwrap();
    assert_eq!(downhaul_control::replay(World::new().state, &world.records), world.state);
}

#[test]
fn the_schema_has_every_member_and_the_defaults() {
    let schema = json_schema();
    let everything = json!({
        "budget": { "share": 0.1, "tenants": 1, "critical_tenants": ["a"], "regions": ["eu"] },
        "approvals": { "revert": 1 }, "population": "people", "sample": { "attributes": ["plan"] },
        "heartbeat": { "flag": "pulse", "p99_ms": 1500 }, "backup_hours": 24, "hygiene": { "webhook": "owners" }, "automatic": { "kills": 5 },
        "telemetry": { "share": 0.5 }
    });
    let whole = serde_json::to_value(read(&everything).unwrap()).unwrap();
    same_members(&schema, &whole, "");
}

/// Every member that is written is described, nothing else is, and a default is the one that is taken.
fn same_members(schema: &Value, value: &Value, place: &str) {
    let Value::Object(members) = value else { return };
    let described = schema["properties"].as_object().unwrap();
    assert!(members.keys().eq(described.keys()), "{place}: {members:?} {described:?}");
    let defaults = serde_json::to_value(Policy::default()).unwrap();
    for (name, value) in members {
        let place = format!("{place}/{name}");
        if let (Some(said), Some(taken)) = (described[name].get("default"), defaults.pointer(&place)) {
            assert_eq!(said, taken, "{place}");
        }
        same_members(&described[name], value, &place);
    }
}
