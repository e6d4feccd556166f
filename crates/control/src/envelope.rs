//! What is signed and kept: exact bytes, verified before they are parsed.

use crate::api::Attributes;
use crate::break_glass::Named;
use crate::chart::NoteSigner;
use crate::hash::{Hash, hex};
use downhaul_core::document::ClientKind;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub const MEDIA_TYPE: &str = "application/vnd.downhaul.envelope";
/// Largest envelope, in bytes.
pub const SIZE_LIMIT: usize = 34 * 1024 * 1024;

const MAGIC: &[u8; 4] = b"DHE1";
const KEY_ID: usize = 8;
const SIGNATURE: usize = 64;
const BEFORE_HEADER: usize = MAGIC.len() + KEY_ID + SIGNATURE + 4;

/// What the bytes are and whom they are for. Other members are ignored: a newer server may say more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    #[serde(rename = "type")]
    pub kind: EnvelopeType,
    pub epoch: u64,
    pub environment: String,
    pub audience: Audience,
    pub revision: u64,
    pub kill_revision: u64,
    pub issued_at: String,
    pub valid_until: String,
    pub program_format: u32,
    pub program_length: u64,
    pub program_sha256: Hash,
    pub kills_length: u64,
    pub kills_sha256: Hash,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document_digest: Option<String>,
    /// Ids of the keys that are in force, this one's included; whoever believes another one believes it no more. Absent
    /// where the environment has only ever had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<String>>,
    /// Keys that are believed for kills alone, and kills of theirs that are over. Absent while there never was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub break_glass: Option<Named>,
    /// The circuit breakers of its flags, by flag: beside the program, since no decision needs them. As JSON, so that a
    /// client takes an envelope with a breaker of a kind that it does not know.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub breakers: BTreeMap<String, serde_json::Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EnvelopeType {
    /// Program and kills.
    #[serde(rename = "downhaul.flag-set/1")]
    FlagSet,
    /// Kills alone.
    #[serde(rename = "downhaul.kills/1")]
    Kills,
}

/// Whom a flag set was made for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Audience {
    pub kind: ClientKind,
    /// What it was specialised for: pinned by the key or carried by a context token.
    pub attributes: Attributes,
    /// Digest of the claimed context for which the server decided flags that name a tenant.
    pub decided_for: Option<Hash>,
}

impl Audience {
    pub fn digest(&self) -> Hash {
        // Attributes come from JSON, so they can be written as JSON.
        Hash::of(&downhaul_core::seal::canonical_bytes(self).unwrap_or_default())
    }
}

/// Why a client does not take an envelope, or not all of it; the codes of docs/reference/protocol.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum EnvelopeError {
    #[error("the envelope cannot be read")]
    Malformed,
    #[error("the envelope is not signed by a known key")]
    SignatureInvalid,
    #[error("the envelope's content is not what was signed")]
    DigestMismatch,
    #[error("the envelope is for another environment")]
    OtherEnvironment,
    #[error("the envelope is for another audience")]
    OtherAudience,
    #[error("the envelope is older than what is there")]
    RevisionLower,
    #[error("the same revision came with two programs")]
    Equivocation,
    #[error("the program cannot be loaded")]
    ProgramRefused,
}

impl EnvelopeError {
    pub fn code(self) -> &'static str {
        match self {
            EnvelopeError::Malformed => "envelope-malformed",
            EnvelopeError::SignatureInvalid => "signature-invalid",
            EnvelopeError::DigestMismatch => "digest-mismatch",
            EnvelopeError::OtherEnvironment => "other-environment",
            EnvelopeError::OtherAudience => "other-audience",
            EnvelopeError::RevisionLower => "revision-lower",
            EnvelopeError::Equivocation => "equivocation",
            EnvelopeError::ProgramRefused => "program-refused",
        }
    }
}

/// An Ed25519 key that signs envelopes.
#[derive(Clone)]
pub struct EnvelopeSigner {
    key: SigningKey,
    id: [u8; KEY_ID],
}

impl EnvelopeSigner {
    /// `seed` are random bytes that nobody else has seen.
    pub fn new(seed: &[u8; 32]) -> EnvelopeSigner {
        let key = SigningKey::from_bytes(seed);
        let id = key_id(&key.verifying_key());
        EnvelopeSigner { key, id }
    }

    pub fn public_key(&self) -> PublicKey {
        PublicKey(self.key.verifying_key())
    }

    /// The same key, for notes under a name.
    pub fn note_signer(&self, name: &str) -> NoteSigner {
        NoteSigner::of(self.key.clone(), name)
    }

    /// Signs; the digests and lengths in `header` are set from the content.
    ///
    /// # Errors
    /// A header with attributes that JSON cannot hold.
    pub fn seal(&self, header: &Header, program: &[u8], kills: &[u8]) -> Result<Envelope, serde_json::Error> {
        let header = Header {
            program_length: program.len() as u64,
            program_sha256: Hash::of(program),
            kills_length: kills.len() as u64,
            kills_sha256: Hash::of(kills),
            ..header.clone()
        };
        Ok(self.frame(&serde_json::to_vec(&header)?, program, kills))
    }

