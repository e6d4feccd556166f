//! Kills by keys of their own: what clients and the control plane take of them, and what they refuse.

use crate::support::{World, flag, kill_request, now};
use downhaul_control::api::{KillRequest, KillScope};
use downhaul_control::break_glass::{BreakGlassKey, Held, KeptObject, MOST, Refused, SIZE_LIMIT, kill_id, seal};
use downhaul_control::decide::{self, reported};
use downhaul_control::envelope::{Audience, EnvelopeError, EnvelopeSigner, EnvelopeType, Header, open};
use downhaul_control::{Command, Refusal, RefusalCode, publish};
use downhaul_core::document::{ClientKind, Kill};
use downhaul_core::kills::KillSet;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

const PRODUCTION: Option<&str> = Some("production");

fn days(days: i64) -> Timestamp {
    now().saturating_add(SignedDuration::from_hours(24 * days)).unwrap()
}

fn signer(seed: u8) -> EnvelopeSigner {
    EnvelopeSigner::new(&[seed; 32])
}

fn key(seed: u8) -> BreakGlassKey {
    BreakGlassKey::new(&signer(seed).public_key(), days(90))
}

fn add(seed: u8) -> Command {
    Command::AddBreakGlassKey { key: key(seed) }
}

fn revoke(seed: u8) -> Command {
    Command::RevokeBreakGlassKey { id: key(seed).id }
}

fn world() -> World {
    let mut world = World::new();
    for name in ["a", "b"] {
        world.put(flag(name)).unwrap();
    }
    world.ask(add(1), None).unwrap();
    world
}

/// A kill by a key.
fn kill(seed: u8, number: u64, flag: &str, scope: KillScope) -> Kill {
    let mut world = World::new();
    world.put(crate::support::flag(flag)).unwrap();
    let request = KillRequest { scope, ..kill_request(flag) };
    let Ok(Command::Kill { kill }) = decide::kill(&world.state, &request, "b", now()) else { panic!("a kill") };
    Kill { id: kill_id(&key(seed).id, number), ..kill }
}

fn object(seed: u8, kills: &[Kill]) -> Vec<u8> {
    object_for(seed, &[ClientKind::Edge, ClientKind::Server], kills)
}

fn object_for(seed: u8, clients: &[ClientKind], kills: &[Kill]) -> Vec<u8> {
    let regions = Default::default();
    seal(&signer(seed), "production", clients, kills, &regions, now()).unwrap().unwrap()
}

fn everyone(seed: u8, number: u64, flag: &str) -> Kill {
    kill(seed, number, flag, KillScope::default())
}

/// What an envelope says now.
fn header(world: &World, issued: Timestamp) -> Header {
    let audience = Audience { kind: ClientKind::Server, attributes: Default::default(), decided_for: None };
    publish::header(&world.state, audience, EnvelopeType::Kills, issued, SignedDuration::from_hours(1), None)
}

/// A client that has heard of the world.
fn client(world: &World) -> Held {
    let mut held = Held::default();
    held.hear(&header(world, now()));
    held
}

fn take(held: &mut Held, bytes: &[u8]) -> Result<bool, Refused> {
    held.take(bytes, PRODUCTION, ClientKind::Server, now())
}

fn killed(held: &Held) -> Vec<String> {
    held.join(KillSet::default()).kills.into_iter().map(|kill| kill.flag).collect()
}

/// Charts what was reported, as the server does.
fn report(world: &mut World, bytes: &[u8]) -> Result<Vec<String>, Refusal> {
    let report = reported(&world.state, bytes, now())?;
    let mut charted = Vec::new();
    for (command, kill) in report.commands() {
        let request = world.request(command);
        world.carry_out(downhaul_control::Request { reason: kill.reason.clone(), actor: report.actor(), ..request })?;
        charted.push(kill.id.clone());
    }
    Ok(charted)
}

#[test]
fn an_environment_without_such_keys_says_nothing_of_them() {
    let mut world = World::new();
    world.put(flag("a")).unwrap();
    assert_eq!(header(&world, now()).break_glass, None);
    let json = serde_json::to_string(&header(&world, now())).unwrap();
    assert!(!json.contains("break_glass"), "{json}");
}

