//! Proofs as files that someone else can check, without this server and without the rest of the chart.

use super::head::{HeadError, SignedHead, decimal};
use super::merkle::{leaf, verify_consistency, verify_inclusion};
use crate::change::{Record, RecordError};
use crate::hash::Hash;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write;
use std::str::FromStr;

const TLOG_PROOF: &str = "c2sp.org/tlog-proof@v1";
/// A path has no more steps than a number has bits.
const STEPS: usize = 64;

/// Why a proof does not prove.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    #[error("it is not a proof")]
    Malformed,
    #[error("it holds no head that can be read: {0}")]
    Head(#[from] HeadError),
    #[error("the record in it is none: {0}")]
    Record(#[from] RecordError),
    #[error("the record in it is revision {found}, but the proof is of revision {index}")]
    OtherRevision { index: u64, found: u64 },
    #[error("the record in it is of `{0}`, but the head is of another chart")]
    OtherEnvironment(String),
    #[error("the record is not in the chart with this head")]
    NotIncluded,
    #[error("the chart with the later head does not begin with the chart of the earlier one")]
    NotConsistent,
}

/// That a record is in a chart: <https://c2sp.org/tlog-proof>, with the record in `extra`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InclusionProof {
    pub revision: u64,
    /// The record as it is stored.
    pub record: Vec<u8>,
    /// From the leaf up.
    pub path: Vec<Hash>,
    pub head: SignedHead,
}

impl InclusionProof {
    /// What is written to a file, by custom one that ends in `.tlog-proof`.
    pub fn to_text(&self) -> String {
        let mut text = format!("{TLOG_PROOF}\nextra {}\n", STANDARD.encode(&self.record));
        // Writing into a String cannot fail.
        let _ = writeln!(text, "index {}", self.revision.saturating_sub(1));
        write_path(&mut text, &self.path);
        format!("{text}\n{}", self.head.as_str())
    }

    /// The record, if it is in the chart with this head. Whether the head is right is not looked at.
    ///
    /// # Errors
    /// It is not, or it is no record.
    pub fn check(&self) -> Result<Record, ProofError> {
        let record = Record::read(self.record.clone())?;
        let (change, head) = (record.change(), self.head.head());
        if change.revision != self.revision {
            return Err(ProofError::OtherRevision { index: self.revision, found: change.revision });
        }
        if head.environment() != Some(change.environment.as_str()) {
            return Err(ProofError::OtherEnvironment(change.environment.to_string()));
        }
        let index = self.revision.saturating_sub(1);
        if !verify_inclusion(leaf(&self.record), index, head.size, head.root, &self.path) {
            return Err(ProofError::NotIncluded);
        }
        Ok(record)
    }
}

impl FromStr for InclusionProof {
    type Err = ProofError;

    fn from_str(text: &str) -> Result<InclusionProof, ProofError> {
        let (proof, head) = text.split_once("\n\n").ok_or(ProofError::Malformed)?;
        let mut lines = proof.lines();
        let is_proof = lines.next() == Some(TLOG_PROOF);
        let record = lines.next().and_then(|line| STANDARD.decode(line.strip_prefix("extra ")?).ok());
        let index = lines.next().and_then(|line| decimal(line.strip_prefix("index ")?)).filter(|_| is_proof);
        let (Some(record), Some(revision)) = (record, index.and_then(|index| index.checked_add(1))) else {
            return Err(ProofError::Malformed);
        };
        Ok(InclusionProof { revision, record, path: read_path(lines)?, head: head.parse()? })
    }
}

/// That a chart begins with what it was at an earlier size: what <https://c2sp.org/tlog-witness> takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsistencyProof {
    /// Size of the earlier head.
    pub old: u64,
    pub path: Vec<Hash>,
    /// The later one.
    pub head: SignedHead,
}

impl ConsistencyProof {
    /// What is written to a file, and what a witness is sent.
    pub fn to_text(&self) -> String {
        let mut text = format!("old {}\n", self.old);
        write_path(&mut text, &self.path);
        format!("{text}\n{}", self.head.as_str())
    }

    /// Whether the chart with the later head begins with the chart that had this root.
    ///
    /// # Errors
    /// It does not.
    pub fn check(&self, old_root: Hash) -> Result<(), ProofError> {
        let head = self.head.head();
        let holds = verify_consistency(self.old, old_root, head.size, head.root, &self.path);
        if holds { Ok(()) } else { Err(ProofError::NotConsistent) }
    }
}

impl FromStr for ConsistencyProof {
    type Err = ProofError;

    fn from_str(text: &str) -> Result<ConsistencyProof, ProofError> {
        let (proof, head) = text.split_once("\n\n").ok_or(ProofError::Malformed)?;
        let mut lines = proof.lines();
        let old = lines.next().and_then(|line| decimal(line.strip_prefix("old ")?)).ok_or(ProofError::Malformed)?;
        Ok(ConsistencyProof { old, path: read_path(lines)?, head: head.parse()? })
    }
}

fn write_path(text: &mut String, path: &[Hash]) {
    for hash in path {
        text.push_str(&STANDARD.encode(hash.as_bytes()));
        text.push('\n');
    }
}

fn read_path<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Vec<Hash>, ProofError> {
    let hash = |line: &str| Some(Hash::from(<[u8; 32]>::try_from(STANDARD.decode(line).ok()?).ok()?));
    let path: Option<Vec<Hash>> = lines.take(STEPS + 1).map(hash).collect();
    path.filter(|path| path.len() <= STEPS).ok_or(ProofError::Malformed)
}