    /// The bytes of a header that is written, and what it holds the digests of.
    pub(crate) fn frame(&self, json: &[u8], program: &[u8], kills: &[u8]) -> Envelope {
        let signature = self.key.sign(&pre_authentication(json));
        let mut bytes = Vec::with_capacity(BEFORE_HEADER + json.len() + program.len() + kills.len());
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&self.id);
        bytes.extend_from_slice(&signature.to_bytes());
        // A header is a few hundred bytes: its attributes are bounded where they come in.
        bytes.extend_from_slice(&u32::try_from(json.len()).unwrap_or(u32::MAX).to_le_bytes());
        bytes.extend_from_slice(json);
        let head = bytes.len();
        bytes.extend_from_slice(program);
        bytes.extend_from_slice(kills);
        Envelope { bytes, head }
    }
}

impl std::fmt::Debug for EnvelopeSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EnvelopeSigner({}, …)", hex(&self.id))
    }
}

/// What a client verifies with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// From 32 bytes; `None` if they are no point of the curve.
    pub fn from_bytes(bytes: &[u8; 32]) -> Option<PublicKey> {
        VerifyingKey::from_bytes(bytes).ok().map(PublicKey)
    }

    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    pub(crate) fn verifying(&self) -> VerifyingKey {
        self.0
    }

    /// 16 hexadecimal digits.
    pub fn id(&self) -> String {
        hex(&key_id(&self.0))
    }
}

/// A sealed envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    bytes: Vec<u8>,
    head: usize,
}

impl Envelope {
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Up to and including the header, which is what a patch carries.
    pub fn head(&self) -> &[u8] {
        self.bytes.get(..self.head).unwrap_or_default()
    }
}

/// An envelope whose signature and digests are right.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened<'a> {
    pub header: Header,
    pub program: &'a [u8],
    pub kills: &'a [u8],
}

/// Verifies an envelope against keys that are trusted, then reads it.
pub fn open<'a>(bytes: &'a [u8], keys: &[PublicKey]) -> Result<Opened<'a>, EnvelopeError> {
    let frame = Frame::split(bytes)?;
    let key = keys.iter().find(|key| frame.is_by(key)).ok_or(EnvelopeError::SignatureInvalid)?;
    let json = frame.verified(key)?;
    let header: Header = serde_json::from_slice(json).map_err(|_| EnvelopeError::Malformed)?;
    let program_length = usize::try_from(header.program_length).map_err(|_| EnvelopeError::Malformed)?;
    let (program, kills) = frame.content.split_at_checked(program_length).ok_or(EnvelopeError::Malformed)?;
    if kills.len() as u64 != header.kills_length {
        return Err(EnvelopeError::Malformed);
    }
    if Hash::of(program) != header.program_sha256 || Hash::of(kills) != header.kills_sha256 {
        return Err(EnvelopeError::DigestMismatch);
    }
    Ok(Opened { header, program, kills })
}

/// The parts of an envelope, none of them believed yet.
#[derive(Debug)]
pub(crate) struct Frame<'a> {
    id: &'a [u8; KEY_ID],
    signature: &'a [u8; SIGNATURE],
    json: &'a [u8],
    pub(crate) content: &'a [u8],
}

impl<'a> Frame<'a> {
    pub(crate) fn split(bytes: &'a [u8]) -> Result<Frame<'a>, EnvelopeError> {
        if bytes.len() > SIZE_LIMIT {
            return Err(EnvelopeError::Malformed);
        }
        let (magic, rest) = bytes.split_first_chunk::<4>().ok_or(EnvelopeError::Malformed)?;
        let (id, rest) = rest.split_first_chunk::<KEY_ID>().ok_or(EnvelopeError::Malformed)?;
        let (signature, rest) = rest.split_first_chunk::<SIGNATURE>().ok_or(EnvelopeError::Malformed)?;
        let (length, rest) = rest.split_first_chunk::<4>().ok_or(EnvelopeError::Malformed)?;
        let length = u32::from_le_bytes(*length) as usize;
        let (json, content) = rest.split_at_checked(length).ok_or(EnvelopeError::Malformed)?;
        if magic != MAGIC {
            return Err(EnvelopeError::Malformed);
        }
        Ok(Frame { id, signature, json, content })
    }

    /// The id of the key that it says it is signed with.
    pub(crate) fn key_id(&self) -> String {
        hex(self.id)
    }

    /// Whether its header, which nobody has verified, reads as this.
    pub(crate) fn says<T: DeserializeOwned>(&self) -> bool {
        serde_json::from_slice::<T>(self.json).is_ok()
    }

    fn is_by(&self, key: &PublicKey) -> bool {
        key_id(&key.0) == *self.id
    }

    /// The header, once it is known to be signed by this key.
    pub(crate) fn verified(&self, key: &PublicKey) -> Result<&'a [u8], EnvelopeError> {
        let signature = Signature::from_bytes(self.signature);
        let verified = key.0.verify_strict(&pre_authentication(self.json), &signature);
        verified.map(|()| self.json).map_err(|_| EnvelopeError::SignatureInvalid)
    }
}

fn key_id(key: &VerifyingKey) -> [u8; KEY_ID] {
    let digest = Hash::of(key.as_bytes());
    let [id @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = *digest.as_bytes();
    id
}

/// `DHEv1 <decimal length> <header>`
fn pre_authentication(json: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DHEv1 {} ", json.len()).into_bytes();
    bytes.extend_from_slice(json);
    bytes
}

#[cfg(test)]
mod tests;
