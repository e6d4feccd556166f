use super::Limit;
use serde::{Deserialize, Serialize};

/// When a flag is one that someone should look at, and who is told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hygiene {
    /// Days after which a flag that no client asks for is stale.
    pub idle_days: Limit<1, 3650, 30>,
    /// Days after which a flag that gives everyone the same, or is killed for everyone, is stale.
    pub one_variant_days: Limit<1, 3650, 30>,
    /// Days before a flag's date for which its owner is reminded of it.
    pub notice_days: Limit<0, 365, 14>,
    /// The webhook target that is reminded. Absent: nobody is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
}

impl Hygiene {
    /// Whether it is what every environment begins with.
    pub(crate) fn is_default(&self) -> bool {
        *self == Hygiene::default()
    }
}
