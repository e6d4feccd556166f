//! Evaluation by the sieve: rules that cannot hold are not looked at, and buckets are found for several flags at once.

use super::{Evaluation, NOTHING, NeedText, otherwise};
use crate::bucket::{LANES, Scrambled};
use crate::context::Slot;
use crate::decision::Decision;
use crate::observe::Observer;
use crate::program::{NONE, RuleRecord, word};
use crate::sieve::{Given, More};

impl<O: Observer> Evaluation<'_, O> {
    /// Every flag, in the order of the document.
    pub(super) fn sift_all(&mut self, each: &mut impl FnMut(u32, Decision)) -> Result<(), NeedText> {
        let (loaded, sieve) = (self.loaded, &self.loaded.sieve);
        if self.memo.candidates.is_empty() || !self.memo.sure {
            self.memo.sure = sieve.candidates(loaded, self.context, &mut self.memo.rows, &mut self.memo.candidates);
        }
        let undisturbed = self.overrides.iter().all(|cause| *cause == 0);
        let swift = undisturbed && self.memo.sure;
        if self.memo.unit.is_none() {
            self.scramble(sieve.unit());
        }
        let unit = self.memo.unit;
        let of_unit = unit.map_or(NONE, |(slot, _)| slot);
        let mut flag = 0;
        for (starts, only) in sieve.starts().chunks(LANES).zip(loaded.only_rules.chunks(LANES)) {
            // Most flags have nothing but rules: these are not worth remembering, and one look decides the most of them.
            let mut firsts = [(NONE, &Given::NOTHING); LANES];
            for (place, start) in firsts.iter_mut().zip(starts) {
                *place = sieve.first(&self.memo.candidates, *start).unwrap_or((NONE, &Given::NOTHING));
            }
            let buckets = match &unit {
                // Of many at once it costs more to ask than to hash.
                Some((_, unit)) if LANES > 1 || firsts.iter().any(|(_, given)| given.more == More::Bucket) => {
                    unit.buckets(&firsts.map(|(_, given)| given.seed))
                }
                _ => [0; LANES],
            };
            for (((bit, given), bucket), only) in firsts.into_iter().zip(buckets).zip(only) {
                let known = match given.more {
                    More::Nothing => true,
                    More::Bucket => given.slot == of_unit && bucket < given.end,
                    More::Conditions => false,
                };
                let decision = if swift && *only && known {
                    given.decision()
                } else {
                    let decision = match *only && undisturbed {
                        true if bit != NONE => self.sifted_from(flag, bit),
                        true => self.sifted(flag),
                        false => self.flag(flag),
                    };
                    if self.need != NONE {
                        return Err(NeedText { slot: self.need });
                    }
                    decision
                };
                each(flag, decision);
                flag += 1;
            }
        }
        Ok(())
    }

    /// Whether nothing but rules and default decide a flag, and the sieve is made.
    pub(super) fn only_rules(&self, flag: u32) -> bool {
        let is_free = self.overrides.get(flag as usize).is_none_or(|cause| *cause == 0);
        is_free && self.loaded.only_rules.get(flag as usize) == Some(&true) && !self.loaded.sieve.is_empty()
    }

    /// What the first rule that holds and resolves gives, else the default, without a look at rules that cannot hold.
    pub(super) fn sifted(&mut self, flag: u32) -> Decision {
        self.sifted_from(flag, self.loaded.sieve.start(flag))
    }

    /// The same, where the bits before are known to give nothing.
    fn sifted_from(&mut self, flag: u32, from: u32) -> Decision {
        let (loaded, sieve) = (self.loaded, &self.loaded.sieve);
        let start = sieve.start(flag);
        let mut at = from as usize / 64;
        // Of the first word, those from the first on.
        let mut mine = u64::MAX << (from % 64);
        while let Some((bits, sure)) = match self.memo.candidates.get(at) {
            Some(bits) => Some((*bits, self.memo.sure)),
            None => sieve.word(at, loaded, self.context, &mut self.memo.rows),
        } {
            let mut bits = bits & mine;
            while bits != 0 {
                let bit = word(at * 64) + bits.trailing_zeros();
                let Some(given) = sieve.given(bit) else { break };
                let decision = match given.more {
                    More::Nothing if sure || given.is_default() => Some(given.decision()),
                    More::Bucket if sure => self.in_bucket(given),
                    _ => self.looked_at(flag, bit - start),
                };
                if let Some(decision) = decision {
                    return decision;
                }
                bits &= bits - 1;
            }
            mine = u64::MAX;
            at += 1;
        }
        // Not reached: the default's bit is always set.
        self.program.flags.get(flag as usize).map_or(NOTHING, otherwise)
    }

    /// What a split gives whose conditions hold.
    fn in_bucket(&mut self, given: &Given) -> Option<Decision> {
        let bucket = match &self.memo.unit {
            Some((slot, unit)) if *slot == given.slot => unit.bucket(given.seed),
            _ => self.unit_bucket(given.slot as usize, given.seed)?,
        };
        if bucket < given.end {
            return Some(given.decision());
        }
        let [_, variant] = self.program.slices(given.slices).iter().find(|[end, _]| bucket < *end)?;
        #[expect(clippy::cast_possible_truncation, reason = "kept in 16 bits")]
        let variant = *variant as u16;
        Some(Decision { variant, ..given.decision() })
    }

    /// What a rule gives that the sieve leaves: nothing where another condition does not hold or no bucket is covered.
    fn looked_at(&mut self, flag: u32, number: u32) -> Option<Decision> {
        let program = self.program;
        let record = program.flags.get(flag as usize)?;
        if number == record.rule_count {
            return Some(otherwise(record));
        }
        let rule = program.rules.get((record.rules + number) as usize)?;
        if self.rest(rule) { self.outcome(rule) } else { None }
    }

    /// Whether those conditions of a rule hold that the sieve does not know.
    fn rest(&mut self, rule: &RuleRecord) -> bool {
        let sieve = &self.loaded.sieve;
        let mut at = rule.start;
        while at < rule.end {
            let Some(node) = self.program.nodes.get(at as usize) else { return false };
            let is_told = |slot: &Slot| slot.kind != Slot::LIST && slot.kind != Slot::PENDING;
            let known = sieve.knows(at) && self.context.slots.get(node.slot()).is_none_or(is_told);
            if !known && !self.condition(at) {
                return false;
            }
            at = node.next;
        }
        true
    }

    /// At a unit's second time it is made ready for any number of seeds.
    pub(super) fn keep_unit(&mut self, slot: usize) {
        let slot = word(slot);
        if self.memo.unit_seen == slot + 1 {
            self.scramble(slot);
        } else {
            self.memo.unit_seen = slot + 1;
        }
    }

    /// Makes the unit of a slot ready, where it is a text that is there.
    fn scramble(&mut self, slot: u32) {
        let Some(value) = self.context.slots.get(slot as usize).copied().filter(|value| value.kind != Slot::PENDING)
        else {
            return;
        };
        let Some(unit) = self.text(slot as usize, &value).filter(|text| !text.is_empty()).and_then(Scrambled::new)
        else {
            return;
        };
        self.memo.unit = Some((slot, unit));
    }
}
