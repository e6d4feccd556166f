//! Steps of an evaluation, one at a time, for specialisation.

use super::Evaluation;
use crate::context::Prepared;
use crate::decision::Decision;
use crate::kills::Loaded;
use crate::program::{NONE, RuleRecord, SegmentRecord};

fn with<R>(loaded: &Loaded, prepared: &mut Prepared, run: impl FnOnce(&mut Evaluation<'_, ()>) -> R) -> R {
    let Prepared { context, memo } = prepared;
    let (program, observer) = (&loaded.program, &mut ());
    run(&mut Evaluation { loaded, program, overrides: &[], context, memo, need: NONE, observer })
}

/// Whether the condition of a node holds.
pub(crate) fn condition_holds(loaded: &Loaded, prepared: &mut Prepared, node: u32) -> bool {
    with(loaded, prepared, |evaluation| evaluation.condition(node))
}

/// Whether a segment's list has the targetingKey.
pub(crate) fn key_is_listed(
    loaded: &Loaded,
    prepared: &mut Prepared,
    record: &SegmentRecord,
    start: u32,
    count: u32,
) -> bool {
    with(loaded, prepared, |evaluation| evaluation.key_listed(record, start, count))
}

/// The number of the slice that covers the unit's bucket.
pub(crate) fn split_slice(loaded: &Loaded, prepared: &mut Prepared, rule: &RuleRecord) -> Option<usize> {
    let bucket = with(loaded, prepared, |evaluation| evaluation.unit_bucket(rule.low() as usize, rule.seed))?;
    loaded.program.slices(rule.slices).iter().position(|[end, _]| bucket < *end)
}

/// What rules and default give, without kills and prerequisites.
pub(crate) fn evaluate_rules(loaded: &Loaded, prepared: &mut Prepared, flag: u32) -> Decision {
    match loaded.program.flags.get(flag as usize) {
        Some(record) => with(loaded, prepared, |evaluation| evaluation.reached(flag, record)),
        None => super::NOTHING,
    }
}

/// Whether the context is in the segment with this key.
pub(crate) fn segment_holds(loaded: &Loaded, prepared: &mut Prepared, key: &str) -> bool {
    let program = &loaded.program;
    let number = (0..).zip(&program.segments).find(|(_, segment)| program.string(segment.key) == Some(key));
    number.is_some_and(|(number, _)| with(loaded, prepared, |evaluation| evaluation.segment(number)))
}
