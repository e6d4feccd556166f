//! Flags that nobody needs: found, retired with care, and told of once.

use crate::support::{World, flag, flag_with, kill_request, now};
use downhaul_control::hygiene::{Facts, SoleSince, StaleKind, Usage, check_retired, reminders, retirement, stale};
use downhaul_control::policy::{Hygiene, read};
use downhaul_control::runbook::{self, Named, Pace};
use downhaul_control::{Command, RefusalCode, State, fold, rollout};
use downhaul_core::document::ClientKind;
use downhaul_core::ids::{FlagKey, VariantKey};
use downhaul_core::read::Format;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

fn later(days: i64) -> Timestamp {
    now().saturating_add(SignedDuration::from_hours(24 * days)).unwrap()
}

fn policy(document: Value) -> Command {
    Command::PutPolicy { policy: Box::new(read(&document).unwrap()) }
}

fn keys(names: &[&str]) -> BTreeSet<FlagKey> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn ramp(key: &str) -> Box<downhaul_core::document::Flag> {
    flag_with(key, json!({ "rules": [{ "split": { "slices": [["on", 50_000], ["off", 50_000]] } }] }))
}

/// All kinds of clients tell, and were asked for these.
fn told(keys: &[&str], at: Timestamp) -> Usage {
    let mut usage = Usage::default();
    for kind in [ClientKind::Browser, ClientKind::Edge, ClientKind::Server] {
        usage.told(kind, keys.iter().copied(), |_| true, at);
    }
    usage
}

fn found(world: &World, usage: &Usage, settled: &[&str], sole: &[(&str, &str)], at: Timestamp) -> Vec<String> {
    let sole: BTreeMap<FlagKey, VariantKey> =
        sole.iter().map(|(flag, variant)| (flag.parse().unwrap(), variant.parse().unwrap())).collect();
    let facts = Facts { usage, settled: &keys(settled), sole: &sole };
    let found = stale(&world.state, &world.state.policy.hygiene, facts, at);
    found.iter().map(|each| format!("{} {}: {}", each.flag, each.kind.as_str(), each.message)).collect()
}

#[test]
fn dates_that_have_passed() {
    let mut world = World::new();
    world.put(flag_with("old", json!({ "expires": "2026-11-22" }))).unwrap();
    world.put(flag_with("today", json!({ "expires": "2026-11-23" }))).unwrap();
    let mut ops = serde_json::to_value(flag("ops")).unwrap();
    ops["kind"] = json!("ops");
    ops["review"] = json!("2026-10-23");
    ops.as_object_mut().unwrap().remove("expires");
    world.put(serde_json::from_value(ops).unwrap()).unwrap();
    let found = found(&world, &Usage::default(), &[], &[], now());
    assert_eq!(
        found,
        [
            "old expired: it expired on 2026-11-22, yesterday",
            "ops review-due: its review was due on 2026-10-23, 31 days ago"
        ]
    );
}

/// Only where it would be known if someone asked.
#[test]
fn flags_that_no_client_asks_for() {
    let mut world = World::new();
    world.put(flag("a")).unwrap();
    world.put(flag_with("b", json!({ "clients": ["server"] }))).unwrap();
    let settled = ["a", "b"];
    let nobody = Usage::default();
    assert!(found(&world, &nobody, &settled, &[], later(40)).is_empty(), "nobody tells");
    let usage = told(&["a"], now());
    assert!(found(&world, &usage, &settled, &[], later(29)).is_empty(), "not known for long enough");
    let both = found(&world, &usage, &settled, &[], later(30));
    assert_eq!(
        both,
        [
            "a not-asked: no client has asked for it since 2026-11-23, 30 days ago (a browser then)",
            "b not-asked: no client has asked for it for 30 days or longer"
        ]
    );
    assert!(found(&world, &usage, &[], &[], later(30)).is_empty(), "they are too young");
    let mut usage = usage;
    usage.told(ClientKind::Edge, ["a", "gone"].into_iter(), |key| key != "gone", later(29));
    assert_eq!(found(&world, &usage, &settled, &[], later(30)).len(), 1, "one kind of client is enough");
    let mut servers = Usage::default();
    servers.told(ClientKind::Server, std::iter::empty(), |_| true, now());
    let only = found(&world, &servers, &settled, &[], later(30));
    assert_eq!(only.len(), 1, "of what browsers ask for nothing is known: {only:?}");
    assert!(only[0].starts_with("b not-asked"));
    let again: Usage = serde_json::from_str(&serde_json::to_string(&usage).unwrap()).unwrap();
    assert_eq!(again, usage, "kept and read");
}

