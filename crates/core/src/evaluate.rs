//! Evaluation, in the normative order: kills, overrides, prerequisites, rules, default, kills of a variant.

#[cfg(feature = "document")]
mod parts;
#[cfg(feature = "sieve")]
mod sifted;

use crate::bucket::{Decimal, bucket, integer};
#[cfg(feature = "sieve")]
use crate::context::KnownVersion;
use crate::context::{Context, Memo, Prepared, Slot};
use crate::decision::{Cause, Decision, Reason};
use crate::kills::{FlagKills, Loaded, LoadedKill};
use crate::observe::{Observer, SegmentBy};
use crate::operator;
#[cfg(feature = "sieve")]
use crate::program::word;
use crate::program::{FlagRecord, NONE, Program, REGION, RuleRecord, SegmentRecord, TARGETING_KEY, TENANT, op};
use crate::version::Version;
#[cfg(feature = "document")]
pub(crate) use parts::{condition_holds, evaluate_rules, key_is_listed, segment_holds, split_slice};

/// A text that the evaluation needs and the host has not written: write it (kind 5) and ask for the same flag again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeedText {
    pub slot: u32,
}

/// Decides one flag; `flag` must be below the program's flag count, else the answer is `ERROR`.
///
/// `overrides` holds a [`Cause`] code for each flag that the client itself holds down; flags beyond its end have none.
///
/// # Errors
/// [`NeedText`]; contexts that were prepared natively have all their texts.
pub fn evaluate(loaded: &Loaded, overrides: &[u8], prepared: &mut Prepared, flag: u32) -> Result<Decision, NeedText> {
    evaluate_observed(loaded, overrides, prepared, flag, &mut ())
}

/// Decides every flag, in the order of the document.
///
/// # Errors
/// As [`evaluate`]. What was decided until then is kept, and not decided again.
pub fn evaluate_all(
    loaded: &Loaded,
    overrides: &[u8],
    prepared: &mut Prepared,
    mut each: impl FnMut(u32, Decision),
) -> Result<(), NeedText> {
    let Prepared { context, memo } = prepared;
    let (program, observer) = (&loaded.program, &mut ());
    let mut evaluation = Evaluation { loaded, program, overrides, context, memo, need: NONE, observer };
    #[cfg(feature = "sieve")]
    if !loaded.sieve.is_empty() {
        return evaluation.sift_all(&mut each);
    }
    for flag in 0..program.flag_count() {
        let decision = evaluation.flag(flag);
        if evaluation.need != NONE {
            return Err(NeedText { slot: evaluation.need });
        }
        each(flag, decision);
    }
    Ok(())
}

/// [`evaluate`], watched.
///
/// # Errors
/// As [`evaluate`].
pub fn evaluate_observed<O: Observer>(
    loaded: &Loaded,
    overrides: &[u8],
    prepared: &mut Prepared,
    flag: u32,
    observer: &mut O,
) -> Result<Decision, NeedText> {
    let Prepared { context, memo } = prepared;
    let mut evaluation =
        Evaluation { loaded, program: &loaded.program, overrides, context, memo, need: NONE, observer };
    let decision = evaluation.one(flag);
    if evaluation.need == NONE { Ok(decision) } else { Err(NeedText { slot: evaluation.need }) }
}

pub(crate) struct Evaluation<'a, O> {
    pub(crate) loaded: &'a Loaded,
    pub(crate) program: &'a Program,
    overrides: &'a [u8],
    pub(crate) context: &'a Context,
    memo: &'a mut Memo,
    /// The slot whose text is wanted, or [`NONE`]. Once set, what follows is thrown away and nothing more is remembered.
    pub(crate) need: u32,
    observer: &'a mut O,
}

