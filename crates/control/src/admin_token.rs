use crate::hash::Hash;
use crate::secret::{Secret, SecretKind};

/// A token of the data folder's own, which is admin of every environment, as it is kept: without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdminToken {
    pub id: String,
    /// The opaque id that the chart records.
    pub actor: String,
    /// SHA-256 of the secret.
    pub hash: Hash,
}

impl AdminToken {
    /// What is kept of a new token; the caller shows `secret` once.
    pub fn new(secret: &Secret, actor: String) -> AdminToken {
        AdminToken { id: secret.id().to_owned(), actor, hash: secret.hash() }
    }

    /// Whether a bearer is this token.
    pub fn is(&self, bearer: &Secret) -> bool {
        bearer.kind() == SecretKind::Admin && bearer.id() == self.id && bearer.hash().matches(&self.hash)
    }
}
