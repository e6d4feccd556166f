use downhaul_core::ids::{FlagKey, NameError};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Names a release, such as `checkout-2.4.1`. Formed as the key of a flag is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReleaseKey(String);

impl ReleaseKey {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ReleaseKey {
    type Err = NameError;

    fn from_str(text: &str) -> Result<ReleaseKey, NameError> {
        text.parse::<FlagKey>()?;
        Ok(ReleaseKey(text.to_owned()))
    }
}

impl TryFrom<String> for ReleaseKey {
    type Error = String;

    fn try_from(text: String) -> Result<ReleaseKey, String> {
        text.parse().map_err(|why| format!("`{text}` cannot name a release: {why}"))
    }
}

impl From<ReleaseKey> for String {
    fn from(key: ReleaseKey) -> String {
        key.0
    }
}

impl std::borrow::Borrow<str> for ReleaseKey {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReleaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
