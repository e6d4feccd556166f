//! What holds for every document and context.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot be set up has failed")]

mod support;

use downhaul_core::bucket;
use downhaul_core::compile::{Audience, Options, compile, compile_residual};
use downhaul_core::context::Slot;
use downhaul_core::decision::Cause;
use downhaul_core::document::{ClientKind, FlagSet, Kill, Outcome, Scope};
use downhaul_core::evaluate::{NeedText, evaluate, evaluate_all, evaluate_observed};
use downhaul_core::kills::{KillSet, Loaded};
use downhaul_core::observe::Observer;
use downhaul_core::prepare::prepare;
use downhaul_core::program::{Program, ProgramError};
use downhaul_core::seal;
use downhaul_core::specialise::specialise;
use downhaul_core::validate::{Valid, validate};
use proptest::prelude::*;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use support::arbitrary::{context, flag_set, flag_set_of};
use support::oracle::{self, Answer, Override};

fn valid(set: FlagSet) -> Valid {
    validate(set, None).unwrap_or_else(|why| panic!("{why:#?}")).0
}

fn load(document: &FlagSet, program: Program) -> Loaded {
    Loaded::new(program, KillSet::encode(&document.kills, &document.regions, 1, |_| None))
}

fn all(valid: &Valid) -> Loaded {
    load(valid.document(), compile(valid, &Options { audience: Audience::All }))
}

fn answer(loaded: &Loaded, overrides: &[u8], context: &Map<String, Value>, flag: u32) -> Answer {
    let decision = evaluate(loaded, overrides, &mut prepare(loaded, context), flag).unwrap();
    let (variant, _) = loaded.program.variant(flag, u32::from(decision.variant)).unwrap();
    Answer {
        variant: variant.parse().unwrap(),
        reason: decision.reason.as_str(),
        rule: decision.rule().map(|rule| rule as usize),
    }
}

fn answers(loaded: &Loaded, context: &Map<String, Value>) -> Vec<Answer> {
    (0..loaded.program.flag_count()).map(|flag| answer(loaded, &[], context, flag)).collect()
}

/// Watches, and so is shown every rule.
struct Watcher;

