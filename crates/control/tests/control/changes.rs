//! Commands, changes, the fold and the replay, from the outside.

use crate::support::{World, flag, flag_with, kill_request};
use downhaul_control::api::{Applied, KillRequest, KillScope, VerifyStatus};
use downhaul_control::chart::{Frontier, TreeHead, leaf};
use downhaul_control::verify::{Stored, Verification, Witness};
use downhaul_control::{Authority, Command, Decision, RefusalCode, Request, State, decide};
use proptest::prelude::*;
use serde_json::json;

#[test]
fn a_flag_lives_is_killed_restored_and_retired() {
    let mut world = World::new();
    world.put(flag("checkout-v2")).unwrap();
    let id = world.kill(&kill_request("checkout-v2")).unwrap();
    assert_eq!(id, "k-1");
    assert_eq!(world.state.position().kill_revision, 1);
    let change = world.records.last().unwrap().change().clone();
    assert_eq!(change.impact.effect.as_deref(), Some("Old three-page checkout"));
    assert_eq!(change.impact.from.as_deref(), Some("on for everyone"));
    assert_eq!(change.impact.to.as_deref(), Some("killed for everyone"));

    assert_eq!(world.retire("checkout-v2").unwrap_err().code, RefusalCode::StillKilled);
    world.restore("k-1").unwrap();
    assert_eq!(world.state.position().kill_revision, 2);
    let refusal = world.restore("k-1").unwrap_err();
    assert_eq!(refusal.code, RefusalCode::AlreadyDone);
    assert!(refusal.message.contains("restored already") && refusal.message.contains("revision 3"), "{refusal}");
    world.retire("checkout-v2").unwrap();
    assert_eq!(world.put(flag("checkout-v2")).unwrap_err().code, RefusalCode::RetiredKey);
    assert_eq!(world.kill(&kill_request("checkout-v2")).unwrap_err().code, RefusalCode::UnknownFlag);
}

#[test]
fn refusals_say_what_was_perhaps_meant() {
    let mut world = World::new();
    world.put(flag("checkout-v2")).unwrap();
    let refused = |request: KillRequest| world.clone().kill(&request).unwrap_err();

    let refusal = refused(kill_request("chekout-v2"));
    assert_eq!((refusal.code, refusal.help.as_str()), (RefusalCode::UnknownFlag, "did you mean `checkout-v2`?"));
    let scoped = |scope: serde_json::Value| KillRequest {
        scope: serde_json::from_value(scope).unwrap(),
        ..kill_request("checkout-v2")
    };
    assert_eq!(refused(scoped(json!({ "variant": ["of"] }))).help, "did you mean `off`?");
    assert_eq!(refused(scoped(json!({ "region": ["eu"] }))).code, RefusalCode::UnknownName);
    assert_eq!(refused(scoped(json!({ "segment": ["staff"] }))).code, RefusalCode::UnknownName);
    assert_eq!(refused(scoped(json!({ "tenant": [] }))).code, RefusalCode::Invalid);
    assert_eq!(
        refused(KillRequest { reason: "  ".to_owned(), ..kill_request("checkout-v2") }).code,
        RefusalCode::MissingReason
    );
    assert!(serde_json::from_value::<KillScope>(json!({ "tennant": ["acme"] })).is_err());
    assert!(
        serde_json::from_value::<KillRequest>(json!({ "flag": "checkout-v2", "reason": "r" })).is_err(),
        "no scope"
    );
    assert_eq!(world.restore("k-9").unwrap_err().code, RefusalCode::UnknownKill);
}

#[test]
fn an_edit_that_started_before_another_is_refused_and_told_why() {
    let mut world = World::new();
    world.put(flag("a")).unwrap();
    world.put(flag("b")).unwrap();
    let edit = |description: &str| flag_with("a", json!({ "description": description }));
    world.ask(Command::PutFlag { flag: edit("first") }, Some(2)).unwrap();
    let refusal = world.ask(Command::PutFlag { flag: edit("second") }, Some(2)).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::ChangedSince);
    assert!(refusal.message.contains("revision 3"), "{refusal}");
    // Another flag's change is nobody's conflict.
    world.ask(Command::PutFlag { flag: flag("b") }, Some(2)).unwrap();
}