#[test]
fn a_kill_for_everyone_is_not_for_ever() {
    let mut world = World::new();
    world.put(flag("a")).unwrap();
    world.kill(&kill_request("a")).unwrap();
    assert!(found(&world, &Usage::default(), &[], &[], later(29)).is_empty());
    let found = found(&world, &Usage::default(), &[], &[], later(31));
    assert_eq!(found, ["a long-killed: k-1 has killed it for everyone for 31 days"]);
}

/// What one variant is given for, through changes of the flag and of what it looks at.
#[test]
fn one_variant_through_every_change() {
    let mut world = World::new();
    world.put(flag("same")).unwrap();
    world.put(flag("turned")).unwrap();
    world.put(flag("there-and-back")).unwrap();
    world.put(ramp("ramped")).unwrap();
    let segment = |user: &str| Command::PutSegment {
        key: "staff".parse().unwrap(),
        segment: serde_json::from_value(json!({ "include": [user] })).unwrap(),
    };
    world.ask(segment("user-1"), None).unwrap();
    let rule = json!([{ "when": [{ "segment": ["staff"] }], "serve": "off" }]);
    world.put(flag_with("base", json!({ "default": "off" }))).unwrap();
    let requires = json!([{ "flag": "base", "variants": ["off"] }]);
    world.put(flag_with("above", json!({ "requires": requires }))).unwrap();
    let mut ops = serde_json::to_value(flag("ops")).unwrap();
    ops["kind"] = json!("ops");
    ops["review"] = json!("2027-10-23");
    ops.as_object_mut().unwrap().remove("expires");
    world.put(serde_json::from_value(ops).unwrap()).unwrap();
    let then = world.state.clone();
    let begin = world.records.len();
    world.put(flag_with("same", json!({ "description": "another" }))).unwrap();
    world.put(flag_with("turned", json!({ "default": "off" }))).unwrap();
    world.put(flag_with("there-and-back", json!({ "rules": rule }))).unwrap();
    world.ask(segment("user-2"), None).unwrap();
    world.put(flag("there-and-back")).unwrap();
    world.put(flag("young")).unwrap();
    world.kill(&kill_request("same")).unwrap();
    // What `above` requires turns, and so does it.
    world.put(flag_with("base", json!({ "default": "on" }))).unwrap();
    let (found, flags) = sole_since(&world, &then, begin);
    assert_eq!(found, ["same=on"]);
    assert_eq!(flags, then.flag_set.flags.len());
    // With what is forgotten every change is looked at, and the same is found.
    let mut forgetful = world.clone();
    forgetful.state.forget_past();
    assert_eq!(sole_since(&forgetful, &then, begin).0, found);
    let after = world.records[begin..].iter().fold(then, fold);
    assert_eq!(after.flag_set, world.state.flag_set);
}

fn sole_since(world: &World, then: &State, begin: usize) -> (Vec<String>, usize) {
    let mut sole = SoleSince::new(then.clone(), &world.state);
    for record in world.records.iter().skip(begin) {
        sole.take(record.clone());
    }
    let (sole, flags) = sole.finish();
    (sole.iter().map(|(flag, variant)| format!("{flag}={variant}")).collect(), flags.len())
}

