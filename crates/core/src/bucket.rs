//! Bucketing: which of 100 000 buckets a unit falls into. Integers only, so every engine agrees.
//!
//! `seed = murmur3_x86_32(salt, 0)`, `h = murmur3_x86_32(unit, seed)`, `bucket = (h * 100000) >> 32`.
//! Worked value: the hash of `test` with seed 0 is 0xba6bd213, which is bucket 72820.
#![deny(clippy::float_arithmetic)]

/// How many buckets there are; a slice's width is counted in these.
pub const BUCKETS: u32 = 100_000;

/// The seed that a split's salt stands for.
pub fn seed(salt: &str) -> u32 {
    murmur3_x86_32(salt.as_bytes(), 0)
}

/// The bucket of `unit`, below [`BUCKETS`].
pub fn bucket(seed: u32, unit: &[u8]) -> u32 {
    bucket_of(murmur3_x86_32(unit, seed))
}

fn bucket_of(hash: u32) -> u32 {
    // The product is below 2^49, so the shifted value is below 100 000 and fits.
    ((u64::from(hash) * u64::from(BUCKETS)) >> 32) as u32
}

/// Seeds at once: in V8 it costs more to put them side by side than to hash those that are wanted, vectors or not.
#[cfg(feature = "sieve")]
pub(crate) const LANES: usize = if cfg!(target_arch = "wasm32") { 1 } else { 8 };

/// A unit, made ready for any number of seeds: what murmur3 does to its blocks before the seed comes in is done once.
#[cfg(feature = "sieve")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scrambled {
    blocks: [u32; Scrambled::BLOCKS],
    count: usize,
    /// Of the bytes after the last whole block; 0 where there are none, which changes nothing.
    tail: u32,
    length: u32,
}

#[cfg(feature = "sieve")]
impl Scrambled {
    const BLOCKS: usize = 16;

    /// `None` for units that are too long to be kept.
    pub(crate) fn new(unit: &[u8]) -> Option<Self> {
        let (whole, rest) = unit.as_chunks::<4>();
        let mut blocks = [0; Self::BLOCKS];
        for (place, block) in blocks.get_mut(..whole.len())?.iter_mut().zip(whole) {
            *place = scramble(u32::from_le_bytes(*block));
        }
        let length = u32::try_from(unit.len()).ok()?;
        Some(Scrambled { blocks, count: whole.len(), tail: scramble(last_block(rest)), length })
    }

    /// As [`bucket`], for several seeds at once: one after another would wait for each step of each.
    #[inline]
    pub(crate) fn buckets(&self, seeds: &[u32; LANES]) -> [u32; LANES] {
        let blocks = self.blocks.get(..self.count).unwrap_or_default();
        let mixed = blocks.iter().fold(*seeds, |hashes, block| hashes.map(|hash| mix(hash, *block)));
        mixed.map(|hash| bucket_of(finish(hash ^ self.tail, self.length)))
    }

    /// As [`bucket`].
    pub(crate) fn bucket(&self, seed: u32) -> u32 {
        let blocks = self.blocks.get(..self.count).unwrap_or_default();
        bucket_of(finish(blocks.iter().fold(seed, |hash, block| mix(hash, *block)) ^ self.tail, self.length))
    }
}

/// `value` as an integer, if it is one of magnitude below 2^53: `1.0` is 1 and `-0` is 0.
pub fn integer(value: f64) -> Option<i64> {
    const LIMIT: i64 = 1 << 53;
    // Conversion saturates; what does not survive the way back is no integer.
    #[expect(clippy::cast_possible_truncation, reason = "checked by the way back")]
    let whole = value as i64;
    #[expect(clippy::cast_precision_loss, reason = "exact below 2^53, and that is checked")]
    let same = whole as f64 == value;
    (same && whole > -LIMIT && whole < LIMIT).then_some(whole)
}

/// An integer's decimal digits, without allocation.
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    digits: [u8; 20],
    start: usize,
}

impl Decimal {
    pub fn new(value: i64) -> Self {
        let mut rest = value.unsigned_abs();
        let mut digits = [b'0'; 20];
        let mut start = digits.len();
        for (at, digit) in digits.iter_mut().enumerate().rev() {
            let low = (rest % 10) as u8;
            *digit = b'0' + low;
            rest /= 10;
            start = at;
            if rest == 0 {
                break;
            }
        }
        if value < 0 {
            start = start.saturating_sub(1);
            if let Some(sign) = digits.get_mut(start) {
                *sign = b'-';
            }
        }
        Decimal { digits, start }
    }

