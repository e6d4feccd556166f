use super::{MigrationTally, OutcomeReport};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// Where a client, a log or a stream stands; ordered by epoch, then revision, then kill revision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Position {
    /// Creation time of the log, in epoch milliseconds.
    pub epoch: u64,
    /// Changes of the environment so far.
    pub revision: u64,
    /// Kills and restores so far.
    pub kill_revision: u64,
}

/// `epoch.revision.kill_revision`, as in entity tags and event ids.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.epoch, self.revision, self.kill_revision)
    }
}

/// The text is not a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a position is written `epoch.revision.kill_revision`, three whole numbers")]
pub struct NotAPosition;

impl FromStr for Position {
    type Err = NotAPosition;

    fn from_str(text: &str) -> Result<Self, NotAPosition> {
        let mut parts = text.split('.').map(|part| {
            let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse::<u64>().ok()).flatten()
        });
        let (Some(Some(epoch)), Some(Some(revision)), Some(Some(kill_revision)), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(NotAPosition);
        };
        Ok(Position { epoch, revision, kill_revision })
    }
}

/// `GET /client/v1/flag-set` and `/client/v1/stream`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams))]
pub struct FlagSetQuery {
    /// Program formats that the client reads, comma-separated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formats: Option<String>,
    /// The claimed context: base64url of JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Seconds to hold the answer until there is something newer; at most 30.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<u32>,
    /// Digest of the program that the client has (stream only).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// The position that the client has (stream only).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
}

/// `POST /client/v1/acknowledge`: what an instance applied.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Acknowledgement {
    /// Random id of this tab or process; never the targetingKey.
    pub instance: String,
    pub position: Position,
    pub state: ClientState,
    /// Such as `downhaul-js/0.1.0`.
    pub sdk: String,
    /// The app's release, such as `shop 2.4.1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Digest of the program in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<Transport>,
    /// Codes of what it could not accept, such as `signature-invalid`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// Milliseconds from receipt to applied, on the client's own clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied_after_ms: Option<f64>,
    /// Milliseconds since it was applied: clients do not all say so at once, and that is no part of how long a kill took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited_ms: Option<u32>,
    /// What it has counted of data changes since it began: each flag and phase once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub migrations: Vec<MigrationTally>,
    /// How what flags decide of went since it last told, 4 reports at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<OutcomeReport>,
    /// Flags that it was asked for since it last told of them, 256 at most; absent where it does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluated: Option<Vec<String>>,
    /// A context, where the server asked for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<SampledContext>,
}

/// What a server asks its clients to tell of contexts: the event `sample` of the stream, and the header `downhaul-sample`.
/// A server whose policy does not allow it asks for nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Sampling {
    /// Attributes whose values are wanted; no other value may leave.
    pub attributes: Vec<String>,
    /// Bucketing units, of which keyed hashes are wanted.
    pub hashed: Vec<String>,
    /// Base64 of the key that these hashes are made with.
    pub key: String,
    /// The part of all bucketing units that is wanted, from 0 to 1: those with the lowest hashes.
    pub rate: f64,
    /// A client tells at most one context in this time.
    pub period_seconds: u32,
}

/// A context as a client tells it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SampledContext {
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub attributes: Attributes,
    /// Of bucketing units, HMAC-SHA-256 under the key that the server gave, the first 16 bytes in hexadecimal.
    #[serde(default)]
    pub hashed: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ClientState {
    Live,
    /// The page is hidden or frozen.
    Hidden,
    Closing,
}

/// How a client gets what it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    Stream,
    Poll,
    /// From disk, IndexedDB or an edge cache.
    Kept,
}

/// `GET /client/v1/keys`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublicKeys {
    pub keys: Vec<PublicKey>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PublicKey {
    /// The first 8 bytes of SHA-256 of the public key, 16 hexadecimal digits.
    pub id: String,
    /// Base64 of the 32 bytes of an Ed25519 public key.
    pub public_key: String,
}

/// Attributes with scalar values, by name.
pub type Attributes = BTreeMap<String, serde_json::Value>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_as_text() {
        let position = Position { epoch: 1_764_000_000_000, revision: 42, kill_revision: 3 };
        assert_eq!(position.to_string(), "1764000000000.42.3");
        assert_eq!("1764000000000.42.3".parse(), Ok(position));
        for bad in ["", "1", "1.2", "1.2.3.4", "1..3", "+1.2.3", "1.2.x", "1.2.99999999999999999999"] {
            assert_eq!(bad.parse::<Position>(), Err(NotAPosition), "{bad}");
        }
    }
}
