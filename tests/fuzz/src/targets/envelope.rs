//! What arrives at a client: envelopes and patches.

use downhaul_control::api::PatchOp;
use downhaul_control::envelope::{EnvelopeSigner, Opened, open};
use downhaul_control::patch;
use std::sync::LazyLock;

/// The key of the envelopes in the corpus; known to everybody, and trusted nowhere else.
static SIGNER: LazyLock<EnvelopeSigner> = LazyLock::new(|| EnvelopeSigner::new(&[7; 32]));
const ORIGINAL: &[u8] = include_bytes!("../../corpus/envelope/original.bin");

/// Nothing but the envelope that was signed is ever opened, to the last byte.
pub(crate) fn altered(bytes: &[u8]) {
    let keys = [SIGNER.public_key()];
    let original: Opened<'_> = open(ORIGINAL, &keys).unwrap();
    match open(bytes, &keys) {
        Ok(opened) => {
            assert_eq!(opened, original);
            assert_eq!(bytes, ORIGINAL, "an altered envelope was opened");
        }
        Err(why) => assert!(!why.code().is_empty()),
    }
}

/// JSON operations over a base: never more than the limit, and a difference leads back to its target.
pub(crate) fn patch(bytes: &[u8]) {
    if let Ok(ops) = serde_json::from_slice::<Vec<PatchOp>>(bytes)
        && let Ok(target) = patch::apply(ORIGINAL, &ops)
    {
        assert!(target.len() <= downhaul_control::envelope::SIZE_LIMIT);
    }
    if let Some(ops) = patch::difference(ORIGINAL, bytes) {
        assert_eq!(patch::apply(ORIGINAL, &ops).unwrap(), bytes);
    }
}