#[test]
fn a_kill_holds_from_the_object_to_the_restore() {
    let mut world = world();
    let mut held = client(&world);
    let bytes = object(1, &[everyone(1, 7, "a")]);
    assert_eq!(take(&mut held, &bytes), Ok(true));
    assert_eq!(killed(&held), ["a"]);
    assert_eq!(take(&mut held, &bytes), Ok(false), "taken twice it is the same");

    // Whatever the control plane publishes meanwhile.
    world.put(flag("c")).unwrap();
    assert!(!held.hear(&header(&world, now())));
    assert_eq!(killed(&held), ["a"]);

    // The control plane takes it up: by the key, with why.
    let id = kill_id(&key(1).id, 7);
    assert_eq!(report(&mut world, &bytes).unwrap(), std::slice::from_ref(&id));
    let charted = &world.state.kill(&id).unwrap().kill;
    assert_eq!(
        (charted.by.as_str(), charted.reason.as_str()),
        (&*format!("break-glass:{}", key(1).id), "payment errors")
    );
    assert_eq!(world.records.last().unwrap().change().actor, charted.by);
    assert_eq!(report(&mut world, &bytes).unwrap(), Vec::<String>::new(), "asked twice it is there");
    assert!(!held.hear(&header(&world, now())));
    let set = KillSet::encode(&world.state.flag_set.kills, &Default::default(), world.state.kill_revision, |_| None);
    assert_eq!(held.join(set).kills.len(), 1, "it is one kill");

    // An ordinary kill from then on: a person's restore ends it, and nothing brings it back.
    let before = header(&world, now());
    world.restore(&id).unwrap();
    assert!(held.hear(&header(&world, now())));
    assert_eq!((killed(&held), held.objects().len()), (Vec::new(), 0));
    assert!(!held.hear(&before), "an older envelope says nothing");
    assert_eq!(take(&mut held, &bytes), Err(Refused::Restored(id.clone())));
    let refusal = report(&mut world, &bytes).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::AlreadyDone);
    assert!(refusal.message.contains("was restored already"), "{refusal}");
    assert_eq!(take(&mut client(&world), &bytes), Err(Refused::Restored(id)), "nor at one that comes new");
}

