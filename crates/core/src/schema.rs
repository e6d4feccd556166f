//! The JSON Schema of the document, for editors: what [`crate::read`] accepts by its shape alone.
//!
//! Words, operators and fields come from the reader's own tables, so that the two cannot drift apart unnoticed.

use crate::document::{Breaker, Guard, SCHEMA};
use crate::ids::KEY_LIMIT;
use crate::read::tables::{
    ACTIONS, BOUNDS, BUCKETS, CLIENTS, DEFAULT_UNIT, FLEET_MODES, GUARD_RANGES, KINDS, MODES, ON_STALE, OPERATORS,
    Operands, PHASES, PROBES, QUANTILES, RANGES, REVERSIBILITIES, REVISION_LIMIT, ROLES, SELECTOR, is_reviewed,
};
use serde_json::{Value, json};

/// JSON Schema 2020-12 of a whole flag set.
pub fn json_schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Downhaul flag set",
        "description": "Everything that an environment decides by, at one revision.",
        "type": "object",
        "additionalProperties": false,
        "required": ["schema", "environment", "revision", "flags"],
        "properties": {
            "schema": { "const": SCHEMA, "description": "The version of this format." },
            "environment": refer("key", "The environment that this flag set is for, such as `production`."),
            "revision": {
                "type": "integer", "minimum": 0, "maximum": REVISION_LIMIT,
                "description": "Counts the changes of the environment; 0 for a flag set that was never published."
            },
            "issued_at": refer("time", "When this revision was published. Never changes an answer."),
            "valid_until": refer("time", "Past this time clients keep serving what they have, and say that it is stale. Never changes an answer."),
            "regions": refer("regions", "Regions within regions. A name stands once in the whole tree."),
            "tenants": {
                "type": "object",
                "description": "Declared tenants and their attributes, which conditions read as `tenant.NAME`. Others may exist: they have no attributes.",
                "propertyNames": { "$ref": "#/$defs/name" },
                "additionalProperties": { "type": "object" }
            },
            "segments": {
                "type": "object",
                "description": "Named groups of contexts.",
                "propertyNames": { "$ref": "#/$defs/key" },
                "additionalProperties": { "$ref": "#/$defs/segment" }
            },
            "flags": { "type": "array", "maxItems": crate::validate::FLAG_LIMIT, "items": { "$ref": "#/$defs/flag" }, "description": "The flags, each key once." },
            "kills": { "type": "array", "items": { "$ref": "#/$defs/kill" }, "description": "Flags that are turned off. Operational state, kept apart from the flags' definitions." },
            "retired": {
                "type": "object",
                "description": "Tombstones: keys of flags that are gone, and the date on which each was retired. They are never used again.",
                "propertyNames": { "$ref": "#/$defs/key" },
                "additionalProperties": { "$ref": "#/$defs/date" }
            }
        },
        "$defs": definitions()
    })
}

