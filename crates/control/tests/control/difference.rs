//! What changed, in words.

use crate::support::{World, flag_with};
use downhaul_control::Command;
use serde_json::{Value, json};

fn rule(name: &str, tenant: &str, then: &Value) -> Value {
    let mut rule = json!({ "name": name, "when": [{ "tenant": [tenant] }] });
    rule.as_object_mut().unwrap().extend(then.as_object().unwrap().clone());
    rule
}

fn words(members: Value, then: Value) -> Vec<String> {
    let mut world = World::new();
    world.put(flag_with("a", members)).unwrap();
    world.put(flag_with("a", then)).unwrap();
    world.records[1].change().impact.edits.clone()
}

#[test]
fn of_a_flag() {
    let on = json!({ "serve": "on" });
    let [one, two, three] =
        [("one", "acme"), ("two", "globex"), ("three", "initech")].map(|(name, tenant)| rule(name, tenant, &on));
    let split = |on: u32| json!({ "split": { "slices": [["on", on], ["off", 100_000 - on]] } });
    let rules = |rules: &[&Value]| json!({ "rules": rules });
    let cases: Vec<(Value, Value, Vec<&str>)> = vec![
        (
            rules(&[&one, &two, &three]),
            rules(&[&three, &one, &two]),
            vec!["rule 3 (`three`) moved before rule 1 (`one`)"],
        ),
        (rules(&[&one, &two, &three]), rules(&[&two, &three, &one]), vec!["rule 1 (`one`) moved to the end"]),
        (rules(&[&one, &two]), rules(&[&two]), vec!["rule 1 (`one`) removed: on where tenant is `acme`"]),
        (rules(&[&one]), rules(&[&two, &one]), vec!["rule 1 (`two`) added: on where tenant is `globex`"]),
        (
            rules(&[&rule("one", "acme", &split(25_000))]),
            rules(&[&rule("one", "acme", &split(50_000))]),
            vec!["rule 1 (`one`): 25 % on, 75 % off (salt `a`) -> 50 % on, 50 % off (salt `a`)"],
        ),
        (
            rules(&[&one]),
            rules(&[&rule("one", "globex", &on)]),
            vec!["rule 1 (`one`) now where tenant is `globex` (before: tenant is `acme`)"],
        ),
        (json!({}), json!({ "default": "off" }), vec!["default `on` -> `off`"]),
        (
            json!({}),
            json!({ "variants": { "on": true, "off": false, "blue": true } }),
            vec!["variant `blue` added: true"],
        ),
        (json!({}), json!({ "owner": "web" }), vec!["`owner`: \"payments\" -> \"web\""]),
        (json!({}), json!({ "critical": true }), vec!["`critical` added: true"]),
    ];
    for (before, after, expected) in cases {
        assert_eq!(words(before, after), expected);
    }
}

#[test]
fn of_everything_else() {
    let mut world = World::new();
    let mut ask = |command: Value| {
        let command: Command = serde_json::from_value(command).unwrap();
        world.ask(command, None).unwrap();
        world.records.last().unwrap().change().impact.edits.clone()
    };
    let segment =
        |include: &[&str]| json!({ "type": "put-segment", "key": "staff", "segment": { "include": include } });
    assert_eq!(ask(segment(&["user-1", "user-2"])), ["created"]);
    assert_eq!(
        ask(segment(&["user-2", "user-3"])),
        ["added to `include`: `user-3`", "removed from `include`: `user-1`"]
    );
    let tenant = |plan: &str| json!({ "type": "put-tenant", "tenant": "acme", "attributes": { "plan": plan } });
    assert_eq!(ask(tenant("pro")), ["created"]);
    assert_eq!(ask(tenant("free")), ["`plan`: \"pro\" -> \"free\""]);
    assert_eq!(ask(json!({ "type": "remove-tenant", "tenant": "acme" })), ["removed"]);
    let regions = |tree: Value| json!({ "type": "put-regions", "regions": tree });
    assert_eq!(ask(regions(json!({ "eu": { "eu-west": {} }, "us": {} })))[0], "region `eu` added at the top");
    assert_eq!(
        ask(regions(json!({ "eu": {}, "us": { "eu-west": {} } }))),
        ["region `eu-west` moved: within `eu` -> within `us`"]
    );
    let both = json!({ "type": "apply", "commands": [tenant("pro"), segment(&["user-2"])] });
    assert_eq!(ask(both), ["tenant `acme`: created", "segment `staff`: removed from `include`: `user-3`"]);
}
