//! How long the exact difference takes, of a one-rule edit and of as many edits as flags, and the lints of a document:
//! `cargo run --release -p downhaul-blast --example difference`.

use downhaul_blast::exact::{Options, compare, lints};
use downhaul_core::read::{self, Format};
use downhaul_core::validate::{Valid, validate};
use serde_json::{Value, json};
use std::time::Instant;

const RULES: usize = 20;

fn main() {
    for (flags, edited) in [(1, 1), (200, 1), (2000, 1), (2000, 2000)] {
        let old = document(flags, 25_000, edited);
        let new = document(flags, 40_000, edited);
        let what = format!("{flags} flags of {RULES} rules, a rule of {edited} edited");
        measured(&what, "region", if edited > 1 { 3 } else { 9 }, || {
            let comparison = compare(&old, &new, &Options::default());
            comparison.flags.iter().map(|flag| flag.regions.len()).sum()
        });
    }
    for flags in [20, 500] {
        let document = document(flags, 25_000, 1);
        let what = format!("{flags} flags of {RULES} rules, lints");
        measured(&what, "warning", 3, || lints(document.document(), &Options::default()).len());
    }
}

fn measured(what: &str, of: &str, times: usize, run: impl Fn() -> usize) {
    let mut took = Vec::new();
    let mut found = 0;
    for _ in 0..times {
        let began = Instant::now();
        found = run();
        took.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    took.sort_by(f64::total_cmp);
    let [fastest, .., slowest] = took.as_slice() else { return };
    let median = took.get(took.len() / 2).copied().unwrap_or_default();
    println!("{what}: {median:.2} ms (fastest {fastest:.2}, slowest {slowest:.2}), {found} {of}(s)");
}

/// Rules over eight attributes, among them tenants, regions, versions, segments and splits. A split of each of the first
/// `edited` flags has this width.
fn document(flags: usize, width: u32, edited: usize) -> Valid {
    let flags: Vec<Value> = (0..flags)
        .map(|flag| {
            let rules: Vec<Value> =
                (0..RULES).map(|rule| self::rule(flag, rule, if flag < edited { width } else { 25_000 })).collect();
            json!({
                "key": format!("flag-{flag}"), "owner": "bench", "kind": "release", "expires": "2030-01-01",
                "variants": { "on": true, "off": false }, "degraded": { "variant": "off", "meaning": "less" },
                "rules": rules, "default": "off"
            })
        })
        .collect();
    let document = json!({
        "schema": 1, "environment": "bench", "revision": 1,
        "regions": { "world": { "eu": { "de": {}, "fr": {}, "es": {} }, "us": { "us-east": {}, "us-west": {} }, "asia": { "jp": {} } } },
        "tenants": { "acme": { "plan": "enterprise" }, "globex": { "plan": "free" } },
        "segments": { "staff": { "include": ["user-7"], "when": [{ "attribute": "email", "op": "ends_with", "values": ["@example.com"] }] } },
        "flags": flags
    });
    let read = read::flag_set(&document.to_string(), Format::Json);
    let Some((valid, _)) = read.ok().and_then(|(document, _)| validate(document, None).ok()) else {
        unreachable_document()
    };
    valid
}

#[expect(clippy::panic, reason = "a bench whose own document is wrong has nothing to say")]
fn unreachable_document() -> ! {
    panic!("the document of the bench is not valid")
}

fn rule(flag: usize, rule: usize, width: u32) -> Value {
    let tenant = format!("tenant-{}", (flag * 7 + rule) % 40);
    let region = ["eu", "us", "de", "asia", "fr"].get(rule % 5);
    let plan = ["free", "pro", "enterprise"].get(rule % 3);
    let when = match rule % 4 {
        0 => json!([{ "tenant": [tenant, "acme"] }, { "region": [region] }]),
        1 => {
            json!([{ "attribute": "plan", "op": "in", "values": [plan] }, { "attribute": "app.version", "op": "semver", "values": [format!(">=2.{rule}.0 <3.0.0")] }])
        }
        2 => {
            json!([{ "region": [region] }, { "attribute": "browser", "op": "in", "values": [format!("b{}", rule % 6)] }, { "attribute": "age", "op": "ge", "values": [rule] }])
        }
        _ => json!([{ "segment": ["staff"] }, { "attribute": "device", "op": "in", "values": [format!("d{rule}")] }]),
    };
    if rule % 4 == 3 {
        json!({ "when": when, "serve": "on" })
    } else {
        let width = if rule == 10 { width } else { 25_000 };
        json!({ "when": when, "split": { "slices": [["on", width], ["off", 100_000 - width]] } })
    }
}
