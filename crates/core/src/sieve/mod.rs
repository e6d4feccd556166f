//! Which rules can hold for a context, found for 64 of them at once.
//!
//! For each attribute that rules compare with texts of the pool (`tenant`, `region`, `in`), or by order (numbers, versions,
//! times), there is a row for each of these texts, or for each stretch between bounds, with a bit for each rule of the program:
//! set where no condition on this attribute refuses the value. The rows of a context's values, ANDed, leave the rules that can
//! hold. Of a rule with other conditions as well these are then looked at.
//!
//! After a flag's rules stands a bit for its default, which is set in every row: the first bit of a flag decides. What each
//! bit gives is worked out before, so that most flags are decided without a branch that depends on the context.

mod ordered;
mod tables;

use crate::context::{Context, Slot};
use crate::decision::{Cause, Decision, Reason};
use crate::evaluate::otherwise;
use crate::kills::Loaded;
use crate::program::{NONE, Node, Program, RuleRecord, Set, op, word};
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use ordered::{Measure, Ordered, insert};

/// Bytes of rows at least allowed, and beyond that half of what the conditions take: rows grow with texts times rules.
const ROOM: usize = 256 * 1024;
/// Attributes at most; of others it knows nothing.
pub(crate) const COLUMNS: usize = 12;

#[derive(Debug, Clone, Default)]
pub(crate) struct Sieve {
    columns: Vec<Column>,
    /// Words of a row.
    words: usize,
    rows: Vec<u64>,
    /// By word of a row: a bit for each column that refuses one of its rules for some value.
    matters: Vec<u16>,
    /// By flag: its first bit. A flag's bits are in one word, unless it has more rules than that.
    starts: Vec<u32>,
    /// By bit.
    given: Vec<Given>,
    /// By node: rows tell of it.
    known: Vec<u64>,
    /// The slot that most splits bucket by, or [`NONE`].
    unit: u32,
}

/// What the flag gives whose first bit among the candidates this is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given {
    pub(crate) more: More,
    pub(crate) reason: Reason,
    /// Of a split: of its first slice.
    pub(crate) variant: u16,
    pub(crate) rule: u32,
    /// Of a split: its seed, the slot of its unit, where its first slice ends, and where its slices stand.
    pub(crate) seed: u32,
    pub(crate) slot: u32,
    pub(crate) end: u32,
    pub(crate) slices: u32,
}

/// What is to be looked at before a bit decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum More {
    /// It is a default, or a rule that serves a variant, of which all conditions are known.
    Nothing,
    /// All conditions are known, but not the bucket.
    Bucket,
    Conditions,
}

impl Given {
    pub(crate) const NOTHING: Given = Given {
        more: More::Conditions,
        reason: Reason::Error,
        variant: 0,
        rule: NONE,
        seed: 0,
        slot: NONE,
        end: 0,
        slices: NONE,
    };

    /// The decision, where nothing more is to be looked at, or the first slice has the unit's bucket.
    #[inline]
    pub(crate) fn decision(&self) -> Decision {
        let Given { variant, reason, rule, .. } = *self;
        Decision { variant, reason, cause: Cause::None, rule, kill: NONE }
    }

    /// It is a flag's default: it holds whatever the context has.
    pub(crate) fn is_default(&self) -> bool {
        self.more == More::Nothing && self.reason != Reason::TargetingMatch
    }

    fn of_rule(program: &Program, rule: &RuleRecord, known: bool) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "variants are kept in 16 bits")]
        let short = |variant: u32| variant as u16;
        let more = match known {
            false => More::Conditions,
            true if rule.is_split() => More::Bucket,
            true => More::Nothing,
        };
        if !rule.is_split() {
            let variant = short(rule.low());
            return Given { more, reason: Reason::TargetingMatch, variant, rule: rule.index, ..Given::NOTHING };
        }
        // How many there are, and of each its end and its variant.
        let (end, variant) = match program.id_list(rule.slices, 3) {
            &[count, end, variant] if count > 0 => (end, short(variant)),
            _ => (0, 0),
        };
        let (seed, slot, slices) = (rule.seed, rule.low(), rule.slices);
        Given { more, reason: Reason::Split, variant, rule: rule.index, seed, slot, end, slices }
    }
}

/// An attribute, and by what its rows are told apart.
#[derive(Debug, Clone)]
struct Column {
    slot: usize,
    by: By,
    /// Where its rows begin in `Sieve::rows`. The first is for values that no condition on it allows.
    first: usize,
}

