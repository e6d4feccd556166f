use super::Condition;
use crate::ids::{Salt, VariantKey};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// Who, and what they get.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// For people; never leaves for a browser.
    pub name: Option<String>,
    /// All must hold; empty means everyone.
    pub when: Vec<Condition>,
    pub then: Outcome,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Serve(VariantKey),
    Split(Split),
}

/// Variants shared out by hashed bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Split {
    /// The attribute that is the bucketing unit; `targetingKey` unless given.
    pub by: String,
    /// The flag's key unless given.
    pub salt: Salt,
    /// One after another from bucket 0; widths sum to at most 100 000, and may be 0.
    pub slices: Vec<Slice>,
}

/// A run of buckets and its variant; in JSON `["on", 25000]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    pub variant: VariantKey,
    /// In hundred-thousandths.
    pub width: u32,
}

impl Serialize for Slice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.variant, self.width).serialize(serializer)
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(name) = &self.name {
            map.serialize_entry("name", name)?;
        }
        if !self.when.is_empty() {
            map.serialize_entry("when", &self.when)?;
        }
        match &self.then {
            Outcome::Serve(variant) => map.serialize_entry("serve", variant)?,
            Outcome::Split(split) => map.serialize_entry("split", split)?,
        }
        map.end()
    }
}
