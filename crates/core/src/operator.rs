//! The operators: one condition against one slot.

use crate::automaton::Automaton;
use crate::context::Slot;
use crate::evaluate::Evaluation;
use crate::ip::{self, Address, Family};
use crate::observe::Observer;
use crate::program::{Comparator, NONE, Node, Set, op};
use crate::time;
use crate::version::{Relation, Version};

pub(crate) fn holds<O: Observer>(evaluation: &mut Evaluation<'_, O>, node: &Node) -> bool {
    let slot = node.slot();
    let program = evaluation.program;
    let Some(value) = evaluation.context.slots.get(slot).copied() else { return false };
    match node.operator() {
        op::TENANT => value.kind == Slot::INTERNED && listed(program.id_list(node.a, node.b), value.a),
        op::REGION => {
            value.kind == Slot::INTERNED
                && program.id_list(node.a, node.b).iter().any(|region| {
                    program.regions.get(*region as usize).is_some_and(|end| *region <= value.a && value.a < *end)
                })
        }
        op::IN => value.kind != Slot::ABSENT && is_in(evaluation, node, slot, &value),
        op::NOT_IN => value.kind != Slot::ABSENT && !is_in(evaluation, node, slot, &value),
        op::EXISTS => value.kind != Slot::ABSENT,
        op::LT | op::LE | op::GT | op::GE | op::BETWEEN => {
            value.kind == Slot::NUMBER && {
                let number = |at: u32| program.numbers.get(at as usize).copied().unwrap_or(f64::NAN);
                let (value, bound) = (f64::from_bits(value.payload), number(node.a));
                match node.operator() {
                    op::LT => value < bound,
                    op::LE => value <= bound,
                    op::GT => value > bound,
                    op::GE => value >= bound,
                    _ => bound <= value && value < number(node.b),
                }
            }
        }
        op::BEFORE | op::AFTER => {
            let time = if value.kind == Slot::NUMBER {
                time::from_number(f64::from_bits(value.payload))
            } else {
                evaluation.text(slot, &value).and_then(utf8).and_then(time::parse)
            };
            let bound = program.numbers.get(node.a as usize).copied().unwrap_or(f64::NAN);
            time.is_some_and(|time| if node.operator() == op::BEFORE { time < bound } else { time > bound })
        }
        op::ALWAYS => true,
        op::SEMVER => evaluation.version(slot, &value).is_some_and(|version| {
            let start = node.a as usize;
            let comparators = program.comparators.get(start..start.saturating_add(node.b as usize)).unwrap_or_default();
            within_range(comparators, &version, |id| program.string(id).unwrap_or(""))
        }),
        op::CONTAINS | op::STARTS_WITH | op::ENDS_WITH | op::MATCHES | op::IP_IN => {
            text_holds(evaluation, node, slot, &value)
        }
        _ => false,
    }
}

fn listed(sorted: &[u32], id: u32) -> bool {
    if let &[only] = sorted { only == id } else { sorted.binary_search(&id).is_ok() }
}

fn utf8(text: &[u8]) -> Option<&str> {
    core::str::from_utf8(text).ok()
}

fn text_holds<O: Observer>(evaluation: &mut Evaluation<'_, O>, node: &Node, slot: usize, value: &Slot) -> bool {
    let program = evaluation.program;
    let Some(text) = evaluation.text(slot, value) else { return false };
    let texts = || program.id_list(node.a, node.b).iter().filter_map(|id| program.string(*id)).map(str::as_bytes);
    match node.operator() {
        op::CONTAINS => texts().any(|part| part.is_empty() || text.windows(part.len()).any(|window| window == part)),
        op::STARTS_WITH => texts().any(|part| text.starts_with(part)),
        op::ENDS_WITH => texts().any(|part| text.ends_with(part)),
        op::MATCHES => (node.a..node.a.saturating_add(node.b))
            .any(|number| Automaton::new(program.automaton(number)).is_some_and(|automaton| automaton.holds(text))),
        op::IP_IN => utf8(text).and_then(Address::parse).is_some_and(|address| {
            let start = node.a as usize;
            let blocks = program.blocks.get(start..start.saturating_add(node.b as usize)).unwrap_or_default();
            blocks.iter().any(|block| {
                let family = if block.family == 4 { Family::V4 } else { Family::V6 };
                let network = Address { family, bits: block.network };
                #[expect(clippy::cast_possible_truncation, reason = "at most 128")]
                let prefix = block.prefix as u8;
                ip::Block { network, prefix }.contains(address)
            })
        }),
        _ => false,
    }
}

/// Whether one of the ranges, each ending at its last comparator, holds.
fn within_range<'a>(comparators: &[Comparator], version: &Version<'_>, string: impl Fn(u32) -> &'a str) -> bool {
    let mut all = true;
    for comparator in comparators {
        let [major, minor, patch] = comparator.numbers;
        let pre = if comparator.pre == NONE { "" } else { string(comparator.pre) };
        let bound = Version { major, minor, patch, pre, parts: 3 };
        #[expect(clippy::cast_possible_truncation, reason = "the low byte")]
        let relation = Relation::from_code(comparator.relation as u8);
        all = all && relation.is_some_and(|relation| relation.holds(version.precedence(&bound)));
        if comparator.relation & Comparator::LAST != 0 {
            if all {
                return true;
            }
            all = true;
        }
    }
    false
}

/// Whether the value, or an element of it, is one of the set's.
fn is_in<O: Observer>(evaluation: &mut Evaluation<'_, O>, node: &Node, slot: usize, value: &Slot) -> bool {
    let Some(set) = evaluation.program.sets.get(node.a as usize).copied() else { return false };
    if value.kind != Slot::LIST {
        return in_set(evaluation, &set, slot, value);
    }
    let (start, count) = value.halves();
    for at in start..start.saturating_add(count) {
        let Some(element) = evaluation.context.elements.get(at).copied() else { return false };
        if in_set(evaluation, &set, slot, &element) {
            return true;
        }
    }
    false
}

fn in_set<O: Observer>(evaluation: &mut Evaluation<'_, O>, set: &Set, slot: usize, value: &Slot) -> bool {
    let program = evaluation.program;
    let hashed = set.bits & Set::HASHED != 0;
    match value.kind {
        Slot::FALSE => set.bits & Set::FALSE != 0,
        Slot::TRUE => set.bits & Set::TRUE != 0,
        Slot::NUMBER if hashed => {
            // -0 equals 0, so both hash as 0.
            let number = f64::from_bits(value.payload);
            let [a, b, c, d, e, f, g, h] = (if number == 0.0 { 0.0 } else { number }).to_le_bytes();
            let hash = program.hash(&[0xFF, a, b, c, d, e, f, g, h]);
            program.hash_list(set.texts, set.text_count).binary_search(&hash).is_ok()
        }
        Slot::NUMBER => {
            let number = f64::from_bits(value.payload);
            let start = set.numbers as usize;
            let numbers =
                program.numbers.get(start..start.saturating_add(set.number_count as usize)).unwrap_or_default();
            numbers.contains(&number)
        }
        Slot::INTERNED if !hashed => listed(program.id_list(set.texts, set.text_count), value.a),
        Slot::INTERNED | Slot::TEXT | Slot::PENDING if hashed => {
            let Some(hash) = evaluation.text(slot, value).map(|text| program.hash(text)) else { return false };
            program.hash_list(set.texts, set.text_count).binary_search(&hash).is_ok()
        }
        _ => false,
    }
}
