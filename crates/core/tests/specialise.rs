//! The vectors of specialisation, and what may leave for a browser.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test that cannot be set up has failed"
)]

use downhaul_core::check::{Source, check};
use downhaul_core::compile::{Audience, Options, compile, compile_residual};
use downhaul_core::decision::Reason;
use downhaul_core::document::ClientKind;
use downhaul_core::evaluate::evaluate;
use downhaul_core::kills::{KillSet, Loaded};
use downhaul_core::prepare::prepare;
use downhaul_core::read::Format;
use downhaul_core::specialise::{Residual, decide_for, names_tenant, specialise};
use downhaul_core::validate::Valid;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// See tests/vectors/README.md.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Topic {
    name: String,
    flag_set: Value,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    known: BTreeMap<String, Value>,
    expect: Expected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    /// By flag: its residual rules, with their index.
    #[serde(default)]
    rules: BTreeMap<String, Value>,
    /// By id: the scope that is left. Others are gone.
    kills: Option<BTreeMap<String, Value>>,
    /// Those left once what nobody reaches is dropped.
    segments: Option<Vec<String>>,
}

fn valid(flag_set: &Value) -> Valid {
    let source = Source { name: "document".into(), text: flag_set.to_string(), format: Format::Json };
    let checked = check(&[source], None);
    checked.valid.unwrap_or_else(|| panic!("{:#?}", checked.diagnostics))
}

#[test]
fn vectors() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/specialise");
    let mut cases = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let topic: Topic = serde_json::from_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
        let valid = valid(&topic.flag_set);
        for case in &topic.cases {
            let place = format!("{}: {}", topic.name, case.name);
            let residual = specialise(valid.document(), &case.known).minimal();
            let shown = residual.to_json().unwrap();
            for flag in shown["flags"].as_array().unwrap() {
                if let Some(expected) = case.expect.rules.get(flag["key"].as_str().unwrap()) {
                    let rules = flag.get("rules").cloned().unwrap_or_else(|| json!([]));
                    assert_eq!(&rules, expected, "{place} {}", flag["key"]);
                }
            }
            if let Some(expected) = &case.expect.kills {
                let left: BTreeMap<String, Value> =
                    residual.document.kills.iter().map(|kill| (kill.id.clone(), json!(kill.scope))).collect();
                assert_eq!(&left, expected, "{place}");
            }
            if let Some(expected) = &case.expect.segments {
                let left: Vec<String> = residual.document.segments.keys().map(ToString::to_string).collect();
                assert_eq!(&left, expected, "{place}");
            }
            cases += 1;
        }
    }
    assert!(cases >= 10, "only {cases} cases were found");
}

fn shop() -> Value {
    let flag = |key: &str, rules: Value| {
        json!({
            "key": key, "owner": "secret-owner", "description": "secret-description", "kind": "release", "expires": "2030-01-01",
            "clients": ["browser", "edge", "server"], "variants": { "on": true, "off": false },
            "degraded": { "variant": "off", "meaning": "secret-meaning" }, "rules": rules, "default": "off",
        })
    };
    let kill = |id: &str, flag: &str, scope: Value| json!({ "id": id, "flag": flag, "scope": scope, "reason": "secret-reason", "by": "secret-person", "at": "2026-11-01T00:00:00Z" });
    json!({
        "schema": 1, "environment": "shop", "revision": 1,
        "regions": { "world": { "eu": { "eu-west": {} }, "secret-region": {} } },
        "tenants": { "acme": { "plan": "pro" }, "secret-globex": { "plan": "secret-plan" } },
        "segments": {
            "secret-staff": { "include": ["secret-user-1", "secret-user-2"], "exclude": ["secret-user-3"] },
            "secret-big": { "when": [{ "tenant": ["secret-globex"] }] },
            "secret-unused": { "include": ["secret-user-4"] },
        },
        "flags": [
            flag("by-tenant", json!([{ "name": "secret-rule", "when": [{ "tenant": ["secret-globex", "acme"] }], "serve": "on" }])),
            flag("by-segment", json!([{ "when": [{ "segment": ["secret-big"] }], "serve": "on" }])),
            flag("by-plan", json!([{ "when": [{ "attribute": "tenant.plan", "op": "in", "values": ["secret-plan"] }], "serve": "on" }])),
            flag("by-person", json!([
                { "when": [{ "segment": ["secret-staff"] }], "serve": "on" },
                { "when": [{ "attribute": "targetingKey", "op": "in", "values": ["secret-user-5", 4242424242i64] }], "serve": "on" },
            ])),
            flag("by-region", json!([{ "when": [{ "region": ["eu"] }], "split": { "slices": [["on", 50000]] } }])),
            flag("killed", json!([{ "serve": "on" }])),
        ],
        "kills": [
            kill("k1", "killed", json!({ "tenant": ["secret-globex"] })),
            kill("k2", "by-region", json!({ "segment": ["secret-big", "secret-staff"] })),
        ],
    })
}