#[test]
fn a_kill_since_is_in_the_way_of_no_edit() {
    let mut world = World::new();
    world.put(flag("a")).unwrap();
    world.put(flag_with("a", json!({ "description": "published at 2" }))).unwrap();
    world.kill(&kill_request("a")).unwrap();
    // What was published is taken back while the flag is killed, and the kill stays.
    assert!(world.ask(Command::PutFlag { flag: flag("a") }, Some(2)).unwrap());
    assert_eq!(world.state.flag_set.kills.len(), 1);
    let refusal = world.ask(Command::PutFlag { flag: flag_with("a", json!({ "description": "late" })) }, Some(2));
    assert!(refusal.unwrap_err().message.contains("revision 4"));
}

#[test]
fn the_type_of_values_stays() {
    let mut world = World::new();
    world.put(flag("a")).unwrap();
    let text = flag_with("a", json!({ "variants": { "on": "yes", "off": "no" } }));
    assert_eq!(world.put(text).unwrap_err().code, RefusalCode::ValueTypeFixed);
    world.put(flag_with("a", json!({ "variants": { "on": true, "off": false, "maybe": true } }))).unwrap();
}

#[test]
fn what_is_so_already_is_no_change() {
    let mut world = World::new();
    world.put(flag("a")).unwrap();
    assert!(!world.put(flag("a")).unwrap(), "the same flag again");
    assert_eq!(world.state.position().revision, 1);
}

#[test]
fn a_definition_cannot_take_from_a_kill_what_it_names() {
    let mut world = World::new();
    world.put(flag_with("a", json!({ "variants": { "on": true, "off": false, "new": true } }))).unwrap();
    let scope = KillScope { variant: Some(vec!["new".to_owned()]), ..KillScope::default() };
    world.kill(&KillRequest { scope, ..kill_request("a") }).unwrap();
    let refusal = world.put(flag("a")).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::StillKilled);
    assert!(refusal.help.contains("restore the kill first"), "{}", refusal.help);
}

#[test]
fn applying_a_document_is_one_change() {
    let mut world = World::new();
    world.put(flag("stays")).unwrap();
    let mut document = world.state.flag_set.clone();
    document.flags.push(*flag_with("new", json!({ "requires": [{ "flag": "base", "variants": ["on"] }] })));
    document.flags.push(*flag("base"));
    let outcomes = |plan: &downhaul_control::decide::Plan| {
        plan.items.iter().map(|item| (item.key.clone(), item.outcome)).collect::<Vec<_>>()
    };
    let plan = downhaul_control::decide::plan(&world.state, &document, false);
    let expected = [("stays", Applied::Unchanged), ("new", Applied::Created), ("base", Applied::Created)];
    assert_eq!(outcomes(&plan), expected.map(|(key, outcome)| (key.to_owned(), outcome)));
    world.ask(plan.command.unwrap(), None).unwrap();
    assert_eq!((world.state.position().revision, world.state.flag_set.flags.len()), (2, 3));

    document.flags.retain(|flag| flag.key.as_str() == "stays");
    let plan = downhaul_control::decide::plan(&world.state, &document, true);
    assert_eq!(outcomes(&plan)[1..], [("new".to_owned(), Applied::Removed), ("base".to_owned(), Applied::Removed)]);
    world.ask(plan.command.unwrap(), None).unwrap();
    assert_eq!(world.state.flag_set.retired.len(), 2);
    assert_eq!(downhaul_control::decide::plan(&world.state, &document, true).command, None);
    // All or nothing: the second part is refused, and so the first has not happened.
    let half = Command::Apply {
        commands: vec![Command::PutFlag { flag: flag("fine") }, Command::PutFlag { flag: flag("base") }],
    };
    assert_eq!(world.ask(half, None).unwrap_err().code, RefusalCode::RetiredKey);
    assert!(world.state.flag_set.flag("fine").is_none());
}

