use crate::fnv::fnv1a;

/// Where a bucketing unit stands among those that may try, out of 2^32; other for each flag and each draw.
///
/// FNV-1a over UTF-16 units, then the mixer of MurmurHash3, as FNV alone leaves the high bits alike. The npm package draws the
/// same, so that a user who is let through by one service is let through by the next.
pub(crate) fn probe_hash(unit: &str, flag: &str, draw: u32) -> u32 {
    let mut hash = fnv1a(format!("{flag}\0probe\0{draw}\0{unit}").encode_utf16());
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

/// The border of a share of the units: who stands below it is within.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "at most 2^32")]
pub(crate) fn border(share: f64) -> u64 {
    (share * 4_294_967_296.0).ceil() as u64
}
