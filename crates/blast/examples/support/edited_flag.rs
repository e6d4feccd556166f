//! The flag that the benches of a replay edit.

use downhaul_core::read::{self, Format};
use downhaul_core::validate::{Valid, validate};
use serde_json::json;
use std::error::Error;

/// How many tenants there are; the flag names the first half.
pub(crate) const TENANTS: usize = 500;
/// Regions that contexts are in; not all of them are in the flag's tree.
pub(crate) const REGIONS: [&str; 8] =
    ["eu-west", "eu-north", "eu-south", "us-east", "us-west", "ap-south", "ap-east", "sa-east"];

/// So many flags by tenant, region and split, each with a salt of its own, of which the split lets in so many of 100 000.
pub(crate) fn documents(width: u32, flags: usize) -> Result<Valid, Box<dyn Error>> {
    let tenants: Vec<String> = (0..TENANTS / 2).map(|number| format!("tenant-{number}")).collect();
    let flag = |number: usize| {
        json!({
            "key": format!("checkout-v{}", 2 + number), "owner": "payments", "kind": "release", "expires": "2030-01-01",
            "variants": { "on": true, "off": false },
            "degraded": { "variant": "off", "meaning": "the old checkout" },
            "default": "off",
            "rules": [{
                "when": [{ "tenant": tenants }, { "region": ["eu"] }],
                "split": { "slices": [["on", width], ["off", 100_000 - width]] }
            }]
        })
    };
    let document = json!({
        "schema": 1, "environment": "example", "revision": 1,
        "regions": { "eu": { "eu-west": {}, "eu-north": {}, "eu-south": {} }, "us": { "us-east": {}, "us-west": {} } },
        "flags": (0..flags).map(flag).collect::<Vec<_>>()
    });
    let (document, problems) = read::flag_set(&document.to_string(), Format::Json).map_err(|why| format!("{why:?}"))?;
    if !problems.is_empty() {
        return Err(format!("{problems:?}").into());
    }
    Ok(validate(document, None).map_err(|problems| format!("{problems:?}"))?.0)
}