fn definitions() -> Value {
    json!({
        "key": {
            "type": "string",
            "pattern": format!("^[A-Za-z0-9][A-Za-z0-9._/@:-]{{0,{}}}$", KEY_LIMIT - 1),
            "description": "A letter or digit, then letters, digits and `. _ / @ : -`; at most 128."
        },
        "name": {
            "type": "string", "minLength": 1, "maxLength": 256,
            "pattern": "^[^\\u0000-\\u001F\\u007F-\\u009F\\u061C\\u200E\\u200F\\u202A-\\u202E\\u2066-\\u2069]+$",
            "description": "1 to 256 bytes of text without control or bidirectional characters."
        },
        "filled": { "type": "string", "pattern": "\\S", "description": "A text that says something." },
        "date": { "type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "description": "`YYYY-MM-DD`." },
        "time": {
            "type": "string", "format": "date-time",
            "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$",
            "description": "`YYYY-MM-DDThh:mm:ss`, perhaps a fraction, and `Z` or an offset."
        },
        "regions": {
            "type": "object",
            "propertyNames": { "$ref": "#/$defs/key" },
            "additionalProperties": refer("regions", "The regions within this one; `{}` if there are none.")
        },
        "segment": segment(),
        "flag": flag(),
        "breaker": breaker(),
        "guard": guard(),
        "prerequisite": object("Another flag that must give one of these variants to the same context.", &["flag", "variants"], json!({
            "flag": refer("key", "The flag that is required."),
            "variants": list_of("key", "The variants that let this flag through.")
        })),
        "rule": rule(),
        "split": split(),
        "condition": condition(),
        "conditions": { "type": "array", "items": { "$ref": "#/$defs/condition" } },
        "kill": kill()
    })
}

fn segment() -> Value {
    object(
        "A named group of contexts: `exclude` does not list the `targetingKey`, and either `include` does or `when` holds.",
        &[],
        json!({
            "description": { "type": "string", "description": "For people." },
            "include": { "type": "array", "items": { "type": "string" }, "description": "Values of `targetingKey` that are in it." },
            "exclude": { "type": "array", "items": { "type": "string" }, "description": "Values of `targetingKey` that are not, whatever else holds." },
            "when": { "allOf": [{ "$ref": "#/$defs/conditions" }], "minItems": 1, "description": "All of these hold for whoever is in it." }
        }),
    )
}

fn flag() -> Value {
    let reviewed: Vec<&str> = KINDS.iter().filter(|(_, kind)| is_reviewed(*kind)).map(|(word, _)| *word).collect();
    let mut flag = object(
        "One flag: its variants, who gets which, and its way down.",
        &["key", "owner", "kind", "degraded"],
        json!({
            "key": refer("key", "What code asks for. Never used again once the flag is retired."),
            "description": { "type": "string", "description": "For people." },
            "owner": refer("filled", "The team that answers for it."),
            "kind": words(KINDS, "What it is for. `ops` and `permission` flags give `review`, the others `expires`."),
            "created": refer("date", "When it was made."),
            "expires": refer("date", "When it is to be gone. A passed date is a warning, never a change of behaviour."),
            "review": refer("date", "When to ask whether it is still needed."),
            "phase": words(PHASES, "How far a data change has come; of `migration` flags only. Its variants are the phases then, and need not be written out."),
            "unaffected": { "type": "array", "items": { "$ref": "#/$defs/filled" }, "description": "Releases of applications that the data change does not concern: whole (`shop 2.4.1`) or all of one name (`shop`)." },
            "critical": { "type": "boolean", "default": false, "description": "Whether changes of it can need a second person." },
            "clients": {
                "type": "array", "minItems": 1, "uniqueItems": true, "default": ["server"],
                "items": words(CLIENTS, "Where it is evaluated."),
                "description": "Who receives it. Nothing reaches a browser unless asked."
            },
            "variants": {
                "type": "object", "minProperties": 1,
                "propertyNames": { "$ref": "#/$defs/key" },
                "additionalProperties": { "type": ["boolean", "number", "string", "array", "object"] },
                "description": "The values it can give, by name; all of one type."
            },
            "degraded": object("What it gives while it is off.", &["meaning"], json!({
                "variant": refer("key", "One of the variants."),
                "meaning": refer("filled", "For people: what they get, and what they lose.")
            })),
            "on_stale": with_default(words(ON_STALE, "What a client does with it once it has heard nothing for too long."), json!("keep")),
            "requires": { "type": "array", "items": { "$ref": "#/$defs/prerequisite" }, "description": "Prerequisites, in order; one that fails gives the degraded variant." },
            "rules": { "type": "array", "items": { "$ref": "#/$defs/rule" }, "description": "In order: the first whose conditions hold decides." },
            "default": refer("key", "The variant for everyone whom no rule reaches."),
            "reversibility": with_default(words(REVERSIBILITIES, "Whether turning it back is enough to undo it."), json!("rollback-safe")),
            "forward_fix": refer("filled", "What to do where turning it back is not enough."),
            "breaker": refer("breaker", "When clients turn it off for themselves, because what it leads to fails."),
            "guards": {
                "type": "array", "items": { "$ref": "#/$defs/guard" },
                "description": "What the control plane watches of it, and does where a variant does harm. Clients never receive it."
            }
        }),
    );
    if let Some(members) = flag.as_object_mut() {
        members
            .insert("if".to_owned(), json!({ "properties": { "kind": { "enum": reviewed } }, "required": ["kind"] }));
        members.insert("then".to_owned(), json!({ "required": ["review"], "properties": { "expires": false } }));
        members.insert("else".to_owned(), json!({ "required": ["expires"], "properties": { "review": false } }));
        // Of a data change the phase gives what others have to say.
        let said = json!({ "required": ["variant"], "description": "Without a `phase` it names its variant." });
        members.insert(
            "allOf".to_owned(),
            json!([{
                "if": { "required": ["phase"] },
                "then": { "properties": { "kind": { "const": "migration", "description": "Only a `migration` has phases." } } },
                "else": { "required": ["variants", "default"], "properties": { "degraded": said } }
            }]),
        );
    }
    flag
}

fn breaker() -> Value {
    let whole = |key: &str, default: Option<u32>, description: &str| {
        let (low, high) = RANGES.iter().find(|(name, ..)| *name == key).map_or((0, 0), |(_, low, high)| (*low, *high));
        let schema = json!({ "type": "integer", "minimum": low, "maximum": high, "description": description });
        default.map_or(schema.clone(), |default| with_default(schema, json!(default)))
    };
    let share = |default: f64, description: &str| json!({ "type": "number", "exclusiveMinimum": 0, "maximum": 1, "default": default, "description": description });
    object(
        "When clients give the degraded variant for themselves, because what the flag leads to fails.",
        &[],
        json!({
            "mode": with_default(words(MODES, "Whether it acts, or only counts what it would act on."), json!("act")),
            "window_seconds": whole("window_seconds", Some(10), "Over how many seconds calls are counted."),
            "least_calls": whole("least_calls", Some(20), "Fewer calls within the window prove nothing."),
            "failure_share": share(0.5, "It opens where this share of the calls failed."),
            "slow_ms": whole("slow_ms", None, "A call that takes longer is slow."),
            "slow_share": share(0.8, "It opens where this share of the calls was slow."),
            "consecutive": whole("consecutive", Some(5), "It opens after so many failures in a row."),
            "timeout_ms": whole("timeout_ms", None, "A call that is not back by then has failed."),
            "open_seconds": whole("open_seconds", Some(5), "How long it stays open the first time; twice as long each further time."),
            "open_at_most_seconds": whole("open_at_most_seconds", Some(300), "The longest that it stays open."),
            "probe": with_default(words(PROBES, "Whether a few bucketing units try again by themselves; `never` for what writes."), json!("units")),
            "session_failures": whole("session_failures", Some(2), "In a page: after so many failures it stays open."),
            "crash_loop": whole("crash_loop", Some(2), "In a page: it opens after so many starts that did not come through."),
            "healthy_seconds": whole("healthy_seconds", Some(10), "In a page: a start has come through when it has lived so long."),
            "fleet": with_default(words(FLEET_MODES, "What the control plane does where the breakers of many clients are open."), json!("off")),
            "fleet_least": whole("fleet_least", Some(Breaker::FLEET_LEAST), "Breakers of fewer instances prove nothing."),
            "fleet_share": share(Breaker::FLEET_SHARE, "Nor do those of a smaller share of the instances heard of lately."),
            "fleet_spread": whole("fleet_spread", Some(Breaker::FLEET_SPREAD), "Nor do those of fewer regions and fewer versions of the client than this.")
        }),
    )
}

fn guard() -> Value {
    let whole = |key: &str, default: Option<u32>, description: &str| {
        let (low, high) =
            GUARD_RANGES.iter().find(|(name, ..)| *name == key).map_or((0, 0), |(_, low, high)| (*low, *high));
        let schema = json!({ "type": "integer", "minimum": low, "maximum": high, "description": description });
        default.map_or(schema.clone(), |default| with_default(schema, json!(default)))
    };
    let number = |key: &str, default: Option<f64>, description: &str| {
        let (low, high) =
            BOUNDS.iter().find(|(name, ..)| *name == key).map_or((0.0, 0.0), |(_, low, high)| (*low, *high));
        let schema = json!({ "type": "number", "minimum": low, "maximum": high, "description": description });
        default.map_or(schema.clone(), |default| with_default(schema, json!(default)))
    };
    let name = |description: &str| json!({ "type": "string", "pattern": "^[A-Za-z][A-Za-z0-9._-]{0,63}$", "description": description });
    let selector = |description: &str| json!({ "type": "string", "minLength": 1, "maxLength": SELECTOR, "description": description });
    let whether = |description: &str| json!({ "type": "boolean", "default": false, "description": description });
    object(
        "What the control plane watches of a variant, and does where it does harm.",
        &["name", "variant"],
        json!({
            "name": name("Names it among the guards of the flag."),
            "metric": with_default(name("What is counted: `outcomes` of the flag, or those of one name that telemetry tells."), json!(Guard::OUTCOMES)),
            "per_exposure": whether("Each outcome of that name is a failure, of so many exposures."),
            "slower_than_ms": whole("slower_than_ms", None, "What took longer has failed."),
            "slower_than": words(QUANTILES, "What took longer than this quantile of the other variant did before has failed."),
            "prometheus": object("Counters of Prometheus, in place of a metric: plain selectors, in which `$variant` is the variant.", &["all", "failed"], json!({
                "all": selector("What can fail."),
                "failed": selector("What of it failed."),
                "against_all": selector("The same of the other variant, where `$variant` does not say it."),
                "against_failed": selector("What of that failed.")
            })),
            "browsers": whether("Whether what browsers claim counts, too."),
            "variant": refer("key", "The variant that it watches."),
            "against": refer("key", "The variant that it is held against; the degraded one unless given."),
            "objective": number("objective", None, "The share that may fail, where it is held against nobody."),
            "relative": number("relative", Some(Guard::RELATIVE), "How many times as often as the other variant it may fail."),
            "absolute": number("absolute", Some(Guard::ABSOLUTE), "And how much more often than that, as a share."),
            "level": number("level", Some(Guard::LEVEL), "How likely it may be that it ever acts on a variant that does no harm."),
            "role": with_default(words(ROLES, "`guardrail` acts, `signal` only pauses."), json!("guardrail")),
            "action": words(ACTIONS, "What a guardrail does: `kill` unless given."),
            "dry_run": whether("It says what it would do, and does nothing."),
            "least_failed": whole("least_failed", Some(Guard::LEAST_FAILED), "Fewer failures prove nothing."),
            "least_instances": whole("least_instances", Some(Guard::LEAST_INSTANCES), "Nor do failures of fewer instances.")
        }),
    )
}

fn rule() -> Value {
    let mut rule = object(
        "Who, and what they get: exactly one of `serve` and `split`.",
        &[],
        json!({
            "name": { "type": "string", "description": "For people; never leaves for a browser." },
            "when": refer("conditions", "All of these hold; without it everyone is meant."),
            "serve": refer("key", "The variant."),
            "split": refer("split", "Several variants, shared out by hashed bucket.")
        }),
    );
    if let Some(members) = rule.as_object_mut() {
        members.insert("oneOf".to_owned(), json!([{ "required": ["serve"] }, { "required": ["split"] }]));
    }
    rule
}

fn split() -> Value {
    object(
        "Variants shared out by hashed bucket.",
        &["slices"],
        json!({
            "by": with_default(refer("filled", "The attribute whose value is hashed."), json!(DEFAULT_UNIT)),
            "salt": refer("name", "Flags that share a salt share buckets. The flag's key unless given."),
            "slices": {
                "type": "array",
                "description": "One after another from bucket 0; the widths sum to at most 100000.",
                "items": {
                    "type": "array", "minItems": 2, "maxItems": 2,
                    "description": "A variant and its width in hundred-thousandths: `[\"on\", 25000]` is 25 %.",
                    "prefixItems": [{ "$ref": "#/$defs/key" }, { "type": "integer", "minimum": 0, "maximum": BUCKETS }]
                }
            }
        }),
    )
}

fn condition() -> Value {
    let mut forms = vec![
        object(
            "The context's `tenant` is one of these.",
            &["tenant"],
            json!({ "tenant": list_of("name", "Tenants.") }),
        ),
        object(
            "The context's `region` is one of these or lies within one.",
            &["region"],
            json!({ "region": list_of("key", "Regions.") }),
        ),
        object(
            "The context is in one of these segments.",
            &["segment"],
            json!({ "segment": list_of("key", "Segments.") }),
        ),
        object("All of these hold; of none it is true.", &["all"], json!({ "all": { "$ref": "#/$defs/conditions" } })),
        object(
            "One of these holds; of none it is false.",
            &["any"],
            json!({ "any": { "$ref": "#/$defs/conditions" } }),
        ),
        object("This does not hold.", &["not"], json!({ "not": { "$ref": "#/$defs/condition" } })),
    ];
    forms.extend(OPERATORS.iter().map(|(operator, operands)| {
        let mut properties = json!({
            "attribute": refer("filled", "The attribute of the context; dots lead into objects, `tenant.` to the tenant's declared attributes."),
            "op": { "const": operator }
        });
        let values = values(operator, *operands);
        let mut required = vec!["attribute", "op"];
        if let (Some(values), Some(properties)) = (values, properties.as_object_mut()) {
            properties.insert("values".to_owned(), values);
            required.push("values");
        }
        object(meaning(operator), &required, properties)
    }));
    json!({ "description": "One clause of a `when`.", "oneOf": forms })
}

fn values(operator: &str, operands: Operands) -> Option<Value> {
    Some(match operands {
        Operands::None => return None,
        Operands::Scalars => {
            json!({ "type": "array", "minItems": 1, "items": { "type": ["string", "number", "boolean"] } })
        }
        Operands::Texts => {
            let least = u32::from(matches!(operator, "contains" | "starts_with" | "ends_with"));
            json!({ "type": "array", "minItems": 1, "items": { "type": "string", "minLength": least } })
        }
        Operands::OneNumber => json!({ "type": "array", "minItems": 1, "maxItems": 1, "items": { "type": "number" } }),
        Operands::TwoNumbers => json!({ "type": "array", "minItems": 2, "maxItems": 2, "items": { "type": "number" } }),
        Operands::OneTime => json!({
            "type": "array", "minItems": 1, "maxItems": 1,
            "items": { "anyOf": [{ "$ref": "#/$defs/time" }, { "type": "number", "description": "Epoch milliseconds." }] }
        }),
    })
}

fn meaning(operator: &str) -> &'static str {
    match operator {
        "in" => "The attribute equals one of the values: same type, text byte for byte. Of a list, any element.",
        "not_in" => "The attribute is present and equals none of the values.",
        "contains" => "The attribute is text, and one of the values is in it.",
        "starts_with" => "The attribute is text, and one of the values begins it.",
        "ends_with" => "The attribute is text, and one of the values ends it.",
        "matches" => "The attribute is text, and one of the regular expressions is found in it.",
        "exists" => "The attribute is present and not null.",
        "lt" => "The attribute is a number below the value.",
        "le" => "The attribute is a number, at most the value.",
        "gt" => "The attribute is a number above the value.",
        "ge" => "The attribute is a number, at least the value.",
        "between" => "The attribute is a number, at least the first value and below the second.",
        "semver" => "The attribute is a version, and one of the ranges (such as `>=2.3.0 <3.0.0`) holds.",
        "before" => "The attribute is a time strictly before the value.",
        "after" => "The attribute is a time strictly after the value.",
        _ => "The attribute is an IP address within one of the blocks (such as `10.0.0.0/8`).",
    }
}

