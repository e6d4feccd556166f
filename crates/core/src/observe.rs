//! What can be watched while a flag is decided.

use crate::decision::Decision;
use crate::program::{FlagRecord, RuleRecord, SegmentRecord};

/// Sees the steps of an evaluation and can change none of them. `()` watches nothing and costs nothing.
pub trait Observer {
    /// Whether it wants to see what is looked at; else what cannot matter may be passed over.
    const WATCHES: bool = true;

    fn flag_enter(&mut self, _flag: u32, _record: &FlagRecord) {}
    fn flag_leave(&mut self, _flag: u32, _decision: &Decision) {}
    /// A kill of the kill set was looked at.
    fn kill(&mut self, _number: u32, _held: bool) {}
    /// The client itself holds the flag down.
    fn overridden(&mut self, _decision: &Decision) {}
    fn prerequisite(&mut self, _flag: u32, _decision: &Decision, _held: bool) {}
    fn rule_enter(&mut self, _rule: &RuleRecord) {}
    fn rule_leave(&mut self, _rule: &RuleRecord, _held: bool) {}
    fn condition_enter(&mut self, _node: u32) {}
    fn condition_leave(&mut self, _node: u32, _held: bool) {}
    fn segment_enter(&mut self, _number: u32, _segment: &SegmentRecord) {}
    /// `by` says what settled it.
    fn segment_leave(&mut self, _number: u32, _held: bool, _by: SegmentBy) {}
    /// A split was tried: the bucket if there is a unit, and the variant if a slice covers it.
    fn split(&mut self, _rule: &RuleRecord, _bucket: Option<u32>, _variant: Option<u32>) {}
}

impl Observer for () {
    const WATCHES: bool = false;
}

/// What settled whether a context is in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentBy {
    Exclude,
    Include,
    When,
    Known,
}
