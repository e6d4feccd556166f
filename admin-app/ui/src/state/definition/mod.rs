//! What is defined beside flags and edited as a whole: segments, tenants, the region tree, the policy.

mod check;
mod uses;

use crate::words::text::state as text;
pub use check::{Checked, check};
pub use uses::{Place, Use, missing_attributes, reaches_critical, region_uses, uses};

use downhaul_core::document::FlagSet;
use serde_json::{Value, json};

/// Which of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    Segment(String),
    Tenant(String),
    Regions,
    Policy,
}

impl Subject {
    /// `the segment staff`
    pub fn words(&self) -> String {
        match self {
            Subject::Segment(key) => text::the_segment_key(&key),
            Subject::Tenant(tenant) => text::the_tenant_tenant(&tenant),
            Subject::Regions => text::THE_REGION_TREE.to_owned(),
            Subject::Policy => text::THE_POLICY.to_owned(),
        }
    }

    /// What is typed where a change of it needs that.
    pub fn name(&self) -> &str {
        match self {
            Subject::Segment(name) | Subject::Tenant(name) => name,
            Subject::Regions => "regions",
            Subject::Policy => "policy",
        }
    }

    /// As it is published; absent where nothing is. The policy stands beside the document.
    pub fn published(&self, document: &FlagSet, policy: Option<&Value>) -> Option<Value> {
        match self {
            Subject::Segment(key) => serde_json::to_value(document.segments.get(key.as_str())?).ok(),
            Subject::Tenant(tenant) => Some(Value::Object(document.tenants.get(tenant.as_str())?.clone())),
            Subject::Regions => serde_json::to_value(&document.regions).ok(),
            Subject::Policy => policy.cloned(),
        }
    }

    /// What it begins with where nothing is published.
    pub fn fresh(&self) -> Value {
        json!({})
    }

    /// Where its draft is kept in the browser. No flag's key begins so.
    pub fn shelf(&self) -> String {
        match self {
            Subject::Segment(key) => format!("~segment/{key}"),
            Subject::Tenant(tenant) => format!("~tenant/{tenant}"),
            Subject::Regions => "~regions".to_owned(),
            Subject::Policy => "~policy".to_owned(),
        }
    }

    /// The command that puts it, as a change records it; none for the policy, which moves nobody.
    pub fn command(&self, draft: &Value) -> Option<Value> {
        match self {
            Subject::Segment(key) => Some(json!({ "type": "put-segment", "key": key, "segment": draft })),
            Subject::Tenant(tenant) => Some(json!({ "type": "put-tenant", "tenant": tenant, "attributes": draft })),
            Subject::Regions => Some(json!({ "type": "put-regions", "regions": draft })),
            Subject::Policy => None,
        }
    }

    /// The command that takes it away, where it can be.
    pub fn removal(&self) -> Option<Value> {
        match self {
            Subject::Segment(key) => Some(json!({ "type": "remove-segment", "key": key })),
            Subject::Tenant(tenant) => Some(json!({ "type": "remove-tenant", "tenant": tenant })),
            Subject::Regions | Subject::Policy => None,
        }
    }

    /// The name of its member in a request.
    pub fn member(&self) -> &'static str {
        match self {
            Subject::Segment(_) => "segment",
            Subject::Tenant(_) => "attributes",
            Subject::Regions => "regions",
            Subject::Policy => "policy",
        }
    }
}
