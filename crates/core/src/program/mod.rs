//! A compiled flag set: flat records, everything resolved, nothing left to refuse.

mod check;
mod record;
mod siphash;

pub(crate) use record::op;
pub use record::{
    Block, Comparator, FlagRecord, Head, Node, RuleRecord, SegmentRecord, Set, SlotRecord, TenantRecord, VariantRecord,
};
pub use siphash::{SEGMENT_KEY, siphash};

use crate::bucket::murmur3_x86_32;
use alloc::string::String;
use alloc::vec::Vec;
use record::{Record, read_all, write_all};

/// The program format that this crate reads and writes.
pub const FORMAT: u32 = 1;
/// Stands for no string, no rule, no kill.
pub const NONE: u32 = u32::MAX;

pub(crate) const MAGIC: [u8; 4] = *b"DHP1";
pub(crate) const SECTIONS: usize = 19;

/// Slots that every program has.
pub const TARGETING_KEY: usize = 0;
pub const TENANT: usize = 1;
pub const REGION: usize = 2;

/// A program. The layout is in docs/reference/program-format.md.
///
/// Only [`Program::from_bytes`] and compilation make one, and both have checked it: evaluation cannot fail, loop or leave its bounds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Program {
    pub(crate) head: Head,
    pub(crate) strings: Vec<u32>,
    pub(crate) text: String,
    pub(crate) regions: Vec<u32>,
    pub(crate) slots: Vec<SlotRecord>,
    pub(crate) numbers: Vec<f64>,
    pub(crate) ids: Vec<u32>,
    pub(crate) hashes: Vec<u64>,
    pub(crate) sets: Vec<Set>,
    pub(crate) comparators: Vec<Comparator>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) automata: Vec<(u32, u32)>,
    pub(crate) tables: Vec<u8>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) segments: Vec<SegmentRecord>,
    pub(crate) flags: Vec<FlagRecord>,
    pub(crate) variants: Vec<VariantRecord>,
    pub(crate) rules: Vec<RuleRecord>,
    pub(crate) tenants: Vec<TenantRecord>,
    /// Some segment reaches another through more than [`check::DEPTH`] others.
    pub(crate) deep_segments: bool,
}

/// Why bytes are no program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ProgramError {
    /// Not a program at all.
    Magic = 1,
    /// A format that this release does not read: a newer one is needed.
    Format = 2,
    /// Cut short, or with something after its end.
    Length = 3,
    /// Changed on its way.
    Checksum = 4,
    /// Something in it points outside, or in a circle.
    Content = 5,
}

impl ProgramError {
    /// In words, for people.
    pub fn message(self) -> &'static str {
        match self {
            ProgramError::Magic => "these bytes are not a program",
            ProgramError::Format => "the program's format is newer than this release reads",
            ProgramError::Length => "the program is cut short or too long",
            ProgramError::Checksum => "the program was damaged on its way",
            ProgramError::Content => "the program points outside of itself",
        }
    }
}

#[cfg(feature = "document")]
impl core::fmt::Display for ProgramError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.message())
    }
}

#[cfg(feature = "document")]
impl core::error::Error for ProgramError {}