#[test]
fn verification_names_the_first_record_that_does_not_fit() {
    let mut world = World::new();
    for key in ["a", "b", "c", "d"] {
        world.put(flag(key)).unwrap();
    }
    let good = world.stored();
    assert_eq!(world.verify(&good), None);
    let edited = |at: usize, edit: &dyn Fn(&mut Stored)| {
        let mut records = good.clone();
        edit(&mut records[at]);
        world.verify(&records)
    };
    let change_text = |stored: &mut Stored| {
        let text = String::from_utf8(stored.bytes.clone()).unwrap();
        stored.bytes = text.replace("because", "no cause").into_bytes();
    };
    let some = |revision: u64, code: &str| Some((revision, code.to_owned()));
    assert_eq!(edited(1, &change_text), some(2, "edited"));
    // Whoever also mends the hash is found at the next record, or by the witness at the end.
    let and_hash = |stored: &mut Stored| {
        change_text(stored);
        stored.hash = downhaul_control::Hash::of(&stored.bytes).to_string();
    };
    assert_eq!(edited(1, &and_hash), some(3, "chain-broken"));
    assert_eq!(edited(3, &and_hash), some(4, "edited"));
    let not_canonical = |stored: &mut Stored| {
        stored.bytes.push(b' ');
        stored.hash = downhaul_control::Hash::of(&stored.bytes).to_string();
    };
    assert_eq!(edited(2, &not_canonical), some(3, "not-canonical"));
    let mut dropped = good.clone();
    dropped.remove(1);
    assert_eq!(world.verify(&dropped), some(2, "missing"));
    assert_eq!(world.verify(&good[..3]), some(4, "missing"));
    let mut renumbered = good.clone();
    renumbered.remove(1);
    renumbered.iter_mut().zip(1..).for_each(|(stored, revision)| stored.revision = revision);
    assert_eq!(world.verify(&renumbered), some(2, "out-of-order"));
}

#[derive(Debug, Clone)]
enum Step {
    Put(usize, bool),
    Retire(usize),
    Kill(usize, bool),
    Restore(usize),
    Apply(Vec<usize>, bool),
    Segment(bool),
}

const KEYS: [&str; 4] = ["a", "b", "c", "d"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..4usize, any::<bool>()).prop_map(|(key, on)| Step::Put(key, on)),
        1 => (0..4usize).prop_map(Step::Retire),
        3 => (0..4usize, any::<bool>()).prop_map(|(key, everyone)| Step::Kill(key, everyone)),
        2 => (1..6usize).prop_map(Step::Restore),
        2 => (prop::collection::vec(0..4usize, 0..4), any::<bool>()).prop_map(|(keys, prune)| Step::Apply(keys, prune)),
        1 => any::<bool>().prop_map(Step::Segment),
    ];
    prop::collection::vec(step, 1..30)
}

