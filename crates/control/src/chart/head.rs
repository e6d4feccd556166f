//! Heads of the chart: how many records, and the root over them, signed. <https://c2sp.org/tlog-checkpoint>

use super::note::{Note, NoteError, NoteKey, NoteSigner};
use crate::hash::Hash;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::str::FromStr;

/// What an origin begins with.
const PREFIX: &str = "downhaul/";

/// Who the chart of an environment is: the log's epoch and the environment.
pub fn origin(epoch: u64, environment: &str) -> String {
    format!("{PREFIX}{epoch}/{environment}")
}

/// The tree over the records of a chart at one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeHead {
    pub origin: String,
    pub size: u64,
    pub root: Hash,
}

impl TreeHead {
    /// The environment of the origin; nothing where it is not an origin of ours.
    pub fn environment(&self) -> Option<&str> {
        let (epoch, environment) = self.origin.strip_prefix(PREFIX)?.split_once('/')?;
        epoch.bytes().all(|byte| byte.is_ascii_digit()).then_some(environment)
    }

    pub fn sign(self, signer: &NoteSigner) -> SignedHead {
        let root = STANDARD.encode(self.root.as_bytes());
        let note = signer.sign(&format!("{}\n{}\n{root}\n", self.origin, self.size));
        SignedHead { head: self, note }
    }

    fn read(text: &str) -> Option<TreeHead> {
        let mut lines = text.lines();
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let size = decimal(size)?;
        let root: [u8; 32] = STANDARD.decode(root).ok()?.try_into().ok()?;
        let is_head = !origin.is_empty() && lines.all(|line| !line.is_empty());
        is_head.then(|| TreeHead { origin: origin.to_owned(), size, root: Hash::from(root) })
    }
}

/// A head as it was written, with its signatures. It is to be believed once it is verified, or if it comes from a place
/// that the control plane cannot write to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedHead {
    head: TreeHead,
    note: Note,
}

/// Why a text is not a head that can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    #[error("it is not a head of a chart: {0}")]
    Note(#[from] NoteError),
    #[error("it is a signed note, but not a head of a chart")]
    Malformed,
    #[error("it is the head of another chart than the key's")]
    OtherOrigin,
}

impl SignedHead {
    pub fn head(&self) -> &TreeHead {
        &self.head
    }

    pub(super) fn note(&self) -> &Note {
        &self.note
    }

    /// The same head with other signatures under it.
    pub(super) fn with_note(&self, note: Note) -> SignedHead {
        SignedHead { head: self.head.clone(), note }
    }

    /// What is written to a file.
    pub fn as_str(&self) -> &str {
        self.note.as_str()
    }

    /// Checks that the key signed it, and that it is the key of this chart.
    ///
    /// # Errors
    /// It did not, or it is not.
    pub fn verify(&self, key: &NoteKey) -> Result<(), HeadError> {
        self.note.verify(key)?;
        if key.name() == self.head.origin { Ok(()) } else { Err(HeadError::OtherOrigin) }
    }
}

impl FromStr for SignedHead {
    type Err = HeadError;

    fn from_str(text: &str) -> Result<SignedHead, HeadError> {
        let note: Note = text.parse()?;
        let head = TreeHead::read(note.text()).ok_or(HeadError::Malformed)?;
        Ok(SignedHead { head, note })
    }
}

/// A number without sign and leading zeros.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let is_plain = text == "0" || (text.starts_with(|c: char| matches!(c, '1'..='9')));
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    (is_plain && is_digits).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    #[test]
    fn the_example_of_the_specification() {
        let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
        let head: SignedHead = text.parse().unwrap();
        assert_eq!((head.head().origin.as_str(), head.head().size), ("example.com/behind-the-sofa", 20_852_163));
        assert_eq!(head.head().root.to_string(), "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62");
        assert_eq!(head.as_str(), text);
        assert_eq!(head.head().environment(), None);
    }

    #[test]
    fn signed_read_and_verified() {
        let name = origin(1_764_000_000_000, "eu/production");
        let signer = NoteSigner::new(&[7; 32], &name);
        let head = TreeHead { origin: name, size: 3, root: Hash::of(b"root") };
        let signed = head.clone().sign(&signer);
        let read: SignedHead = signed.as_str().parse().unwrap();
        assert_eq!((read.head(), read.head().environment()), (&head, Some("eu/production")));
        assert_eq!(read.verify(signer.key()), Ok(()));
        let other = NoteSigner::new(&[7; 32], "downhaul/1/other");
        assert_eq!(read.verify(other.key()), Err(HeadError::Note(NoteError::NotSigned)));
        assert_eq!(head.sign(&other).verify(other.key()), Err(HeadError::OtherOrigin));
    }

    #[test]
    fn what_is_no_head() {
        let signer = NoteSigner::new(&[7; 32], "a");
        let root = STANDARD.encode([0; 32]);
        for bad in [
            "a\n".to_owned(),
            format!("a\n01\n{root}\n"),
            format!("a\n+1\n{root}\n"),
            format!("a\n1\n{}\n", STANDARD.encode([0; 31])),
            format!("\n1\n{root}\n"),
            format!("a\n1\n{root}\n\nb\n"),
        ] {
            assert_eq!(signer.sign(&bad).as_str().parse::<SignedHead>(), Err(HeadError::Malformed), "{bad:?}");
        }
        assert!(signer.sign(&format!("a\n1\n{root}\nextension\n")).as_str().parse::<SignedHead>().is_ok());
    }
}
