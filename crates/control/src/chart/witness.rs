//! What witnesses say of a head: that it extends all that they saw before. <https://c2sp.org/tlog-cosignature>
//!
//! Read and written is `cosignature/v1`, by Ed25519. Signatures of other types are those of unknown witnesses.

use super::head::SignedHead;
use super::merkle::verify_consistency;
use super::note::{Named, Note, NoteError, is_name};
use super::proof::ConsistencyProof;
use crate::hash::{hex, unhex};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use jiff::Timestamp;
use std::fmt;
use std::str::FromStr;

/// The type of signature: a time, and Ed25519 over it and the text.
const COSIGNATURE: u8 = 4;
const SECRET: &str = "PRIVATE+KEY+";
const TIME: usize = 8;

/// A witness that is believed, written as `name+id+base64`.
pub type WitnessKey = Named<COSIGNATURE>;

/// A witness's own key.
#[derive(Clone)]
pub struct Witness {
    signing: SigningKey,
    key: WitnessKey,
}

impl Witness {
    /// `seed` are random bytes that nobody else has seen; nothing where `name` is empty or holds spaces or a plus.
    pub fn new(seed: &[u8; 32], name: &str) -> Option<Witness> {
        let signing = SigningKey::from_bytes(seed);
        let key = WitnessKey::new(name, signing.verifying_key());
        is_name(name).then_some(Witness { signing, key })
    }

    pub fn key(&self) -> &WitnessKey {
        &self.key
    }

    /// The secret half as it is kept in a file: `PRIVATE+KEY+name+id+base64`.
    pub fn to_secret(&self) -> String {
        let mut key = vec![COSIGNATURE];
        key.extend_from_slice(self.signing.as_bytes());
        format!("{SECRET}{}+{}+{}", self.key.name(), hex(self.key.id()), STANDARD.encode(key))
    }

    /// Signs that as of now this is the largest head of its chart that the witness saw, and extends those before it.
    /// Whether that is so, [`may_cosign`] says.
    pub fn cosign(&self, head: &SignedHead, now: Timestamp) -> SignedHead {
        let seconds = u64::try_from(now.as_second()).unwrap_or_default();
        let signature = self.signing.sign(&signed_text(head.note(), seconds)).to_bytes();
        head.with_note(head.note().signed(&self.key, &[seconds.to_be_bytes().as_slice(), &signature].concat()))
    }
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Witness({})", self.key)
    }
}

impl FromStr for Witness {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Witness, NoteError> {
        let read = || {
            let (name, rest) = text.strip_prefix(SECRET)?.split_once('+')?;
            let (id, key) = rest.split_once('+')?;
            let key = STANDARD.decode(key).ok()?;
            let (COSIGNATURE, seed) = key.split_first().map(|(kind, seed)| (*kind, seed))? else { return None };
            let witness = Witness::new(seed.try_into().ok()?, name)?;
            (unhex(id)? == witness.key.id()).then_some(witness)
        };
        read().ok_or(NoteError::NotAKey)
    }
}

/// Why a witness does not sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CosignError {
    #[error("the head is of another chart than the last one that was signed")]
    OtherChart,
    #[error("the head has {size} changes, and one of {last} was signed already")]
    Older { last: u64, size: u64 },
    #[error("the head of {size} changes does not extend the last one that was signed, of {last}")]
    NotExtended { last: u64, size: u64 },
    #[error("there is no proof that the head extends the last one that was signed")]
    Unproved,
}

impl CosignError {
    /// A stable kebab-case name.
    pub fn code(&self) -> &'static str {
        match self {
            CosignError::OtherChart => "other-head",
            CosignError::Older { .. } => "older-head",
            CosignError::NotExtended { .. } => "head-differs",
            CosignError::Unproved => "not-proved",
        }
    }
}

/// Whether a witness may sign a head, after the `last` one that it signed. A head of the same size needs no proof.
///
/// # Errors
/// The head is not proved to extend the last one.
pub fn may_cosign(last: &SignedHead, head: &SignedHead, proof: Option<&ConsistencyProof>) -> Result<(), CosignError> {
    let (last, head) = (last.head(), head.head());
    let not_extended = || CosignError::NotExtended { last: last.size, size: head.size };
    if last.origin != head.origin {
        return Err(CosignError::OtherChart);
    }
    if head.size < last.size {
        return Err(CosignError::Older { last: last.size, size: head.size });
    }
    if head.size == last.size {
        return if head.root == last.root { Ok(()) } else { Err(not_extended()) };
    }
    let proof = proof.ok_or(CosignError::Unproved)?;
    let holds = proof.old == last.size && verify_consistency(last.size, last.root, head.size, head.root, &proof.path);
    if holds { Ok(()) } else { Err(not_extended()) }
}

/// What the witnesses that are believed say of a head, and who else does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Witnessed {
    /// Name, and when it signed.
    pub signed: Vec<(String, Timestamp)>,
    /// Believed ones that did not sign.
    pub silent: Vec<String>,
    /// Believed ones under whose name stands what they did not sign.
    pub wrong: Vec<String>,
    /// Names under the head that nobody asked about, but the chart's own.
    pub unknown: Vec<String>,
}

