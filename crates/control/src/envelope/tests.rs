use super::*;

fn sealed() -> (Envelope, PublicKey) {
    let signer = EnvelopeSigner::new(&[7; 32]);
    let header = Header {
        kind: EnvelopeType::FlagSet,
        epoch: 1_764_000_000_000,
        environment: "production".to_owned(),
        audience: Audience {
            kind: ClientKind::Browser,
            attributes: Attributes::from([("tenant".to_owned(), "acme".into())]),
            decided_for: None,
        },
        revision: 42,
        kill_revision: 3,
        issued_at: "2026-11-23T20:00:00.000Z".to_owned(),
        valid_until: "2026-11-24T20:00:00.000Z".to_owned(),
        program_format: 1,
        program_length: 0,
        program_sha256: Hash::ZERO,
        kills_length: 0,
        kills_sha256: Hash::ZERO,
        document_digest: Some(Hash::of(b"document").to_string()),
        keys: None,
        break_glass: None,
        breakers: BTreeMap::new(),
    };
    (signer.seal(&header, b"the program", b"the kills").unwrap(), signer.public_key())
}

#[test]
fn opens_what_was_sealed() {
    let (envelope, key) = sealed();
    let opened = open(envelope.bytes(), std::slice::from_ref(&key)).unwrap();
    assert_eq!((opened.program, opened.kills), (&b"the program"[..], &b"the kills"[..]));
    assert_eq!(opened.header.revision, 42);
    assert_eq!([envelope.head(), opened.program, opened.kills].concat(), envelope.bytes());
    assert_eq!(key.id().len(), 16);
    assert_eq!(key.id(), Hash::of(key.as_bytes()).short());
}

#[test]
fn every_flipped_byte_is_refused() {
    let (envelope, key) = sealed();
    let mut bytes = envelope.into_bytes();
    for at in 0..bytes.len() {
        // Each bit of a byte in its turn, and all of them.
        for flip in [1 << (at % 8), 0xff] {
            bytes[at] ^= flip;
            assert!(open(&bytes, std::slice::from_ref(&key)).is_err(), "{flip:#x} of byte {at}");
            bytes[at] ^= flip;
        }
    }
    assert!(open(&bytes, std::slice::from_ref(&key)).is_ok());
}

#[test]
fn every_truncation_and_extension_is_refused() {
    let (envelope, key) = sealed();
    let mut bytes = envelope.into_bytes();
    for length in 0..bytes.len() {
        assert!(open(&bytes[..length], std::slice::from_ref(&key)).is_err(), "{length} bytes");
    }
    bytes.push(0);
    assert_eq!(open(&bytes, &[key]), Err(EnvelopeError::Malformed));
}

#[test]
fn only_known_keys_count() {
    let (envelope, key) = sealed();
    let other = EnvelopeSigner::new(&[8; 32]).public_key();
    assert_eq!(open(envelope.bytes(), &[]), Err(EnvelopeError::SignatureInvalid));
    assert_eq!(open(envelope.bytes(), std::slice::from_ref(&other)), Err(EnvelopeError::SignatureInvalid));
    assert!(open(envelope.bytes(), &[other, key]).is_ok());
}
