//! Roles, tokens and grants: who may ask for what, and when no longer.

use crate::support::{World, flag, kill_request, now};
use downhaul_control::SigningKey;
use downhaul_control::api::{ClientKeyRequest, Role, TokenRequest, VerifyStatus};
use downhaul_control::break_glass::BreakGlassKey;
use downhaul_control::envelope::EnvelopeSigner;
use downhaul_control::verify::Verification;
use downhaul_control::{
    Authority, Command, Refusal, RefusalCode, Request, Secret, SecretKind, decide, describe, policy, replay, runbook,
    views,
};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const ROLES: [Role; 5] = [Role::Viewer, Role::Editor, Role::Operator, Role::Approver, Role::Admin];

fn secret(seed: u8) -> Secret {
    Secret::new(SecretKind::Admin, &[seed; 40])
}

fn request(members: Value) -> TokenRequest {
    let mut json = json!({ "name": "deploy pipeline" });
    json.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    serde_json::from_value(json).unwrap()
}

fn machine(seed: u8, actor: &str, roles: &[Role]) -> Command {
    decide::create_token(&request(json!({ "roles": roles })), actor, &secret(seed)).unwrap()
}

fn of_person(seed: u8, actor: &str) -> Command {
    decide::create_token(&request(json!({ "person": actor })), actor, &secret(seed)).unwrap()
}

fn token(seed: u8) -> Authority {
    Authority::Token(secret(seed).id().to_owned())
}

fn grant(actor: &str, role: Role) -> Command {
    Command::GrantRole { actor: actor.to_owned(), role }
}

fn revoke(actor: &str, role: Role) -> Command {
    Command::RevokeRole { actor: actor.to_owned(), role }
}

fn revoke_token(seed: u8) -> Command {
    Command::RevokeToken { id: secret(seed).id().to_owned() }
}

fn code(answer: Result<bool, Refusal>) -> RefusalCode {
    answer.unwrap_err().code
}

/// One of each kind of command, and the role that it takes; each fits [`world`].
fn commands(world: &World) -> Vec<(Command, Role)> {
    let of = |json: Value| serde_json::from_value::<Command>(json).unwrap();
    let key: ClientKeyRequest = serde_json::from_value(json!({ "name": "edge", "kind": "edge" })).unwrap();
    let kill = |flag: &str| decide::kill(&world.state, &kill_request(flag), "a-1", now()).unwrap();
    let release = json!({
        "key": "shop-2", "owner": "payments", "flags": ["cart"], "data_change": "none",
        "artifact": { "kind": "http", "reference": "https://artifacts.example/2.tar", "digest": format!("sha256:{}", "a".repeat(64)) },
    });
    let secret = Secret::new(SecretKind::Client, &[200; 40]);
    let flag = flag("banner");
    let of_release = runbook::Named::Release("shop-1".to_owned());
    let begin = runbook::start_drill(&world.state, &of_release, runbook::Pace::Straight).unwrap();
    vec![
        (Command::PutFlag { flag: flag.clone() }, Role::Editor),
        (Command::RetireFlag { key: "idle".parse().unwrap() }, Role::Editor),
        (of(json!({ "type": "put-segment", "key": "staff", "segment": { "include": ["user-7"] } })), Role::Editor),
        (of(json!({ "type": "remove-segment", "key": "old" })), Role::Editor),
        (of(json!({ "type": "put-tenant", "tenant": "acme", "attributes": {} })), Role::Editor),
        (of(json!({ "type": "remove-tenant", "tenant": "globex" })), Role::Editor),
        (of(json!({ "type": "put-regions", "regions": { "eu": {} } })), Role::Editor),
        (Command::Apply { commands: vec![Command::PutFlag { flag }] }, Role::Editor),
        (of(json!({ "type": "put-release", "release": release })), Role::Editor),
        (of(json!({ "type": "retire-release", "key": "shop-1" })), Role::Editor),
        (kill("cart"), Role::Operator),
        (Command::Restore { id: "k-1".to_owned() }, Role::Operator),
        (Command::Freeze, Role::Operator),
        (begin, Role::Operator),
        (decide::create_key(&key, &secret), Role::Admin),
        (Command::RevokeKey { id: Secret::new(SecretKind::Client, &[201; 40]).id().to_owned() }, Role::Admin),
        (of(json!({ "type": "add-signing-key", "key": signing_key(2), "signs": true })), Role::Admin),
        (Command::UseSigningKey { id: signing_key(3).id }, Role::Admin),
        (Command::RevokeSigningKey { id: signing_key(3).id }, Role::Admin),
        (Command::AddBreakGlassKey { key: break_glass_key(4) }, Role::Admin),
        (Command::RevokeBreakGlassKey { id: break_glass_key(5).id }, Role::Admin),
        (of(json!({ "type": "restore-backup", "backup": { "epoch": 2, "epoch_before": 1 } })), Role::Admin),
        (Command::PutPolicy { policy: Box::new(policy::read(&json!({ "kills": 400 })).unwrap()) }, Role::Admin),
        (machine(99, "a-99", &[Role::Viewer]), Role::Admin),
        (revoke_token(1), Role::Admin),
        (grant("a-98", Role::Viewer), Role::Admin),
        (revoke("a-2", Role::Viewer), Role::Admin),
    ]
}

