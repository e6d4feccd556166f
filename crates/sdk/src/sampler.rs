//! What may leave of a context, where the control plane asks and its policy allows it; docs/reference/protocol.md.

use crate::context::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use downhaul_control::api::{Attributes, SampledContext, Sampling};
use downhaul_core::bucket::Unit;
use downhaul_core::prepare::look_up;
use downhaul_core::seal::hexadecimal;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;
use std::collections::BTreeMap;

/// UTF-16 units of a text.
const LONGEST: usize = 128;
const MOST: usize = 32;
const TARGETING_KEY: &str = "targetingKey";

/// `None` where its unit is not among those that are wanted.
pub(crate) fn sampled(asked: &Sampling, context: &Context, instance: &str) -> Option<SampledContext> {
    let key = STANDARD.decode(&asked.key).ok()?;
    let hash = |name: &str, unit: &[u8]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
        mac.update(&[name.as_bytes(), b"\0", unit].concat());
        let digest: [u8; 32] = mac.finalize().into_bytes().into();
        let (first, _) = digest.split_first_chunk::<16>()?;
        Some(*first)
    };
    let mut hashed = BTreeMap::new();
    let mut who = None;
    for name in asked.hashed.iter().take(MOST) {
        let Some(unit) = look_up(context.attributes(), name).and_then(Unit::of) else { continue };
        let bytes = hash(name, unit.as_bytes())?;
        hashed.insert(name.clone(), hexadecimal(&bytes));
        if name == TARGETING_KEY {
            who = Some(bytes);
        }
    }
    let who = match who {
        Some(who) => who,
        None => hash("", instance.as_bytes())?,
    };
    let (first, _) = who.split_first_chunk::<4>()?;
    if f64::from(u32::from_be_bytes(*first)) >= asked.rate * 2f64.powi(32) {
        return None;
    }
    let names = asked.attributes.iter().take(MOST).filter(|name| *name != TARGETING_KEY);
    let attributes: Attributes = names
        .filter_map(|name| {
            let value = look_up(context.attributes(), name).filter(|value| fits(value))?;
            Some((name.clone(), value.clone()))
        })
        .collect();
    Some(SampledContext { attributes, hashed })
}

fn fits(value: &Value) -> bool {
    match value {
        Value::String(text) => text.encode_utf16().count() <= LONGEST,
        Value::Number(_) | Value::Bool(_) => true,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(rate: f64) -> Sampling {
        Sampling {
            attributes: vec!["tenant".to_owned(), "targetingKey".to_owned(), "long".to_owned(), "list".to_owned()],
            hashed: vec!["targetingKey".to_owned(), "account".to_owned()],
            key: STANDARD.encode([0; 16]),
            rate,
            period_seconds: 3600,
        }
    }

    #[test]
    fn no_more_leaves_than_was_asked_for() {
        let context = Context::new("user-1")
            .with("tenant", "acme")
            .with("account", 7.0)
            .with("secret", "s")
            .with("long", "x".repeat(129))
            .with("list", vec!["a"]);
        let told = sampled(&asked(1.0), &context, "i-1").unwrap();
        assert_eq!(told.attributes, Attributes::from([("tenant".to_owned(), "acme".into())]));
        assert_eq!(told.hashed.keys().collect::<Vec<_>>(), ["account", "targetingKey"]);
        let whole = sampled(&asked(1.0), &Context::new("user-1").with("account", 7), "i-1").unwrap();
        assert_eq!(told.hashed, whole.hashed, "a unit is the same however it is written");
        assert_eq!(sampled(&asked(0.0), &context, "i-1"), None);
        assert_eq!(sampled(&Sampling { key: "!".to_owned(), ..asked(1.0) }, &context, "i-1"), None);
    }

    #[test]
    fn the_share_is_taken_by_the_hash() {
        let told = (0..1000).filter(|n| sampled(&asked(0.25), &Context::new(format!("u{n}")), "i").is_some()).count();
        assert_eq!(told, 268, "as HMAC-SHA-256 of another library gives it");
    }
}
