use crate::hash::Hash;
use crate::role::Roles;
use crate::secret::{Secret, SecretKind};
use serde::{Deserialize, Serialize};

/// What the chart keeps of a token of one environment: everything but its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    pub id: String,
    /// What it is for; no name of a person, which could not be erased.
    pub name: String,
    /// The opaque id of whose it is: what it does is charted as done by that one.
    pub actor: String,
    /// Of a machine's token, what it may. Absent: it is a person's, and may what was granted to that person, no more and
    /// no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Roles>,
    /// SHA-256 of the secret.
    pub secret_hash: Hash,
    /// RFC 3339 in UTC with milliseconds. Absent: it does not expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

impl Token {
    /// Whether a bearer is this token.
    pub fn is(&self, bearer: &Secret) -> bool {
        bearer.kind() == SecretKind::Admin && bearer.id() == self.id && bearer.hash().matches(&self.secret_hash)
    }
}