fn signing_key(seed: u8) -> SigningKey {
    SigningKey::new(&EnvelopeSigner::new(&[seed; 32]).public_key())
}

fn break_glass_key(seed: u8) -> BreakGlassKey {
    let expires = now().saturating_add(jiff::SignedDuration::from_hours(24)).unwrap();
    BreakGlassKey::new(&EnvelopeSigner::new(&[seed; 32]).public_key(), expires)
}

/// Something to edit, kill, restore and revoke, a token of each role (10 to 14) and a person of each (`p-viewer` …).
fn world() -> World {
    let mut world = World::new();
    for key in ["cart", "checkout", "idle"] {
        world.put(flag(key)).unwrap();
    }
    world.kill(&kill_request("checkout")).unwrap();
    let key: ClientKeyRequest = serde_json::from_value(json!({ "name": "server", "kind": "server" })).unwrap();
    for command in [
        serde_json::from_value(json!({ "type": "put-segment", "key": "old", "segment": { "include": ["a"] } })).unwrap(),
        serde_json::from_value(json!({ "type": "put-tenant", "tenant": "globex", "attributes": {} })).unwrap(),
        serde_json::from_value(json!({ "type": "put-release", "release": {
            "key": "shop-1", "owner": "payments", "flags": ["cart"], "data_change": "none",
            "artifact": { "kind": "http", "reference": "https://artifacts.example/1.tar", "digest": format!("sha256:{}", "b".repeat(64)) },
        } }))
        .unwrap(),
        decide::create_key(&key, &Secret::new(SecretKind::Client, &[201; 40])),
        Command::AddSigningKey { key: signing_key(1), signs: true },
        Command::AddSigningKey { key: signing_key(3), signs: false },
        Command::AddBreakGlassKey { key: break_glass_key(5) },
        machine(1, "a-machine", &[Role::Viewer]),
        grant("a-2", Role::Viewer),
    ] {
        world.ask(command, None).unwrap();
    }
    for (seed, role) in (10..).zip(ROLES) {
        world.ask(machine(seed, &format!("m-{}", role.as_str()), &[role]), None).unwrap();
        world.ask(grant(&format!("p-{}", role.as_str()), role), None).unwrap();
    }
    world
}

