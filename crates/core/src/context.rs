//! A context as slots: one small value for each attribute that the program reads.

#[cfg(feature = "sieve")]
use crate::bucket::Scrambled;
use crate::decision::Decision;
use crate::kills::Loaded;
use crate::program::{NONE, SlotRecord, TENANT};
#[cfg(feature = "sieve")]
use crate::sieve::Rows;
use alloc::vec::Vec;

/// One attribute of a context. Layout and meaning are in docs/reference/program-format.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    pub kind: u32,
    /// String id of a text of the pool, else [`NONE`].
    pub a: u32,
    /// Bits of a number; offset and, in the high half, length of a text; start and count of a list's elements.
    pub payload: u64,
}

impl Slot {
    pub const ABSENT: u32 = 0;
    pub const FALSE: u32 = 1;
    pub const TRUE: u32 = 2;
    pub const NUMBER: u32 = 3;
    /// A text of the pool.
    pub const INTERNED: u32 = 4;
    /// Another text, written to the buffer.
    pub const TEXT: u32 = 5;
    /// Another text, not written yet.
    pub const PENDING: u32 = 6;
    pub const LIST: u32 = 7;
    pub const OBJECT: u32 = 8;

    pub const fn of(kind: u32) -> Self {
        Slot { kind, a: NONE, payload: 0 }
    }

    pub fn number(value: f64) -> Self {
        Slot { kind: Self::NUMBER, a: NONE, payload: value.to_bits() }
    }

    pub fn interned(id: u32) -> Self {
        Slot { kind: Self::INTERNED, a: id, payload: 0 }
    }

    pub fn run(kind: u32, start: u32, count: u32) -> Self {
        Slot { kind, a: NONE, payload: u64::from(start) | u64::from(count) << 32 }
    }

    /// Start and count, or offset and length.
    #[expect(clippy::cast_possible_truncation, reason = "taken apart into halves")]
    pub fn halves(&self) -> (usize, usize) {
        ((self.payload as u32) as usize, (self.payload >> 32) as usize)
    }

    pub fn is_text(&self) -> bool {
        matches!(self.kind, Self::INTERNED | Self::TEXT | Self::PENDING)
    }
}

impl Default for Slot {
    fn default() -> Self {
        Slot::of(Slot::ABSENT)
    }
}

/// The values of one context.
#[derive(Debug, Clone, Default)]
pub struct Context {
    pub slots: Vec<Slot>,
    /// Elements of lists.
    pub elements: Vec<Slot>,
    /// Texts that the pool lacks.
    pub texts: Vec<u8>,
}

/// What has been found out about one context so far, so that nothing is decided twice.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memo {
    pub(crate) decisions: Vec<Option<Decision>>,
    /// Some of the decisions are there.
    #[cfg(feature = "sieve")]
    pub(crate) decided: bool,
    pub(crate) segments: Vec<Option<bool>>,
    /// The version that was read last, and of which slot: conditions on versions mostly name the same attribute.
    #[cfg(feature = "sieve")]
    pub(crate) version: Option<(u32, Option<KnownVersion>)>,
    /// By attribute that the sieve knows: what it says of the value at hand.
    #[cfg(feature = "sieve")]
    pub(crate) rows: Rows,
    /// A bit for each rule that can hold, once all flags are asked for.
    #[cfg(feature = "sieve")]
    pub(crate) candidates: Vec<u64>,
    /// Nothing speaks against these: of each value that they depend on something is known.
    #[cfg(feature = "sieve")]
    pub(crate) sure: bool,
    /// The bucketing unit that was read last, and of which slot: splits mostly name the same.
    #[cfg(feature = "sieve")]
    pub(crate) unit: Option<(u32, Scrambled)>,
    /// The slot of the unit that was read before, plus one: at its second time it is kept.
    #[cfg(feature = "sieve")]
    pub(crate) unit_seen: u32,
}

/// A version whose text stands elsewhere.
#[cfg(feature = "sieve")]
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownVersion {
    pub(crate) numbers: [u64; 3],
    /// Where its pre-release begins in the text, and its length.
    pub(crate) pre: (u32, u32),
}

/// A context, ready for any number of evaluations, which allocate nothing.
#[derive(Debug, Clone, Default)]
pub struct Prepared {
    pub context: Context,
    pub(crate) memo: Memo,
}

impl Prepared {
    /// Room for a context of this program, all absent.
    pub fn new(loaded: &Loaded) -> Self {
        let mut prepared = Prepared::default();
        prepared.clear(loaded);
        prepared
    }

    /// Makes all absent and forgets what was decided; keeps its memory.
    pub fn clear(&mut self, loaded: &Loaded) {
        let program = &loaded.program;
        self.context.slots.clear();
        self.context.slots.resize(program.slots.len(), Slot::default());
        self.context.elements.clear();
        self.context.texts.clear();
        self.memo.decisions.resize(program.flags.len(), None);
        self.memo.segments.resize(program.segments.len(), None);
        #[cfg(feature = "sieve")]
        self.memo.candidates.reserve(loaded.sieve.words());
        self.forget();
    }

    /// Forgets what was decided: to be called when slots, kills or overrides have changed.
    pub fn forget(&mut self) {
        #[cfg(feature = "sieve")]
        let decided = core::mem::take(&mut self.memo.decided);
        #[cfg(not(feature = "sieve"))]
        let decided = true;
        if decided {
            self.memo.decisions.fill(None);
        }
        self.memo.segments.fill(None);
        #[cfg(feature = "sieve")]
        {
            self.memo.version = None;
            self.memo.unit = None;
            self.memo.unit_seen = 0;
            self.memo.rows = Rows::default();
            self.memo.candidates.clear();
        }
    }

    /// Fills the slots that hold declared attributes of the context's tenant, after the others are there.
    pub fn derive(&mut self, loaded: &Loaded) {
        let program = &loaded.program;
        for (slot, record) in self.context.slots.iter_mut().zip(&program.slots) {
            if record.flags & SlotRecord::OF_TENANT != 0 {
                *slot = Slot::default();
            }
        }
        let Some(tenant) = self.context.slots.get(TENANT).filter(|slot| slot.kind == Slot::INTERNED).map(|slot| slot.a)
        else {
            return;
        };
        let first = program.tenants.partition_point(|record| record.tenant < tenant);
        for record in program.tenants.iter().skip(first).take_while(|record| record.tenant == tenant) {
            let value = |kind: u32, a: u32| match kind {
                Slot::NUMBER => Slot::number(program.numbers.get(a as usize).copied().unwrap_or(0.0)),
                Slot::INTERNED => Slot::interned(a),
                Slot::FALSE | Slot::TRUE | Slot::OBJECT => Slot::of(kind),
                _ => Slot::default(),
            };
            let filled = if record.kind == Slot::LIST {
                let start = crate::program::word(self.context.elements.len());
                let pairs = program.id_list(record.a, record.b.saturating_mul(2));
                for pair in pairs.chunks(2) {
                    let &[kind, a] = pair else { continue };
                    self.context.elements.push(value(kind, a));
                }
                Slot::run(Slot::LIST, start, record.b)
            } else {
                value(record.kind, record.a)
            };
            if let Some(slot) = self.context.slots.get_mut(record.slot as usize) {
                *slot = filled;
            }
        }
    }
}