fn for_browser(residual: &Residual) -> (Vec<u8>, Vec<u8>) {
    let program = compile_residual(residual, &Options { audience: Audience::Kind(ClientKind::Browser) });
    let kills = KillSet::encode(&residual.document.kills, &residual.document.regions, 1, |_| None);
    (program.to_bytes(), kills.to_bytes().unwrap())
}

/// Nothing that begins with `secret` may leave, neither pinned to a tenant nor decided for a claimed one.
#[test]
fn nothing_secret_leaves() {
    let valid = valid(&shop());
    let acme = json!({ "targetingKey": "user-1", "tenant": "acme", "region": "eu-west" });
    let pinned = specialise(valid.document(), &BTreeMap::from([("tenant".to_owned(), json!("acme"))])).minimal();
    assert!(names_tenant(&pinned).is_empty(), "{:?}", names_tenant(&pinned));
    let open = specialise(valid.document(), &BTreeMap::new());
    let named: Vec<String> = names_tenant(&open).iter().map(ToString::to_string).collect();
    assert_eq!(named, ["by-plan", "by-region", "by-segment", "by-tenant", "killed"]);
    let claimed = decide_for(open, acme.as_object().unwrap()).minimal();
    assert!(names_tenant(&claimed).is_empty(), "{:?}", names_tenant(&claimed));
    for residual in [&pinned, &claimed] {
        let (program, kills) = for_browser(residual);
        for bytes in [program, kills] {
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains("secret"), "{text}");
            let number = 4_242_424_242.0f64.to_le_bytes();
            assert!(!bytes.windows(8).any(|window| window == number), "a number that was listed left");
        }
    }
}

#[test]
fn decided_flags_answer_as_the_server_did_and_still_die() {
    let valid = valid(&shop());
    let whole = Loaded::new(compile(&valid, &Options { audience: Audience::All }), KillSet::default());
    for tenant in ["acme", "secret-globex", "hooli"] {
        let context = json!({ "targetingKey": "secret-user-2", "tenant": tenant, "region": "eu" });
        let context: &Map<String, Value> = context.as_object().unwrap();
        let claimed = decide_for(specialise(valid.document(), &BTreeMap::new()), context).minimal();
        let program = compile_residual(&claimed, &Options { audience: Audience::Kind(ClientKind::Browser) });
        let mut loaded = Loaded::new(program, KillSet::default());
        for flag in 0..whole.program.flag_count() {
            let expected = evaluate(&whole, &[], &mut prepare(&whole, context), flag).unwrap();
            let given = evaluate(&loaded, &[], &mut prepare(&loaded, context), flag).unwrap();
            assert_eq!(given, expected, "{tenant} {}", whole.program.flag_key(flag));
        }
        let flag = loaded.program.flag_index("by-tenant").unwrap();
        assert!(loaded.program.is_decided(flag));
        let entry = downhaul_core::kills::KillEntry { id: "k".into(), flag: "by-tenant".into(), ..Default::default() };
        loaded.set_kills(KillSet { kill_revision: 2, kills: vec![entry] });
        assert_eq!(evaluate(&loaded, &[], &mut prepare(&loaded, context), flag).unwrap().reason, Reason::Disabled);
    }
}
