//! Random documents, shared with the tests of the core, and a replay that is as simple as can be.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]

pub mod agreement;
#[path = "../../../core/tests/support/arbitrary.rs"]
pub mod arbitrary;
pub mod direct;

use downhaul_blast::population::{Builder, Limits, Population};
use downhaul_core::document::FlagSet;
use downhaul_core::read::{self, Format};
use downhaul_core::validate::{Valid, validate};
use serde_json::{Map, Value};

pub type Context = Map<String, Value>;

pub fn valid(set: FlagSet) -> Valid {
    validate(set, None).unwrap_or_else(|why| panic!("{why:#?}")).0
}

/// A document from JSON without what every document has.
pub fn document(json: &Value) -> Valid {
    let mut whole = serde_json::json!({ "schema": 1, "environment": "test", "revision": 1, "flags": [] });
    whole.as_object_mut().unwrap().extend(json.as_object().unwrap().clone());
    let (set, problems) = read::flag_set(&whole.to_string(), Format::Json).unwrap();
    assert!(problems.is_empty(), "{problems:#?}");
    valid(set)
}

/// A flag from JSON without what every flag has: `on` and `off`, `off` by default.
pub fn flag(key: &str, more: &Value) -> Value {
    let mut flag = serde_json::json!({
        "key": key, "owner": "tests", "kind": "ops", "review": "2030-01-01",
        "variants": { "on": true, "off": false },
        "degraded": { "variant": "off", "meaning": "less" }, "default": "off"
    });
    flag.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    flag
}

pub fn population(rows: &[(Context, f64)]) -> Population {
    let mut builder = Builder::new(&Limits::default());
    rows.iter().for_each(|(context, weight)| builder.push(context, *weight).unwrap());
    builder.finish()
}
