//! Signed notes: text that people can read, with signatures under it. <https://c2sp.org/signed-note>

use crate::envelope::PublicKey;
use crate::hash::{Hash, hex, unhex};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use std::fmt;
use std::str::FromStr;

/// The only type of signature that is read here: Ed25519 over the text.
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

/// Who may sign: name, id and public key, written as `name+id+base64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteKey {
    name: String,
    id: [u8; KEY_ID],
    key: VerifyingKey,
}

impl NoteKey {
    /// A key that signs envelopes, as it signs notes under this name.
    pub fn of(name: &str, key: &PublicKey) -> NoteKey {
        NoteKey::new(name, key.verifying())
    }

    fn new(name: &str, key: VerifyingKey) -> NoteKey {
        let mut named = format!("{name}\n").into_bytes();
        named.push(ED25519);
        named.extend_from_slice(key.as_bytes());
        let [a, b, c, d, ..] = *Hash::of(&named).as_bytes();
        NoteKey { name: name.to_owned(), id: [a, b, c, d], key }
    }

    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = vec![ED25519];
        key.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{}+{}", self.name, hex(&self.id), STANDARD.encode(key))
    }
}

impl FromStr for NoteKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<NoteKey, NoteError> {
        let (name, rest) = text.split_once('+').ok_or(NoteError::NotAKey)?;
        let (id, key) = rest.split_once('+').ok_or(NoteError::NotAKey)?;
        let key = STANDARD.decode(key).map_err(|_| NoteError::NotAKey)?;
        let [ED25519, key @ ..] = key.as_slice() else { return Err(NoteError::NotAKey) };
        let key: [u8; 32] = key.try_into().map_err(|_| NoteError::NotAKey)?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| NoteError::NotAKey)?;
        let made = NoteKey::new(name, key);
        let is_named = is_name(name) && unhex(id).is_some_and(|id| id == made.id);
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
        let mut signature = self.key.id.to_vec();
        signature.extend_from_slice(&self.signing.sign(text.as_bytes()).to_bytes());
        let line = format!("\u{2014} {} {}\n", self.key.name, STANDARD.encode(signature));
        Note { written: format!("{text}\n{line}"), text: text.len() }
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
        for (name, bytes) in self.signatures() {
            let Some((id, signature)) = bytes.split_at_checked(KEY_ID) else { continue };
            if name != key.name || id != key.id {
                continue;
            }
            let signature = Signature::from_slice(signature).map_err(|_| NoteError::SignatureInvalid)?;
            let verified = key.key.verify_strict(self.text().as_bytes(), &signature);
            verified.map_err(|_| NoteError::SignatureInvalid)?;
            is_signed = true;
        }
        if is_signed { Ok(()) } else { Err(NoteError::NotSigned) }
    }

    fn signatures(&self) -> impl Iterator<Item = (&str, Vec<u8>)> {
        self.written.get(self.text + 1..).unwrap_or_default().lines().filter_map(signature)
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
        let are_signatures = lines.iter().all(|line| signature(line).is_some());
        if lines.is_empty() || lines.len() > SIGNATURES || !are_signatures {
            return Err(NoteError::Malformed);
        }
        Ok(Note { written: written.to_owned(), text: empty + 1 })
    }
}

/// Name and bytes of a signature line.
fn signature(line: &str) -> Option<(&str, Vec<u8>)> {
    let (name, bytes) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
    let bytes = STANDARD.decode(bytes).ok().filter(|bytes| bytes.len() > KEY_ID)?;
    is_name(name).then_some((name, bytes))
}

fn is_name(name: &str) -> bool {
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