/// Which changes have to be looked at at all: those of what decides of a flag that gives the same at both ends.
#[test]
fn nothing_is_read_for_flags_that_nothing_has_touched() {
    let mut world = World::new();
    let segment = |user: &str| Command::PutSegment {
        key: "staff".parse().unwrap(),
        segment: serde_json::from_value(json!({ "include": [user] })).unwrap(),
    };
    let rules = json!([{ "when": [{ "segment": ["staff"] }], "serve": "on" }]);
    world.ask(segment("user-1"), None).unwrap();
    world.put(flag("plain")).unwrap();
    world.put(flag("base")).unwrap();
    world.put(flag_with("above", json!({ "requires": [{ "flag": "base", "variants": ["on"] }] }))).unwrap();
    world.put(flag_with("ruled", json!({ "rules": rules }))).unwrap();
    let (then, begin) = (world.state.clone(), world.records.len());
    let everything = ["above=on", "base=on", "plain=on", "ruled=on"];
    let other = |world: &mut World, words: &str| {
        world.put(flag_with("other", json!({ "description": words }))).unwrap();
    };
    other(&mut world, "another");
    world.kill(&kill_request("plain")).unwrap();
    let tokened = policy(json!({ "hygiene": { "idle_days": 60 } }));
    world.ask(tokened, None).unwrap();
    let settled = |world: &World| SoleSince::new(then.clone(), &world.state).is_settled();
    assert!(settled(&world));
    assert_eq!(sole_since(&world, &then, begin).0, everything);
    for (name, touch) in [
        ("a prerequisite", Command::PutFlag { flag: flag_with("base", json!({ "description": "words" })) }),
        ("a segment", segment("user-2")),
        ("a tenant", Command::PutTenant { tenant: "acme".parse().unwrap(), attributes: serde_json::Map::new() }),
        ("the flag", Command::PutFlag { flag: flag_with("plain", json!({ "description": "words" })) }),
    ] {
        let mut world = world.clone();
        world.ask(touch, None).unwrap();
        other(&mut world, "again");
        assert!(!settled(&world), "{name}");
        assert_eq!(sole_since(&world, &then, begin).0, everything, "{name}");
    }
    // Gone and back: the same at both ends, and not in between.
    let mut turned = world.clone();
    turned.put(flag_with("plain", json!({ "default": "off" }))).unwrap();
    turned.put(flag("plain")).unwrap();
    assert_eq!(sole_since(&turned, &then, begin).0, ["above=on", "base=on", "ruled=on"]);
    // Other than at first: what happened between does not matter.
    turned.put(flag_with("plain", json!({ "default": "off" }))).unwrap();
    assert!(settled(&turned));
    assert_eq!(sole_since(&turned, &then, begin).0, ["above=on", "base=on", "ruled=on"]);
}

#[test]
fn what_gives_everyone_the_same() {
    let mut world = World::new();
    world.put(flag("a")).unwrap();
    let found = found(&world, &Usage::default(), &["a"], &[("a", "on")], now());
    assert_eq!(found, ["a one-variant: it has given everyone `on` for 30 days or longer"]);
}

fn obstacles(world: &World, flag: &str, usage: &Usage, at: Timestamp) -> Vec<String> {
    let retirement = retirement(&world.state, flag, usage, at).unwrap();
    retirement.obstacles.iter().map(|each| format!("{}: {}", each.code, each.message)).collect()
}

#[test]
fn a_rollout_that_goes_on_is_in_the_way() {
    let mut world = World::new();
    world.put(flag("base")).unwrap();
    let stages = json!({ "flag": "base", "variant": "on", "stages": [{ "percent": 5, "bake_seconds": 60 }] });
    let plan = rollout::read::rollout(&stages.to_string(), Format::Json).unwrap().0;
    world.ask(rollout::start(&world.state, &plan).unwrap(), None).unwrap();
    let found = obstacles(&world, "base", &Usage::default(), now());
    assert!(found.contains(&"rollout-active: it is being rolled out by `ro-1`".to_owned()), "{found:?}");
    assert!(retirement(&world.state, "base", &Usage::default(), now()).unwrap().check("base", true).is_err());
}