#[test]
fn every_command_takes_its_role() {
    assert_eq!(Command::Unfreeze.needs(), Role::Operator);
    let world = world();
    for (command, needed) in commands(&world) {
        assert_eq!(command.needs(), needed, "{}", command.name());
        for (seed, role) in (10..).zip(ROLES) {
            let allowed = role == needed || role == Role::Admin;
            let person = format!("p-{}", role.as_str());
            for (authority, actor) in [(token(seed), format!("m-{}", role.as_str())), (Authority::Person, person)] {
                let answer = world.clone().ask_as(&authority, &actor, command.clone());
                match answer {
                    Ok(changed) => assert!(allowed && changed, "{} as {actor}", command.name()),
                    Err(refusal) => {
                        assert!(!allowed, "{} as {actor}: {refusal}", command.name());
                        assert_eq!(refusal.code, RefusalCode::NotPermitted);
                        assert_eq!(
                            refusal.message,
                            format!(
                                "`{}` takes the role {}, and {actor} is {} in production",
                                command.name(),
                                needed.as_str(),
                                role.as_str()
                            )
                        );
                    }
                }
            }
        }
        assert!(world.clone().ask(command.clone(), None).unwrap(), "{} as root", command.name());
    }
}

#[test]
fn a_token_opens_while_it_is_in_force() {
    let mut world = World::new();
    world.put(flag("cart")).unwrap();
    let in_a_minute = (now() + SignedDuration::from_mins(1)).to_string();
    let asked = request(json!({ "roles": ["operator"], "expires_at": in_a_minute }));
    world.ask(decide::create_token(&asked, "a-7", &secret(7)).unwrap(), None).unwrap();
    let kill = decide::kill(&world.state, &kill_request("cart"), "a-7", now()).unwrap();
    let ask = |world: &World, authority: Authority, at: Timestamp| {
        let request = Request { actor: "a-7".to_owned(), authority, at, ..world.request(kill.clone()) };
        world.clone().carry_out(request)
    };
    let end: Timestamp = in_a_minute.parse().unwrap();
    assert_eq!(ask(&world, token(7), end - SignedDuration::from_millis(1)), Ok(true));
    let expired = ask(&world, token(7), end).unwrap_err();
    assert_eq!(expired.code, RefusalCode::TokenExpired);
    assert_eq!(expired.message, "the token `deploy pipeline` (0707070707070707) expired at 2026-11-23T20:01:00.000Z");
    assert_eq!(ask(&world, token(8), now()).unwrap_err().code, RefusalCode::UnknownToken);
    assert!(world.state.has_role("a-7", Role::Operator, now()) && !world.state.has_role("a-7", Role::Operator, end));

    world.ask(revoke_token(7), None).unwrap();
    let revoked = ask(&world, token(7), now()).unwrap_err();
    assert_eq!(revoked.code, RefusalCode::TokenRevoked);
    assert!(revoked.message.contains("was revoked at 2026-11-23T20:00:02.000Z"), "{revoked}");
    assert!(!world.state.has_role("a-7", Role::Viewer, now()));
    assert_eq!(code(world.ask(revoke_token(7), None)), RefusalCode::AlreadyDone);
    assert_eq!(code(world.ask(machine(7, "a-7", &[Role::Viewer]), None)), RefusalCode::TakenId, "an id is used once");
}

#[test]
fn a_persons_token_has_what_is_granted_now() {
    let mut world = World::new();
    assert_eq!(code(world.ask(of_person(3, "a-3"), None)), RefusalCode::Invalid, "nobody yet");
    world.ask(grant("a-3", Role::Editor), None).unwrap();
    world.ask(of_person(3, "a-3"), None).unwrap();
    let put = |key: &str| Command::PutFlag { flag: flag(key) };
    world.ask_as(&token(3), "a-3", put("a")).unwrap();
    assert_eq!(code(world.ask_as(&token(3), "a-3", Command::Freeze)), RefusalCode::NotPermitted);
    world.ask(grant("a-3", Role::Operator), None).unwrap();
    world.ask_as(&token(3), "a-3", Command::Freeze).unwrap();
    world.ask_as(&token(3), "a-3", Command::Unfreeze).unwrap();
    world.ask(revoke("a-3", Role::Editor), None).unwrap();
    assert_eq!(code(world.ask_as(&token(3), "a-3", put("b"))), RefusalCode::NotPermitted);
    world.ask(revoke("a-3", Role::Operator), None).unwrap();
    let refusal = world.ask_as(&token(3), "a-3", Command::Freeze).unwrap_err();
    assert_eq!((refusal.code, refusal.message.as_str()), (RefusalCode::NotPermitted, "a-3 has no role in production"));
}