/// Its name, the object, what clients say, and what the control plane says.
type Case<'a> = (&'a str, Vec<u8>, Refused, (RefusalCode, &'a str));

#[test]
fn each_wrong_object_is_refused_with_its_word() {
    let mut world = world();
    world.ask(add(2), None).unwrap();
    world.ask(revoke(2), None).unwrap();
    let a = |seed| object(seed, &[everyone(seed, 1, "a")]);
    let mut tampered = a(1);
    *tampered.last_mut().unwrap() ^= 1;
    let mut resigned = a(1);
    resigned[20] ^= 1;
    let other = |seed| {
        let kills = [everyone(seed, 1, "a")];
        seal(&signer(seed), "staging", &[ClientKind::Server], &kills, &Default::default(), now()).unwrap().unwrap()
    };
    let unknown = |seed| Refused::UnknownKey(key(seed).id);
    let in_another_name = object(1, &[everyone(2, 1, "a")]);
    let cases: [Case; 8] = [
        ("revoked", a(2), unknown(2), (RefusalCode::AlreadyDone, "was revoked, at 2026-")),
        ("never made", a(3), unknown(3), (RefusalCode::UnknownKey, "has no break-glass key")),
        ("content", tampered, EnvelopeError::DigestMismatch.into(), (RefusalCode::Invalid, "not what was signed")),
        (
            "signature",
            resigned,
            EnvelopeError::SignatureInvalid.into(),
            (RefusalCode::Invalid, "not signed by a known"),
        ),
        ("elsewhere", other(1), Refused::OtherEnvironment("staging".into()), (RefusalCode::Invalid, "`staging`")),
        ("no object", b"<html>".to_vec(), EnvelopeError::Malformed.into(), (RefusalCode::Invalid, "cannot be read")),
        (
            "in another's name",
            in_another_name,
            EnvelopeError::Malformed.into(),
            (RefusalCode::Invalid, "cannot be read"),
        ),
        (
            "too large",
            vec![0; SIZE_LIMIT + 1],
            EnvelopeError::Malformed.into(),
            (RefusalCode::Invalid, "cannot be read"),
        ),
    ];
    for (name, bytes, refused, (code, words)) in cases {
        let mut held = client(&world);
        assert_eq!(take(&mut held, &bytes), Err(refused), "{name}");
        assert!(held.is_empty(), "{name}");
        let refusal = report(&mut world, &bytes).unwrap_err();
        assert_eq!(refusal.code, code, "{name}: {refusal}");
        assert!(refusal.message.contains(words), "{name}: {refusal}");
    }
    // Expired.
    let late = days(91);
    let mut held = client(&world);
    assert_eq!(held.take(&a(1), PRODUCTION, ClientKind::Server, late), Err(Refused::Expired(key(1))));
    let refusal = reported(&world.state, &a(1), late).unwrap_err();
    assert!(refusal.code == RefusalCode::NotNow && refusal.message.contains("has expired, on 2027-"), "{refusal}");
    assert_eq!(header(&world, late).break_glass.unwrap().keys, [], "an envelope of then does not name it");
    // For others.
    assert_eq!(held.take(&a(1), PRODUCTION, ClientKind::Browser, now()), Err(Refused::OtherClients));
}

#[test]
fn neither_kind_of_key_signs_what_the_other_does() {
    let world = world();
    // A flag set or kill set by a break-glass key, with its own public half at hand.
    let sealed = signer(1).seal(&header(&world, now()), b"", b"").unwrap();
    assert!(open(sealed.bytes(), &[signer(9).public_key()]).is_err());
    assert!(matches!(take(&mut client(&world), sealed.bytes()), Err(Refused::Envelope(EnvelopeError::Malformed))));
    // A break-glass object by a key that signs flag sets.
    let bytes = object(9, &[everyone(9, 1, "a")]);
    assert_eq!(open(&bytes, &[signer(9).public_key()]), Err(EnvelopeError::Malformed));
}

#[test]
fn what_is_killed_outlives_the_key_and_the_process() {
    let mut world = world();
    let mut held = client(&world);
    let bytes = object(1, &[everyone(1, 1, "a"), everyone(1, 2, "b")]);
    take(&mut held, &bytes).unwrap();
    world.ask(revoke(1), None).unwrap();
    held.hear(&header(&world, now()));
    assert_eq!(killed(&held), ["a", "b"], "a revoked key kills no more, and lifts nothing");
    // The next run.
    let kept: Vec<KeptObject> = held.objects().to_vec();
    let mut next = client(&world);
    assert_eq!(take(&mut next, &bytes), Err(Refused::UnknownKey(key(1).id)), "not from anywhere else");
    for object in kept.clone() {
        next.take_kept(object, PRODUCTION, ClientKind::Server).unwrap();
    }
    assert_eq!(killed(&next), ["a", "b"]);
    // Nobody ever reported them: a person who knows the ids ends them, one by one.
    world.restore(&kill_id(&key(1).id, 1)).unwrap();
    next.hear(&header(&world, now()));
    assert_eq!((killed(&next), next.objects().len()), (vec!["b".to_owned()], 1));
    assert_eq!(world.restore(&kill_id(&key(1).id, 1)).unwrap_err().code, RefusalCode::AlreadyDone);
    assert_eq!(world.restore(&kill_id(&key(3).id, 1)).unwrap_err().code, RefusalCode::UnknownKill, "a stranger's");
    world.restore(&kill_id(&key(1).id, 2)).unwrap();
    next.hear(&header(&world, now()));
    assert_eq!((killed(&next), next.objects().len()), (Vec::new(), 0));
    let mut third = client(&world);
    assert!(third.take_kept(kept[0].clone(), PRODUCTION, ClientKind::Server).is_err(), "over for good");
}

#[test]
fn browsers_learn_no_reasons_and_no_tenants() {
    let kinds = [ClientKind::Browser];
    let mut of_tenant = KillScope { tenant: Some(vec!["globex".into()]), ..KillScope::default() };
    let sealed = |scope: &KillScope| {
        let kills = [kill(1, 1, "a", scope.clone())];
        seal(&signer(1), "production", &kinds, &kills, &Default::default(), now()).unwrap()
    };
    assert_eq!(sealed(&of_tenant), None);
    of_tenant.tenant = None;
    of_tenant.variant = Some(vec!["on".into()]);
    let bytes = sealed(&of_tenant).unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(!text.contains("payment errors") && !text.contains("\"by\""), "{text}");
    let mut world = world();
    assert_eq!(client(&world).take(&bytes, PRODUCTION, ClientKind::Browser, now()), Ok(true));
    let refusal = report(&mut world, &bytes).unwrap_err();
    assert!(refusal.message.contains("part for browsers"), "{refusal}");
}

#[test]
fn keys_are_bounded_in_time_and_number() {
    let mut world = world();
    let code = |world: &mut World, command| world.ask(command, None).unwrap_err().code;
    assert_eq!(code(&mut world, add(1)), RefusalCode::TakenId);
    for (expires, seed) in [(now(), 2), (days(-1), 2), (days(400), 2)] {
        let key = BreakGlassKey::new(&signer(seed).public_key(), expires);
        assert_eq!(code(&mut world, Command::AddBreakGlassKey { key }), RefusalCode::Invalid, "{expires}");
    }
    let bad = BreakGlassKey { id: key(3).id, ..key(2) };
    assert_eq!(code(&mut world, Command::AddBreakGlassKey { key: bad }), RefusalCode::Invalid);
    for seed in 2..=u8::try_from(MOST).unwrap() {
        world.ask(add(seed), None).unwrap();
    }
    assert_eq!(code(&mut world, add(100)), RefusalCode::NotNow);
    world.ask(revoke(1), None).unwrap();
    world.ask(add(100), None).unwrap();
    assert_eq!(code(&mut world, revoke(1)), RefusalCode::AlreadyDone);
    assert_eq!(code(&mut world, revoke(101)), RefusalCode::UnknownKey);
    // A key that signs flag sets is none of these.
    let signing = downhaul_control::SigningKey::new(&signer(50).public_key());
    world.ask(Command::AddSigningKey { key: signing, signs: true }, None).unwrap();
    world.ask(revoke(100), None).unwrap();
    assert_eq!(code(&mut world, add(50)), RefusalCode::TakenId);
}

/// What may happen between a client, the control plane and whoever serves the objects.
#[derive(Debug, Clone)]
enum Happening {
    Serve(usize),
    Report(usize),
    Restore(usize),
    Edit,
    Hear,
    HearOld(usize),
    Restart,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        (0..4_usize).prop_map(Happening::Serve),
        (0..4_usize).prop_map(Happening::Report),
        (0..4_usize).prop_map(Happening::Restore),
        Just(Happening::Edit),
        Just(Happening::Hear),
        (0..100_usize).prop_map(Happening::HearOld),
        Just(Happening::Restart),
    ]
}