    pub fn as_bytes(&self) -> &[u8] {
        self.digits.get(self.start..).unwrap_or_default()
    }
}

/// A value as a bucketing unit: what is hashed, whatever it was written as.
#[cfg(feature = "document")]
#[derive(Debug, Clone, Copy)]
pub enum Unit<'a> {
    Text(&'a str),
    Number(Decimal),
}

#[cfg(feature = "document")]
impl<'a> Unit<'a> {
    /// `None` where the value is none: neither a text that is not empty nor a whole number below 2^53.
    pub fn of(value: &'a serde_json::Value) -> Option<Self> {
        match value {
            serde_json::Value::String(text) => (!text.is_empty()).then_some(Unit::Text(text)),
            serde_json::Value::Number(number) => Some(Unit::Number(Decimal::new(integer(number.as_f64()?)?))),
            _ => None,
        }
    }

    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Unit::Text(text) => text.as_bytes(),
            Unit::Number(decimal) => decimal.as_bytes(),
        }
    }

    pub fn bucket(&self, seed: u32) -> u32 {
        bucket(seed, self.as_bytes())
    }
}

/// MurmurHash3, variant x86, 32 bits (Austin Appleby, public domain).
pub fn murmur3_x86_32(bytes: &[u8], seed: u32) -> u32 {
    let mut hash = seed;
    let (blocks, tail) = bytes.as_chunks::<4>();
    for block in blocks {
        hash = mix(hash, scramble(u32::from_le_bytes(*block)));
    }
    // Of no bytes it is 0, which changes nothing.
    hash ^= scramble(last_block(tail));
    #[expect(clippy::cast_possible_truncation, reason = "the algorithm takes the length modulo 2^32")]
    let length = bytes.len() as u32;
    finish(hash, length)
}

fn last_block(tail: &[u8]) -> u32 {
    tail.iter().rev().fold(0, |word, byte| (word << 8) | u32::from(*byte))
}

fn mix(hash: u32, scrambled: u32) -> u32 {
    (hash ^ scrambled).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
}

fn finish(mut hash: u32, length: u32) -> u32 {
    hash ^= length;
    hash ^= hash >> 16;
    hash = hash.wrapping_mul(0x85eb_ca6b);
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

fn scramble(block: u32) -> u32 {
    block.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_values() {
        // Frozen: from the reference implementation's known answers.
        assert_eq!(murmur3_x86_32(b"", 0), 0);
        assert_eq!(murmur3_x86_32(b"", 1), 0x514e_28b7);
        assert_eq!(murmur3_x86_32(b"test", 0), 0xba6b_d213);
        assert_eq!(bucket(0, b"test"), 72_820);
        assert_eq!(murmur3_x86_32(b"Hello, world!", 0), 0xc036_3e43);
        assert_eq!(murmur3_x86_32(b"The quick brown fox jumps over the lazy dog", 0x9747_b28c), 0x2fa8_26cd);
    }

    #[test]
    fn a_scrambled_unit_has_the_same_buckets() {
        let unit: Vec<u8> = (0..=80).map(|byte: u8| byte.wrapping_mul(151)).collect();
        for length in 0..=unit.len() {
            let kept = Scrambled::new(&unit[..length]);
            assert_eq!(kept.is_some(), length < 68, "{length} bytes");
            for seed in [0, 1, 0x9747_b28c, u32::MAX] {
                let expected = kept.map(|_| bucket(seed, &unit[..length]));
                assert_eq!(kept.map(|kept| kept.bucket(seed)), expected, "{length} bytes, seed {seed}");
            }
        }
    }

    #[test]
    fn integers_however_written() {
        for (value, expected) in [
            (1.0, Some("1")),
            (-0.0, Some("0")),
            (-12.0, Some("-12")),
            (9_007_199_254_740_991.0, Some("9007199254740991")),
            (9_007_199_254_740_992.0, None),
            (-9_007_199_254_740_992.0, None),
            (1.5, None),
            (f64::INFINITY, None),
            (f64::NAN, None),
            (1e300, None),
        ] {
            let text = integer(value).map(Decimal::new);
            assert_eq!(text.as_ref().map(Decimal::as_bytes), expected.map(str::as_bytes), "{value}");
        }
        assert_eq!(Decimal::new(i64::MIN).as_bytes(), b"-9223372036854775808");
    }
}