impl Observer for Watcher {}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Some hundred rules, so that those of one flag lie in several words; all flags at once, one by one, and watched.
    #[test]
    fn passing_over_rules_that_cannot_hold_changes_nothing(
        set in flag_set_of(60..61, 0..4), contexts in prop::collection::vec(context(), 12),
    ) {
        let mut set = set;
        // One flag with the rules of many.
        let rules: Vec<_> = set.flags.iter().flat_map(|flag| flag.rules.clone()).collect();
        let mut large = set.flags.iter().next().unwrap().clone();
        large.key = "large".parse().unwrap();
        large.rules = rules;
        set.flags.put(large);
        let loaded = all(&valid(set));
        let mut later = Loaded::soon(loaded.program.clone(), loaded.kill_set.clone());
        for (number, context) in contexts.iter().enumerate() {
            let mut together = Vec::new();
            evaluate_all(&loaded, &[], &mut prepare(&loaded, context), |_, decision| together.push(decision)).unwrap();
            // First without what is worked out of the rules, then with it, as a process that has just begun.
            if number == contexts.len() / 2 {
                later.sift();
            }
            let mut soon = Vec::new();
            evaluate_all(&later, &[], &mut prepare(&later, context), |_, decision| soon.push(decision)).unwrap();
            prop_assert_eq!(&soon, &together);
            for (flag, together) in (0..).zip(together) {
                let alone = evaluate(&loaded, &[], &mut prepare(&loaded, context), flag).unwrap();
                let watched = evaluate_observed(&loaded, &[], &mut prepare(&loaded, context), flag, &mut Watcher).unwrap();
                prop_assert_eq!((alone, together), (watched, watched), "{} {:?}", loaded.program.flag_key(flag), context);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// The digest takes the flags as they were written before; a copy that is changed is written anew.
    #[test]
    fn the_digest_is_that_of_the_canonical_document(mut set in flag_set(), other in flag_set()) {
        let whole = |set: &FlagSet| seal::digest(&seal::canonical_bytes(set).unwrap());
        prop_assert_eq!(seal::document_digest(&set).unwrap(), whole(&set));
        let copy = set.clone();
        set.kills.clear();
        set.revision += 1;
        prop_assert_eq!(seal::document_digest(&set).unwrap(), whole(&set));
        // One at a time, in places old and new, and from the middle away.
        let kept = set.flags.clone();
        for flag in &other.flags {
            set.flags.put(flag.clone());
            prop_assert_eq!(seal::document_digest(&set).unwrap(), whole(&set));
        }
        for key in kept.iter().step_by(2).map(|flag| flag.key.clone()) {
            set.flags.remove(key.as_str());
            prop_assert!(set.flag(key.as_str()).is_none());
            prop_assert_eq!(seal::document_digest(&set).unwrap(), whole(&set));
        }
        set.environment = "staging".parse().unwrap();
        prop_assert_eq!(seal::document_digest(&set).unwrap(), whole(&set));
        let other = other.flags.iter().cloned().collect::<Vec<_>>();
        set.flags.extend(other);
        prop_assert_eq!(seal::document_digest(&set).unwrap(), whole(&set));
        prop_assert_eq!(seal::document_digest(&copy).unwrap(), whole(&copy));
    }

    /// Other kills are looked at as if the whole document were.
    #[test]
    fn other_kills_are_judged_as_in_the_whole(set in flag_set(), other in flag_set()) {
        let valid = valid(FlagSet { kills: Vec::new(), ..set.clone() });
        let errors = |found: Vec<downhaul_core::diagnostic::Diagnostic>| {
            found.into_iter().filter(|each| each.is_error()).collect::<Vec<_>>()
        };
        let alone = valid.with_kills(7, other.kills.clone());
        let whole = validate(FlagSet { revision: 7, kills: other.kills, ..set }, None);
        match (alone, whole) {
            (Ok((alone, _)), Ok((whole, _))) => prop_assert_eq!(alone, whole),
            (Err(alone), Err(whole)) => prop_assert_eq!(errors(alone), errors(whole)),
            (alone, whole) => prop_assert!(false, "{alone:?}\n{whole:?}"),
        }
    }

    #[test]
    fn the_engine_agrees_with_the_oracle(
        set in flag_set(), contexts in prop::collection::vec(context(), 1..6), held in prop::collection::vec(0..8u8, 5),
    ) {
        let valid = valid(set);
        let loaded = all(&valid);
        let set = valid.document();
        let overrides: BTreeMap<String, Override> = set.flags.iter().zip(&held).filter_map(|(flag, held)| {
            let cause = match held { 1 => Override::Stale, 2 => Override::Breaker, 3 => Override::CrashLoop, _ => return None };
            Some((flag.key.to_string(), cause))
        }).collect();
        let codes: Vec<u8> = held.iter().map(|held| match held {
            1 => Cause::Stale as u8, 2 => Cause::Breaker as u8, 3 => Cause::CrashLoop as u8, _ => 0,
        }).collect();
        for context in &contexts {
            for (number, flag) in (0..).zip(&set.flags) {
                let expected = oracle::decide(set, flag.key.as_str(), context, &overrides).unwrap();
                prop_assert_eq!(answer(&loaded, &codes, context, number), expected, "{} {:?}", flag.key, context);
            }
        }
    }

    #[test]
    fn every_audience_gets_the_same_answers(set in flag_set(), contexts in prop::collection::vec(context(), 1..6)) {
        let valid = valid(set);
        let whole = all(&valid);
        for kind in [ClientKind::Browser, ClientKind::Edge, ClientKind::Server] {
            let program = compile(&valid, &Options { audience: Audience::Kind(kind) });
            let bytes = program.to_bytes();
            let read = Program::from_bytes(&bytes).unwrap();
            prop_assert_eq!(&read, &program);
            prop_assert_eq!(read.to_bytes(), bytes);
            let loaded = load(valid.document(), read);
            for context in &contexts {
                prop_assert_eq!(answers(&loaded, context), answers(&whole, context));
            }
        }
    }

    /// A host that writes a text only when it is asked for gets the same answers, and is asked for each slot once at most.
    #[test]
    fn texts_can_wait(set in flag_set(), context in context()) {
        let valid = valid(set);
        for audience in [Audience::All, Audience::Kind(ClientKind::Browser)] {
            let loaded = load(valid.document(), compile(&valid, &Options { audience }));
            let whole = prepare(&loaded, &context);
            let mut waiting = whole.clone();
            let slots = waiting.context.slots.iter_mut().chain(&mut waiting.context.elements);
            slots.filter(|slot| slot.kind == Slot::TEXT).for_each(|slot| *slot = Slot::of(Slot::PENDING));
            for flag in 0..loaded.program.flag_count() {
                let mut asked = Vec::new();
                let decision = loop {
                    match evaluate(&loaded, &[], &mut waiting, flag) {
                        Ok(decision) => break decision,
                        Err(NeedText { slot }) => {
                            prop_assert!(!asked.contains(&slot));
                            asked.push(slot);
                            waiting.context.slots[slot as usize] = whole.context.slots[slot as usize];
                            if whole.context.slots[slot as usize].kind == Slot::LIST {
                                let (start, count) = whole.context.slots[slot as usize].halves();
                                waiting.context.elements[start..start + count].copy_from_slice(&whole.context.elements[start..start + count]);
                            }
                        }
                    }
                };
                prop_assert_eq!(decision, evaluate(&loaded, &[], &mut whole.clone(), flag).unwrap());
            }
            // All of them at once, with a text after the other.
            waiting.forget();
            let slots = waiting.context.slots.iter_mut();
            slots.filter(|slot| slot.kind == Slot::TEXT).for_each(|slot| *slot = Slot::of(Slot::PENDING));
            let together = loop {
                let mut together = Vec::new();
                match evaluate_all(&loaded, &[], &mut waiting, |_, decision| together.push(decision)) {
                    Ok(()) => break together,
                    Err(NeedText { slot }) => waiting.context.slots[slot as usize] = whole.context.slots[slot as usize],
                }
            };
            let mut expected = Vec::new();
            evaluate_all(&loaded, &[], &mut whole.clone(), |_, decision| expected.push(decision)).unwrap();
            prop_assert_eq!(together, expected);
        }
    }

    #[test]
    fn specialising_changes_no_answer(
        set in flag_set(), context in context(), taken in prop::collection::vec(any::<bool>(), 12), others in prop::collection::vec(context(), 1..4),
    ) {
        let valid = valid(set);
        let known: BTreeMap<String, Value> = context.iter().zip(taken).filter(|(_, taken)| *taken).map(|((name, value), _)| (name.clone(), value.clone())).collect();
        let residual = specialise(valid.document(), &known);
        let whole = all(&valid);
        for audience in [Audience::All, Audience::Kind(ClientKind::Browser)] {
            let loaded = load(&residual.document, compile_residual(&residual, &Options { audience }));
            for other in &others {
                // A context that agrees with what is known.
                let mut agreeing = other.clone();
                agreeing.extend(known.iter().map(|(name, value)| (name.clone(), value.clone())));
                prop_assert_eq!(answers(&loaded, &agreeing), answers(&whole, &agreeing), "{:?}", known);
            }
        }
    }

    #[test]
    fn a_kill_for_everyone_always_wins(set in flag_set(), context in context(), held in 0..5u8) {
        let mut set = set;
        let (key, degraded) = (set.flags[0].key.clone(), set.flags[0].degraded.variant.clone());
        set.kills.push(Kill {
            id: "total".into(), flag: key, scope: Scope::default(), reason: "x".into(), by: "a-1".into(),
            at: "2026-11-01T00:00:00Z".into(), incident: None,
        });
        let given = answer(&all(&valid(set)), &[held], &context, 0);
        prop_assert_eq!(given, Answer { variant: degraded, reason: "DISABLED", rule: None });
    }

    /// Widening the first slice of a split never takes its variant from someone who has it.
    #[test]
    fn ramps_are_monotone(set in flag_set(), contexts in prop::collection::vec(context(), 1..8), more in 1..50_000u32) {
        let mut set = set;
        set.kills.clear();
        set.flags.truncate(1);
        let Some(rule) = set.flags[0].rules.first_mut() else { return Ok(()) };
        let Outcome::Split(split) = &mut rule.then else { return Ok(()) };
        split.slices.truncate(1);
        let first = split.slices[0].variant.clone();
        let narrow = all(&valid(set.clone()));
        if let Some(rule) = set.flags[0].rules.first_mut()
            && let Outcome::Split(split) = &mut rule.then
        {
            split.slices[0].width += more;
        }
        let wide = all(&valid(set));
        for context in &contexts {
            let before = answer(&narrow, &[], context, 0);
            if before.rule == Some(0) {
                prop_assert_eq!(&before.variant, &first);
                prop_assert_eq!(answer(&wide, &[], context, 0), before);
            }
        }
    }

    #[test]
    fn hashes_agree_with_another_implementation(salt in "\\PC{1,20}", unit in "\\PC{0,40}", seed in any::<u32>()) {
        let expected = murmur3::murmur3_32(&mut std::io::Cursor::new(unit.as_bytes()), seed).unwrap();
        prop_assert_eq!(bucket::murmur3_x86_32(unit.as_bytes(), seed), expected);
        prop_assert_eq!(u64::from(bucket::bucket(bucket::seed(&salt), unit.as_bytes())), oracle::bucket(&salt, &unit));
    }

    /// With the checksum mended, changed bytes are refused, or evaluation ends and stays within its bounds.
    #[test]
    fn changed_programs_are_harmless(
        set in flag_set(), context in context(), changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = compile(&valid(set), &Options { audience: Audience::All }).to_bytes();
        for (at, value) in changes {
            let at = 16 + at.index(bytes.len() - 16);
            bytes[at] = value;
        }
        let checksum = bucket::murmur3_x86_32(&bytes[16..], 0);
        bytes[12..16].copy_from_slice(&checksum.to_le_bytes());
        if let Ok(program) = Program::from_bytes(&bytes) {
            let loaded = Loaded::new(program, KillSet::default());
            let mut prepared = prepare(&loaded, &context);
            for flag in 0..=loaded.program.flag_count() {
                let decision = evaluate(&loaded, &[], &mut prepared, flag).unwrap();
                let _ = loaded.value(flag, &decision);
            }
        }
    }

    #[test]
    fn any_kill_bytes_are_harmless(set in flag_set(), at in any::<prop::sample::Index>(), value in any::<u8>(), noise in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = KillSet::from_bytes(&noise);
        let kills = KillSet::encode(&set.kills, &set.regions, 7, |_| Some(3));
        let mut bytes = kills.to_bytes().unwrap();
        prop_assert_eq!(&KillSet::from_bytes(&bytes).unwrap(), &kills);
        for end in 0..bytes.len() {
            prop_assert!(KillSet::from_bytes(&bytes[..end]).is_err());
        }
        let at = at.index(bytes.len());
        bytes[at] = value;
        if let Ok(changed) = KillSet::from_bytes(&bytes) {
            let _ = Loaded::new(compile(&valid(set), &Options { audience: Audience::All }), changed);
        }
    }
}

fn sample() -> FlagSet {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    flag_set().new_tree(&mut TestRunner::deterministic()).unwrap().current()
}

#[test]
fn every_flipped_bit_and_every_cut_is_refused() {
    let bytes = compile(&valid(sample()), &Options { audience: Audience::All }).to_bytes();
    assert!(Program::from_bytes(&bytes).is_ok());
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1 << (at % 8);
        assert!(Program::from_bytes(&changed).is_err(), "byte {at}");
        assert!(Program::from_bytes(&bytes[..at]).is_err(), "cut at {at}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert_eq!(Program::from_bytes(&longer), Err(ProgramError::Length));
    let mut newer = bytes;
    newer[4] = 2;
    assert_eq!(Program::from_bytes(&newer), Err(ProgramError::Format));
}

/// What readers of tomorrow append to an entry is skipped today.
#[test]
fn an_entry_may_grow_at_its_end() {
    let set = KillSet {
        kill_revision: 9,
        kills: vec![downhaul_core::kills::KillEntry { id: "k".into(), flag: "f".into(), ..Default::default() }],
    };
    let mut bytes = set.to_bytes().unwrap();
    bytes.extend([1, 2, 3]);
    let total = u32::try_from(bytes.len()).unwrap();
    bytes[4..8].copy_from_slice(&total.to_le_bytes());
    bytes[20..24].copy_from_slice(&(total - 20).to_le_bytes());
    assert_eq!(KillSet::from_bytes(&bytes), Ok(set));
}

/// Revision and dates are not in a program.
#[test]
fn the_digest_is_of_the_content() {
    let set = sample();
    let mut later = set.clone();
    later.revision = 99;
    later.issued_at = Some("2026-11-23T20:00:00Z".into());
    let digest = |set: FlagSet| compile(&valid(set), &Options { audience: Audience::All }).digest();
    assert_eq!(digest(set.clone()), digest(later));
    let mut other = set.clone();
    other.flags[0].default =
        other.flags[0].variants.iter().map(|(key, _)| key.clone()).find(|key| *key != set.flags[0].default).unwrap();
    assert_ne!(digest(set), digest(other));
}

/// A kill whose segment the program lacks holds: better killed too widely.
#[test]
fn a_kill_with_an_unknown_segment_holds() {
    let mut set = sample();
    set.kills.clear();
    let valid = valid(set);
    let mut loaded = all(&valid);
    let flag = loaded.program.flag_key(0).to_owned();
    let entry =
        downhaul_core::kills::KillEntry { id: "k".into(), flag, segments: Some(vec![12345]), ..Default::default() };
    loaded.set_kills(KillSet { kill_revision: 1, kills: vec![entry] });
    assert_eq!(answer(&loaded, &[], &Map::new(), 0).reason, "DISABLED");
}