impl Program {
    /// Reads a program and checks all of it.
    ///
    /// # Errors
    /// See [`ProgramError`]; nothing of a refused program is kept.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ProgramError> {
        let header = Header::read(bytes)?;
        let mut program = Program::default();
        let mut head = Vec::new();
        // Filled in place and judged at the end: an early exit between would cost its own clean-up, and the module is small.
        let mut section = Sections { header, bytes, next: 0, sound: true };
        section.fill(&mut head);
        section.fill(&mut program.strings);
        program.text = section.text();
        section.fill(&mut program.regions);
        section.fill(&mut program.slots);
        section.fill(&mut program.numbers);
        section.fill(&mut program.ids);
        section.fill(&mut program.hashes);
        section.fill(&mut program.sets);
        section.fill(&mut program.comparators);
        section.fill(&mut program.blocks);
        section.fill(&mut program.automata);
        program.tables = section.take().to_vec();
        section.fill(&mut program.nodes);
        section.fill(&mut program.segments);
        section.fill(&mut program.flags);
        section.fill(&mut program.variants);
        section.fill(&mut program.rules);
        section.fill(&mut program.tenants);
        program.head = head.first().copied().unwrap_or_default();
        if !section.sound || head.is_empty() {
            return Err(ProgramError::Content);
        }
        program.deep_segments = check::check(&program).ok_or(ProgramError::Content)?;
        Ok(program)
    }

    /// The bytes that [`Program::from_bytes`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let sections: [Vec<u8>; SECTIONS] = [
            write_all(&[self.head]),
            write_all(&self.strings),
            self.text.as_bytes().to_vec(),
            write_all(&self.regions),
            write_all(&self.slots),
            write_all(&self.numbers),
            write_all(&self.ids),
            write_all(&self.hashes),
            write_all(&self.sets),
            write_all(&self.comparators),
            write_all(&self.blocks),
            write_all(&self.automata),
            self.tables.clone(),
            write_all(&self.nodes),
            write_all(&self.segments),
            write_all(&self.flags),
            write_all(&self.variants),
            write_all(&self.rules),
            write_all(&self.tenants),
        ];
        let mut body = Vec::new();
        let mut table = Vec::new();
        let start = 20 + SECTIONS * 8;
        for section in &sections {
            table.extend(word(start + body.len()).to_le_bytes());
            table.extend(word(section.len()).to_le_bytes());
            body.extend(section);
            body.resize(body.len().next_multiple_of(4), 0);
        }
        let mut checked = Vec::with_capacity(start + body.len());
        checked.extend(word(SECTIONS).to_le_bytes());
        checked.extend(table);
        checked.extend(body);
        let mut bytes = Vec::with_capacity(16 + checked.len());
        bytes.extend(MAGIC);
        bytes.extend(FORMAT.to_le_bytes());
        bytes.extend(word(16 + checked.len()).to_le_bytes());
        bytes.extend(murmur3_x86_32(&checked, 0).to_le_bytes());
        bytes.extend(checked);
        bytes
    }

    /// Finds out what loading would have found out.
    #[cfg(feature = "document")]
    pub(crate) fn settle(&mut self) {
        let sound = check::check(self);
        debug_assert!(sound.is_some(), "compilation makes sound programs");
        self.deep_segments = sound.unwrap_or(true);
    }

    /// SHA-256 of the bytes, in lower-case hexadecimal.
    #[cfg(feature = "document")]
    pub fn digest(&self) -> String {
        use sha2::Digest as _;
        sha2::Sha256::digest(self.to_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The text of a string id.
    pub fn string(&self, id: u32) -> Option<&str> {
        let id = id as usize;
        let (start, end) = (*self.strings.get(id)?, *self.strings.get(id + 1)?);
        self.text.get(start as usize..end as usize)
    }

    /// How many strings the pool has.
    pub fn string_count(&self) -> u32 {
        word(self.strings.len()).saturating_sub(1)
    }

    pub fn flag_count(&self) -> u32 {
        word(self.flags.len())
    }

    /// The key of a flag by its number, in the order of the document.
    pub fn flag_key(&self, flag: u32) -> &str {
        self.flags.get(flag as usize).and_then(|flag| self.string(flag.key)).unwrap_or("")
    }

    /// The number of the flag with this key. Looks at each: keep the number.
    pub fn flag_index(&self, key: &str) -> Option<u32> {
        self.flags.iter().position(|flag| self.string(flag.key) == Some(key)).map(word)
    }

    /// How many variants a flag has.
    pub fn variant_count(&self, flag: u32) -> u32 {
        self.flags.get(flag as usize).map_or(0, |flag| flag.variant_count)
    }

    /// Key and JSON text of a flag's variant.
    pub fn variant(&self, flag: u32, variant: u32) -> Option<(&str, &str)> {
        let flag = self.flags.get(flag as usize)?;
        if variant >= flag.variant_count {
            return None;
        }
        let record = self.variants.get(flag.variants as usize + variant as usize)?;
        Some((self.string(record.key)?, self.string(record.value)?))
    }

    /// The number of slots of a context.
    pub fn slot_count(&self) -> usize {
        self.slots.len()
    }

    /// The name of the attribute that a slot holds.
    pub fn slot_name(&self, slot: usize) -> &str {
        self.slots.get(slot).and_then(|slot| self.string(slot.path)).unwrap_or("")
    }

    /// Whether a flag gives its degraded variant while its client is stale.
    pub fn degrades_when_stale(&self, flag: u32) -> bool {
        self.flags.get(flag as usize).is_some_and(|flag| flag.bits & FlagRecord::ON_STALE_DEGRADED != 0)
    }

    /// Whether the server decided this flag's rules for the claimed context.
    pub fn is_decided(&self, flag: u32) -> bool {
        self.flags.get(flag as usize).is_some_and(|flag| flag.bits & FlagRecord::DECIDED != 0)
    }

    /// The id of a region and of everything within: `lo..hi`.
    pub(crate) fn id_list(&self, start: u32, count: u32) -> &[u32] {
        let start = start as usize;
        self.ids.get(start..start.saturating_add(count as usize)).unwrap_or_default()
    }

    /// Of a split whose slices stand there: the bucket where each slice ends, and its variant.
    pub(crate) fn slices(&self, at: u32) -> &[[u32; 2]] {
        let Some(count) = self.ids.get(at as usize) else { return &[] };
        self.id_list(at + 1, count.saturating_mul(2)).as_chunks().0
    }

    pub(crate) fn hash_list(&self, start: u32, count: u32) -> &[u64] {
        let start = start as usize;
        self.hashes.get(start..start.saturating_add(count as usize)).unwrap_or_default()
    }

    pub(crate) fn automaton(&self, number: u32) -> &[u8] {
        self.automata
            .get(number as usize)
            .and_then(|(start, length)| {
                self.tables.get(*start as usize..(*start as usize).checked_add(*length as usize)?)
            })
            .unwrap_or_default()
    }

    pub(crate) fn hash(&self, bytes: &[u8]) -> u64 {
        siphash(self.head.hash_key, bytes)
    }
}

/// A length or number within a program, which is far below 2^32.
#[expect(clippy::cast_possible_truncation, reason = "documents are at most 32 MiB")]
pub(crate) fn word(value: usize) -> u32 {
    value as u32
}

struct Header {
    /// Offset and length.
    sections: Vec<(u32, u32)>,
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self, ProgramError> {
        let (fixed, checked) = bytes.split_at_checked(16).ok_or(ProgramError::Length)?;
        if !fixed.starts_with(&MAGIC) {
            return Err(ProgramError::Magic);
        }
        let word = |at: usize| {
            fixed.get(at..).and_then(|rest| rest.first_chunk::<4>()).map_or(0, |word| u32::from_le_bytes(*word))
        };
        let (format, length, checksum) = (word(4), word(8), word(12));
        if format != FORMAT {
            return Err(ProgramError::Format);
        }
        if length as usize != bytes.len() {
            return Err(ProgramError::Length);
        }
        if checksum != murmur3_x86_32(checked, 0) {
            return Err(ProgramError::Checksum);
        }
        let mut table = Vec::new();
        let sound = checked.get(4..4 + SECTIONS * 8).is_some_and(|bytes| read_all(bytes, &mut table));
        let count = checked.first_chunk::<4>().map_or(0, |count| u32::from_le_bytes(*count));
        if !sound || count != self::word(SECTIONS) {
            return Err(ProgramError::Content);
        }
        Ok(Header { sections: table })
    }
}

/// The sections of a program, one after another.
struct Sections<'a> {
    header: Header,
    bytes: &'a [u8],
    next: usize,
    sound: bool,
}

impl<'a> Sections<'a> {
    fn take(&mut self) -> &'a [u8] {
        let (start, length) = self.header.sections.get(self.next).copied().unwrap_or_default();
        self.next += 1;
        let end = start.saturating_add(length);
        let section = self.bytes.get(start as usize..end as usize);
        self.sound &= section.is_some();
        section.unwrap_or_default()
    }

    fn fill<R: Record>(&mut self, records: &mut Vec<R>) {
        let section = self.take();
        self.sound &= read_all(section, records);
    }

    fn text(&mut self) -> String {
        let text = core::str::from_utf8(self.take());
        self.sound &= text.is_ok();
        String::from(text.unwrap_or_default())
    }
}
