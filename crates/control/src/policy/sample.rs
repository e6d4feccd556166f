use super::Limit;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// What the control plane may be told about the contexts of clients, for a population sampled live.
///
/// Bucketing units are told as keyed hashes only, and no attribute leaves a client that is not named here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Attributes that may leave clients.
    #[serde(default)]
    pub attributes: BTreeSet<SampledAttribute>,
    /// Contexts that are kept at most.
    #[serde(default)]
    pub rows: Limit<1, 1_000_000, 50_000>,
    /// Days after which a context that was not seen again is forgotten.
    #[serde(default)]
    pub days: Limit<1, 400, 30>,
}

/// The name of an attribute that may be sampled: any but `targetingKey`, which would say who it is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct SampledAttribute(String);

/// Longest name, in bytes.
const LONGEST: usize = 256;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSampled {
    #[error("the name of an attribute has 1 to {LONGEST} bytes and no control characters")]
    Name,
    #[error("`targetingKey` says who someone is, and never leaves a client as it is")]
    Key,
}

impl SampledAttribute {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SampledAttribute {
    type Err = NotSampled;

    fn from_str(text: &str) -> Result<Self, NotSampled> {
        if text == "targetingKey" {
            return Err(NotSampled::Key);
        }
        let is_name = !text.is_empty() && text.len() <= LONGEST && !text.chars().any(char::is_control);
        if is_name { Ok(SampledAttribute(text.to_owned())) } else { Err(NotSampled::Name) }
    }
}

impl<'de> Deserialize<'de> for SampledAttribute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl fmt::Debug for SampledAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Display for SampledAttribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