proptest! {
    /// A kill that was taken leaves by a restore that names it, which was heard, and by nothing else; and never comes back.
    #[test]
    fn a_kill_leaves_only_by_its_restore(happenings in prop::collection::vec(happening(), 0..40)) {
        let mut world = world();
        let objects: Vec<(String, Vec<u8>)> = (0..4)
            .map(|number| (kill_id(&key(1).id, number), object(1, &[everyone(1, number, "a")])))
            .collect();
        let mut held = client(&world);
        let mut headers = vec![header(&world, now())];
        let (mut taken, mut heard) = (vec![false; 4], vec![false; 4]);
        for happening in happenings {
            match happening {
                Happening::Serve(number) => {
                    if take(&mut held, &objects[number].1).is_ok() {
                        taken[number] = true;
                    }
                }
                Happening::Report(number) => { let _ = report(&mut world, &objects[number].1); }
                Happening::Restore(number) => { let _ = world.restore(&objects[number].0); }
                Happening::Edit => {
                    let key = format!("f{}", world.records.len());
                    world.put(flag(&key)).unwrap();
                }
                Happening::Hear => { held.hear(&header(&world, now())); }
                Happening::HearOld(at) => { held.hear(&headers[at % headers.len()]); }
                Happening::Restart => {
                    let newest = headers.iter().rev().find(|header| header.revision <= world.state.flag_set.revision);
                    let mut next = Held::default();
                    // Of what was kept, the newest envelope that was heard.
                    let kept = held.objects().to_vec();
                    if let Some(header) = newest { next.hear(header); }
                    for object in kept {
                        let _ = next.take_kept(object, PRODUCTION, ClientKind::Server);
                    }
                    held = next;
                }
            }
            headers.push(header(&world, now()));
            if matches!(happening, Happening::Hear | Happening::HearOld(_) | Happening::Restart) {
                for (number, (id, _)) in objects.iter().enumerate() {
                    heard[number] |= matches!(happening, Happening::Hear | Happening::Restart) && world.state.break_glass.is_restored(id);
                }
            }
            let now_killed: Vec<String> = held.join(KillSet::default()).kills.into_iter().map(|kill| kill.id).collect();
            for (number, (id, _)) in objects.iter().enumerate() {
                if taken[number] && !world.state.break_glass.is_restored(id) {
                    prop_assert!(now_killed.contains(id), "{id} left without a restore");
                }
                if heard[number] {
                    prop_assert!(!now_killed.contains(id), "{id} stays or came back after its restore");
                }
            }
        }
    }
}
