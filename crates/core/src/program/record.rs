//! The records of a program's sections: all made of 32-bit words.

use alloc::vec::Vec;

pub(super) trait Record: Sized {
    const WORDS: usize;
    fn read(words: &[u32]) -> Option<Self>;
    fn write(&self, into: &mut Vec<u32>);
}

/// Reads all records; whether the bytes are whole ones.
pub(super) fn read_all<R: Record>(bytes: &[u8], records: &mut Vec<R>) -> bool {
    let words = words(bytes);
    records.reserve(words.len() / R::WORDS.max(1));
    let mut rest = words.as_slice();
    while let Some((record, after)) = rest.split_at_checked(R::WORDS) {
        records.extend(R::read(record));
        rest = after;
    }
    records.len() * R::WORDS * 4 == bytes.len()
}

/// Apart from the generic part, so that the evaluation module has it once.
#[inline(never)]
fn words(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word)).collect()
}

pub(super) fn write_all<R: Record>(records: &[R]) -> Vec<u8> {
    let mut words = Vec::with_capacity(records.len() * R::WORDS);
    for record in records {
        record.write(&mut words);
    }
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

macro_rules! record {
    ($(#[$doc:meta])* $name:ident, $words:literal { $($(#[$field_doc:meta])* $field:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name { $($(#[$field_doc])* pub $field: u32),* }

        impl Record for $name {
            const WORDS: usize = $words;
            fn read(words: &[u32]) -> Option<Self> {
                let &[$($field),*] = words else { return None };
                Some($name { $($field),* })
            }
            fn write(&self, into: &mut Vec<u32>) {
                into.extend([$(self.$field),*]);
            }
        }
    };
}

record!(
    SlotRecord, 2 { path, flags }
);
record!(
    /// What `in` compares with.
    Set, 5 { texts, text_count, numbers, number_count,
        /// 1 false, 2 true; 4: texts (and numbers) are hashed and stand in the hashes.
        bits
    }
);
record!(
    /// A condition; `head` is the operator and, above its 8 bits, the slot.
    Node, 4 { head, a, b, next }
);
record!(
    SegmentRecord, 12 { hash_low, hash_high, key, hashed, include, include_count, exclude, exclude_count, start, end, has_when, zero }
);
record!(
    FlagRecord, 12 { key, variants, variant_count,
        /// Degraded and, in the high half, default variant.
        outcomes,
        bits, requires, require_count, rules, rule_count, value_type, decided_reason, decided_rule
    }
);
record!(
    VariantRecord, 2 { key, value }
);
record!(
    RuleRecord, 6 { index, start, end, outcome, seed, slices }
);
record!(
    TenantRecord, 5 { tenant, slot, kind, a, b }
);

impl SlotRecord {
    pub const NEEDS_TEXT: u32 = 1;
    pub const UNIT: u32 = 2;
    pub const OF_TENANT: u32 = 4;
}

impl Set {
    pub const FALSE: u32 = 1;
    pub const TRUE: u32 = 2;
    pub const HASHED: u32 = 4;
}

impl FlagRecord {
    pub const ON_STALE_DEGRADED: u32 = 1;
    pub const HAD_RULES: u32 = 2;
    pub const DECIDED: u32 = 4;
    pub const TOO_NEW: u32 = 8;
    pub const IN_BROWSER: u32 = 16;

    pub fn degraded(&self) -> u32 {
        self.outcomes & 0xFFFF
    }

    pub fn default_variant(&self) -> u32 {
        self.outcomes >> 16
    }
}

impl RuleRecord {
    pub const SPLIT: u32 = 1 << 31;

    pub fn is_split(&self) -> bool {
        self.outcome & Self::SPLIT != 0
    }

    /// The variant, or the slot of the bucketing unit.
    pub fn low(&self) -> u32 {
        self.outcome & !Self::SPLIT
    }
}

impl SegmentRecord {
    pub fn hash(&self) -> u64 {
        u64::from(self.hash_low) | u64::from(self.hash_high) << 32
    }
}

impl Node {
    pub fn operator(&self) -> u32 {
        self.head & 0xFF
    }

    pub fn slot(&self) -> usize {
        (self.head >> 8) as usize
    }
}

/// Operators of nodes.
pub(crate) mod op {
    pub(crate) const NEVER: u32 = 0;
    pub(crate) const ALWAYS: u32 = 1;
    pub(crate) const ALL: u32 = 2;
    pub(crate) const ANY: u32 = 3;
    pub(crate) const NOT: u32 = 4;
    pub(crate) const TENANT: u32 = 5;
    pub(crate) const REGION: u32 = 6;
    pub(crate) const SEGMENT: u32 = 7;
    pub(crate) const IN: u32 = 8;
    pub(crate) const NOT_IN: u32 = 9;
    pub(crate) const CONTAINS: u32 = 12;
    pub(crate) const STARTS_WITH: u32 = 13;
    pub(crate) const ENDS_WITH: u32 = 14;
    pub(crate) const MATCHES: u32 = 15;
    pub(crate) const EXISTS: u32 = 16;
    pub(crate) const LT: u32 = 17;
    pub(crate) const LE: u32 = 18;
    pub(crate) const GT: u32 = 19;
    pub(crate) const GE: u32 = 20;
    pub(crate) const BETWEEN: u32 = 21;
    pub(crate) const SEMVER: u32 = 22;
    pub(crate) const BEFORE: u32 = 23;
    pub(crate) const AFTER: u32 = 24;
    pub(crate) const IP_IN: u32 = 25;
}

/// Counts and keys that belong to the whole program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    pub regions: u32,
    /// Of hashed lists.
    pub hash_key: [u64; 2],
}

/// One relation of a version range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comparator {
    pub numbers: [u64; 3],
    /// String id, or none for a release.
    pub pre: u32,
    /// Relation, and 256 on the last of a range.
    pub relation: u32,
}

