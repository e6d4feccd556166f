//! Which column of a file is what.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};

/// Which column is what. Columns go by their name, or by the dotted path to something nested.
///
/// A column that is named here must be there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    #[serde(rename = "targetingKey", skip_serializing_if = "Option::is_none")]
    pub targeting_key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(skip_serializing_if = "WeightColumn::is_usual")]
    pub weight: WeightColumn,
    /// Column to attribute. A name with dots is found by rules that read that path.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rename: BTreeMap<String, String>,
    /// Columns that are left out, with all that is nested in them but what is named here otherwise.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub drop: BTreeSet<String>,
    /// What texts are read as; where values have types of their own, what they must be.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, ColumnType>,
    /// Between the fields of CSV: a comma unless given. One ASCII character.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
}

/// Where weights come from. In JSON: `"weight": "share"`, or `"weight": false` for none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum WeightColumn {
    /// The column `weight` if there is one, else each row weighs 1.
    #[default]
    Usual,
    /// Each row weighs 1; a column `weight` is an attribute.
    None,
    Named(String),
}

impl WeightColumn {
    fn is_usual(&self) -> bool {
        *self == WeightColumn::Usual
    }

    /// The name under which weights are looked for.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            WeightColumn::Usual => Some("weight"),
            WeightColumn::None => None,
            WeightColumn::Named(name) => Some(name),
        }
    }
}

impl Serialize for WeightColumn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            WeightColumn::Usual => serializer.serialize_bool(true),
            WeightColumn::None => serializer.serialize_bool(false),
            WeightColumn::Named(name) => serializer.serialize_str(name),
        }
    }
}

impl<'de> Deserialize<'de> for WeightColumn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "the name of the column that holds weights, or false for none")]
        enum Written {
            Name(String),
            Looked(bool),
        }
        Ok(match Written::deserialize(deserializer)? {
            Written::Name(name) => WeightColumn::Named(name),
            Written::Looked(true) => WeightColumn::Usual,
            Written::Looked(false) => WeightColumn::None,
        })
    }
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnType {
    Text,
    Number,
    /// `true` or `false`, in capitals or not.
    Boolean,
    /// Anything; of CSV and texts of Parquet, JSON.
    Json,
}

impl ColumnType {
    /// With its article.
    pub(crate) fn words(self) -> &'static str {
        match self {
            ColumnType::Text => "a text",
            ColumnType::Number => "a number",
            ColumnType::Boolean => "a boolean",
            ColumnType::Json => "JSON",
        }
    }
}

impl Mapping {
    /// Every column that is named, and whether it is named for what it becomes, rather than for its type only.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&str, bool)> {
        let weight = match &self.weight {
            WeightColumn::Named(name) => Some(name.as_str()),
            WeightColumn::Usual | WeightColumn::None => None,
        };
        let single = [self.targeting_key.as_deref(), self.tenant.as_deref(), self.region.as_deref(), weight];
        let become_something = single.into_iter().flatten();
        let become_something = become_something.chain(self.rename.keys().map(String::as_str));
        let become_something = become_something.chain(self.drop.iter().map(String::as_str)).map(|name| (name, true));
        become_something.chain(self.types.keys().map(|name| (name.as_str(), false)))
    }

    /// A column that is named for two things.
    pub(crate) fn named_twice(&self) -> Option<&str> {
        let mut seen = BTreeSet::new();
        self.named().filter(|(_, becomes)| *becomes).map(|(name, _)| name).find(|name| !seen.insert(*name))
    }

    /// The attribute that a column is given as; `None` where the mapping does not say.
    pub(crate) fn attribute(&self, column: &str) -> Option<&str> {
        let roles = [("targetingKey", &self.targeting_key), ("tenant", &self.tenant), ("region", &self.region)];
        let role = roles.into_iter().find(|(_, named)| named.as_deref() == Some(column)).map(|(role, _)| role);
        role.or_else(|| self.rename.get(column).map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_mapping_is_json() {
        let text = json!({
            "targetingKey": "user_id", "weight": "share", "rename": { "ver": "app.version" }, "drop": ["email"],
            "types": { "age": "number" }, "delimiter": ";"
        });
        let mapping: Mapping = serde_json::from_value(text.clone()).unwrap();
        assert_eq!(mapping.weight, WeightColumn::Named("share".to_owned()));
        assert_eq!(serde_json::to_value(&mapping).unwrap(), text);
        let mapping: Mapping = serde_json::from_value(json!({ "weight": false })).unwrap();
        assert_eq!(mapping.weight, WeightColumn::None);
        assert_eq!(serde_json::to_value(Mapping::default()).unwrap(), json!({}));
        for wrong in [json!({ "weights": "x" }), json!({ "weight": 1 }), json!({ "types": { "a": "date" } })] {
            assert!(serde_json::from_value::<Mapping>(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