impl<O: Observer> Evaluation<'_, O> {
    /// A flag by itself.
    fn one(&mut self, flag: u32) -> Decision {
        // What only rules decide is decided as soon as it is remembered.
        #[cfg(feature = "sieve")]
        if !O::WATCHES && self.only_rules(flag) {
            return self.sifted(flag);
        }
        self.flag(flag)
    }

    fn flag(&mut self, flag: u32) -> Decision {
        if let Some(Some(decision)) = self.memo.decisions.get(flag as usize) {
            return *decision;
        }
        let program = self.program;
        let Some(record) = program.flags.get(flag as usize) else {
            return NOTHING;
        };
        self.observer.flag_enter(flag, record);
        let decision = self.decide(flag, record);
        self.observer.flag_leave(flag, &decision);
        if self.need == NONE
            && let Some(known) = self.memo.decisions.get_mut(flag as usize)
        {
            *known = Some(decision);
            #[cfg(feature = "sieve")]
            {
                self.memo.decided = true;
            }
        }
        decision
    }

    fn decide(&mut self, flag: u32, record: &FlagRecord) -> Decision {
        let kills = self.loaded.by_flag.get(flag as usize).copied().unwrap_or_default();
        if let Some(kill) = self.killed(kills) {
            return degraded(record, Reason::Disabled, Cause::Kill, kill);
        }
        let cause = self.overrides.get(flag as usize).copied().map_or(Cause::None, Cause::from_code);
        if cause != Cause::None {
            let reason = if cause == Cause::Stale { Reason::Stale } else { Reason::Disabled };
            let decision = degraded(record, reason, cause, NONE);
            self.observer.overridden(&decision);
            return decision;
        }
        if record.bits & FlagRecord::TOO_NEW != 0 {
            return degraded(record, Reason::Disabled, Cause::None, NONE);
        }
        if !self.prerequisites(record) {
            return degraded(record, Reason::PrerequisiteFailed, Cause::None, NONE);
        }
        let decision = self.reached(flag, record);
        match self.killed_variant(kills, u32::from(decision.variant)) {
            Some(kill) => degraded(record, Reason::Disabled, Cause::Kill, kill),
            None => decision,
        }
    }

    /// The kill that turns the flag off whatever its variant: those for everyone first, then the others in order.
    fn killed(&mut self, kills: FlagKills) -> Option<u32> {
        if kills.everyone != NONE {
            self.observer.kill(kills.everyone, true);
            return Some(kills.everyone);
        }
        if kills.start == kills.end {
            return None;
        }
        let scoped = self.loaded.kills.get(kills.start as usize..kills.end as usize)?;
        scoped.iter().filter(|kill| kill.variants.is_none()).find(|kill| self.scope_holds(kill)).map(|kill| kill.number)
    }

    fn killed_variant(&mut self, kills: FlagKills, variant: u32) -> Option<u32> {
        if kills.start == kills.end {
            return None;
        }
        let loaded = self.loaded;
        let scoped = loaded.kills.get(kills.start as usize..kills.end as usize)?;
        let names = |kill: &&LoadedKill| kill.variants.is_some_and(|variants| loaded.part(variants).contains(&variant));
        scoped.iter().filter(names).find(|kill| self.scope_holds(kill)).map(|kill| kill.number)
    }

    fn scope_holds(&mut self, kill: &LoadedKill) -> bool {
        let loaded = self.loaded;
        let held = self.text_listed(TENANT, kill.tenants)
            && self.text_listed(REGION, kill.regions)
            && kill.segments.is_none_or(|segments| {
                // A segment that the program lacks counts as holding: better killed too widely.
                loaded.part(segments).iter().any(|segment| *segment == NONE || self.segment(*segment))
            });
        self.observer.kill(kill.number, held);
        held
    }

    fn text_listed(&self, slot: usize, part: crate::kills::Part) -> bool {
        part.is_none_or(|part| {
            self.context
                .slots
                .get(slot)
                .is_some_and(|slot| slot.kind == Slot::INTERNED && self.loaded.part(part).contains(&slot.a))
        })
    }

    fn prerequisites(&mut self, record: &FlagRecord) -> bool {
        let program = self.program;
        if record.require_count == 0 {
            return true;
        }
        for required in program.id_list(record.requires, record.require_count.saturating_mul(3)).chunks(3) {
            let &[flag, start, count] = required else { return false };
            let decision = self.flag(flag);
            let held = program.id_list(start, count).contains(&u32::from(decision.variant));
            self.observer.prerequisite(flag, &decision, held);
            if !held {
                return false;
            }
        }
        true
    }

    /// Rules in order, then the default.
    #[cfg_attr(not(feature = "sieve"), expect(unused_variables, reason = "rules are looked at one by one"))]
    fn reached(&mut self, flag: u32, record: &FlagRecord) -> Decision {
        #[cfg(feature = "sieve")]
        if !O::WATCHES && !self.loaded.sieve.is_empty() {
            return self.sifted(flag);
        }
        let program = self.program;
        let start = record.rules as usize;
        let rules = program.rules.get(start..start + record.rule_count as usize).unwrap_or_default();
        for rule in rules {
            self.observer.rule_enter(rule);
            let held = self.all(rule.start, rule.end);
            let decision = if held { self.outcome(rule) } else { None };
            self.observer.rule_leave(rule, held);
            if let Some(decision) = decision {
                return decision;
            }
        }
        otherwise(record)
    }

    /// What a rule that holds gives; nothing where its split does not resolve.
    fn outcome(&mut self, rule: &RuleRecord) -> Option<Decision> {
        if rule.is_split() {
            let variant = self.split(rule)?;
            return Some(reached(variant, Reason::Split, rule.index));
        }
        Some(reached(rule.low(), Reason::TargetingMatch, rule.index))
    }

    /// The variant whose slice covers the unit's bucket.
    fn split(&mut self, rule: &RuleRecord) -> Option<u32> {
        let slot = rule.low() as usize;
        #[cfg(feature = "sieve")]
        let bucket = match &self.memo.unit {
            Some((of, unit)) if *of as usize == slot => Some(unit.bucket(rule.seed)),
            _ => self.unit_bucket(slot, rule.seed),
        };
        #[cfg(not(feature = "sieve"))]
        let bucket = self.unit_bucket(slot, rule.seed);
        let variant = bucket.and_then(|bucket| self.slice(rule, bucket));
        self.observer.split(rule, bucket, variant);
        variant
    }

    fn slice(&self, rule: &RuleRecord, bucket: u32) -> Option<u32> {
        self.program.slices(rule.slices).iter().find(|[end, _]| bucket < *end).map(|[_, variant]| *variant)
    }

    fn unit_bucket(&mut self, slot: usize, seed: u32) -> Option<u32> {
        let value = *self.context.slots.get(slot)?;
        if value.kind == Slot::NUMBER {
            let unit = Decimal::new(integer(f64::from_bits(value.payload))?);
            return Some(bucket(seed, unit.as_bytes()));
        }
        let text = self.text(slot, &value)?;
        if text.is_empty() {
            return None;
        }
        let bucket = bucket(seed, text);
        #[cfg(feature = "sieve")]
        self.keep_unit(slot);
        Some(bucket)
    }

    /// The text of a value, if it is one. Where it is not written yet, takes down that it is wanted.
    #[expect(clippy::cast_possible_truncation, reason = "slots are counted in 24 bits")]
    pub(crate) fn text(&mut self, slot: usize, value: &Slot) -> Option<&[u8]> {
        match value.kind {
            Slot::INTERNED => self.loaded.string(value.a).map(str::as_bytes),
            Slot::TEXT => {
                let (start, length) = value.halves();
                self.context.texts.get(start..start.checked_add(length)?)
            }
            Slot::PENDING => {
                if self.need == NONE {
                    self.need = slot as u32;
                }
                None
            }
            _ => None,
        }
    }

    /// The text of a value as a version, if it is one.
    #[cfg(not(feature = "sieve"))]
    pub(crate) fn version(&mut self, slot: usize, value: &Slot) -> Option<Version<'_>> {
        Version::parse(core::str::from_utf8(self.text(slot, value)?).ok()?)
    }

    /// The same, read once: a page asks seldom, and its module is small.
    #[cfg(feature = "sieve")]
    pub(crate) fn version(&mut self, slot: usize, value: &Slot) -> Option<Version<'_>> {
        let known = match self.memo.version {
            Some((of, known)) if of as usize == slot => known,
            _ => {
                let known = self.text(slot, value).and_then(known_version);
                if self.need == NONE {
                    self.memo.version = Some((word(slot), known));
                }
                known
            }
        }?;
        let [major, minor, patch] = known.numbers;
        let (start, length) = known.pre;
        let pre = if length == 0 {
            ""
        } else {
            let text = self.text(slot, value)?.get(start as usize..)?.get(..length as usize)?;
            core::str::from_utf8(text).ok()?
        };
        Some(Version { major, minor, patch, pre, parts: 3 })
    }

    /// Whether all conditions from `start` to `end` hold.
    fn all(&mut self, start: u32, end: u32) -> bool {
        let mut at = start;
        while at < end {
            let Some(node) = self.program.nodes.get(at as usize) else {
                return false;
            };
            if !self.condition(at) {
                return false;
            }
            at = node.next;
        }
        true
    }

    fn condition(&mut self, at: u32) -> bool {
        let program = self.program;
        let Some(node) = program.nodes.get(at as usize) else {
            return false;
        };
        self.observer.condition_enter(at);
        let held = match node.operator() {
            op::ALL => self.all(at + 1, node.next),
            op::ANY => self.any(at + 1, node.next),
            op::NOT => !self.condition(at + 1),
            op::SEGMENT => program.id_list(node.a, node.b).iter().any(|segment| self.segment(*segment)),
            _ => operator::holds(self, node),
        };
        self.observer.condition_leave(at, held);
        held
    }

    fn any(&mut self, start: u32, end: u32) -> bool {
        let mut at = start;
        while at < end {
            let Some(node) = self.program.nodes.get(at as usize) else {
                return false;
            };
            if self.condition(at) {
                return true;
            }
            at = node.next;
        }
        false
    }

    /// Whether the context is in a segment; found out once.
    fn segment(&mut self, number: u32) -> bool {
        let program = self.program;
        let Some(record) = program.segments.get(number as usize) else {
            return false;
        };
        if self.need != NONE {
            return false;
        }
        if let Some(Some(held)) = self.memo.segments.get(number as usize) {
            let held = *held;
            self.observer.segment_enter(number, record);
            self.observer.segment_leave(number, held, SegmentBy::Known);
            return held;
        }
        if program.deep_segments {
            // Lower ones first, as each may name only these: so none reaches deep down the stack.
            for lower in 0..number {
                if matches!(self.memo.segments.get(lower as usize), Some(None)) && self.need == NONE {
                    self.find_segment(lower);
                }
            }
        }
        self.find_segment(number)
    }

    fn find_segment(&mut self, number: u32) -> bool {
        let program = self.program;
        let Some(record) = program.segments.get(number as usize) else {
            return false;
        };
        self.observer.segment_enter(number, record);
        let (held, by) = self.in_segment(record);
        self.observer.segment_leave(number, held, by);
        if self.need == NONE
            && let Some(known) = self.memo.segments.get_mut(number as usize)
        {
            *known = Some(held);
        }
        held
    }

    fn in_segment(&mut self, record: &SegmentRecord) -> (bool, SegmentBy) {
        if self.key_listed(record, record.exclude, record.exclude_count) {
            return (false, SegmentBy::Exclude);
        }
        if self.key_listed(record, record.include, record.include_count) {
            return (true, SegmentBy::Include);
        }
        (record.has_when != 0 && self.all(record.start, record.end), SegmentBy::When)
    }

    /// Whether the targetingKey, as text, is listed.
    fn key_listed(&mut self, record: &SegmentRecord, start: u32, count: u32) -> bool {
        if count == 0 {
            return false;
        }
        let (program, loaded) = (self.program, self.loaded);
        let Some(value) = self.context.slots.get(TARGETING_KEY).copied() else {
            return false;
        };
        let hashed = record.hashed != 0;
        if value.kind == Slot::INTERNED && !hashed {
            return program.id_list(start, count).binary_search(&value.a).is_ok();
        }
        if value.kind == Slot::NUMBER {
            let Some(whole) = integer(f64::from_bits(value.payload)) else {
                return false;
            };
            let decimal = Decimal::new(whole);
            if hashed {
                let hash = program.hash(decimal.as_bytes());
                return program.hash_list(start, count).binary_search(&hash).is_ok();
            }
            return program
                .id_list(start, count)
                .iter()
                .any(|id| loaded.string(*id).map(str::as_bytes) == Some(decimal.as_bytes()));
        }
        if !hashed {
            // A text that the pool lacks is in no list of it.
            return false;
        }
        let Some(hash) = self.text(TARGETING_KEY, &value).map(|text| program.hash(text)) else {
            return false;
        };
        program.hash_list(start, count).binary_search(&hash).is_ok()
    }
}

