//! Kills, apart from the program: their bytes, and how they apply to whatever program is loaded.

use crate::program::{FlagRecord, NONE, Program, word};
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

/// The largest kill set, in bytes.
pub const KILLS_LIMIT: usize = 64 * 1024;

const MAGIC: [u8; 4] = *b"DHK1";
const HEADER: usize = 20;

const TENANT: u8 = 1;
const REGION: u8 = 2;
const SEGMENT: u8 = 4;
const VARIANT: u8 = 8;

/// All kills of an environment, as one audience may see them. The layout is in docs/reference/program-format.md and never changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KillSet {
    pub kill_revision: u64,
    /// In the order in which they were made.
    pub kills: Vec<KillEntry>,
}

/// One kill. A part that is `None` is absent; a part that is present must hold. None present is everyone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KillEntry {
    /// The kill revision at which it was made.
    pub kill_revision: u64,
    pub id: String,
    pub flag: String,
    pub tenants: Option<Vec<String>>,
    /// Those named and all within them.
    pub regions: Option<Vec<String>>,
    /// Hashes of segment keys, as [`crate::program::SegmentRecord::hash`].
    pub segments: Option<Vec<u64>>,
    pub variants: Option<Vec<String>>,
}

impl KillEntry {
    pub fn is_everyone(&self) -> bool {
        self.tenants.is_none() && self.regions.is_none() && self.segments.is_none() && self.variants.is_none()
    }
}

/// Why bytes are no kill set, or a kill set has no bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum KillSetError {
    Magic = 1,
    /// Cut short, or with something after its end.
    Length = 2,
    /// An entry does not fit its own length.
    Content = 3,
    /// More than [`KILLS_LIMIT`].
    TooLarge = 4,
}

impl KillSetError {
    pub fn message(self) -> &'static str {
        match self {
            KillSetError::Magic => "these bytes are not a kill set",
            KillSetError::Length => "the kill set is cut short or too long",
            KillSetError::Content => "an entry of the kill set is malformed",
            KillSetError::TooLarge => "the kill set is larger than 64 KiB",
        }
    }
}

#[cfg(feature = "document")]
impl core::fmt::Display for KillSetError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.message())
    }
}

#[cfg(feature = "document")]
impl core::error::Error for KillSetError {}

impl KillSet {
    /// # Errors
    /// See [`KillSetError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KillSetError> {
        if bytes.len() > KILLS_LIMIT {
            return Err(KillSetError::TooLarge);
        }
        let mut reader = Reader { bytes };
        if reader.take(4).ok_or(KillSetError::Length)? != MAGIC {
            return Err(KillSetError::Magic);
        }
        if reader.u32() != Some(word(bytes.len())) {
            return Err(KillSetError::Length);
        }
        let kill_revision = reader.u64().ok_or(KillSetError::Length)?;
        let count = reader.u32().ok_or(KillSetError::Length)?;
        let mut kills = Vec::new();
        for _ in 0..count {
            kills.push(reader.entry().ok_or(KillSetError::Content)?);
        }
        if reader.bytes.is_empty() { Ok(KillSet { kill_revision, kills }) } else { Err(KillSetError::Length) }
    }

    /// # Errors
    /// [`KillSetError::TooLarge`], or `Content` where a text is longer than 65 535 bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, KillSetError> {
        let mut bytes = Vec::with_capacity(HEADER);
        bytes.extend(MAGIC);
        bytes.extend([0; 4]);
        bytes.extend(self.kill_revision.to_le_bytes());
        bytes.extend(word(self.kills.len()).to_le_bytes());
        for kill in &self.kills {
            let mut entry = vec![0; 4];
            entry.extend(kill.kill_revision.to_le_bytes());
            put_text(&kill.id, &mut entry)?;
            put_text(&kill.flag, &mut entry)?;
            entry.push(u8::from(kill.is_everyone()));
            let part = |present: bool, bit: u8| if present { bit } else { 0 };
            entry.push(
                part(kill.tenants.is_some(), TENANT)
                    | part(kill.regions.is_some(), REGION)
                    | part(kill.segments.is_some(), SEGMENT)
                    | part(kill.variants.is_some(), VARIANT),
            );
            put_texts(kill.tenants.as_deref(), &mut entry)?;
            put_texts(kill.regions.as_deref(), &mut entry)?;
            if let Some(segments) = &kill.segments {
                entry.extend(word(segments.len()).to_le_bytes());
                entry.extend(segments.iter().flat_map(|hash| hash.to_le_bytes()));
            }
            put_texts(kill.variants.as_deref(), &mut entry)?;
            put_length(&mut entry, 0);
            bytes.extend(entry);
        }
        put_length(&mut bytes, 4);
        if bytes.len() > KILLS_LIMIT { Err(KillSetError::TooLarge) } else { Ok(bytes) }
    }
}

