//! Signing keys through the chart: which one signs, which are believed, and what every envelope says of them.

use crate::support::{World, flag, now};
use downhaul_control::envelope::{Audience, EnvelopeSigner, EnvelopeType};
use downhaul_control::signing_key::MOST;
use downhaul_control::{Command, Refusal, RefusalCode, SigningKey, publish};
use downhaul_core::document::ClientKind;

fn key(seed: u8) -> SigningKey {
    SigningKey::new(&EnvelopeSigner::new(&[seed; 32]).public_key())
}

fn add(seed: u8, signs: bool) -> Command {
    Command::AddSigningKey { key: key(seed), signs }
}

fn sign_with(seed: u8) -> Command {
    Command::UseSigningKey { id: key(seed).id }
}

fn revoke(seed: u8) -> Command {
    Command::RevokeSigningKey { id: key(seed).id }
}

fn code(answer: Result<bool, Refusal>) -> RefusalCode {
    answer.unwrap_err().code
}

/// What an envelope says now.
fn named(world: &World) -> Option<Vec<String>> {
    let audience = Audience { kind: ClientKind::Server, attributes: Default::default(), decided_for: None };
    let header =
        publish::header(&world.state, audience, EnvelopeType::Kills, now(), jiff::SignedDuration::from_hours(1), None);
    header.keys
}

fn ids(seeds: &[u8]) -> Option<Vec<String>> {
    let mut ids: Vec<String> = seeds.iter().map(|seed| key(*seed).id).collect();
    ids.sort();
    Some(ids)
}

#[test]
fn made_used_and_revoked() {
    let mut world = World::new();
    assert_eq!((named(&world), world.state.signing.signs.clone()), (None, None), "as it was before there were others");
    world.ask(add(1, true), None).unwrap();
    world.ask(add(2, false), None).unwrap();
    assert_eq!(world.state.signing.signs, Some(key(1).id));
    assert_eq!(named(&world), ids(&[1, 2]), "believed before it signs");
    assert_eq!(code(world.ask(revoke(1), None)), RefusalCode::NotNow, "somebody has to sign");
    world.ask(sign_with(2), None).unwrap();
    assert_eq!((world.state.signing.signs.clone(), named(&world)), (Some(key(2).id), ids(&[1, 2])));
    assert_eq!(code(world.ask(sign_with(2), None)), RefusalCode::AlreadyDone);
    world.ask(revoke(1), None).unwrap();
    assert_eq!(named(&world), ids(&[2]));
    for never in [revoke(1), sign_with(1), add(1, true)] {
        let code = code(world.ask(never, None));
        assert!(matches!(code, RefusalCode::AlreadyDone | RefusalCode::TakenId), "{code:?}");
    }
    assert_eq!(code(world.ask(sign_with(9), None)), RefusalCode::UnknownKey);
}

#[test]
fn only_a_public_key_is_one() {
    let mut world = World::new();
    let good = key(1);
    for bad in [
        SigningKey { id: key(2).id, ..good.clone() },
        SigningKey { public_key: "AAAA".to_owned(), ..good.clone() },
        SigningKey { public_key: "not base64".to_owned(), ..good.clone() },
    ] {
        assert_eq!(code(world.ask(Command::AddSigningKey { key: bad, signs: false }, None)), RefusalCode::Invalid);
    }
    assert_eq!(SigningKey::read(&format!(" {}\n", good.public_key)), Some(good));
    assert_eq!(SigningKey::read("AAAA"), None);
}

#[test]
fn every_envelope_has_room_for_them() {
    let mut world = World::new();
    for seed in 1..=u8::try_from(MOST).unwrap() {
        world.ask(add(seed, seed == 1), None).unwrap();
    }
    assert_eq!(code(world.ask(add(100, false), None)), RefusalCode::NotNow);
    world.ask(revoke(2), None).unwrap();
    world.ask(add(100, false), None).unwrap();
}

#[test]
fn a_frozen_environment_may_change_its_keys() {
    let mut world = World::new();
    world.put(flag("cart")).unwrap();
    world.ask(Command::Freeze, None).unwrap();
    world.ask(add(1, true), None).unwrap();
    world.ask(add(2, true), None).unwrap();
    world.ask(revoke(1), None).unwrap();
    assert_eq!(named(&world), ids(&[2]));
}