#[test]
fn people_and_machines_are_apart() {
    let mut world = world();
    let with_roles = world.clone().ask(machine(50, "p-editor", &[Role::Admin]), None).unwrap_err();
    assert!(with_roles.message.contains("p-editor is a person"), "{with_roles}");
    let grant_to_machine = world.ask(grant("m-viewer", Role::Admin), None).unwrap_err();
    assert!(grant_to_machine.message.contains("m-viewer is no person"), "{grant_to_machine}");
}

#[test]
fn what_cannot_be_a_token() {
    let asked = |members: Value| decide::create_token(&request(members), "a-7", &secret(7));
    assert_eq!(asked(json!({ "roles": [] })).unwrap_err().code, RefusalCode::Invalid);
    assert_eq!(asked(json!({ "roles": ["viewer"], "expires_at": "tomorrow" })).unwrap_err().code, RefusalCode::Invalid);
    assert!(serde_json::from_value::<TokenRequest>(json!({ "name": "a", "roles": ["owner"] })).is_err());
    for members in [
        json!({ "roles": ["viewer"], "name": "" }),
        json!({ "roles": ["viewer"], "name": "n".repeat(201) }),
        json!({ "roles": ["viewer"], "expires_at": "2026-11-23T20:00:00Z" }),
    ] {
        let refusal = World::new().ask(asked(members.clone()).unwrap(), None).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::Invalid, "{members}: {refusal}");
    }
    for actor in ["", "a\nb", &"a".repeat(201)] {
        assert_eq!(code(World::new().ask(grant(actor, Role::Viewer), None)), RefusalCode::Invalid, "{actor}");
    }
}

#[test]
fn nobody_locks_an_environment_from_within() {
    let mut world = World::new();
    world.ask(grant("a-2", Role::Admin), None).unwrap();
    world.ask(machine(5, "a-5", &[Role::Admin]), None).unwrap();
    world.ask_as(&Authority::Person, "a-2", revoke_token(5)).unwrap();
    let refusal = world.ask_as(&Authority::Person, "a-2", revoke("a-2", Role::Admin)).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::LastAdmin);
    assert_eq!(refusal.message, "nobody would be admin of production any more");
    world.ask(revoke("a-2", Role::Admin), None).unwrap();
    world.ask(grant("a-2", Role::Admin), None).unwrap();
}

#[test]
fn a_freeze_leaves_people_alone() {
    let mut world = world();
    world.ask(Command::Freeze, None).unwrap();
    world.ask(grant("a-9", Role::Operator), None).unwrap();
    world.ask(revoke("a-9", Role::Operator), None).unwrap();
    world.ask(machine(60, "a-60", &[Role::Operator]), None).unwrap();
    world.ask(revoke_token(60), None).unwrap();
}