fn put_length(bytes: &mut [u8], at: usize) {
    let length = word(bytes.len()).to_le_bytes();
    for (byte, value) in bytes.iter_mut().skip(at).zip(length) {
        *byte = value;
    }
}

fn put_text(text: &str, into: &mut Vec<u8>) -> Result<(), KillSetError> {
    let length = u16::try_from(text.len()).map_err(|_| KillSetError::Content)?;
    into.extend(length.to_le_bytes());
    into.extend(text.as_bytes());
    Ok(())
}

fn put_texts(texts: Option<&[String]>, into: &mut Vec<u8>) -> Result<(), KillSetError> {
    let Some(texts) = texts else {
        return Ok(());
    };
    into.extend(word(texts.len()).to_le_bytes());
    texts.iter().try_for_each(|text| put_text(text, into))
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count)?;
        self.bytes = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn text(&mut self) -> Option<String> {
        let length = u16::from_le_bytes(self.array()?);
        let bytes = self.take(usize::from(length))?;
        core::str::from_utf8(bytes).ok().map(String::from)
    }

    fn texts(&mut self, present: bool) -> Option<Option<Vec<String>>> {
        if !present {
            return Some(None);
        }
        let count = self.u32()?;
        let mut texts = Vec::new();
        for _ in 0..count {
            texts.push(self.text()?);
        }
        Some(Some(texts))
    }

    fn entry(&mut self) -> Option<KillEntry> {
        let length = self.u32()? as usize;
        let mut entry = Reader { bytes: self.take(length.checked_sub(4)?)? };
        let mut kill = KillEntry { kill_revision: entry.u64()?, id: entry.text()?, ..KillEntry::default() };
        kill.flag = entry.text()?;
        let [everyone, parts] = entry.array()?;
        kill.tenants = entry.texts(parts & TENANT != 0)?;
        kill.regions = entry.texts(parts & REGION != 0)?;
        if parts & SEGMENT != 0 {
            let count = entry.u32()? as usize;
            let hashes = entry.take(count.checked_mul(8)?)?;
            kill.segments = Some(hashes.as_chunks::<8>().0.iter().map(|hash| u64::from_le_bytes(*hash)).collect());
        }
        kill.variants = entry.texts(parts & VARIANT != 0)?;
        // A kill that says both must be one or the other, or readers would disagree.
        (kill.is_everyone() == (everyone != 0)).then_some(kill)
    }
}

