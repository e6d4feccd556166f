//! What leaves for whom.

use crate::support::{World, flag, flag_with, kill_request, now};
use downhaul_control::api::{Attributes, KillRequest, KillScope};
use downhaul_control::publish::{Asker, audience, entity_tag, header, issue, issued, kills};
use downhaul_control::{Command, envelope};
use downhaul_core::document::ClientKind;
use downhaul_core::evaluate::evaluate;
use downhaul_core::kills::{KillSet, Loaded};
use downhaul_core::prepare::prepare;
use downhaul_core::program::Program;
use jiff::SignedDuration;
use serde_json::{Map, Value, json};

/// Rules, segments and kills that name tenants and people, for browsers.
fn world() -> World {
    let mut world = World::new();
    let mut put = |command: Value| world.ask(serde_json::from_value(command).unwrap(), None).unwrap();
    put(json!({ "type": "put-regions", "regions": { "eu": { "eu-west": {}, "eu-north": {} }, "us": {} } }));
    put(json!({ "type": "put-tenant", "tenant": "acme-secret", "attributes": { "plan": "enterprise-secret" } }));
    put(
        json!({ "type": "put-segment", "key": "staff-secret", "segment": { "description": "Our people", "include": ["person-secret"] } }),
    );
    put(
        json!({ "type": "put-segment", "key": "partners-secret", "segment": { "when": [{ "tenant": ["globex-secret"] }] } }),
    );
    world.put(flag("plain")).unwrap();
    let rules = |rules: Value| json!({ "default": "off", "rules": rules, "description": "description-secret", "owner": "owner-secret" });
    let by_tenant = json!([
        { "name": "rule-secret", "when": [{ "tenant": ["acme-secret"] }], "serve": "on" },
        { "when": [{ "segment": ["partners-secret"] }], "serve": "on" },
    ]);
    world.put(flag_with("by-tenant", rules(by_tenant))).unwrap();
    let by_plan = json!([{ "when": [{ "attribute": "tenant.plan", "op": "in", "values": ["enterprise-secret"] }], "serve": "on" }]);
    world.put(flag_with("by-plan", rules(by_plan))).unwrap();
    let by_person = json!([{ "when": [{ "segment": ["staff-secret"] }], "serve": "on" }]);
    world.put(flag_with("by-person", rules(by_person))).unwrap();
    let by_region = json!([{ "when": [{ "region": ["eu"] }], "serve": "on" }]);
    world.put(flag_with("by-region", rules(by_region))).unwrap();
    world.put(flag_with("server-only-secret", json!({ "clients": ["server"] }))).unwrap();
    world
}

fn browser(known: Value, claimed: Value) -> Asker {
    let known: Attributes = serde_json::from_value(known).unwrap();
    let Value::Object(claimed) = claimed else { panic!("no object") };
    Asker { kind: ClientKind::Browser, known, claimed }
}