impl Witnessed {
    /// Looks for cosignatures by these witnesses.
    pub fn of(head: &SignedHead, witnesses: &[WitnessKey]) -> Witnessed {
        let mut found = Witnessed::default();
        for key in witnesses {
            let mut times = head.note().signatures().filter(|line| line.is_by(key)).map(|line| {
                let (time, signature) = line.bytes.split_first_chunk::<TIME>()?;
                let seconds = u64::from_be_bytes(*time);
                let at = Timestamp::from_second(i64::try_from(seconds).ok()?).ok()?;
                key.verifies(&signed_text(head.note(), seconds), signature).then_some(at)
            });
            let name = key.name().to_owned();
            match times.next().map(|first| times.try_fold(first?, |latest, next| Some(latest.max(next?)))) {
                None => found.silent.push(name),
                Some(None) => found.wrong.push(name),
                Some(Some(at)) => found.signed.push((name, at)),
            }
        }
        for line in head.note().signatures() {
            let is_own = line.name == head.head().origin;
            let is_known = is_own || witnesses.iter().any(|key| line.is_by(key));
            if !is_known && !found.unknown.iter().any(|name| name == line.name) {
                found.unknown.push(line.name.to_owned());
            }
        }
        found
    }
}

fn signed_text(note: &Note, seconds: u64) -> Vec<u8> {
    format!("cosignature/v1\ntime {seconds}\n{}", note.text()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::super::{NoteSigner, TreeHead, origin};
    use super::*;
    use crate::hash::Hash;

    /// A head of a log of certificates, as it was published with the signatures of its witnesses on 2026-05-23.
    const PUBLISHED: &str = "arche2025h1.staging.ct.transparency.dev\n1432088532\nU7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n\n\
        \u{2014} arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=\n\
        \u{2014} transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==\n\
        \u{2014} remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==\n";
    const REMORA: &str = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_published_head_and_one_of_its_witnesses() {
        let head: SignedHead = PUBLISHED.parse().unwrap();
        let key: WitnessKey = REMORA.parse().unwrap();
        assert_eq!(key.to_string(), REMORA);
        let found = Witnessed::of(&head, std::slice::from_ref(&key));
        assert_eq!(found.signed, [("remora.n621.de".to_owned(), at("2026-05-23T21:50:24Z"))]);
        assert_eq!((found.wrong.len(), found.silent.len()), (0, 0));
        assert_eq!(found.unknown, ["transparency.dev/DEV:witness-little-garden"]);
        // Of a larger tree, at another time, and cut off.
        for edited in [
            PUBLISHED.replace("1432088532", "1432088533"),
            PUBLISHED.replace("2net5wAAAABqEiEg", "2net5wAAAABqEiEh"),
            PUBLISHED.replace("2net5wAAAABqEiEg", "2net5/8AAABqEiEg"),
            PUBLISHED.replace("2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==", "2net5wAAAABqEiEg"),
        ] {
            let found = Witnessed::of(&edited.parse().unwrap(), std::slice::from_ref(&key));
            assert_eq!((found.signed.len(), found.wrong), (0, vec!["remora.n621.de".to_owned()]), "{edited}");
        }
        // The example of the specification is by a key that it does not give.
        let other = Witness::new(&[1; 32], "witness.example.com/w1").unwrap();
        let found = Witnessed::of(&head, std::slice::from_ref(other.key()));
        assert_eq!(found.silent, ["witness.example.com/w1"]);
    }

    #[test]
    fn signed_kept_and_signed_again() {
        let name = origin(1, "production");
        let plane = NoteSigner::new(&[7; 32], &name);
        let head = TreeHead { origin: name, size: 3, root: Hash::of(b"root") }.sign(&plane);
        let (one, two) =
            (Witness::new(&[1; 32], "w.example/1").unwrap(), Witness::new(&[2; 32], "w.example/2").unwrap());
        let kept: Witness = one.to_secret().parse().unwrap();
        assert_eq!(kept.key(), one.key());
        assert!(!format!("{one:?}").contains(&one.to_secret()));
        let cosigned = two.cosign(&one.cosign(&head, at("2026-11-26T09:00:00Z")), at("2026-11-26T10:00:00.9Z"));
        let again = kept.cosign(&cosigned, at("2026-11-26T11:00:00Z"));
        let read: SignedHead = again.as_str().parse().unwrap();
        assert_eq!((read.head(), read.verify(plane.key())), (head.head(), Ok(())));
        assert_eq!(read.as_str().lines().count(), 4 + 3, "{}", read.as_str());
        let found = Witnessed::of(&read, &[one.key().clone(), two.key().clone()]);
        let signed = [("w.example/1", "2026-11-26T11:00:00Z"), ("w.example/2", "2026-11-26T10:00:00Z")];
        assert_eq!(found.signed, signed.map(|(name, time)| (name.to_owned(), at(time))));
        // Another key by the same name has another id, so it is another witness.
        let namesake = Witness::new(&[3; 32], "w.example/1").unwrap();
        let found = Witnessed::of(&read, std::slice::from_ref(namesake.key()));
        assert_eq!(
            (found.silent, found.unknown),
            (vec!["w.example/1".to_owned()], vec!["w.example/2".to_owned(), "w.example/1".to_owned()])
        );
    }

    #[test]
    fn what_is_no_key() {
        let witness = Witness::new(&[1; 32], "w.example/1").unwrap();
        let (secret, public) = (witness.to_secret(), witness.key().to_string());
        // A key of the other type, and each with a byte off.
        let plane = NoteSigner::new(&[1; 32], "w.example/1").key().to_string();
        assert!(plane.parse::<WitnessKey>().is_err() && public.parse::<super::super::NoteKey>().is_err());
        for at in 0..secret.len() {
            let mut bytes = secret.as_bytes().to_vec();
            bytes[at] ^= 1;
            assert!(String::from_utf8(bytes).unwrap().parse::<Witness>().is_err(), "{at}");
        }
        for bad in ["", "a b", "a+b"] {
            assert!(Witness::new(&[1; 32], bad).is_none(), "{bad}");
        }
    }
}