/// A program with the kills in force: what contexts are evaluated against.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub program: Program,
    pub kill_set: KillSet,
    /// By flag.
    pub(crate) by_flag: Vec<FlagKills>,
    /// Of all flags, each flag's together.
    pub(crate) kills: Vec<LoadedKill>,
    /// Pointed into by `kills`.
    pub(crate) ids: Vec<u32>,
    /// Texts that only kills name; their ids follow the pool's.
    pub extra: Vec<String>,
    #[cfg(feature = "document")]
    pub(crate) index: crate::prepare::StringIndex,
    #[cfg(feature = "sieve")]
    pub(crate) sieve: crate::sieve::Sieve,
    /// By flag: nothing but rules and default decide it, unless the client holds it down: no kill, no prerequisite.
    #[cfg(feature = "sieve")]
    pub(crate) only_rules: Vec<bool>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct FlagKills {
    /// Number of the first kill for everyone, or [`NONE`].
    pub(crate) everyone: u32,
    /// The others, in `kills`.
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Default for FlagKills {
    fn default() -> Self {
        FlagKills { everyone: NONE, start: 0, end: 0 }
    }
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct LoadedKill {
    /// In the kill set.
    pub(crate) number: u32,
    pub(crate) tenants: Part,
    pub(crate) regions: Part,
    pub(crate) segments: Part,
    pub(crate) variants: Part,
}

/// A run of ids, or nothing said.
pub(crate) type Part = Option<(u32, u32)>;

impl Loaded {
    pub fn new(program: Program, kill_set: KillSet) -> Self {
        #[cfg_attr(not(feature = "sieve"), expect(unused_mut, reason = "nothing is added"))]
        let mut loaded = Loaded::soon(program, kill_set);
        #[cfg(feature = "sieve")]
        loaded.sift();
        loaded
    }

    /// As [`Loaded::new`], without what makes many decisions fast and takes longer to make than a few of them: see
    /// [`Loaded::sift`]. The decisions are the same.
    pub fn soon(program: Program, kill_set: KillSet) -> Self {
        let mut loaded = Loaded {
            #[cfg(feature = "sieve")]
            sieve: crate::sieve::Sieve::default(),
            #[cfg(feature = "sieve")]
            only_rules: Vec::new(),
            program,
            kill_set,
            by_flag: Vec::new(),
            kills: Vec::new(),
            ids: Vec::new(),
            extra: Vec::new(),
            #[cfg(feature = "document")]
            index: crate::prepare::StringIndex::default(),
        };
        loaded.resolve();
        loaded
    }

    /// Works out which rules can hold for which texts, if that is not done. Prepared contexts have to be prepared anew.
    #[cfg(feature = "sieve")]
    pub fn sift(&mut self) {
        if self.sieve.is_empty() {
            self.sieve = crate::sieve::Sieve::new(&self.program);
        }
    }

    /// Replaces the kills and keeps the program. Prepared contexts have to be prepared anew.
    pub fn set_kills(&mut self, kill_set: KillSet) {
        self.kill_set = kill_set;
        self.resolve();
    }

    /// The text of a string id of the pool or of the kills.
    pub fn string(&self, id: u32) -> Option<&str> {
        match id.checked_sub(self.program.string_count()) {
            None => self.program.string(id),
            Some(extra) => self.extra.get(extra as usize).map(String::as_str),
        }
    }

    /// The JSON text of a decision's value.
    pub fn value(&self, flag: u32, decision: &crate::decision::Decision) -> &str {
        self.program.variant(flag, u32::from(decision.variant)).map_or("null", |(_, value)| value)
    }

    fn resolve(&mut self) {
        self.kills.clear();
        self.ids.clear();
        self.extra.clear();
        self.by_flag.clear();
        let kill_set = core::mem::take(&mut self.kill_set);
        let mut resolved: Vec<(u32, LoadedKill)> = Vec::new();
        let mut everyone = vec![NONE; self.program.flags.len()];
        for (number, kill) in (0u32..).zip(&kill_set.kills) {
            // Ids are given out even for flags that the program lacks, so that every reader counts alike.
            let tenants = self.intern_part(kill.tenants.as_deref());
            let regions = self.intern_part(kill.regions.as_deref());
            let Some(flag) = self.program.flag_index(&kill.flag) else {
                continue;
            };
            if kill.is_everyone() {
                if let Some(first) = everyone.get_mut(flag as usize).filter(|first| **first == NONE) {
                    *first = number;
                }
                continue;
            }
            let segments = kill.segments.as_ref().map(|hashes| {
                let ids: Vec<u32> = hashes.iter().map(|hash| self.segment_with(*hash)).collect();
                self.push_ids(&ids)
            });
            let variants = kill.variants.as_ref().map(|keys| {
                let ids: Vec<u32> = keys.iter().filter_map(|key| self.variant_with(flag, key)).collect();
                self.push_ids(&ids)
            });
            resolved.push((flag, LoadedKill { number, tenants, regions, segments, variants }));
        }
        // Each flag's kills stay in the order in which they were made. Counted, not sorted: sorting would be a tenth of the
        // evaluation module.
        self.by_flag.extend(everyone.into_iter().map(|everyone| FlagKills { everyone, start: 0, end: 0 }));
        for (flag, _) in &resolved {
            if let Some(own) = self.by_flag.get_mut(*flag as usize) {
                own.end += 1;
            }
        }
        let mut start = 0;
        for own in &mut self.by_flag {
            let count = own.end;
            (own.start, own.end) = (start, start);
            start += count;
        }
        self.kills.resize(
            resolved.len(),
            LoadedKill { number: NONE, tenants: None, regions: None, segments: None, variants: None },
        );
        for (flag, kill) in resolved {
            let Some(own) = self.by_flag.get_mut(flag as usize) else { continue };
            if let Some(place) = self.kills.get_mut(own.end as usize) {
                *place = kill;
            }
            own.end += 1;
        }
        self.kill_set = kill_set;
        #[cfg(feature = "sieve")]
        {
            self.only_rules.clear();
            self.only_rules.extend(self.program.flags.iter().zip(&self.by_flag).map(|(flag, kills)| {
                let killed = kills.everyone != NONE || kills.start != kills.end;
                !killed && flag.require_count == 0 && flag.bits & FlagRecord::TOO_NEW == 0
            }));
        }
        #[cfg(feature = "document")]
        {
            let count = self.program.string_count() + word(self.extra.len());
            self.index = crate::prepare::StringIndex::new(count, |id| self.string(id));
        }
    }

    fn intern_part(&mut self, texts: Option<&[String]>) -> Part {
        let ids: Vec<u32> = texts?.iter().map(|text| self.intern(text)).collect();
        Some(self.push_ids(&ids))
    }

    fn intern(&mut self, text: &str) -> u32 {
        let count = self.program.string_count();
        if let Some(id) = (0..count).find(|id| self.program.string(*id) == Some(text)) {
            return id;
        }
        let extra = self.extra.iter().position(|each| each == text).unwrap_or_else(|| {
            self.extra.push(String::from(text));
            self.extra.len() - 1
        });
        count + word(extra)
    }

    fn push_ids(&mut self, ids: &[u32]) -> (u32, u32) {
        let start = word(self.ids.len());
        self.ids.extend(ids);
        (start, word(ids.len()))
    }

    fn segment_with(&self, hash: u64) -> u32 {
        self.program.segments.iter().position(|segment| segment.hash() == hash).map_or(NONE, word)
    }

    fn variant_with(&self, flag: u32, key: &str) -> Option<u32> {
        let record: &FlagRecord = self.program.flags.get(flag as usize)?;
        (0..record.variant_count)
            .find(|variant| self.program.variant(flag, *variant).is_some_and(|(each, _)| each == key))
    }

    pub(crate) fn part(&self, part: (u32, u32)) -> &[u32] {
        let start = part.0 as usize;
        self.ids.get(start..start.saturating_add(part.1 as usize)).unwrap_or_default()
    }
}

#[cfg(feature = "document")]
mod encode {
    use super::{KillEntry, KillSet};
    use crate::document::{Kill, RegionTree};
    use crate::program::{SEGMENT_KEY, siphash};

    impl KillSet {
        /// The kills of a document. `revisions` gives the kill revision at which each was made, by its id; `kill_revision` where it does not know.
        pub fn encode(
            kills: &[Kill],
            regions: &RegionTree,
            kill_revision: u64,
            revisions: impl Fn(&str) -> Option<u64>,
        ) -> Self {
            let kills = kills
                .iter()
                .map(|kill| {
                    let scope = &kill.scope;
                    KillEntry {
                        kill_revision: revisions(&kill.id).unwrap_or(kill_revision),
                        id: kill.id.clone(),
                        flag: kill.flag.to_string(),
                        tenants: scope.tenant.as_ref().map(|tenants| tenants.iter().map(ToString::to_string).collect()),
                        regions: scope.region.as_ref().map(|named| {
                            let mut all = Vec::new();
                            for region in named {
                                all.push(region.to_string());
                                let within = regions.find(region.as_str()).map(RegionTree::names).unwrap_or_default();
                                all.extend(within.iter().map(ToString::to_string));
                            }
                            all.sort();
                            all.dedup();
                            all
                        }),
                        segments: scope.segment.as_ref().map(|segments| {
                            segments.iter().map(|key| siphash(SEGMENT_KEY, key.as_str().as_bytes())).collect()
                        }),
                        variants: scope
                            .variant
                            .as_ref()
                            .map(|variants| variants.iter().map(ToString::to_string).collect()),
                    }
                })
                .collect();
            KillSet { kill_revision, kills }
        }
    }
}
