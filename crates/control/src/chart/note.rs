//! Signed notes: text that people can read, with signatures under it. <https://c2sp.org/signed-note>

use crate::envelope::PublicKey;
use crate::hash::{Hash, hex, unhex};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use std::fmt;
use std::str::FromStr;

/// The type of signature of who writes a note: Ed25519 over the text.
const ED25519: u8 = 1;
const KEY_ID: usize = 4;
/// Lines of signatures that are read; a witnessed head may have a few.
const SIGNATURES: usize = 64;
/// Longest note, in bytes.
const LONGEST: usize = 64 * 1024;

/// Why a note, or a key for notes, is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    #[error("it is not a signed note")]
    Malformed,
    #[error("it has no signature by this key")]
    NotSigned,
    #[error("the signature by this key is not of this text")]
    SignatureInvalid,
    #[error("it is not a key for notes, such as `NAME+HEX+BASE64`")]
    NotAKey,
}

/// Who may sign a note, and how: name, id and public key, written as `name+id+base64`.
///
/// `TYPE` is the type of signature; the id follows from it, so one key signs in different ways under different ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<const TYPE: u8> {
    name: String,
    id: [u8; KEY_ID],
    key: VerifyingKey,
}

/// Who may sign heads of a chart.
pub type NoteKey = Named<ED25519>;

impl NoteKey {
    /// A key that signs envelopes, as it signs notes under this name.
    pub fn of(name: &str, key: &PublicKey) -> NoteKey {
        NoteKey::new(name, key.verifying())
    }
}

impl<const TYPE: u8> Named<TYPE> {
    pub(super) fn new(name: &str, key: VerifyingKey) -> Self {
        let mut named = format!("{name}\n").into_bytes();
        named.push(TYPE);
        named.extend_from_slice(key.as_bytes());
        let [a, b, c, d, ..] = *Hash::of(&named).as_bytes();
        Named { name: name.to_owned(), id: [a, b, c, d], key }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// The same key, whatever its name is.
    pub fn is_same_key(&self, other: &Self) -> bool {
        self.key == other.key
    }

    pub(super) fn id(&self) -> &[u8] {
        &self.id
    }

    pub(super) fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.key.verify_strict(text, &signature).is_ok())
    }
}

impl<const TYPE: u8> fmt::Display for Named<TYPE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![TYPE];
        key.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{}+{}", self.name, hex(&self.id), STANDARD.encode(key))
    }
}

impl<const TYPE: u8> FromStr for Named<TYPE> {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let (name, rest) = text.split_once('+').ok_or(NoteError::NotAKey)?;
        let (id, key) = rest.split_once('+').ok_or(NoteError::NotAKey)?;
        let key = STANDARD.decode(key).map_err(|_| NoteError::NotAKey)?;
        let (kind, key) = key.split_first().ok_or(NoteError::NotAKey)?;
        let key: [u8; 32] = key.try_into().map_err(|_| NoteError::NotAKey)?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| NoteError::NotAKey)?;
        let made = Self::new(name, key);
        let is_named = is_name(name) && *kind == TYPE && unhex(id).is_some_and(|id| id == made.id);
        if is_named { Ok(made) } else { Err(NoteError::NotAKey) }
    }
}

/// An Ed25519 key with the name under which it signs notes.
///
/// The control plane signs envelopes with the same key. What is signed there begins with `DHEv1 `, and no origin does, so
/// neither can be taken for the other.
#[derive(Clone)]
pub struct NoteSigner {
    signing: SigningKey,
    key: NoteKey,
}

impl NoteSigner {
    /// `seed` are random bytes that nobody else has seen; `name` holds no spaces and no plus.
    pub fn new(seed: &[u8; 32], name: &str) -> NoteSigner {
        NoteSigner::of(SigningKey::from_bytes(seed), name)
    }

    pub(crate) fn of(signing: SigningKey, name: &str) -> NoteSigner {
        let key = NoteKey::new(name, signing.verifying_key());
        NoteSigner { signing, key }
    }

    pub fn key(&self) -> &NoteKey {
        &self.key
    }

    /// The text, which ends in a newline, with a signature under it.
    pub fn sign(&self, text: &str) -> Note {
        let note = Note { written: format!("{text}\n"), text: text.len() };
        note.signed(&self.key, &self.signing.sign(text.as_bytes()).to_bytes())
    }
}

impl fmt::Debug for NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteSigner({})", self.key)
    }
}

/// A note as it is written. Nothing of it is to be believed before [`Note::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    written: String,
    /// Length of the text.
    text: usize,
}

impl Note {
    /// Everything up to the empty line.
    pub fn text(&self) -> &str {
        self.written.get(..self.text).unwrap_or_default()
    }

    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// Checks the signature by `key`; those of others are not looked at.
    ///
    /// # Errors
    /// There is none, or it is not of this text.
    pub fn verify(&self, key: &NoteKey) -> Result<(), NoteError> {
        let mut is_signed = false;
        for signature in self.signatures().filter(|signature| signature.is_by(key)) {
            if !key.verifies(self.text().as_bytes(), &signature.bytes) {
                return Err(NoteError::SignatureInvalid);
            }
            is_signed = true;
        }
        if is_signed { Ok(()) } else { Err(NoteError::NotSigned) }
    }

