//! What decides, as plain numbers: for a host that looks up the flag it is asked for without calling the module.
//!
//! Words, in this order. *Head*: words of 32 bits in a row, columns, flags, what is given. *Columns*, for each: slot, texts,
//! rows; for each text its string id and its row; the rows, of which the first is that of all other values. *Flags*, for each:
//! the first bit; or [`ALWAYS`] and the number of what is given, whoever asks; or [`ASK`]. *Given*, for each bit and then for
//! each flag that always gives the same: variant and reason and cause, in 16, 8 and 8 bits; the rule or [`NONE`]; and
//! [`SETTLED`], [`ASK`], or where its split is, counted in what follows. *Splits*, for each: slot of the unit, seed, slices;
//! for each slice the bucket where it ends, and its variant.

use super::{By, Given, More, Sieve, conditions};
use crate::decision::{Cause, Reason};
use crate::kills::Loaded;
use crate::program::{NONE, Node, Program, SlotRecord, op, word};
use alloc::vec;
use alloc::vec::Vec;

/// More decides than rules, or than what the rows tell of: the host must ask.
const ASK: u32 = NONE;
const SETTLED: u32 = NONE - 1;
const ALWAYS: u32 = 1 << 31;

impl Loaded {
    /// The tables; without those of [`Loaded::sift`] the host must ask for every flag.
    pub fn tables(&self) -> Vec<u32> {
        let (program, sieve) = (&self.program, &self.sieve);
        let mut splits = Vec::new();
        let told = sieve.told(program);
        let mut given: Vec<[u32; 3]> =
            sieve.given.iter().zip(&told).map(|(place, told)| entry(program, place, *told, &mut splits)).collect();
        let mut flags = Vec::with_capacity(sieve.starts.len());
        for (flag, start) in sieve.starts.iter().enumerate() {
            if self.only_rules.get(flag).is_some_and(|only| *only) {
                flags.push(*start);
            } else if let Some(record) = program.flags.get(flag)
                && self.by_flag.get(flag).is_some_and(|kills| kills.everyone != NONE)
            {
                flags.push(ALWAYS | word(given.len()));
                given.push([outcome(record.degraded(), Reason::Disabled, Cause::Kill), NONE, SETTLED]);
            } else {
                flags.push(ASK);
            }
        }

        let (columns, rows) = sieve.tell(program);
        let mut tables = vec![word(sieve.words * 2), columns, word(flags.len()), word(given.len())];
        tables.extend(rows);
        tables.extend(flags);
        tables.extend(given.iter().flatten());
        tables.extend(splits);
        tables
    }
}

impl Sieve {
    /// The columns that a host can look up, and how many: those of texts.
    fn tell(&self, program: &Program) -> (u32, Vec<u32>) {
        let (mut count, mut tables) = (0, Vec::new());
        for column in &self.columns {
            let By::Text(by_id) = &column.by else { continue };
            if !from_context(program, column.slot) {
                continue;
            }
            count += 1;
            let named = || (0u32..).zip(by_id).filter(|(_, row)| **row != 0);
            let rows = by_id.iter().max().map_or(0, |last| usize::from(*last)) + 1;
            tables.extend([word(column.slot), word(named().count()), word(rows)]);
            named().for_each(|(id, row)| tables.extend([id, u32::from(*row)]));
            for bits in self.rows.get(column.first..column.first + rows * self.words).unwrap_or_default() {
                #[expect(clippy::cast_possible_truncation, reason = "its two halves")]
                tables.extend([*bits as u32, (*bits >> 32) as u32]);
            }
        }
        (count, tables)
    }

    /// By bit: whether those columns tell of all of its conditions.
    fn told(&self, program: &Program) -> Vec<bool> {
        let of_texts = |node: &Node| matches!(node.operator(), op::TENANT | op::REGION | op::IN);
        let mut told: Vec<bool> = self.given.iter().map(Given::is_default).collect();
        for (bit, rule) in self.rules(program) {
            if let Some(told) = told.get_mut(bit) {
                *told = conditions(program, rule)
                    .all(|(at, node)| self.knows(at) && of_texts(node) && from_context(program, node.slot()));
            }
        }
        told
    }
}

/// What a bit gives; its split is added to `splits`.
fn entry(program: &Program, place: &Given, told: bool, splits: &mut Vec<u32>) -> [u32; 3] {
    let more = match place.more {
        More::Nothing if told => SETTLED,
        More::Bucket if told && from_context(program, place.slot as usize) => {
            let at = word(splits.len());
            let slices = program.slices(place.slices);
            splits.extend([place.slot, place.seed, word(slices.len())]);
            splits.extend(slices.iter().flatten());
            at
        }
        _ => ASK,
    };
    [outcome(u32::from(place.variant), place.reason, Cause::None), place.rule, more]
}

fn outcome(variant: u32, reason: Reason, cause: Cause) -> u32 {
    variant & 0xffff | (reason as u32) << 16 | (cause as u32) << 24
}

fn from_context(program: &Program, slot: usize) -> bool {
    program.slots.get(slot).is_some_and(|slot| slot.flags & SlotRecord::OF_TENANT == 0)
}
