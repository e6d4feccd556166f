use super::{Approvals, Heartbeat, Hygiene, Limit, Policy, Sample};
use downhaul_core::ids::KEY_LIMIT;
use serde_json::{Value, json};

/// JSON Schema 2020-12 of a policy, for editors.
pub fn json_schema() -> Value {
    let Policy {
        kills,
        reason,
        approvals,
        budget: _,
        population: _,
        sample: _,
        drill_days,
        heartbeat: _,
        backup_hours: _,
        hygiene,
        automatic,
        telemetry,
    } = Policy::default();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Downhaul policy",
        "description": "What an environment allows, and what it asks a second person about.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "kills": number(kills, "Kills that may be in force at the same time."),
            "reason": number(reason, "Longest reason, in bytes."),
            "approvals": of_approvals(approvals),
            "budget": of_budget(),
            "population": {
                "type": "string",
                "pattern": format!("^[A-Za-z0-9][A-Za-z0-9._/@:-]{{0,{}}}$", KEY_LIMIT - 1),
                "description": "The population that the budget is judged by, where the server holds it; else only what is known exactly counts."
            },
            "sample": of_sample(),
            "drill_days": number(drill_days, "Days after which a drill no longer counts."),
            "heartbeat": of_heartbeat(),
            "backup_hours": {
                "type": "integer", "minimum": 1, "maximum": 8_760,
                "description": "Hours after which a backup is too old, which is an alarm. Left out: nobody is told."
            },
            "hygiene": of_hygiene(&hygiene),
            "automatic": {
                "type": "object",
                "additionalProperties": false,
                "description": "How many kills guards and the breakers of the fleet may make by themselves; what is beyond is only told.",
                "properties": {
                    "kills": number(automatic.kills, "Kills within that time."),
                    "seconds": number(automatic.seconds, "The time, in seconds.")
                }
            },
            "telemetry": {
                "type": "object",
                "additionalProperties": false,
                "description": "How much clients tell of the use of flags.",
                "properties": {
                    "share": { "type": "number", "minimum": 0, "maximum": 1, "default": telemetry.share, "description": "The share of browsers that tell." },
                    "period_seconds": number(telemetry.period_seconds, "Seconds between two batches of a client.")
                }
            }
        }
    })
}

fn of_approvals(defaults: Approvals) -> Value {
    let Approvals { change, critical, over_budget, restore, critical_restore, revert: _, policy, by_author } = defaults;
    json!({
        "type": "object",
        "additionalProperties": false,
        "description": "How many have to approve, by what a change is; the largest that applies counts. A kill never waits for anyone.",
        "properties": {
            "change": number(change, "Any change of a definition."),
            "critical": number(critical, "A change that reaches a critical flag."),
            "over_budget": number(over_budget, "A change that moves more than the budget allows, or of which that cannot be said."),
            "restore": number(restore, "A restore."),
            "critical_restore": number(critical_restore, "A restore of a critical flag."),
            "revert": {
                "type": "integer", "minimum": 0, "maximum": 10,
                "description": "A change that gives back what an earlier revision had. Left out: as any other change."
            },
            "policy": number(policy, "A change of the policy."),
            "self": { "type": "boolean", "default": by_author, "description": "Whether an author's own approval counts." }
        }
    })
}

fn of_budget() -> Value {
    let names = |description: &str| {
        json!({
            "type": "array", "items": { "type": "string", "minLength": 1 }, "uniqueItems": true, "description": description
        })
    };
    json!({
        "type": "object",
        "additionalProperties": false,
        "description": "What one change may move before it needs approval; what is left out is not limited.",
        "properties": {
            "share": { "type": "number", "minimum": 0, "maximum": 1, "description": "Largest part of everyone that may be given something else, from 0 to 1." },
            "tenants": { "type": "integer", "minimum": 0, "description": "Most tenants of which someone may be given something else." },
            "critical_tenants": names("Tenants of which nobody may be given anything else."),
            "regions": names("Regions in which nobody may be given anything else.")
        }
    })
}

fn of_sample() -> Value {
    let Sample { attributes: _, rows, days } =
        Sample { attributes: Default::default(), rows: Limit::DEFAULT, days: Limit::DEFAULT };
    json!({
        "type": "object",
        "additionalProperties": false,
        "description": "What clients may tell of their contexts, for a population sampled live. Left out: nothing is sampled.",
        "properties": {
            "attributes": {
                "type": "array", "uniqueItems": true,
                "items": { "type": "string", "minLength": 1, "maxLength": 256, "not": { "const": "targetingKey" } },
                "description": "Attributes that may leave clients. Bucketing units leave as keyed hashes only."
            },
            "rows": number(rows, "Contexts that are kept at most."),
            "days": number(days, "Days after which a context that was not seen again is forgotten.")
        }
    })
}

fn of_heartbeat() -> Value {
    let every_seconds: Limit<10, 86_400, 600> = Limit::DEFAULT;
    let _same_as = |heartbeat: Heartbeat| heartbeat.every_seconds == every_seconds;
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["flag"],
        "description": "The flag that the control plane kills and restores by itself, to know how long a kill takes. Left out: nothing beats.",
        "properties": {
            "flag": { "type": "string", "description": "A flag on which nothing else rests. It has to exist." },
            "every_seconds": number(every_seconds, "Seconds from one beat to the next; each is two changes in the chart."),
            "p99_ms": {
                "type": "integer", "minimum": 10, "maximum": 600_000,
                "description": "Milliseconds within which 99 of 100 clients are to have a beat; where two in a row took longer, that is an alarm. Left out: nobody is told."
            }
        }
    })
}

fn of_hygiene(defaults: &Hygiene) -> Value {
    let Hygiene { idle_days, one_variant_days, notice_days, webhook: _ } = defaults;
    json!({
        "type": "object",
        "additionalProperties": false,
        "description": "When a flag is one that someone should look at, and who is reminded of it.",
        "properties": {
            "idle_days": number(*idle_days, "Days after which a flag that no client asks for is stale."),
            "one_variant_days": number(*one_variant_days, "Days after which a flag that gives everyone the same, or is killed for everyone, is stale."),
            "notice_days": number(*notice_days, "Days before its date for which the owner of a flag is reminded of it."),
            "webhook": { "type": "string", "minLength": 1, "description": "The webhook target that is reminded. Left out: nobody is." }
        }
    })
}

fn number<const LEAST: u32, const MOST: u32, const DEFAULT: u32>(
    default: Limit<LEAST, MOST, DEFAULT>,
    description: &str,
) -> Value {
    json!({
        "type": "integer", "minimum": LEAST, "maximum": MOST, "default": default, "description": description
    })
}