impl Comparator {
    pub const LAST: u32 = 256;
}

/// A block of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    pub network: u128,
    pub family: u32,
    pub prefix: u32,
}

fn wide(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// Low half, high half.
#[expect(clippy::cast_possible_truncation, reason = "taken apart into halves")]
fn halves(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

impl Record for u32 {
    const WORDS: usize = 1;
    fn read(words: &[u32]) -> Option<Self> {
        words.first().copied()
    }
    fn write(&self, into: &mut Vec<u32>) {
        into.push(*self);
    }
}

impl Record for (u32, u32) {
    const WORDS: usize = 2;
    fn read(words: &[u32]) -> Option<Self> {
        let &[first, second] = words else { return None };
        Some((first, second))
    }
    fn write(&self, into: &mut Vec<u32>) {
        into.extend([self.0, self.1]);
    }
}

impl Record for u64 {
    const WORDS: usize = 2;
    fn read(words: &[u32]) -> Option<Self> {
        let &[low, high] = words else { return None };
        Some(wide(low, high))
    }
    fn write(&self, into: &mut Vec<u32>) {
        into.extend(halves(*self));
    }
}

impl Record for f64 {
    const WORDS: usize = 2;
    fn read(words: &[u32]) -> Option<Self> {
        u64::read(words).map(f64::from_bits)
    }
    fn write(&self, into: &mut Vec<u32>) {
        self.to_bits().write(into);
    }
}

impl Record for Head {
    const WORDS: usize = 5;
    fn read(words: &[u32]) -> Option<Self> {
        let &[regions, a, b, c, d] = words else { return None };
        Some(Head { regions, hash_key: [wide(a, b), wide(c, d)] })
    }
    fn write(&self, into: &mut Vec<u32>) {
        into.push(self.regions);
        into.extend(self.hash_key.iter().flat_map(|half| halves(*half)));
    }
}

impl Record for Comparator {
    const WORDS: usize = 8;
    fn read(words: &[u32]) -> Option<Self> {
        let &[a, b, c, d, e, f, pre, relation] = words else {
            return None;
        };
        Some(Comparator { numbers: [wide(a, b), wide(c, d), wide(e, f)], pre, relation })
    }
    fn write(&self, into: &mut Vec<u32>) {
        into.extend(self.numbers.iter().flat_map(|number| halves(*number)));
        into.extend([self.pre, self.relation]);
    }
}

impl Record for Block {
    const WORDS: usize = 6;
    fn read(words: &[u32]) -> Option<Self> {
        let &[a, b, c, d, family, prefix] = words else {
            return None;
        };
        Some(Block { network: u128::from(wide(a, b)) | u128::from(wide(c, d)) << 64, family, prefix })
    }
    #[expect(clippy::cast_possible_truncation, reason = "taken apart into halves")]
    fn write(&self, into: &mut Vec<u32>) {
        into.extend(halves(self.network as u64));
        into.extend(halves((self.network >> 64) as u64));
        into.extend([self.family, self.prefix]);
    }
}
