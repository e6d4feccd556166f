//! The change log and its proofs: records, notes, signed heads.

use downhaul_control::change::Record;
use downhaul_control::chart::{ConsistencyProof, InclusionProof, Note, SignedHead, read_export_line};
use downhaul_control::hash::Hash;
use std::str::FromStr;

/// A record is kept as the bytes that it came as; what is read as text is written as the same text.
pub(crate) fn any(bytes: &[u8]) {
    if let Ok(record) = Record::read(bytes.to_vec()) {
        assert_eq!(record.bytes(), bytes);
        let again = Record::write(record.change()).unwrap();
        assert_eq!(Record::read(again.bytes().to_vec()).unwrap().change(), record.change());
    }
    let text = String::from_utf8_lossy(bytes);
    same::<Note>(&text, Note::to_string);
    same::<SignedHead>(&text, |head| head.as_str().to_owned());
    same::<InclusionProof>(&text, InclusionProof::to_text);
    same::<ConsistencyProof>(&text, ConsistencyProof::to_text);
    same::<Hash>(&text, Hash::to_string);
    if let Ok(proof) = text.parse::<InclusionProof>() {
        let _ = proof.check();
    }
    let _ = read_export_line(bytes);
}

fn same<T: FromStr>(text: &str, write: impl Fn(&T) -> String) {
    if let Ok(read) = text.parse::<T>() {
        let written = write(&read);
        assert_eq!(written.parse::<T>().ok().map(|again| write(&again)), Some(written));
    }
}
