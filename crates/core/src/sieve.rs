//! Which rules can hold for a context, found for 64 of them at once.
//!
//! For each attribute that rules compare with texts of the pool (`tenant`, `region`, `in`) and each of these texts there is a
//! row with a bit for each rule of the program: set where no condition on this attribute refuses the text. The rows of a
//! context's values, ANDed, leave the rules that can hold. Of a rule with other conditions as well these are then looked at.

use crate::context::{Context, Slot};
use crate::program::{Node, Program, RuleRecord, Set, op};
use std::collections::BTreeMap;

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
    /// By rule: it has no other conditions than those that rows tell of.
    whole: Vec<u64>,
    /// By node: rows tell of it.
    known: Vec<u64>,
}

/// An attribute.
#[derive(Debug, Clone)]
struct Column {
    slot: usize,
    /// By string id: the row, counted in `Sieve::rows` from `first`. What is beyond the end has the first.
    by_id: Vec<u16>,
    first: usize,
}

/// What a rule's condition on an attribute allows: the rule, its node, the texts of the pool.
type Allowed = (usize, u32, Vec<u32>);

impl Sieve {
    pub(crate) fn new(program: &Program) -> Self {
        let words = program.rules.len().div_ceil(64);
        let mut sieve = Sieve {
            columns: Vec::new(),
            words,
            rows: Vec::new(),
            whole: vec![0; words],
            known: vec![0; program.nodes.len().div_ceil(64)],
        };
        let mut by_slot: BTreeMap<usize, Vec<Allowed>> = BTreeMap::new();
        for (number, rule) in program.rules.iter().enumerate() {
            for (at, node) in conditions(program, rule) {
                if let Some(ids) = texts(program, node) {
                    by_slot.entry(node.slot()).or_default().push((number, at, ids));
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
        for (number, rule) in program.rules.iter().enumerate() {
            if conditions(program, rule).all(|(at, _)| sieve.knows(at)) {
                set(&mut sieve.whole, number);
            }
        }
        sieve.rows.shrink_to_fit();
        sieve
    }

    /// Adds an attribute's rows; false where they would be too many.
    fn column(&mut self, slot: usize, allowed: &[Allowed], room: usize) -> bool {
        let mut other = vec![u64::MAX; self.words];
        allowed.iter().for_each(|(rule, ..)| clear(&mut other, *rule));
        let mut by_id: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let mut rest = allowed;
        while let Some(((rule, _, ids), after)) = rest.split_first() {
            // Two conditions on one attribute: both must hold.
            let more = after.iter().take_while(|(other, ..)| other == rule).count();
            let (both, after) = after.split_at(more);
            for id in ids.iter().filter(|id| both.iter().all(|(.., ids)| ids.binary_search(id).is_ok())) {
                by_id.entry(*id).or_default().push(*rule);
            }
            rest = after;
        }
        let mut numbers: BTreeMap<&[usize], u16> = BTreeMap::new();
        let mut dense = vec![0; by_id.last_key_value().map_or(0, |(id, _)| *id as usize + 1)];
        let first = self.rows.len();
        self.rows.extend(&other);
        for (id, rules) in &by_id {
            let next = numbers.len() + 1;
            let Ok(next) = u16::try_from(next) else { return self.without(first) };
            // Regions that no rule tells apart share a row.
            let number = *numbers.entry(rules).or_insert(next);
            if number == next {
                if (self.rows.len() + self.words) * 8 > room {
                    return self.without(first);
                }
                let start = self.rows.len();
                self.rows.extend(&other);
                if let Some(row) = self.rows.get_mut(start..) {
                    rules.iter().for_each(|rule| set(row, *rule));
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

    /// How many words a row has.
    pub(crate) fn words(&self) -> usize {
        self.words
    }

    /// A bit for each rule that can hold. False where a value is a list: of that attribute nothing is known then.
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

    /// Whether it knows all conditions of a rule, unless some value is a list.
    pub(crate) fn is_whole(&self, rule: u32) -> bool {
        has(&self.whole, rule as usize)
    }

    /// Whether it knows a condition, unless the value is a list.
    pub(crate) fn knows(&self, node: u32) -> bool {
        has(&self.known, node as usize)
    }
}

/// The conditions of a rule that must all hold; what is within groups is looked at by itself.
fn conditions<'a>(program: &'a Program, rule: &RuleRecord) -> impl Iterator<Item = (u32, &'a Node)> {
    let (mut at, end) = (rule.start, rule.end);
    std::iter::from_fn(move || {
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