#[test]
fn in_words_and_views() {
    let mut world = World::new();
    world.ask(grant("a-2", Role::Editor), None).unwrap();
    world.ask(of_person(3, "a-2"), None).unwrap();
    world.ask(machine(4, "a-4", &[Role::Operator, Role::Editor]), None).unwrap();
    world.ask(revoke_token(4), None).unwrap();
    world.ask(revoke("a-2", Role::Editor), None).unwrap();
    let words: Vec<String> =
        world.records.iter().map(|record| describe::summary(&world.state, record.change())).collect();
    insta::assert_snapshot!(words.join("\n"), @"
    granted a-2 the role editor
    created the token `deploy pipeline` of a-2
    created the token `deploy pipeline`: editor and operator
    revoked the token `deploy pipeline`
    took the role editor from a-2
    ");
    let names = BTreeMap::from([("a-2".to_owned(), "Ada".to_owned())]);
    let named: Vec<String> =
        world.records.iter().map(|record| views::change(&world.state, record, &names).summary).collect();
    assert_eq!(
        [&named[0], &named[1], &named[4]],
        ["granted Ada the role editor", "created the token `deploy pipeline` of Ada", "took the role editor from Ada"]
    );
    let text = String::from_utf8(world.records[2].bytes().to_vec()).unwrap();
    assert!(text.contains(&secret(4).hash().to_string()), "the hash is kept");
    assert!(!text.contains(secret(4).reveal().rsplit('_').next().unwrap()), "the secret is not");

    world.ask(grant("a-2", Role::Viewer), None).unwrap();
    let people = views::people(&world.state, &names, now());
    insta::assert_snapshot!(serde_json::to_string_pretty(&people).unwrap(), @r#"
    {
      "people": [
        {
          "actor": "a-2",
          "name": "Ada",
          "roles": [
            "viewer"
          ],
          "tokens": [
            "0303030303030303"
          ]
        }
      ]
    }
    "#);
    let tokens = views::tokens(&world.state, &names);
    insta::assert_snapshot!(serde_json::to_string_pretty(&tokens).unwrap(), @r#"
    {
      "tokens": [
        {
          "id": "0303030303030303",
          "name": "deploy pipeline",
          "actor": "a-2",
          "actor_name": "Ada",
          "is_person": true,
          "roles": [
            "viewer"
          ],
          "created_at": "2026-11-23T20:00:01.000Z",
          "created_by": "a-1"
        },
        {
          "id": "0404040404040404",
          "name": "deploy pipeline",
          "actor": "a-4",
          "is_person": false,
          "roles": [
            "editor",
            "operator"
          ],
          "created_at": "2026-11-23T20:00:02.000Z",
          "created_by": "a-1",
          "revoked_at": "2026-11-23T20:00:03.000Z"
        }
      ]
    }
    "#);

    let mut verification = Verification::new(world.state.environment().clone(), world.state.epoch);
    world.stored().into_iter().for_each(|stored| verification.next(stored));
    verification.end();
    assert_eq!(verification.report().status, VerifyStatus::Verified);
    assert_eq!(replay(World::new().state, &world.records), world.state);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever people do to each other, from within an admin stays; and what someone may is what was granted.
    #[test]
    fn an_admin_stays(steps in prop::collection::vec((0..3_usize, 0..3_usize, 0..5_usize, any::<bool>()), 1..40)) {
        let name = |at: usize| format!("a-{at}");
        let mut world = World::new();
        world.ask(grant("a-0", Role::Admin), None).unwrap();
        let mut granted: BTreeSet<(usize, Role)> = BTreeSet::from([(0, Role::Admin)]);
        for (by, whom, role, gives) in steps {
            let role = ROLES[role];
            let command = if gives { grant(&name(whom), role) } else { revoke(&name(whom), role) };
            let is_admin = granted.contains(&(by, Role::Admin));
            match world.ask_as(&Authority::Person, &name(by), command) {
                Ok(_) => {
                    prop_assert!(is_admin);
                    if gives { granted.insert((whom, role)); } else { granted.remove(&(whom, role)); }
                }
                Err(refusal) => prop_assert_eq!(refusal.code == RefusalCode::NotPermitted, !is_admin, "{}", refusal),
            }
            prop_assert!((0..3).any(|at| granted.contains(&(at, Role::Admin))));
            for (at, role) in (0..3).flat_map(|at| ROLES.map(|role| (at, role))) {
                let has = granted.contains(&(at, role)) || granted.contains(&(at, Role::Admin));
                let is_anyone = ROLES.iter().any(|role| granted.contains(&(at, *role)));
                prop_assert_eq!(world.state.has_role(&name(at), role, now()), has || (role == Role::Viewer && is_anyone));
            }
        }
    }
}