fn decisions(world: &World, asker: &Asker, context: Value) -> Map<String, Value> {
    let issue = issue(&world.state, &world.valid(), asker).unwrap();
    let program = Program::from_bytes(&issue.program).unwrap();
    let loaded = Loaded::new(program, KillSet::from_bytes(&issue.kills).unwrap());
    let Value::Object(context) = context else { panic!("no object") };
    let mut prepared = prepare(&loaded, &context);
    (0..loaded.program.flag_count())
        .map(|number| {
            let decision = evaluate(&loaded, &[], &mut prepared, number).unwrap();
            let (variant, _) = loaded.program.variant(number, u32::from(decision.variant)).unwrap();
            (loaded.program.flag_key(number).to_owned(), json!([variant, decision.reason.as_str()]))
        })
        .collect()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn a_browser_gets_no_name_of_others() {
    let mut world = world();
    let scoped = |scope: Value| KillRequest { scope: serde_json::from_value(scope).unwrap(), ..kill_request("plain") };
    world.kill(&scoped(json!({ "tenant": ["acme-secret", "globex-secret"] }))).unwrap();
    world.kill(&scoped(json!({ "segment": ["partners-secret"] }))).unwrap();
    world
        .kill(&KillRequest {
            reason: "reason-secret".to_owned(),
            incident: Some("incident-secret".to_owned()),
            ..kill_request("by-region")
        })
        .unwrap();
    world.kill(&kill_request("server-only-secret")).unwrap();

    let claims = ["acme-secret", "globex-secret", "initech"];
    let askers = claims.map(|tenant| browser(json!({}), json!({ "tenant": tenant, "targetingKey": "user-1" })));
    let pinned = browser(json!({ "tenant": "initech" }), json!({}));
    for asker in askers.iter().chain([&pinned]) {
        let issue = issue(&world.state, &world.valid(), asker).unwrap();
        for bytes in [&issue.program, &issue.kills] {
            let text = String::from_utf8_lossy(bytes);
            assert!(!contains(bytes, "secret"), "{asker:?} gets {text}");
        }
    }
    let server = Asker { kind: ClientKind::Server, known: Attributes::new(), claimed: Map::new() };
    let whole = issue(&world.state, &world.valid(), &server).unwrap();
    assert!(
        contains(&whole.program, "acme-secret") && contains(&whole.kills, "globex-secret"),
        "servers get the whole"
    );
}

#[test]
fn what_names_a_tenant_comes_as_decided_for_the_claimed_context() {
    let world = world();
    for (tenant, by_tenant, by_plan) in [
        ("acme-secret", json!(["on", "TARGETING_MATCH"]), json!(["on", "TARGETING_MATCH"])),
        ("globex-secret", json!(["on", "TARGETING_MATCH"]), json!(["off", "DEFAULT"])),
        ("initech", json!(["off", "DEFAULT"]), json!(["off", "DEFAULT"])),
    ] {
        let context = json!({ "tenant": tenant, "targetingKey": "person-secret", "region": "eu-west" });
        let asker = browser(json!({}), context.clone());
        let decisions = decisions(&world, &asker, context);
        assert_eq!(decisions["by-tenant"], by_tenant, "{tenant}");
        assert_eq!(decisions["by-plan"], by_plan, "{tenant}");
        assert_eq!(decisions["by-person"], json!(["on", "TARGETING_MATCH"]), "{tenant}");
        assert_eq!(decisions["by-region"], json!(["on", "TARGETING_MATCH"]), "{tenant}");
        let program = Program::from_bytes(&issue(&world.state, &world.valid(), &asker).unwrap().program).unwrap();
        let is_decided = |key: &str| program.is_decided(program.flag_index(key).unwrap());
        assert!(is_decided("by-tenant") && is_decided("by-plan") && !is_decided("by-region"));
    }
}

#[test]
fn a_pinned_tenant_gets_its_own_rules() {
    let world = world();
    let asker = browser(json!({ "tenant": "acme-secret" }), json!({ "tenant": "globex-secret" }));
    let audience = audience(&world.valid(), &asker);
    assert_eq!((audience.decided_for, audience.attributes.len()), (None, 1));
    let decisions = decisions(&world, &asker, json!({ "tenant": "acme-secret" }));
    assert_eq!(decisions["by-tenant"], json!(["on", "TARGETING_MATCH"]));
    assert_eq!(decisions["by-plan"], json!(["on", "TARGETING_MATCH"]));
}

#[test]
fn kills_come_alike_alone_and_with_the_program() {
    let mut world = world();
    let scopes = [
        json!({}),
        json!({ "tenant": ["acme-secret"] }),
        json!({ "tenant": ["initech"], "region": ["eu"] }),
        json!({ "segment": ["partners-secret", "staff-secret"] }),
        json!({ "segment": ["staff-secret"], "variant": ["on"] }),
    ];
    for (flag, scope) in ["plain", "by-tenant", "by-region", "by-plan", "server-only-secret"].into_iter().zip(scopes) {
        let scope: KillScope = serde_json::from_value(scope).unwrap();
        world.kill(&KillRequest { scope, ..kill_request(flag) }).unwrap();
    }
    let valid = world.valid();
    for kind in [ClientKind::Browser, ClientKind::Edge, ClientKind::Server] {
        for (known, claimed) in [
            (json!({}), json!({})),
            (json!({}), json!({ "tenant": "acme-secret" })),
            (json!({}), json!({ "tenant": "globex-secret", "targetingKey": "person-secret" })),
            (json!({ "tenant": "initech", "region": "eu-west" }), json!({})),
            (json!({ "region": "us" }), json!({ "tenant": "initech" })),
        ] {
            let asker = Asker { kind, ..browser(known, claimed) };
            let whole = issue(&world.state, &valid, &asker).unwrap();
            let alone = kills(&world.state, &valid, &asker).unwrap();
            assert_eq!(KillSet::from_bytes(&alone).unwrap(), KillSet::from_bytes(&whole.kills).unwrap(), "{asker:?}");
        }
    }
}

#[test]
fn a_kill_by_tenant_reaches_that_tenant_alone() {
    let mut world = world();
    let scope = KillScope { tenant: Some(vec!["acme-secret".to_owned()]), ..KillScope::default() };
    world.kill(&KillRequest { scope, ..kill_request("plain") }).unwrap();
    for (tenant, expected) in [("acme-secret", json!(["off", "DISABLED"])), ("initech", json!(["on", "STATIC"]))] {
        for (known, claimed) in [(json!({ "tenant": tenant }), json!({})), (json!({}), json!({ "tenant": tenant }))] {
            let decisions = decisions(&world, &browser(known, claimed), json!({ "tenant": tenant }));
            assert_eq!(decisions["plain"], expected, "{tenant}");
        }
    }
}

#[test]
fn audiences_are_shared_where_nothing_is_decided() {
    let mut world = World::new();
    world.put(flag("plain")).unwrap();
    let of = |claimed: Value| audience(&world.valid(), &browser(json!({}), claimed));
    assert_eq!(of(json!({ "tenant": "acme" })), of(json!({ "tenant": "globex" })));
    assert_eq!(of(json!({})).decided_for, None);
    // A kill that names a tenant is decided as well.
    let scope = KillScope { tenant: Some(vec!["acme".to_owned()]), ..KillScope::default() };
    world.kill(&KillRequest { scope, ..kill_request("plain") }).unwrap();
    let of = |claimed: Value| audience(&world.valid(), &browser(json!({}), claimed));
    assert_ne!(of(json!({ "tenant": "acme" })), of(json!({ "tenant": "globex" })));
    assert_eq!(of(json!({ "a": 1, "b": 2.0 })), of(json!({ "b": 2, "a": 1 })), "canonical");
}

#[test]
fn sealed_opened_and_tagged() {
    let world = world();
    let asker = browser(json!({ "tenant": "initech" }), json!({}));
    let issue = issue(&world.state, &world.valid(), &asker).unwrap();
    let signer = envelope::EnvelopeSigner::new(&[1; 32]);
    let digest = Some("digest".to_owned());
    let header = header(
        &world.state,
        issue.audience.clone(),
        envelope::EnvelopeType::FlagSet,
        now(),
        SignedDuration::from_hours(24),
        digest,
    );
    let sealed = signer.seal(&header, &issue.program, &issue.kills).unwrap();
    let opened = envelope::open(sealed.bytes(), &[signer.public_key()]).unwrap();
    assert_eq!(opened.program, issue.program);
    assert_eq!(opened.header.valid_until, "2026-11-24T20:00:00.000Z");
    let tag = entity_tag(&world.state, &issue.audience, &issue.program_digest);
    let expected =
        format!("\"1764000000000.10.0.{}.{}\"", issue.audience.digest().short(), issue.program_digest.short());
    assert_eq!(tag, expected);
}

#[test]
fn envelopes_are_issued_anew_at_half_of_their_validity() {
    let validity = SignedDuration::from_hours(24);
    for (age, expected) in [(0, 0), (11, 0), (12, 12), (23, 12), (30, 24), (-5, 0)] {
        let now_then = now() + SignedDuration::from_hours(age);
        assert_eq!(issued(now(), now_then, validity), now() + SignedDuration::from_hours(expected), "{age} h");
    }
}

#[test]
fn keys_and_definitions_do_not_change_a_browsers_program_needlessly() {
    let mut world = world();
    let asker = browser(json!({ "tenant": "initech" }), json!({}));
    let before = issue(&world.state, &world.valid(), &asker).unwrap();
    world
        .ask(
            Command::PutFlag {
                flag: flag_with("server-only-secret", json!({ "clients": ["server"], "default": "off" })),
            },
            None,
        )
        .unwrap();
    assert_eq!(issue(&world.state, &world.valid(), &asker).unwrap(), before);
}

#[test]
fn breakers_go_beside_the_program_and_say_no_more_than_it_does() {
    let mut world = world();
    let guarded = |rules: Value, name: &str| {
        let rules = json!([{ "name": name, "when": [{ "tenant": ["acme-secret"] }], "serve": "on" }, rules]);
        let breaker = json!({ "consecutive": 3, "slow_ms": 800 });
        json!({ "default": "off", "breaker": breaker, "rules": rules, "description": name, "owner": "owner-secret" })
    };
    let rule = || json!({ "when": [{ "region": ["eu"] }], "serve": "on" });
    world.put(flag_with("guarded", guarded(rule(), "rule-secret"))).unwrap();
    world.put(flag_with("of-servers-secret", json!({ "clients": ["server"], "breaker": {} }))).unwrap();
    let page = browser(json!({}), json!({ "targetingKey": "u", "region": "eu-west" }));
    let told = |world: &World, asker: &Asker| issue(&world.state, &world.valid(), asker).unwrap().breakers;

    let first = told(&world, &page);
    let text = serde_json::to_string(&first).unwrap();
    assert!(!text.contains("secret"), "{text}");
    assert_eq!(first.keys().collect::<Vec<_>>(), ["guarded"]);
    let of = first["guarded"]["of"].as_str().unwrap().to_owned();
    assert_eq!(first["guarded"], json!({ "consecutive": 3, "slow_ms": 800, "fallback": "off", "of": of }));

    let server = Asker { kind: ClientKind::Server, ..page.clone() };
    assert_eq!(told(&world, &server).keys().collect::<Vec<_>>(), ["guarded", "of-servers-secret"]);

    // The same flag: a kill, and what only people read.
    world.kill(&kill_request("guarded")).unwrap();
    world.put(flag_with("guarded", guarded(rule(), "another name"))).unwrap();
    assert_eq!(told(&world, &page)["guarded"]["of"], of.as_str());
    // Another one.
    world.put(flag_with("guarded", guarded(json!({ "when": [{ "region": ["us"] }], "serve": "on" }), "x"))).unwrap();
    assert_ne!(told(&world, &page)["guarded"]["of"], of.as_str());
}
