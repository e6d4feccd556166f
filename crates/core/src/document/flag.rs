use super::{Breaker, Guard, Outcome, Rule};
use crate::ids::{FlagKey, VariantKey};
use crate::phase::Phase;
use serde::{Deserialize, Serialize};

/// One flag: its variants, who gets which, and its way down.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Flag {
    pub key: FlagKey,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    pub owner: String,
    pub kind: FlagKind,
    /// `YYYY-MM-DD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<String>,
    #[serde(flatten)]
    pub until: Until,
    /// How far a data change has come; of `migration` flags only. Its variants are the phases then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// Releases of applications that the data change does not concern: whole (`shop 2.4.1`) or all of one name (`shop`).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unaffected: Vec<String>,
    #[serde(skip_serializing_if = "is_false")]
    pub critical: bool,
    /// Who receives it; never empty, each once. Nothing reaches a browser unless asked.
    pub clients: Vec<ClientKind>,
    /// Key and value, in the order of the text; at least one, all values of one JSON type.
    #[serde(serialize_with = "serialize_variants")]
    pub variants: Vec<(VariantKey, serde_json::Value)>,
    pub degraded: Degraded,
    pub on_stale: OnStale,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<Prerequisite>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
    pub default: VariantKey,
    pub reversibility: Reversibility,
    /// What to do where turning it back is not enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward_fix: Option<String>,
    /// When clients turn it off for themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaker: Option<Breaker>,
    /// What the control plane watches of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub guards: Vec<Guard>,
}

impl Flag {
    pub fn variant_index(&self, key: &VariantKey) -> Option<usize> {
        self.variants.iter().position(|(each, _)| each == key)
    }

    /// The fix that a kill cannot replace: of a flag that is `forward-fix-only`, empty where none is written down.
    pub fn only_forward(&self) -> Option<&str> {
        match self.reversibility {
            Reversibility::RollbackSafe => None,
            Reversibility::ForwardFixOnly => Some(self.forward_fix.as_deref().unwrap_or_default()),
        }
    }

    /// The variants that its rules and its default name, each once.
    pub fn ruled(&self) -> Vec<&VariantKey> {
        let mut served = vec![&self.default];
        for rule in &self.rules {
            match &rule.then {
                Outcome::Serve(variant) => served.push(variant),
                Outcome::Split(split) => served.extend(split.slices.iter().map(|slice| &slice.variant)),
            }
        }
        served.sort();
        served.dedup();
        served
    }

    /// Whether all that decides is the same as in another version: descriptions, owners, dates and names of rules do not.
    pub fn decides_as(&self, other: &Flag) -> bool {
        self.key == other.key
            && self.variants == other.variants
            && self.degraded.variant == other.degraded.variant
            && self.requires == other.requires
            && self.default == other.default
            && self.rules.len() == other.rules.len()
            && self.rules.iter().zip(&other.rules).all(|(one, other)| one.when == other.when && one.then == other.then)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FlagKind {
    Release,
    Experiment,
    Ops,
    Permission,
    Migration,
}

/// When the flag wants attention. `ops` and `permission` flags are reviewed, the others expire; a passed date is a warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Until {
    /// `YYYY-MM-DD`.
    #[serde(rename = "expires")]
    Expires(String),
    /// `YYYY-MM-DD`.
    #[serde(rename = "review")]
    Review(String),
}

/// Where an evaluation runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientKind {
    Browser,
    Edge,
    Server,
}

impl ClientKind {
    /// As in the document.
    pub fn name(self) -> &'static str {
        match self {
            ClientKind::Browser => "browser",
            ClientKind::Edge => "edge",
            ClientKind::Server => "server",
        }
    }
}

/// What a flag gives when it is off, and what that means for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Degraded {
    pub variant: VariantKey,
    pub meaning: String,
}

/// What a client does with the flag once it is past its stale deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnStale {
    Keep,
    Degraded,
}

/// Another flag that must give one of these variants to the same context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Prerequisite {
    pub flag: FlagKey,
    pub variants: Vec<VariantKey>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reversibility {
    RollbackSafe,
    ForwardFixOnly,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

fn serialize_variants<S: serde::Serializer>(
    variants: &[(VariantKey, serde_json::Value)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(variants.iter().map(|(key, value)| (key, value)))
}