#[derive(Debug, Clone)]
enum By {
    /// By string id: the number of the row. What is beyond the end has the first.
    Text(Vec<u16>),
    Order(Ordered),
}

/// Of a context: by column where its row begins, plus one; 0 where that is not found out yet.
pub(crate) type Rows = [u32; COLUMNS];

/// What a rule's condition on an attribute allows: the rule's bit, its node, the texts of the pool.
type Allowed = (usize, u32, Vec<u32>);

impl Sieve {
    pub(crate) fn new(program: &Program) -> Self {
        let mut starts = Vec::with_capacity(program.flags.len());
        let mut end = 0;
        for flag in &program.flags {
            let room = flag.rule_count as usize + 1;
            if end % 64 + room > 64 {
                end = end.next_multiple_of(64);
            }
            starts.push(word(end));
            end += room;
        }
        let mut sieve = Sieve {
            words: end.div_ceil(64),
            matters: vec![0; end.div_ceil(64)],
            starts,
            given: vec![Given::NOTHING; end],
            known: vec![0; program.nodes.len().div_ceil(64)],
            ..Sieve::default()
        };
        let room = ROOM + program.nodes.len() * size_of::<Node>() / 2;
        sieve.add_texts(program, room);
        for measure in [Measure::Number, Measure::Version, Measure::Time] {
            sieve.add_ordered(program, measure, room);
        }
        sieve.work_out(program);
        sieve.rows.shrink_to_fit();
        sieve
    }

    /// The columns of conditions that compare with texts.
    fn add_texts(&mut self, program: &Program, room: usize) {
        let by_slot = self.by_slot(program, |bit, at, node| Some((bit, at, texts(program, node)?)));
        // Those with few texts first: they take little room and tell most.
        let mut columns = Vec::new();
        for column in &by_slot {
            insert(&mut columns, column, |one, other| {
                let texts = |allowed: &[Allowed]| allowed.iter().map(|(.., ids)| ids.len()).sum::<usize>();
                (texts(&one.1), one.0).cmp(&(texts(&other.1), other.0))
            });
        }
        for (slot, allowed) in columns.into_iter().take(COLUMNS) {
            if self.column(*slot, allowed, room) {
                allowed.iter().for_each(|(_, node, _)| set(&mut self.known, *node as usize));
            }
        }
    }

    /// The columns of conditions that compare by order.
    fn add_ordered(&mut self, program: &Program, measure: Measure, room: usize) {
        let by_slot = self.by_slot(program, |bit, at, node| measure.compares(node).then_some((bit, at)));
        for (slot, conditions) in by_slot {
            if self.columns.len() == COLUMNS {
                return;
            }
            let free = room.saturating_sub(self.rows.len() * 8) / 8 / self.words.max(1);
            let Some((ordered, changes)) = Ordered::new(program, measure, &conditions, free) else { continue };
            let first = self.rows.len();
            let mut row = vec![u64::MAX; self.words];
            conditions.iter().for_each(|(bit, _)| clear(&mut row, *bit));
            self.refuses(&row);
            self.rows.extend(&row);
            for change in changes {
                change.iter().for_each(|(bit, holds)| if *holds { set(&mut row, *bit) } else { clear(&mut row, *bit) });
                self.rows.extend(&row);
            }
            self.columns.push(Column { slot, by: By::Order(ordered), first });
            conditions.iter().for_each(|(_, node)| set(&mut self.known, *node as usize));
        }
    }

    /// The next column matters where its first row refuses a rule.
    fn refuses(&mut self, row: &[u64]) {
        let next = 1 << self.columns.len();
        for (matters, word) in self.matters.iter_mut().zip(row) {
            if *word != u64::MAX {
                *matters |= next;
            }
        }
    }

    /// What `of` makes of the conditions of rules, by attribute; of each condition it is told the rule's bit and the node.
    fn by_slot<T: Clone>(
        &self,
        program: &Program,
        of: impl Fn(usize, u32, &Node) -> Option<T>,
    ) -> Vec<(usize, Vec<T>)> {
        let mut by_slot = vec![Vec::new(); program.slots.len()];
        for (bit, rule) in self.rules(program) {
            for (at, node) in conditions(program, rule) {
                if let (Some(found), Some(those)) = (of(bit, at, node), by_slot.get_mut(node.slot())) {
                    those.push(found);
                }
            }
        }
        by_slot.into_iter().enumerate().filter(|(_, found)| !found.is_empty()).collect()
    }

