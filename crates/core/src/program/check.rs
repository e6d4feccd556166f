//! What a program must keep to, so that evaluating it ends and stays within.

use super::record::op;
use super::{NONE, Program, REGION, word};
use crate::automaton;
use crate::version::Relation;
use alloc::vec;
use alloc::vec::Vec;

/// Conditions within conditions, and prerequisites of prerequisites, at most.
pub(crate) const DEPTH: u32 = 64;

/// Whether some chain of segments is longer than [`DEPTH`]; `None` if the program is not sound.
pub(super) fn check(program: &Program) -> Option<bool> {
    Check { program }.all()
}

struct Check<'a> {
    program: &'a Program,
}

fn ensure(holds: bool) -> Option<()> {
    holds.then_some(())
}

impl Check<'_> {
    fn all(&self) -> Option<bool> {
        let program = self.program;
        self.strings()?;
        ensure(program.slots.len() > REGION && program.slots.len() < 1 << 24)?;
        for slot in &program.slots {
            self.string(slot.path)?;
        }
        ensure(program.numbers.iter().all(|number| number.is_finite()))?;
        for set in &program.sets {
            let texts = if set.bits & super::Set::HASHED != 0 { program.hashes.len() } else { program.ids.len() };
            within(set.texts, set.text_count, texts)?;
            within(set.numbers, set.number_count, program.numbers.len())?;
        }
        for comparator in &program.comparators {
            ensure(comparator.pre == NONE || program.string(comparator.pre).is_some())?;
            Relation::from_code((comparator.relation & 0xFF) as u8)?;
        }
        for block in &program.blocks {
            ensure(matches!((block.family, block.prefix), (4, 0..=32) | (6, 0..=128)))?;
        }
        for (start, length) in &program.automata {
            within(*start, *length, program.tables.len())?;
            let table = program.tables.get(*start as usize..(start + length) as usize)?;
            ensure(automaton::check(table))?;
        }
        for variant in &program.variants {
            self.string(variant.key)?;
            self.string(variant.value)?;
        }
        let deep = self.conditions()?;
        self.flags()?;
        for tenant in &program.tenants {
            self.string(tenant.tenant)?;
            ensure((tenant.slot as usize) > REGION && (tenant.slot as usize) < program.slots.len())?;
        }
        Some(deep)
    }

    fn strings(&self) -> Option<()> {
        let program = self.program;
        ensure(program.strings.first() == Some(&0))?;
        ensure(program.strings.last().is_some_and(|end| *end as usize == program.text.len()))?;
        let pairs = program.strings.iter().zip(program.strings.iter().skip(1));
        for (start, end) in pairs {
            program.text.get(*start as usize..*end as usize)?;
        }
        ensure(program.regions.len() == program.head.regions as usize)?;
        let count = word(program.regions.len());
        ensure(count <= program.string_count())?;
        ensure((0..).zip(&program.regions).all(|(region, end)| *end > region && *end <= count))
    }

    fn string(&self, id: u32) -> Option<()> {
        ensure(id < self.program.string_count())
    }

    /// Segments, then rules, tile the nodes: none is looked at twice, so that loading is linear.
    fn conditions(&self) -> Option<bool> {
        let program = self.program;
        let mut cursor = 0;
        let mut heights: Vec<u32> = Vec::with_capacity(program.segments.len());
        for (number, segment) in (0u32..).zip(&program.segments) {
            let lists = if segment.hashed != 0 { program.hashes.len() } else { program.ids.len() };
            within(segment.include, segment.include_count, lists)?;
            within(segment.exclude, segment.exclude_count, lists)?;
            ensure(segment.key == NONE || program.string(segment.key).is_some())?;
            ensure(segment.start == cursor)?;
            heights.push(1 + self.list(segment.start, segment.end, 0, number, &heights)?);
            cursor = segment.end;
        }
        for rule in &program.rules {
            ensure(rule.start == cursor)?;
            self.list(rule.start, rule.end, 0, word(program.segments.len()), &heights)?;
            cursor = rule.end;
        }
        ensure(cursor as usize == program.nodes.len())?;
        Some(heights.iter().any(|height| *height > DEPTH))
    }

    /// Checks a run of nodes that may name segments below `segments`; the height of the highest named.
    fn list(&self, start: u32, end: u32, depth: u32, segments: u32, heights: &[u32]) -> Option<u32> {
        let program = self.program;
        ensure(depth <= DEPTH && start <= end && end as usize <= program.nodes.len())?;
        let mut at = start;
        let mut highest = 0;
        while at < end {
            let node = program.nodes.get(at as usize)?;
            ensure(node.next > at && node.next <= end && node.slot() < program.slots.len())?;
            let operator = node.operator();
            if matches!(operator, op::ALL | op::ANY | op::NOT) {
                ensure(operator != op::NOT || program.nodes.get(at as usize + 1)?.next == node.next)?;
                highest = highest.max(self.list(at + 1, node.next, depth + 1, segments, heights)?);
            } else {
                ensure(node.next == at + 1)?;
            }
            let number = |at: u32| ensure((at as usize) < program.numbers.len());
            match operator {
                op::NEVER | op::ALWAYS | op::ALL | op::ANY | op::NOT | op::EXISTS => {}
                op::TENANT | op::REGION => within(node.a, node.b, program.ids.len())?,
                op::SEGMENT => {
                    within(node.a, node.b, program.ids.len())?;
                    for segment in program.id_list(node.a, node.b) {
                        ensure(*segment < segments)?;
                        highest = highest.max(*heights.get(*segment as usize)?);
                    }
                }
                op::IN | op::NOT_IN => ensure((node.a as usize) < program.sets.len())?,
                op::CONTAINS | op::STARTS_WITH | op::ENDS_WITH => {
                    within(node.a, node.b, program.ids.len())?;
                    for id in program.id_list(node.a, node.b) {
                        self.string(*id)?;
                    }
                }
                op::MATCHES => within(node.a, node.b, program.automata.len())?,
                op::LT | op::LE | op::GT | op::GE | op::BEFORE | op::AFTER => number(node.a)?,
                op::BETWEEN => {
                    number(node.a)?;
                    number(node.b)?;
                }
                op::SEMVER => within(node.a, node.b, program.comparators.len())?,
                op::IP_IN => within(node.a, node.b, program.blocks.len())?,
                _ => return None,
            }
            at = node.next;
        }
        Some(highest)
    }

    fn flags(&self) -> Option<()> {
        let program = self.program;
        let (mut variants, mut rules) = (0, 0);
        for flag in &program.flags {
            self.string(flag.key)?;
            ensure(flag.variants == variants && flag.rules == rules)?;
            within(flag.variants, flag.variant_count, program.variants.len())?;
            within(flag.rules, flag.rule_count, program.rules.len())?;
            let variant = |variant: u32| ensure(variant < flag.variant_count);
            variant(flag.degraded())?;
            variant(flag.default_variant())?;
            ensure(flag.decided_reason <= 3)?;
            for rule in program.rules.iter().skip(flag.rules as usize).take(flag.rule_count as usize) {
                if rule.is_split() {
                    ensure((rule.low() as usize) < program.slots.len())?;
                    let count = *program.ids.get(rule.slices as usize)?;
                    within(rule.slices + 1, count.checked_mul(2)?, program.ids.len())?;
                    for slice in program.id_list(rule.slices + 1, count * 2).chunks(2) {
                        variant(*slice.get(1)?)?;
                    }
                } else {
                    variant(rule.low())?;
                }
            }
            within(flag.requires, flag.require_count.checked_mul(3)?, program.ids.len())?;
            for required in program.id_list(flag.requires, flag.require_count * 3).chunks(3) {
                let &[number, start, count] = required else { return None };
                ensure((number as usize) < program.flags.len())?;
                within(start, count, program.ids.len())?;
            }
            variants += flag.variant_count;
            rules += flag.rule_count;
        }
        ensure(variants as usize == program.variants.len() && rules as usize == program.rules.len())?;
        let mut heights = vec![0; program.flags.len()];
        (0..program.flags.len()).try_for_each(|flag| self.height(flag, 0, &mut heights).map(|_| ()))
    }

    /// The longest chain of prerequisites below `flag`, itself counted; a circle is longer than allowed.
    fn height(&self, flag: usize, level: u32, heights: &mut [u32]) -> Option<u32> {
        ensure(level <= DEPTH)?;
        let known = heights.get(flag).copied()?;
        if known > 0 {
            return Some(known);
        }
        let record = self.program.flags.get(flag)?;
        let mut height = 1;
        for required in self.program.id_list(record.requires, record.require_count * 3).chunks(3) {
            height = height.max(1 + self.height(*required.first()? as usize, level + 1, heights)?);
        }
        ensure(height <= DEPTH)?;
        *heights.get_mut(flag)? = height;
        Some(height)
    }
}

fn within(start: u32, count: u32, length: usize) -> Option<()> {
    ensure((start as usize).checked_add(count as usize)? <= length)
}
