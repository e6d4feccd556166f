//! Evaluating a prepared context allocates nothing, whatever the operators.

use downhaul_core::check::{Source, check};
use downhaul_core::compile::{Audience, Options, compile};
use downhaul_core::decision::Cause;
use downhaul_core::document::ClientKind;
use downhaul_core::evaluate::{evaluate, evaluate_all};
use downhaul_core::kills::{KillSet, Loaded};
use downhaul_core::prepare::prepare;
use downhaul_core::read::Format;
use serde_json::{Map, Value, json};

/// Every operator once, each in a flag of its own and negated, so that both ways are walked.
fn document() -> Value {
    let conditions = [
        json!({ "tenant": ["acme", "globex"] }),
        json!({ "region": ["eu", "us"] }),
        json!({ "segment": ["staff", "beta"] }),
        json!({ "attribute": "plan", "op": "in", "values": ["pro", 1, true] }),
        json!({ "attribute": "tags", "op": "not_in", "values": ["x", 2] }),
        json!({ "attribute": "targetingKey", "op": "in", "values": ["user-1", 7] }),
        json!({ "attribute": "email", "op": "contains", "values": ["@example"] }),
        json!({ "attribute": "email", "op": "starts_with", "values": ["a"] }),
        json!({ "attribute": "email", "op": "ends_with", "values": [".com"] }),
        json!({ "attribute": "email", "op": "matches", "values": ["^[a-z]+@"] }),
        json!({ "attribute": "email", "op": "exists" }),
        json!({ "attribute": "age", "op": "lt", "values": [18] }),
        json!({ "attribute": "age", "op": "le", "values": [18] }),
        json!({ "attribute": "age", "op": "gt", "values": [18] }),
        json!({ "attribute": "age", "op": "ge", "values": [18] }),
        json!({ "attribute": "age", "op": "between", "values": [18, 65] }),
        json!({ "attribute": "app.version", "op": "semver", "values": [">=2.3.0 <3.0.0", "^4.1.0-rc.1"] }),
        json!({ "attribute": "now", "op": "before", "values": ["2027-01-01T00:00:00Z"] }),
        json!({ "attribute": "now", "op": "after", "values": [0] }),
        json!({ "attribute": "ip", "op": "ip_in", "values": ["10.0.0.0/8", "2001:db8::/32"] }),
        json!({ "attribute": "tenant.plan", "op": "in", "values": ["enterprise"] }),
        json!({ "all": [{ "any": [] }, { "all": [] }] }),
    ];
    let flags = conditions.iter().enumerate().map(|(number, condition)| {
        let split = json!({ "slices": [["on", 40000], ["off", 50000]] });
        json!({
            "key": format!("f{number}"), "owner": "tests", "kind": "release", "expires": "2030-01-01",
            "clients": ["browser", "edge", "server"],
            "variants": { "on": true, "off": false }, "degraded": { "variant": "off", "meaning": "off" },
            "requires": if number > 0 { json!([{ "flag": "f0", "variants": ["on", "off"] }]) } else { json!([]) },
            "rules": [{ "when": [{ "not": condition }], "split": split }, { "when": [condition], "serve": "on" }],
            "default": "off",
        })
    });
    let kill = |id: &str, flag: &str, scope: Value| json!({ "id": id, "flag": flag, "scope": scope, "reason": "x", "by": "a-1", "at": "2026-11-01T00:00:00Z" });
    json!({
        "schema": 1, "environment": "tests", "revision": 1,
        "regions": { "world": { "eu": { "eu-west": {} }, "us": {} } },
        "tenants": { "acme": { "plan": "enterprise" } },
        "segments": {
            "staff": { "include": ["user-7"], "exclude": ["user-9"], "when": [{ "attribute": "email", "op": "ends_with", "values": ["@example.com"] }] },
            "beta": { "when": [{ "segment": ["staff"] }] },
        },
        "flags": flags.collect::<Vec<_>>(),
        "kills": [
            kill("k1", "f1", json!({})),
            kill("k2", "f2", json!({ "tenant": ["globex"], "region": ["eu"], "segment": ["beta"] })),
            kill("k3", "f3", json!({ "variant": ["on"], "segment": ["staff"] })),
        ],
    })
}

#[test]
fn none() {
    let source = Source { name: "allocations".into(), text: document().to_string(), format: Format::Json };
    let valid = check(&[source], None).valid.unwrap();
    let kills = KillSet::encode(&valid.document().kills, &valid.document().regions, 1, |_| None);
    let contexts: Vec<Map<String, Value>> = [
        json!({}),
        json!({
            "targetingKey": "user-7", "tenant": "acme", "region": "eu-west", "plan": "pro", "tags": ["a", 2, null], "email": "ann@example.com",
            "age": 44, "app": { "version": "2.9.1" }, "now": "2026-11-24T00:00:00.5Z", "ip": "::ffff:10.1.2.3",
        }),
        json!({
            "targetingKey": 12345, "tenant": "hooli", "region": "mars", "plan": "text that no rule names", "tags": "x", "email": "é",
            "age": -0.5, "app.version": "nonsense", "now": 1e12, "ip": "2001:db8::1",
        }),
    ]
    .into_iter()
    .map(|context| context.as_object().unwrap().clone())
    .collect();
    for audience in [Audience::All, Audience::Kind(ClientKind::Browser)] {
        let loaded = Loaded::new(compile(&valid, &Options { audience }), kills.clone());
        let overrides = [0, 0, 0, 0, Cause::Stale as u8];
        for context in &contexts {
            let mut prepared = prepare(&loaded, context);
            let counted = allocation_counter::measure(|| {
                let mut flags = 0;
                evaluate_all(&loaded, &overrides, &mut prepared, |_, _| flags += 1).unwrap();
                assert_eq!(flags, loaded.program.flag_count());
                prepared.forget();
                evaluate(&loaded, &[], &mut prepared, 5).unwrap();
            });
            assert_eq!(counted.count_total, 0, "{audience:?} {context:?}");
        }
    }
    // The counter counts: preparing does allocate.
    let loaded = Loaded::new(compile(&valid, &Options { audience: Audience::All }), kills);
    assert!(allocation_counter::measure(|| drop(prepare(&loaded, &contexts[1]))).count_total > 0);
}
