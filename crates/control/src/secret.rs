use crate::hash::Hash;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::fmt;

/// A bearer: `dhk_<id>_<secret>` for clients, `dha_<id>_<secret>` for people. Only its hash is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    kind: SecretKind,
    id: String,
    secret: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretKind {
    Client,
    Admin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no client key and no admin token")]
pub struct NotASecret;

impl Secret {
    /// Made of random bytes that nobody has seen.
    pub fn new(kind: SecretKind, random: &[u8; 40]) -> Secret {
        let (id, secret) = random.split_at(8);
        Secret { kind, id: crate::hash::hex(id), secret: URL_SAFE_NO_PAD.encode(secret) }
    }

    /// Reads what a request carries.
    pub fn parse(text: &str) -> Result<Secret, NotASecret> {
        let (kind, rest) = match text.split_once('_') {
            Some(("dhk", rest)) => (SecretKind::Client, rest),
            Some(("dha", rest)) => (SecretKind::Admin, rest),
            _ => return Err(NotASecret),
        };
        let (id, secret) = rest.split_once('_').ok_or(NotASecret)?;
        let is_id = id.len() == 16 && crate::hash::unhex(id).is_some();
        if !is_id || URL_SAFE_NO_PAD.decode(secret).map_or(0, |bytes| bytes.len()) != 32 {
            return Err(NotASecret);
        }
        Ok(Secret { kind, id: id.to_owned(), secret: secret.to_owned() })
    }

    pub fn kind(&self) -> SecretKind {
        self.kind
    }

    /// Names it; no secret.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What is kept. The secret has 256 random bits, so a plain hash tells nothing about it.
    pub fn hash(&self) -> Hash {
        Hash::of(self.secret.as_bytes())
    }

    /// The text that its holder sends; shown once.
    pub fn reveal(&self) -> String {
        let prefix = match self.kind {
            SecretKind::Client => "dhk",
            SecretKind::Admin => "dha",
        };
        format!("{prefix}_{}_{}", self.id, self.secret)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({:?}, {}, …)", self.kind, self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_form() {
        for kind in [SecretKind::Client, SecretKind::Admin] {
            // 0xff makes `_` in base64url, which must not be taken for a separator.
            let secret = Secret::new(kind, &[0xff; 40]);
            assert_eq!(Secret::parse(&secret.reveal()), Ok(secret.clone()));
            assert!(!format!("{secret:?}").contains("____"));
        }
        for bad in ["", "dhk", "dhk_", "dhk_00_x", "dhx_0000000000000000_x", "dhk_0000000000000000_AAAA"] {
            assert_eq!(Secret::parse(bad), Err(NotASecret), "{bad}");
        }
    }
}
