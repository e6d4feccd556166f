//! What may leave: nothing that a client's key or token does not entitle it to, wherever it asks.

use crate::support::stream::{Client, position};
use crate::support::{ENVIRONMENT, Received, Served, claimed, token};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

const TENANTS: [&str; 4] = ["acme-secret", "globex-secret", "initech-secret", "umbrella-secret"];
const PEOPLE: [&str; 3] = ["person-alice-1", "person-bob-2", "person-carol-3"];

/// A flag set in which everything that is nobody's business has `secret` or `person` in its name.
fn document(rules: &[Vec<(usize, bool)>]) -> Value {
    let condition = |(form, negated): &(usize, bool)| {
        let tenant = TENANTS[form % TENANTS.len()];
        let condition = match form % 7 {
            0 | 1 => json!({ "tenant": [tenant, TENANTS[(form / 7) % 4]] }),
            2 => json!({ "segment": ["secret-people"] }),
            3 => json!({ "segment": ["secret-tenants"] }),
            4 => json!({ "attribute": "tenant", "op": "in", "values": [tenant] }),
            5 => json!({ "attribute": "tenant.plan", "op": "in", "values": ["secret-plan"] }),
            _ => json!({ "any": [{ "tenant": [tenant] }, { "region": ["eu"] }] }),
        };
        if *negated { json!({ "not": condition }) } else { condition }
    };
    let mut flags: Vec<Value> = rules
        .iter()
        .enumerate()
        .map(|(number, rules)| {
            let rules: Vec<Value> = rules
                .iter()
                .map(|rule| json!({ "name": "secret-rule", "when": [condition(rule)], "serve": "on" }))
                .collect();
            json!({
                "key": format!("flag-{number}"), "description": "secret-description", "owner": "secret-owner",
                "kind": "release", "expires": "2099-01-31", "clients": ["browser", "edge", "server"],
                "variants": { "on": true, "off": false },
                "degraded": { "variant": "off", "meaning": "secret-meaning" }, "default": "off", "rules": rules,
            })
        })
        .collect();
    let mut hidden = flags[0].clone();
    hidden["key"] = json!("secret-server-flag");
    hidden["clients"] = json!(["server"]);
    flags.push(hidden);
    json!({
        "schema": 1, "environment": ENVIRONMENT, "revision": 0, "flags": flags,
        "regions": { "world": { "eu": {}, "us": {} } },
        "tenants": TENANTS.iter().map(|tenant| ((*tenant).to_owned(), json!({ "plan": "secret-plan" }))).collect::<serde_json::Map<_, _>>(),
        "segments": {
            "secret-people": { "description": "secret-description", "include": PEOPLE, "exclude": ["person-dave-4"] },
            "secret-tenants": { "when": [{ "tenant": [TENANTS[0], TENANTS[1]] }] },
        },
    })
}

/// What stands in a client's bytes that must not: names of others, and words that only people need.
fn leaked(received: &Received, own: Option<&str>) -> Vec<String> {
    let bytes = [&received.bytes[..], &received.program, &received.kills].concat();
    let has = |word: &str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
    let mut secrets: Vec<&str> = TENANTS.iter().copied().filter(|tenant| Some(*tenant) != own).collect();
    secrets.extend(PEOPLE);
    secrets.extend([
        "person-dave-4",
        "secret-rule",
        "secret-description",
        "secret-owner",
        "secret-meaning",
        "secret-people",
        "secret-tenants",
        "secret-plan",
        "secret-server-flag",
        "secret-reason",
        "SECRET-INCIDENT",
        "a test",
    ]);
    secrets.into_iter().filter(|word| has(word)).map(str::to_owned).collect()
}

#[test]
fn browsers_get_nothing_of_others() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let rules = prop::collection::vec(prop::collection::vec((0..200_usize, any::<bool>()), 0..3), 1..4);
    let config = ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() };
    let served = runtime.block_on(Served::new());
    let keys = runtime.block_on(async {
        let (open, secret) = served.key(json!({ "kind": "browser" })).await;
        let (pinned, _) = served.key(json!({ "kind": "browser", "pinned": { "tenant": TENANTS[0] } })).await;
        let (server, _) = served.key(json!({ "kind": "server" })).await;
        (open, secret, pinned, server)
    });
    TestRunner::new(config)
        .run(&(rules, 0..4_usize), |(rules, scope)| {
            runtime.block_on(one_case(&served, &keys, &document(&rules), scope));
            Ok(())
        })
        .unwrap();
}

async fn one_case(
    served: &Served,
    (open, secret, pinned, server): &(String, String, String, String),
    document: &Value,
    scope: usize,
) {
    let source = json!({ "name": "flags.json", "text": document.to_string() });
    served.post("/apply", json!({ "sources": [source], "reason": "secret-reason", "prune": false })).await;
    let scope = match scope {
        0 => json!({ "tenant": [TENANTS[1], TENANTS[2]] }),
        1 => json!({ "segment": ["secret-tenants"] }),
        2 => json!({ "segment": ["secret-people"], "region": ["eu"] }),
        _ => json!({}),
    };
    let claim = format!("&context={}", claimed(&json!({ "targetingKey": "user-1", "tenant": TENANTS[1] })));
    let word = token(secret, json!({ "tenant": TENANTS[2] }));
    let cases = [
        (open, claim.as_str(), None, None),
        (open, "", None, None),
        (open, "", Some(word.as_str()), Some(TENANTS[2])),
        (pinned, "", None, Some(TENANTS[0])),
    ];
    let mut streams = Vec::new();
    for (key, query, token, own) in cases {
        let mut stream = Client::open(served, key, query, token).await;
        let put = stream.until("put").await;
        assert_eq!(leaked(put.received(), own), [""; 0]);
        streams.push((stream, own));
    }
    let kill =
        |flag: &str| json!({ "flag": flag, "scope": scope, "reason": "secret-reason", "incident": "SECRET-INCIDENT" });
    let killed = [served.post("/kills", kill("flag-0")).await, served.post("/kills", kill("secret-server-flag")).await];
    let end = position(&killed[1]);
    for (stream, own) in &mut streams {
        loop {
            let event = stream.next().await.expect("the stream goes on");
            if let Some(received) = &event.received {
                assert_eq!(leaked(received, *own), [""; 0], "in {}", event.name);
            }
            if event.id == end && event.name == "patch" {
                break;
            }
        }
    }
    for (key, query, token, own) in cases {
        let received = served.flag_set(key, query, token).await;
        assert_eq!(leaked(&received, own), [""; 0]);
        let mut request = served.client(&format!("/client/v1/kills?formats=1{query}"), key);
        if let Some(token) = token {
            request = request.header("downhaul-context-token", token);
        }
        let bytes = request.send().await.unwrap().bytes().await.unwrap();
        let kills = Received::read(&bytes, &served.public_keys(key).await);
        assert_eq!(leaked(&kills, own), [""; 0]);
    }
    // The search can find something: a server gets the whole.
    let whole = served.flag_set(server, "", None).await;
    assert!(leaked(&whole, None).contains(&"secret-server-flag".to_owned()));
    for kill in killed {
        served.restore(kill["id"].as_str().unwrap()).await;
    }
}
