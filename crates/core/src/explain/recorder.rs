use crate::decision::Decision;
use crate::observe::{Observer, SegmentBy};
use crate::program::{FlagRecord, NONE, RuleRecord};
use std::collections::BTreeMap;

/// Takes down everything that an evaluation looks at.
///
/// A node is looked at once at most in one context, or gives the same each time, so its number is enough to find what it gave.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    pub(super) nodes: BTreeMap<u32, bool>,
    pub(super) segments: BTreeMap<u32, (bool, SegmentBy)>,
    flags: BTreeMap<u32, FlagSeen>,
    /// The flags being decided, each required by the one before it.
    open: Vec<u32>,
}

/// What was seen of one flag.
#[derive(Debug, Default)]
pub(super) struct FlagSeen {
    /// Number in the kill set, and whether its scope held.
    pub(super) kills: Vec<(u32, bool)>,
    pub(super) prerequisites: Vec<(Decision, bool)>,
    /// As far as evaluation came.
    pub(super) rules: Vec<RuleSeen>,
    pub(super) reached_rules: bool,
}

#[derive(Debug, Default)]
pub(super) struct RuleSeen {
    pub(super) held: bool,
    pub(super) bucket: Option<u32>,
    /// Of a split that resolved.
    pub(super) variant: Option<u32>,
    /// Whether it decided.
    pub(super) gave: bool,
}

static NOTHING: FlagSeen =
    FlagSeen { kills: Vec::new(), prerequisites: Vec::new(), rules: Vec::new(), reached_rules: false };

impl Recorder {
    pub(super) fn flag(&self, number: u32) -> &FlagSeen {
        self.flags.get(&number).unwrap_or(&NOTHING)
    }

    fn current(&mut self) -> &mut FlagSeen {
        self.flags.entry(self.open.last().copied().unwrap_or(NONE)).or_default()
    }
}

impl Observer for Recorder {
    fn flag_enter(&mut self, flag: u32, _record: &FlagRecord) {
        self.open.push(flag);
    }

    fn flag_leave(&mut self, _flag: u32, decision: &Decision) {
        let seen = self.current();
        // Rules are reached unless something before them decided.
        seen.reached_rules = decision.reason.is_by_rules() || !seen.rules.is_empty();
        self.open.pop();
    }

    fn kill(&mut self, number: u32, held: bool) {
        self.current().kills.push((number, held));
    }

    fn prerequisite(&mut self, _flag: u32, decision: &Decision, held: bool) {
        self.current().prerequisites.push((*decision, held));
    }

    fn rule_enter(&mut self, _rule: &RuleRecord) {
        self.current().rules.push(RuleSeen::default());
    }

    fn rule_leave(&mut self, rule: &RuleRecord, held: bool) {
        if let Some(seen) = self.current().rules.last_mut() {
            seen.held = held;
            seen.gave = held && (!rule.is_split() || seen.variant.is_some());
        }
    }

    fn condition_leave(&mut self, node: u32, held: bool) {
        self.nodes.insert(node, held);
    }

    fn segment_leave(&mut self, number: u32, held: bool, by: SegmentBy) {
        if by != SegmentBy::Known {
            self.segments.insert(number, (held, by));
        }
    }

    fn split(&mut self, _rule: &RuleRecord, bucket: Option<u32>, variant: Option<u32>) {
        if let Some(seen) = self.current().rules.last_mut() {
            (seen.bucket, seen.variant) = (bucket, variant);
        }
    }
}