    /// Every rule with its bit.
    fn rules<'a>(&self, program: &'a Program) -> impl Iterator<Item = (usize, &'a RuleRecord)> + use<'a> {
        let starts = self.starts.clone();
        program.flags.iter().zip(starts).flat_map(|(flag, start)| {
            let first = flag.rules as usize;
            let rules = program.rules.get(first..first + flag.rule_count as usize).unwrap_or_default();
            (start as usize..).zip(rules)
        })
    }

    /// What each bit gives, and by which slot most splits bucket.
    fn work_out(&mut self, program: &Program) {
        let mut given = core::mem::take(&mut self.given);
        let mut splits = vec![0; program.slots.len()];
        for (bit, rule) in self.rules(program) {
            if let Some(splits) = splits.get_mut(rule.low() as usize).filter(|_| rule.is_split()) {
                *splits += 1;
            }
            if let Some(place) = given.get_mut(bit) {
                *place = Given::of_rule(program, rule, conditions(program, rule).all(|(at, _)| self.knows(at)));
            }
        }
        for (flag, start) in program.flags.iter().zip(&self.starts) {
            if let Some(place) = given.get_mut((start + flag.rule_count) as usize) {
                let Decision { variant, reason, rule, .. } = otherwise(flag);
                *place = Given { more: More::Nothing, reason, variant, rule, ..Given::NOTHING };
            }
        }
        self.given = given;
        self.unit = (0..).zip(splits).max_by_key(|(_, splits)| *splits).map_or(NONE, |(slot, _)| slot);
    }

    /// Adds an attribute's rows; false where they would be too many.
    fn column(&mut self, slot: usize, allowed: &[Allowed], room: usize) -> bool {
        let mut other = vec![u64::MAX; self.words];
        allowed.iter().for_each(|(bit, ..)| clear(&mut other, *bit));
        let mut by_id: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let mut rest = allowed;
        while let Some(((bit, _, ids), after)) = rest.split_first() {
            // Two conditions on one attribute: both must hold.
            let more = after.iter().take_while(|(other, ..)| other == bit).count();
            let (both, after) = after.split_at(more);
            for id in ids.iter().filter(|id| both.iter().all(|(.., ids)| ids.binary_search(id).is_ok())) {
                by_id.entry(*id).or_default().push(*bit);
            }
            rest = after;
        }
        let mut numbers: BTreeMap<&[usize], u16> = BTreeMap::new();
        let mut dense = vec![0; by_id.last_key_value().map_or(0, |(id, _)| *id as usize + 1)];
        let first = self.rows.len();
        self.rows.extend(&other);
        for (id, bits) in &by_id {
            let next = numbers.len() + 1;
            let Ok(next) = u16::try_from(next) else { return self.without(first) };
            // Regions that no rule tells apart share a row.
            let number = *numbers.entry(bits).or_insert(next);
            if number == next {
                if (self.rows.len() + self.words) * 8 > room {
                    return self.without(first);
                }
                let start = self.rows.len();
                self.rows.extend(&other);
                if let Some(row) = self.rows.get_mut(start..) {
                    bits.iter().for_each(|bit| set(row, *bit));
                }
            }
            if let Some(place) = dense.get_mut(*id as usize) {
                *place = number;
            }
        }
        self.refuses(&other);
        self.columns.push(Column { slot, by: By::Text(dense), first });
        true
    }

    fn without(&mut self, first: usize) -> bool {
        self.rows.truncate(first);
        false
    }

    /// Nothing was worked out, or there is no flag.
    pub(crate) fn is_empty(&self) -> bool {
        self.words == 0
    }

    /// How many words a row has.
    pub(crate) fn words(&self) -> usize {
        self.words
    }

    /// A bit for each rule that can hold, and for each default, of one word; and whether nothing speaks against it: false where
    /// of some value nothing is known, as of a list.
    #[inline]
    pub(crate) fn word(&self, at: usize, loaded: &Loaded, context: &Context, rows: &mut Rows) -> Option<(u64, bool)> {
        let mut left = *self.matters.get(at)?;
        let (mut word, mut sure) = (u64::MAX, true);
        while left != 0 {
            let number = left.trailing_zeros() as usize;
            left &= left - 1;
            match self.row(self.columns.get(number)?, loaded, context, rows.get_mut(number)?) {
                Some(row) => word &= self.rows.get(row + at)?,
                None => sure = false,
            }
        }
        Some((word, sure))
    }

    /// The same, of all words.
    pub(crate) fn candidates(&self, loaded: &Loaded, context: &Context, rows: &mut Rows, into: &mut Vec<u64>) -> bool {
        let mut sure = true;
        into.clear();
        into.resize(self.words, u64::MAX);
        for (column, place) in self.columns.iter().zip(rows) {
            match self.row(column, loaded, context, place) {
                Some(row) => {
                    let row = self.rows.get(row..).unwrap_or_default();
                    into.iter_mut().zip(row).for_each(|(bits, row)| *bits &= row);
                }
                None => sure = false,
            }
        }
        sure
    }

    /// Where the row of a column for a context begins, found out once; `None` where nothing is known of the value: a text may
    /// be there the next time.
    #[inline]
    fn row(&self, column: &Column, loaded: &Loaded, context: &Context, place: &mut u32) -> Option<usize> {
        if *place == 0 {
            let slot = context.slots.get(column.slot)?;
            let number = match &column.by {
                By::Text(by_id) => match slot.kind {
                    Slot::INTERNED => by_id.get(slot.a as usize).copied().unwrap_or(0),
                    // Any of its elements may be the one.
                    Slot::LIST => return None,
                    _ => 0,
                },
                By::Order(ordered) => ordered.row(loaded, context, slot)?,
            };
            *place = word(column.first + usize::from(number) * self.words) + 1;
        }
        Some(*place as usize - 1)
    }

    /// The slot that most splits bucket by, or [`NONE`].
    pub(crate) fn unit(&self) -> u32 {
        self.unit
    }

    /// The first bit of a flag: its rules in order, then its default.
    pub(crate) fn start(&self, flag: u32) -> u32 {
        self.starts.get(flag as usize).copied().unwrap_or(NONE)
    }

    /// The first bit of each flag.
    pub(crate) fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// A flag's first bit among the candidates, and what it gives, if that is in the flag's first word.
    #[inline]
    pub(crate) fn first(&self, candidates: &[u64], start: u32) -> Option<(u32, &Given)> {
        let bits = candidates.get(start as usize / 64)? & (u64::MAX << (start % 64));
        if bits == 0 {
            return None;
        }
        let bit = (start & !63) + bits.trailing_zeros();
        Some((bit, self.given.get(bit as usize)?))
    }

    /// What a bit gives if it is the first of its flag, and no value is a list.
    pub(crate) fn given(&self, bit: u32) -> Option<&Given> {
        self.given.get(bit as usize)
    }

    /// Whether it knows a condition, unless the value is a list.
    pub(crate) fn knows(&self, node: u32) -> bool {
        has(&self.known, node as usize)
    }
}