#[test]
fn everything_that_is_in_the_way_of_retiring_is_named() {
    let mut world = World::new();
    world.put(flag("free")).unwrap();
    world.put(ramp("base")).unwrap();
    world.put(flag_with("above", json!({ "requires": [{ "flag": "base", "variants": ["on"] }] }))).unwrap();
    let drill = runbook::start_drill(&world.state, &Named::Flag("base".to_owned()), Pace::Straight).unwrap();
    world.ask(drill, None).unwrap();
    world.kill(&kill_request("base")).unwrap();
    let digest = format!("sha256:{}", "a".repeat(64));
    let release = json!({
        "key": "base-1", "owner": "payments", "flags": ["base"], "data_change": "none",
        "artifact": { "kind": "http", "reference": "https://shop.example/1.tgz", "digest": digest },
    });
    let release = downhaul_control::release::read::of_json(&release).unwrap();
    world.ask(Command::PutRelease { release: Box::new(release) }, None).unwrap();
    let usage = told(&["base"], later(39));
    assert_eq!(obstacles(&world, "free", &usage, later(70)), Vec::<String>::new());
    let found = obstacles(&world, "base", &usage, later(40));
    assert_eq!(
        found,
        [
            "still-killed: it is killed by `k-1`",
            "still-required: it is required by `above`",
            "still-asked: it was asked for by browser clients at 2027-01-01T20:00:00.000Z and edge clients at \
             2027-01-01T20:00:00.000Z and server clients at 2027-01-01T20:00:00.000Z",
            "run-active: `r-1` is under way and is about it",
            "in-release: the way back of `base-1` counts on it",
            "serves-several: it does not give everyone the same: killed for everyone",
        ]
    );
    let all = retirement(&world.state, "base", &usage, later(40)).unwrap();
    for (anyway, words) in [(false, "in-release"), (true, "still-required")] {
        let refusal = all.check("base", anyway).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::StillInUse);
        assert!(refusal.message.contains(words), "{refusal}");
        assert!(refusal.message.contains("still-asked") != anyway, "{refusal}");
    }
    world.restore("k-1").unwrap();
    world.retire("above").unwrap();
    let all = retirement(&world.state, "base", &usage, later(40)).unwrap();
    all.check("base", false).unwrap_err();
    all.check("base", true).unwrap();
    let code = |flag| retirement(&world.state, flag, &usage, now()).unwrap_err().code;
    assert_eq!((code("above"), code("nothing")), (RefusalCode::AlreadyDone, RefusalCode::UnknownFlag));
}

/// What `retire` looks at, a change that retires flags among other things looks at too, in the same words.
#[test]
fn a_change_that_prunes_has_the_same_in_its_way() {
    let mut world = World::new();
    let several = json!({ "rules": [{ "when": [{ "tenant": ["acme"] }], "serve": "off" }] });
    world.put(flag("base")).unwrap();
    world.put(flag_with("above", json!({ "requires": [{ "flag": "base", "variants": ["on"] }] }))).unwrap();
    world.put(flag_with("several", several)).unwrap();
    world.put(flag("asked")).unwrap();
    let usage = told(&["asked"], now());
    let retire = |keys: &[&str]| keys.iter().map(|key| Command::RetireFlag { key: key.parse().unwrap() }).collect();
    let apply = |commands: Vec<Command>| Command::Apply { commands };
    let check = |world: &World, command: &Command, anyway| {
        check_retired(&world.state, command, &usage, later(1), anyway).map_err(|why| why.message)
    };
    // What goes with it, or no longer requires it, is not in the way.
    let freed = Command::PutFlag { flag: flag("above") };
    assert_eq!(check(&world, &apply(retire(&["base", "above"])), false), Ok(()));
    assert_eq!(check(&world, &apply([retire(&["base"]), vec![freed.clone()]].concat()), false), Ok(()));
    assert_eq!(check(&world, &freed, false), Ok(()));
    for (keys, anyway) in [
        (&["base"] as &[&str], false),
        (&["base"], true),
        (&["several"], false),
        (&["several"], true),
        (&["asked", "several", "base"], false),
        (&["asked", "several", "base"], true),
    ] {
        let alone = |key: &&str| {
            retirement(&world.state, key, &usage, later(1)).unwrap().check(key, anyway).err().map(|why| why.message)
        };
        let mut sorted = keys.to_vec();
        sorted.sort_unstable();
        let words: Vec<String> = sorted.iter().filter_map(alone).collect();
        let expected = if words.is_empty() { Ok(()) } else { Err(words.join("; ")) };
        assert_eq!(check(&world, &apply(retire(keys)), anyway), expected, "{keys:?} {anyway}");
    }
    world.kill(&kill_request("several")).unwrap();
    assert!(check(&world, &apply(retire(&["several"])), true).unwrap_err().contains("still-killed"));
}

