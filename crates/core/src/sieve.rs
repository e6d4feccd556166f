//! Which rules can hold for a context, found for 64 of them at once.
//!
//! For each attribute that rules compare with texts of the pool (`tenant`, `region`, `in`) and each of these texts there is a
//! row with a bit for each rule of the program: set where no condition on this attribute refuses the text. The rows of a
//! context's values, ANDed, leave the rules that can hold. Of a rule with other conditions as well these are then looked at.
//!
//! After a flag's rules stands a bit for its default, which is set in every row: the first bit of a flag decides. What each
//! bit gives is worked out before, so that most flags are decided without a branch that depends on the context.

use crate::context::{Context, Slot};
use crate::decision::{Cause, Decision, Reason};
use crate::evaluate::otherwise;
use crate::program::{NONE, Node, Program, RuleRecord, Set, op, word};
use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;

/// Bytes of rows at least allowed, and beyond that half of what the conditions take: rows grow with texts times rules.
const ROOM: usize = 256 * 1024;
/// Attributes at most; of others it knows nothing.
const COLUMNS: usize = 12;

#[derive(Debug, Clone, Default)]
pub(crate) struct Sieve {
    columns: Vec<Column>,
    /// Words of a row.
    words: usize,
    rows: Vec<u64>,
    /// By flag: its first bit. A flag's bits are in one word, unless it has more rules than that.
    starts: Vec<u32>,
    /// By bit.
    given: Vec<Given>,
    /// By node: rows tell of it.
    known: Vec<u64>,
}

/// What the flag gives whose first bit this is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given {
    variant: u16,
    reason: Reason,
    more: More,
    rule: u32,
    /// Of the rule in the program.
    number: u32,
}

/// What is to be looked at before a bit decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum More {
    /// It is a default, or a rule that serves a variant, of which all conditions are known.
    Nothing,
    /// All conditions are known, but not the bucket.
    Bucket,
    Conditions,
}

impl Given {
    /// The decision, where nothing more is to be looked at.
    pub(crate) fn settled(&self) -> Option<Decision> {
        let Given { variant, reason, more, rule, .. } = *self;
        (more == More::Nothing).then_some(Decision { variant, reason, cause: Cause::None, rule, kill: NONE })
    }

    /// The number of the rule of which only the bucket is to be looked at.
    pub(crate) fn bucket(&self) -> Option<u32> {
        (self.more == More::Bucket).then_some(self.number)
    }

    /// Whether all conditions are known, unless some value is a list.
    pub(crate) fn holds(&self) -> bool {
        self.more != More::Conditions
    }
}

/// An attribute.
#[derive(Debug, Clone)]
struct Column {
    slot: usize,
    /// By string id: the row, counted in `Sieve::rows` from `first`. What is beyond the end has the first.
    by_id: Vec<u16>,
    first: usize,
}

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
        let nothing = Given { variant: 0, reason: Reason::Error, more: More::Conditions, rule: NONE, number: NONE };
        let mut sieve = Sieve {
            columns: Vec::new(),
            words: end.div_ceil(64),
            rows: Vec::new(),
            starts,
            given: vec![nothing; end],
            known: vec![0; program.nodes.len().div_ceil(64)],
        };
        let mut by_slot: BTreeMap<usize, Vec<Allowed>> = BTreeMap::new();
        for (bit, rule) in sieve.rules(program) {
            for (at, node) in conditions(program, rule) {
                if let Some(ids) = texts(program, node) {
                    by_slot.entry(node.slot()).or_default().push((bit, at, ids));
                }
            }
        }
        let mut columns: Vec<(usize, Vec<Allowed>)> = by_slot.into_iter().collect();
        // Those with few texts first: they take little room and tell most.
        columns.sort_by_key(|(_, allowed)| allowed.iter().map(|(.., ids)| ids.len()).sum::<usize>());
        let room = ROOM + program.nodes.len() * size_of::<Node>() / 2;
        for (slot, allowed) in columns.iter().take(COLUMNS) {
            if sieve.column(*slot, allowed, room) {
                allowed.iter().for_each(|(_, node, _)| set(&mut sieve.known, *node as usize));
            }
        }
        sieve.work_out(program);
        sieve.rows.shrink_to_fit();
        sieve
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

    /// What each bit gives.
    fn work_out(&mut self, program: &Program) {
        let mut given = core::mem::take(&mut self.given);
        // Flags have their rules one after another, in the program's order.
        for (number, (bit, rule)) in (0u32..).zip(self.rules(program)) {
            let known = conditions(program, rule).all(|(at, _)| self.knows(at));
            let more = match known {
                false => More::Conditions,
                true if rule.is_split() => More::Bucket,
                true => More::Nothing,
            };
            if let Some(place) = given.get_mut(bit) {
                #[expect(clippy::cast_possible_truncation, reason = "kept in 16 bits")]
                let variant = rule.low() as u16;
                *place = Given { variant, reason: Reason::TargetingMatch, more, rule: rule.index, number };
            }
        }
        for (flag, start) in program.flags.iter().zip(&self.starts) {
            if let Some(place) = given.get_mut((start + flag.rule_count) as usize) {
                let Decision { variant, reason, rule, .. } = otherwise(flag);
                *place = Given { variant, reason, more: More::Nothing, rule, number: NONE };
            }
        }
        self.given = given;
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
        self.columns.push(Column { slot, by_id: dense, first });
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

    /// A bit for each rule that can hold, and for each default. False where a value is a list: of that attribute nothing is known then.
    pub(crate) fn candidates(&self, context: &Context, into: &mut Vec<u64>) -> bool {
        let mut only_texts = true;
        into.resize(self.words, u64::MAX);
        for column in &self.columns {
            let number = match context.slots.get(column.slot).map(|slot| (slot.kind, slot.a)) {
                // Any of its elements may be the one.
                Some((Slot::LIST, _)) => {
                    only_texts = false;
                    continue;
                }
                Some((Slot::INTERNED, id)) => column.by_id.get(id as usize).copied().unwrap_or(0),
                _ => 0,
            };
            let row = self.rows.get(column.first + usize::from(number) * self.words..).unwrap_or_default();
            into.iter_mut().zip(row).for_each(|(bits, row)| *bits &= row);
        }
        only_texts
    }

    /// The first bit of a flag: its rules in order, then its default.
    pub(crate) fn start(&self, flag: u32) -> u32 {
        self.starts.get(flag as usize).copied().unwrap_or(NONE)
    }

    /// The first bit of each flag.
    pub(crate) fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// What a flag's first bit among the candidates gives, if that is in the flag's first word.
    #[inline]
    pub(crate) fn first(&self, candidates: &[u64], start: u32) -> Option<&Given> {
        let bits = candidates.get(start as usize / 64)? & (u64::MAX << (start % 64));
        if bits == 0 {
            return None;
        }
        self.given.get(((start & !63) + bits.trailing_zeros()) as usize)
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