/// The conditions of a rule that must all hold; what is within groups is looked at by itself.
fn conditions<'a>(program: &'a Program, rule: &RuleRecord) -> impl Iterator<Item = (u32, &'a Node)> {
    let (mut at, end) = (rule.start, rule.end);
    core::iter::from_fn(move || {
        let here = at;
        let node = program.nodes.get(here as usize).filter(|_| here < end)?;
        at = node.next;
        Some((here, node))
    })
}

/// The texts of the pool for which a condition holds, sorted, if only such texts matter to it.
fn texts(program: &Program, node: &Node) -> Option<Vec<u32>> {
    match node.operator() {
        op::TENANT => Some(program.id_list(node.a, node.b).to_vec()),
        op::REGION => {
            let mut within = Vec::new();
            for region in program.id_list(node.a, node.b) {
                if let Some(end) = program.regions.get(*region as usize) {
                    within.extend(*region..*end);
                }
            }
            within.sort_unstable();
            within.dedup();
            Some(within)
        }
        op::IN => {
            let set = program.sets.get(node.a as usize)?;
            let only_texts = set.bits & (Set::HASHED | Set::FALSE | Set::TRUE) == 0 && set.number_count == 0;
            only_texts.then(|| program.id_list(set.texts, set.text_count).to_vec())
        }
        _ => None,
    }
}

fn has(bits: &[u64], at: usize) -> bool {
    bits.get(at / 64).is_some_and(|word| word >> (at % 64) & 1 != 0)
}

fn set(bits: &mut [u64], at: usize) {
    if let Some(word) = bits.get_mut(at / 64) {
        *word |= 1 << (at % 64);
    }
}

fn clear(bits: &mut [u64], at: usize) {
    if let Some(word) = bits.get_mut(at / 64) {
        *word &= !(1 << (at % 64));
    }
}