fn kill() -> Value {
    object(
        "A flag turned off: for whom, why, by whom.",
        &["id", "flag", "scope", "reason", "by", "at"],
        json!({
            "id": refer("key", "Names it for its restore."),
            "flag": refer("key", "The flag that it turns off."),
            "scope": object("Whom it reaches. Every part present must hold, within a part one suffices; `{}` is everyone.", &[], json!({
                "tenant": list_of("name", "Only these tenants."),
                "region": list_of("key", "Only these regions and what lies within them."),
                "segment": list_of("key", "Only these segments."),
                "variant": list_of("key", "Only those who would get one of these variants.")
            })),
            "reason": refer("filled", "Why, for those who find it later."),
            "by": refer("filled", "Who killed it."),
            "at": refer("time", "When."),
            "incident": refer("filled", "The incident that it belongs to.")
        }),
    )
}

fn object(description: &str, required: &[&str], properties: Value) -> Value {
    json!({ "type": "object", "description": description, "additionalProperties": false, "required": required, "properties": properties })
}

fn refer(definition: &str, description: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{definition}"), "description": description })
}

fn list_of(definition: &str, description: &str) -> Value {
    json!({ "type": "array", "minItems": 1, "items": { "$ref": format!("#/$defs/{definition}") }, "description": description })
}