#[test]
fn what_is_not_known_is_said() {
    let mut world = World::new();
    world.put(flag("a")).unwrap();
    let notes = |usage: &Usage, at| retirement(&world.state, "a", usage, at).unwrap().notes;
    assert_eq!(
        notes(&Usage::default(), now()),
        ["no browser or edge or server client tells which flags it asks for: whether one asks for this is not known"]
    );
    let usage = told(&[], now());
    assert_eq!(notes(&usage, later(5)), ["clients tell which flags they ask for since 2026-11-23 only"]);
    assert!(notes(&usage, later(30)).is_empty());
    let sole = retirement(&world.state, "a", &usage, now()).unwrap().sole;
    assert_eq!(sole.unwrap().as_str(), "on");
}

/// The same occasion has the same id whenever it is looked at, another one another.
#[test]
fn reminders_are_by_flag_and_occasion() {
    let mut world = World::new();
    world.put(flag_with("a", json!({ "expires": "2026-12-01" }))).unwrap();
    world.put(flag_with("b", json!({ "expires": "2027-12-01", "critical": true }))).unwrap();
    let ids = |world: &World, at: Timestamp| {
        let facts = Facts { usage: &Usage::default(), settled: &BTreeSet::new(), sole: &BTreeMap::new() };
        let stale = stale(&world.state, &Hygiene::default(), facts, at);
        let list = reminders(&world.state, &stale, at);
        list.into_iter().map(|each| (format!("{} {}", each.flag.unwrap_or_default(), each.about), each.id)).collect()
    };
    let first: BTreeMap<String, String> = ids(&world, now());
    assert_eq!(first.keys().collect::<Vec<_>>(), ["a expires-soon", "b drill-due"]);
    let next: BTreeMap<String, String> = ids(&world, later(5));
    assert_eq!(first, next, "the day makes no difference");
    let over: BTreeMap<String, String> = ids(&world, later(20));
    assert_eq!(over.keys().collect::<Vec<_>>(), ["a expired", "b drill-due"]);
    world.put(flag_with("a", json!({ "expires": "2026-12-02" }))).unwrap();
    assert_ne!(ids(&world, now())["a expires-soon"], first["a expires-soon"], "another date is another occasion");
    assert_eq!(StaleKind::Expired.as_str(), "expired");
}

#[test]
fn the_policy_says_when_and_whom() {
    let mut world = World::new();
    world.put(flag("a")).unwrap();
    let hygiene = json!({ "idle_days": 7, "one_variant_days": 60, "notice_days": 0, "webhook": "owners" });
    world.ask(policy(json!({ "hygiene": hygiene })), None).unwrap();
    assert_eq!(world.state.policy.hygiene.idle_days.get(), 7);
    let whole = serde_json::to_value(&world.state.policy).unwrap();
    assert_eq!(whole["hygiene"], hygiene);
    let usual = serde_json::to_value(downhaul_control::Policy::default()).unwrap();
    assert_eq!(usual.get("hygiene"), None, "what every environment begins with is not written");
    for bad in [json!({ "idle_days": 0 }), json!({ "notice_days": 400 }), json!({ "webhook": 1 }), json!({ "days": 1 })]
    {
        read(&json!({ "hygiene": bad })).unwrap_err();
    }
}