/// Does it if it may be done.
fn take(world: &mut World, step: Step) {
    let default = |on: bool| json!({ "default": if on { "on" } else { "off" } });
    let _ = match step {
        Step::Put(key, on) => world.put(flag_with(KEYS[key], default(on))).map(drop),
        Step::Retire(key) => world.retire(KEYS[key]).map(drop),
        Step::Kill(key, everyone) => {
            let tenant = (!everyone).then(|| vec!["acme".to_owned()]);
            let scope = KillScope { tenant, ..KillScope::default() };
            world.kill(&KillRequest { scope, ..kill_request(KEYS[key]) }).map(drop)
        }
        Step::Restore(number) => world.restore(&format!("k-{number}")).map(drop),
        Step::Apply(keys, prune) => {
            let mut document = world.state.flag_set.clone();
            document.kills.clear();
            document.flags.clear();
            for key in std::collections::BTreeSet::from_iter(keys) {
                document.flags.push(*flag_with(KEYS[key], default(prune)));
            }
            let now = &world.state.flag_set;
            let foretold = downhaul_control::decide::applied(now, &document, prune, "2026-11-24T00:00:00Z").unwrap();
            let done = match downhaul_control::decide::plan(&world.state, &document, prune).command {
                Some(command) => world.ask(command, None).map(drop),
                None => Ok(()),
            };
            if done.is_ok() {
                let is = &world.state.flag_set;
                assert_eq!(
                    (&foretold.flags, &foretold.segments, &foretold.kills),
                    (&is.flags, &is.segments, &is.kills)
                );
                assert_eq!((&foretold.tenants, &foretold.regions), (&is.tenants, &is.regions));
                assert!(foretold.retired.keys().eq(is.retired.keys()));
            }
            done
        }
        Step::Segment(put) => {
            let key = "staff".parse().unwrap();
            let segment = serde_json::from_value(json!({ "include": ["user-7"] })).unwrap();
            let command = if put { Command::PutSegment { key, segment } } else { Command::RemoveSegment { key } };
            world.ask(command, None).map(drop)
        }
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn replaying_gives_the_state_that_was_served(steps in steps()) {
        let mut world = World::new();
        for step in steps {
            take(&mut world, step);
        }
        let read = world.records.iter().map(|record| downhaul_control::Record::read(record.bytes().to_vec()).unwrap());
        let records: Vec<_> = read.collect();
        let replayed = downhaul_control::replay(World::new().state, &records);
        prop_assert_eq!(&replayed, &world.state);
        let digest = downhaul_control::decide::digest(&replayed.flag_set).unwrap();
        if let Some(last) = world.records.last() {
            prop_assert_eq!(&last.change().impact.digest, &digest);
        }
        prop_assert_eq!(world.verify(&world.stored()), None);
    }

    #[test]
    fn revisions_have_no_gaps_and_kill_revisions_count_kills_and_restores(steps in steps()) {
        let mut world = World::new();
        for step in steps {
            take(&mut world, step);
        }
        for (record, revision) in world.records.iter().zip(1..) {
            prop_assert_eq!(record.change().revision, revision);
        }
        let counted = world.records.iter().filter(|record| record.change().command.is_kill_or_restore()).count();
        prop_assert_eq!(world.state.position().kill_revision, counted as u64);
        prop_assert_eq!(world.state.position().revision, world.records.len() as u64);
    }

    #[test]
    fn a_kill_leaves_only_by_its_restore(before in steps(), after in steps()) {
        let mut world = World::new();
        for step in before {
            take(&mut world, step);
        }
        for step in after {
            let kills = world.state.flag_set.kills.clone();
            let may_end = match &step {
                Step::Restore(number) => Some(format!("k-{number}")),
                _ => None,
            };
            take(&mut world, step);
            for kill in kills.iter().filter(|kill| Some(&kill.id) != may_end.as_ref()) {
                prop_assert!(world.state.flag_set.kills.contains(kill), "{} is gone", kill.id);
                prop_assert!(world.state.flag_set.flag(kill.flag.as_str()).is_some());
            }
        }
    }

    #[test]
    fn no_tampering_goes_unseen(steps in steps(), at in any::<prop::sample::Index>(), how in 0..9, byte in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let mut world = World::new();
        for step in steps {
            take(&mut world, step);
        }
        prop_assume!(!world.records.is_empty());
        let mut records = world.stored();
        let at = at.index(records.len());
        let renumber = |records: &mut Vec<Stored>| {
            records.iter_mut().zip(1..).for_each(|(stored, revision)| stored.revision = revision);
        };
        let rehash = |stored: &mut Stored| stored.hash = downhaul_control::Hash::of(&stored.bytes).to_string();
        // How far behind the place of the deed it may be named.
        let mut late = 0;
        match how {
            0 => {
                let byte = byte.index(records[at].bytes.len());
                records[at].bytes[byte] ^= 1 << bit;
            }
            // Edited by someone who mends the record's own hash.
            1 => {
                let byte = byte.index(records[at].bytes.len());
                records[at].bytes[byte] ^= 1 << bit;
                rehash(&mut records[at]);
                late = 1;
            }
            2 => {
                records.remove(at);
                renumber(&mut records);
            }
            3 => {
                let copy = records[at].clone();
                records.insert(at, copy);
                renumber(&mut records);
                late = 1;
            }
            4 => {
                prop_assume!(at + 1 < records.len());
                records.swap(at, at + 1);
                renumber(&mut records);
            }
            5 => records.truncate(at),
            6 => {
                let length = byte.index(records[at].bytes.len());
                records[at].bytes.truncate(length);
                rehash(&mut records[at]);
            }
            7 => records[at].revision += 1 + u64::from(bit),
            _ => {
                let place = byte.index(records[at].hash.len());
                let mut hash = records[at].hash.clone().into_bytes();
                hash[place] = if hash[place] == b'0' { b'1' } else { b'0' };
                records[at].hash = String::from_utf8(hash).unwrap();
            }
        }
        let found = world.verify(&records);
        let revision = at as u64 + 1;
        let is_named = found.as_ref().is_some_and(|(named, _)| (revision..=revision + late).contains(named));
        prop_assert!(is_named, "way {how} at {revision}: {found:?}");
    }

    /// Whoever writes a whole new chain is found by a head that was witnessed before.
    #[test]
    fn a_chain_written_anew_is_found_by_a_head(steps in steps(), at in any::<prop::sample::Index>(), size in any::<prop::sample::Index>()) {
        let mut world = World::new();
        for step in steps {
            take(&mut world, step);
        }
        prop_assume!(!world.records.is_empty());
        let (at, size) = (at.index(world.records.len()), size.index(world.records.len()) + 1);
        let mut tree = Frontier::default();
        world.records.iter().take(size).for_each(|record| tree.push(leaf(record.bytes())));
        let head = TreeHead { origin: "witnessed".to_owned(), size: size as u64, root: tree.root() };
        let mut prev = downhaul_control::Hash::ZERO;
        let mut anew = Vec::new();
        for (number, record) in world.records.iter().enumerate() {
            let mut change = record.change().clone();
            if number == at {
                change.reason.push_str(", they say");
            }
            change.prev = prev;
            let record = downhaul_control::Record::write(&change).unwrap();
            prev = record.hash();
            let revision = change.revision;
            anew.push(Stored { revision, bytes: record.bytes().to_vec(), hash: record.hash().to_string() });
        }
        let verify = |records: &[Stored]| {
            let empty = World::new().state;
            let mut verification = Verification::new(empty.environment().clone(), empty.epoch);
            verification.expect(&head);
            records.iter().for_each(|stored| verification.next(stored.clone()));
            verification.end();
            verification.report().fault.map(|fault| (fault.revision, fault.code))
        };
        prop_assert_eq!(verify(&world.stored()), None);
        let differs = (at < size).then(|| (size as u64, "head-differs".to_owned()));
        prop_assert_eq!(verify(&anew), differs);
        prop_assert_eq!(verify(&anew[..0]), Some((1, "missing".to_owned())));
    }
}

impl World {
    /// The first fault: where, and its code.
    fn verify(&self, records: &[Stored]) -> Option<(u64, String)> {
        let empty = World::new().state;
        let mut verification = Verification::new(empty.environment().clone(), empty.epoch);
        records.iter().for_each(|stored| verification.next(stored.clone()));
        verification.end();
        verification.compare(&Witness {
            revision: self.state.position().revision,
            hash: self.state.head.to_string(),
            document_digest: downhaul_control::decide::digest(&self.state.flag_set).unwrap(),
        });
        let report = verification.report();
        assert_eq!(report.status == VerifyStatus::Verified, report.fault.is_none());
        report.fault.map(|fault| (fault.revision, fault.code))
    }
}

#[test]
fn deciding_leaves_the_state_alone() {
    let mut world = World::new();
    world.put(flag("a")).unwrap();
    let before: State = world.state.clone();
    let request = Request {
        command: Command::RetireFlag { key: "a".parse().unwrap() },
        actor: "a-1".to_owned(),
        authority: Authority::Root,
        reason: "gone".to_owned(),
        at: crate::support::now(),
        expected_revision: None,
        landing: None,
        evidence: None,
    };
    assert!(matches!(decide(&world.state, &world.valid(), request), Ok(Decision::Change(_))));
    assert_eq!(world.state, before);
}

#[test]
fn an_edit_says_whom_it_moves() {
    let mut world = World::new();
    let split = |on: u32| {
        let rule =
            json!({ "when": [{ "tenant": ["acme"] }], "split": { "slices": [["on", on], ["off", 100_000 - on]] } });
        flag_with("checkout", json!({ "rules": [rule], "default": "off" }))
    };
    world.put(split(10_000)).unwrap();
    assert!(world.records[0].change().impact.moves.is_empty(), "a flag that is new moves nobody");
    world.put(split(25_000)).unwrap();
    let impact = &world.records[1].change().impact;
    let moved: Vec<_> = impact
        .moves
        .iter()
        .map(|each| (each.from.as_str(), each.to.as_str(), each.who.as_str(), each.buckets))
        .collect();
    assert_eq!(moved, [("off", "on", "tenant is `acme`", 15_000)]);
    world.kill(&kill_request("checkout")).unwrap();
    assert!(world.records[2].change().impact.moves.is_empty(), "a kill waits for no comparison");
}