fn words<T>(known: &[(&str, T)], description: &str) -> Value {
    let known: Vec<&str> = known.iter().map(|(word, _)| *word).collect();
    json!({ "enum": known, "description": description })
}

fn with_default(mut schema: Value, default: Value) -> Value {
    if let Some(members) = schema.as_object_mut() {
        members.insert("default".to_owned(), default);
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::fields_by_object as fields;

    /// Every object of the schema has exactly the fields that the reader knows.
    #[test]
    fn fields_are_those_of_the_reader() {
        let schema = json_schema();
        let cases = [
            ("/properties", fields::FLAG_SET),
            ("/$defs/flag/properties", fields::FLAG),
            ("/$defs/flag/properties/degraded/properties", fields::DEGRADED_FIELDS),
            ("/$defs/breaker/properties", fields::BREAKER),
            ("/$defs/guard/properties", fields::GUARD),
            ("/$defs/guard/properties/prometheus/properties", fields::PROMETHEUS),
            ("/$defs/prerequisite/properties", fields::PREREQUISITE_FIELDS),
            ("/$defs/rule/properties", fields::RULE),
            ("/$defs/split/properties", fields::SPLIT_FIELDS),
            ("/$defs/segment/properties", fields::SEGMENT_FIELDS),
            ("/$defs/kill/properties", fields::KILL),
            ("/$defs/kill/properties/scope/properties", fields::SCOPE_FIELDS),
        ];
        for (pointer, expected) in cases {
            let mut known: Vec<&str> = expected.to_vec();
            known.sort_unstable();
            let found: Vec<&String> = schema.pointer(pointer).unwrap().as_object().unwrap().keys().collect();
            assert_eq!(found, known, "{pointer}");
        }
    }

    #[test]
    fn every_property_says_what_it_is() {
        fn look(value: &Value, at: &str) {
            let Some(members) = value.as_object() else { return };
            for (key, member) in members {
                let at = format!("{at}/{key}");
                // The conditions' own keys are told by the form that they stand in.
                if key == "properties" && !at.contains("/condition/") {
                    for (name, property) in member.as_object().unwrap() {
                        assert!(
                            property.get("description").is_some()
                                || property.is_boolean()
                                || at.ends_with("/if/properties"),
                            "{at}/{name}"
                        );
                    }
                }
                look(member, &at);
            }
        }
        look(&json_schema(), "");
    }
}
