//! The object that a break-glass key signs: kills for clients, and for the control plane what is told of them.

use crate::envelope::{EnvelopeError, EnvelopeSigner, Frame, PublicKey};
use crate::hash::Hash;
use crate::time;
use downhaul_core::document::{ClientKind, Kill, RegionTree};
use downhaul_core::kills::{KillEntry, KillSet};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Largest object, in bytes.
pub const SIZE_LIMIT: usize = 64 * 1024;
const PREFIX: &str = "bg-";

/// What the object is and whom it is for. Its type is of its own, so that neither it nor a flag set is ever taken for the
/// other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObjectHeader {
    #[serde(rename = "type")]
    kind: ObjectType,
    pub environment: String,
    /// Kinds of clients that it is for.
    pub clients: Vec<ClientKind>,
    pub issued_at: String,
    pub kills_length: u64,
    pub kills_sha256: Hash,
    /// The kills as the chart is to have them, with reasons. Absent of what browsers may read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Vec<Kill>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum ObjectType {
    #[serde(rename = "downhaul.break-glass/1")]
    BreakGlass,
}

/// An object whose signature and digests are right.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// Id of the key that signed it.
    pub key: String,
    pub header: ObjectHeader,
    pub kills: Vec<KillEntry>,
}

/// Signs kills. What browsers are given holds no reasons, and no kill that names a tenant: `None` where there is one.
///
/// `regions` is the tree, so that a kill names every region that lies within its own.
///
/// # Errors
/// More than [`SIZE_LIMIT`].
pub fn seal(
    signer: &EnvelopeSigner,
    environment: &str,
    clients: &[ClientKind],
    kills: &[Kill],
    regions: &RegionTree,
    at: Timestamp,
) -> Result<Option<Vec<u8>>, TooLarge> {
    let for_browsers = clients.contains(&ClientKind::Browser);
    if for_browsers && kills.iter().any(|kill| kill.scope.tenant.is_some()) {
        return Ok(None);
    }
    let bytes = KillSet::encode(kills, regions, 0, |_| None).to_bytes().map_err(|_| TooLarge)?;
    let header = ObjectHeader {
        kind: ObjectType::BreakGlass,
        environment: environment.to_owned(),
        clients: clients.to_vec(),
        issued_at: time::to_text(at),
        kills_length: bytes.len() as u64,
        kills_sha256: Hash::of(&bytes),
        told: (!for_browsers).then(|| kills.to_vec()),
    };
    let json = serde_json::to_vec(&header).map_err(|_| TooLarge)?;
    let object = signer.frame(&json, &[], &bytes).into_bytes();
    if object.len() > SIZE_LIMIT { Err(TooLarge) } else { Ok(Some(object)) }
}

/// More kills than fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the kills are larger than 64 KiB")]
pub struct TooLarge;

/// Verifies an object, then reads it. `key` gives what verifies, by the id of the key that it says it is signed with.
///
/// # Errors
/// It is none, or `key` knows none, or it was changed.
pub fn open(bytes: &[u8], key: impl FnOnce(&str) -> Option<PublicKey>) -> Result<Object, EnvelopeError> {
    if bytes.len() > SIZE_LIMIT {
        return Err(EnvelopeError::Malformed);
    }
    let frame = Frame::split(bytes)?;
    let id = frame.key_id();
    let json = frame.verified(&key(&id).ok_or(EnvelopeError::SignatureInvalid)?)?;
    let header: ObjectHeader = serde_json::from_slice(json).map_err(|_| EnvelopeError::Malformed)?;
    if frame.content.len() as u64 != header.kills_length {
        return Err(EnvelopeError::Malformed);
    }
    if Hash::of(frame.content) != header.kills_sha256 {
        return Err(EnvelopeError::DigestMismatch);
    }
    let kills = KillSet::from_bytes(frame.content).map_err(|_| EnvelopeError::Malformed)?.kills;
    // A key kills in its own name only: else it could bring back what another one's restore has ended.
    if kills.iter().any(|kill| id_of_key(&kill.id) != Some(&id)) {
        return Err(EnvelopeError::Malformed);
    }
    Ok(Object { key: id, header, kills })
}

/// The id of the key that an object says it is signed with.
pub fn signed_by(bytes: &[u8]) -> Option<String> {
    Frame::split(bytes).ok().map(|frame| frame.key_id())
}

/// The id of a kill by a key; `number` tells its kills apart.
pub fn kill_id(key: &str, number: u64) -> String {
    format!("{PREFIX}{key}-{number}")
}

/// The key in whose name a kill is; `None` of kills by the control plane.
pub fn id_of_key(kill: &str) -> Option<&str> {
    let (key, number) = kill.strip_prefix(PREFIX)?.split_once('-')?;
    let is_key = key.len() == 16 && key.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_key && !number.is_empty()).then_some(key)
}