#[cfg(feature = "sieve")]
fn known_version(text: &[u8]) -> Option<KnownVersion> {
    let text = core::str::from_utf8(text).ok()?;
    let Version { major, minor, patch, pre, .. } = Version::parse(text)?;
    let start = (pre.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
    Some(KnownVersion { numbers: [major, minor, patch], pre: (word(start), word(pre.len())) })
}

/// What a flag gives that the program lacks.
const NOTHING: Decision = Decision { variant: 0, reason: Reason::Error, cause: Cause::None, rule: NONE, kill: NONE };

/// What a flag gives that no rule decides.
pub(crate) fn otherwise(record: &FlagRecord) -> Decision {
    if record.bits & FlagRecord::DECIDED != 0 {
        return reached(record.default_variant(), Reason::decided(record.decided_reason), record.decided_rule);
    }
    let reason = if record.bits & FlagRecord::HAD_RULES == 0 { Reason::Static } else { Reason::Default };
    reached(record.default_variant(), reason, NONE)
}

fn degraded(record: &FlagRecord, reason: Reason, cause: Cause, kill: u32) -> Decision {
    #[expect(clippy::cast_possible_truncation, reason = "kept in 16 bits")]
    let variant = record.degraded() as u16;
    Decision { variant, reason, cause, rule: NONE, kill }
}

fn reached(variant: u32, reason: Reason, rule: u32) -> Decision {
    #[expect(clippy::cast_possible_truncation, reason = "kept in 16 bits")]
    let variant = variant as u16;
    Decision { variant, reason, cause: Cause::None, rule, kill: NONE }
}
