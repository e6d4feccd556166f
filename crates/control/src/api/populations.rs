use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The media type of a population in blast's binary form.
pub const POPULATION_MEDIA_TYPE: &str = "application/vnd.downhaul.population";

/// The name of a population, written as the keys of segments are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PopulationName(String);

/// The text names no population.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a population's name is 1 to 128 letters, digits and `._/@:-`, and begins with a letter or digit")]
pub struct NotAPopulationName;

impl PopulationName {
    /// The one that is used where none is named.
    pub const DEFAULT: &str = "default";
    /// The one that clients' acknowledgements make up; nobody can upload it.
    pub const LIVE: &str = "live";

    pub fn live() -> PopulationName {
        PopulationName(PopulationName::LIVE.to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn is_live(&self) -> bool {
        self.0 == PopulationName::LIVE
    }
}

impl FromStr for PopulationName {
    type Err = NotAPopulationName;

    fn from_str(text: &str) -> Result<Self, NotAPopulationName> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"._/@:-".contains(&byte);
        let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        let is_name = begins && text.len() <= 128 && text.bytes().all(fits);
        if is_name { Ok(PopulationName(text.to_owned())) } else { Err(NotAPopulationName) }
    }
}

impl TryFrom<String> for PopulationName {
    type Error = NotAPopulationName;

    fn try_from(text: String) -> Result<Self, NotAPopulationName> {
        text.parse()
    }
}

impl From<PopulationName> for String {
    fn from(name: PopulationName) -> String {
        name.0
    }
}

impl fmt::Display for PopulationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A population that the server keeps, without its rows: `GET E/populations/{name}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PopulationView {
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub name: PopulationName,
    /// When the people were like this.
    pub taken_at: String,
    /// Where it comes from, in words, such as the name of a file.
    pub source: String,
    pub rows: u64,
    /// The weight of all rows.
    pub weight: f64,
    /// Attributes, as rules write them.
    pub columns: Vec<String>,
    /// Bytes of the binary form.
    pub size: u64,
    /// SHA-256 of the binary form.
    pub digest: String,
    /// What it was drawn from, if it is a sample.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawn_from: Option<DrawnFrom>,
    pub put_at: String,
    /// The actor's id; its name in an answer of the server, where that is known.
    pub put_by: String,
    /// Of the population `live` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveSample>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DrawnFrom {
    pub rows: u64,
    pub weight: f64,
}

/// Where the rows of the population `live` come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LiveSample {
    /// Bucketing units that it was drawn from; an estimate once there are more than rows.
    pub units: u64,
    pub since: String,
    /// Rows by clients with edge and server keys.
    pub trusted: u64,
    /// Rows by browsers, which may claim anything.
    pub claimed: u64,
}

/// `GET E/populations`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Populations {
    pub populations: Vec<PopulationView>,
    /// The one that is used where none is named; absent where there is none such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Who put and removed what, newest first; the last hundred.
    pub journal: Vec<PopulationEvent>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PopulationEvent {
    pub at: String,
    /// As in [`PopulationView::put_by`].
    pub by: String,
    pub name: String,
    pub what: PopulationAct,
    /// Digest of what was put or removed.
    pub digest: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum PopulationAct {
    Put,
    Removed,
}

/// `PUT E/populations/{name}`; the body is the population, in the form that `Content-Type` says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[serde(deny_unknown_fields)]
pub struct PutPopulationQuery {
    /// Where it comes from, in words; at most 500 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// When the people were like this: RFC 3339 or a date; now unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_at: Option<String>,
    /// What the columns are, as JSON: `{"weight": "share", "rename": {"ver": "app.version"}, "drop": ["email"]}`. Not with the binary form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<String>,
    /// Leave out so many malformed rows; one more refuses all of it. 0 unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub malformed: Option<u64>,
}

/// `GET E/populations/{name}/content`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
#[serde(deny_unknown_fields)]
pub struct PopulationContentQuery {
    /// A sample of at most so many rows, the same each time; all of them unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
}

/// `GET E/populations/{name}/values`: what its rows have, attribute by attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PopulationValues {
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub name: PopulationName,
    pub rows: u64,
    pub weight: f64,
    /// In the order of the columns.
    pub attributes: Vec<AttributeView>,
}

/// An attribute of a population.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttributeView {
    /// As rules write it.
    pub attribute: String,
    /// Rows that have it, and their weight.
    pub rows: u64,
    pub weight: f64,
    /// Different values.
    pub distinct: u64,
    /// Those with the greatest weight, at most 12; none of `targetingKey`, which says who someone is.
    pub values: Vec<ValueView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ValueView {
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub value: serde_json::Value,
    pub weight: f64,
}

/// The answer to putting a population.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PopulationPut {
    pub population: PopulationView,
    /// Rows that were left out, in words, the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    pub malformed: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in ["default", "live", "2026-11", "eu/shop_1", &"a".repeat(128)] {
            assert!(name.parse::<PopulationName>().is_ok(), "{name}");
        }
        for name in ["", ".", "..", "-a", "a b", "ä", &"a".repeat(129)] {
            assert!(name.parse::<PopulationName>().is_err(), "{name}");
        }
    }
}