    pub(super) fn signatures(&self) -> impl Iterator<Item = SignatureLine<'_>> {
        self.lines().filter_map(SignatureLine::read)
    }

    fn lines(&self) -> std::str::Lines<'_> {
        self.written.get(self.text + 1..).unwrap_or_default().lines()
    }

    /// With a signature by this key as the last; one that it had is replaced.
    pub(super) fn signed<const TYPE: u8>(&self, key: &Named<TYPE>, signature: &[u8]) -> Note {
        let mut written = format!("{}\n", self.text());
        let is_other = |line: &&str| !SignatureLine::read(line).is_some_and(|signature| signature.is_by(key));
        for line in self.lines().filter(is_other) {
            written.push_str(line);
            written.push('\n');
        }
        let bytes = STANDARD.encode([key.id(), signature].concat());
        written.push_str(&format!("\u{2014} {} {bytes}\n", key.name));
        Note { written, text: self.text }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl FromStr for Note {
    type Err = NoteError;

    fn from_str(written: &str) -> Result<Note, NoteError> {
        let has_controls = written.bytes().any(|byte| byte < 0x20 && byte != b'\n');
        if written.len() > LONGEST || has_controls || !written.ends_with('\n') {
            return Err(NoteError::Malformed);
        }
        let empty = written.rfind("\n\n").ok_or(NoteError::Malformed)?;
        let lines: Vec<&str> = written.get(empty + 2..).unwrap_or_default().lines().collect();
        let are_signatures = lines.iter().all(|line| SignatureLine::read(line).is_some());
        if lines.is_empty() || lines.len() > SIGNATURES || !are_signatures {
            return Err(NoteError::Malformed);
        }
        Ok(Note { written: written.to_owned(), text: empty + 1 })
    }
}

/// A line under a note, of whatever type.
pub(super) struct SignatureLine<'t> {
    pub(super) name: &'t str,
    id: [u8; KEY_ID],
    /// What the key signed with.
    pub(super) bytes: Vec<u8>,
}

impl<'t> SignatureLine<'t> {
    fn read(line: &'t str) -> Option<SignatureLine<'t>> {
        let (name, bytes) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        let bytes = STANDARD.decode(bytes).ok()?;
        let (id, bytes) = bytes.split_first_chunk::<KEY_ID>()?;
        let is_whole = is_name(name) && !bytes.is_empty();
        is_whole.then(|| SignatureLine { name, id: *id, bytes: bytes.to_vec() })
    }

    pub(super) fn is_by<const TYPE: u8>(&self, key: &Named<TYPE>) -> bool {
        self.name == key.name && self.id == key.id
    }
}

pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+')
}

#[cfg(test)]
mod tests {
    use super::*;

    // The vectors of golang.org/x/mod/sumdb/note.
    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const ENOCH: &str = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop";
    const SEED: &str = "gQoUAtUUbI2E8kQzMPVAgOv5juF9nHT2JS/F1ccoMXM=";
    const TEXT: &str =
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const PETER_LINE: &str = "\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    const ENOCH_LINE: &str = "\u{2014} EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n";

    fn signer() -> NoteSigner {
        let seed: [u8; 32] = STANDARD.decode(SEED).unwrap().try_into().unwrap();
        NoteSigner::new(&seed, "PeterNeumann")
    }

    #[test]
    fn it_signs_as_the_vectors_say() {
        let signer = signer();
        assert_eq!(signer.key().to_string(), KEY);
        let note = signer.sign(TEXT);
        assert_eq!(note.as_str(), format!("{TEXT}\n{PETER_LINE}"));
        assert_eq!(note.text(), TEXT);
        assert_eq!(note.verify(signer.key()), Ok(()));
        assert!(!format!("{signer:?}").contains(SEED));
    }

    #[test]
    fn it_finds_the_signature_of_a_key_among_others() {
        let note: Note = format!("{TEXT}\n{PETER_LINE}{ENOCH_LINE}").parse().unwrap();
        assert_eq!(note.verify(&KEY.parse().unwrap()), Ok(()));
        assert_eq!(note.verify(&ENOCH.parse().unwrap()), Ok(()));
        let one: Note = format!("{TEXT}\n{ENOCH_LINE}").parse().unwrap();
        assert_eq!(one.verify(&KEY.parse().unwrap()), Err(NoteError::NotSigned));
        let other: Note = format!("{}\n{PETER_LINE}", TEXT.replace("answer", "Answer")).parse().unwrap();
        assert_eq!(other.verify(&KEY.parse().unwrap()), Err(NoteError::SignatureInvalid));
    }

    #[test]
    fn what_is_no_note() {
        let cut = PETER_LINE.trim_end();
        for bad in [
            TEXT.to_owned(),
            format!("{TEXT}\n"),
            format!("{TEXT}\n{cut}"),
            format!("\u{1}{TEXT}\n{PETER_LINE}"),
            format!("{TEXT}\n{}", PETER_LINE.replace("PeterNeumann", "Bad Name")),
            format!("{TEXT}\n{PETER_LINE}Unexpected line.\n"),
            format!("{TEXT}\n{}", PETER_LINE.repeat(100)),
        ] {
            assert_eq!(bad.parse::<Note>(), Err(NoteError::Malformed), "{bad}");
        }
    }

    #[test]
    fn what_is_no_key() {
        assert!(KEY.parse::<NoteKey>().is_ok());
        for at in 0..KEY.len() {
            assert!(KEY.get(..at).unwrap().parse::<NoteKey>().is_err(), "{at}");
            let mut bytes = KEY.as_bytes().to_vec();
            bytes[at] += 1;
            assert!(String::from_utf8(bytes).unwrap().parse::<NoteKey>().is_err(), "{at}");
        }
        // Of another length, and of another algorithm, each with the id that it would have.
        for bad in [
            "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
            "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
        ] {
            assert_eq!(bad.parse::<NoteKey>(), Err(NoteError::NotAKey), "{bad}");
        }
    }
}
