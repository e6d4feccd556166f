use super::Limit;
use serde::{Deserialize, Serialize};

/// How many kills guards and the breakers of the fleet may make by themselves.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Automatic {
    pub kills: Limit<0, 1000, 3>,
    /// Within so many seconds.
    pub seconds: Limit<10, 86_400, 600>,
}

impl Automatic {
    /// Whether it is what every environment begins with.
    pub(crate) fn is_default(&self) -> bool {
        *self == Automatic::default()
    }
}

/// How much clients tell of the use of flags.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Telling {
    /// The share of browsers that tell, from 0 to 1.
    pub share: f64,
    /// The time between two batches of a client.
    pub period_seconds: Limit<10, 3600, 60>,
}

impl Default for Telling {
    fn default() -> Telling {
        Telling { share: 1.0, period_seconds: Limit::DEFAULT }
    }
}

impl Telling {
    /// Whether it is what every environment begins with.
    pub(crate) fn is_default(&self) -> bool {
        *self == Telling::default()
    }
}
