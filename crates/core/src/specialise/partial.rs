//! Conditions of which some attributes are known. What is known is evaluated by the engine itself.

use crate::context::{Prepared, Slot};
use crate::document::{Condition, FlagSet, Segment};
use crate::evaluate::{condition_holds, key_is_listed, split_slice};
use crate::ids::{RegionKey, SegmentKey};
use crate::kills::Loaded;
use crate::program::{RuleRecord, SegmentRecord, TARGETING_KEY};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Truth {
    Always,
    Never,
    Unknown,
}

impl Truth {
    fn of(holds: bool) -> Self {
        if holds { Truth::Always } else { Truth::Never }
    }
}

pub(super) struct Partial<'a> {
    loaded: &'a Loaded,
    prepared: Prepared,
    /// By slot.
    known: Vec<bool>,
    segments: BTreeMap<SegmentKey, Truth>,
}

impl<'a> Partial<'a> {
    pub(super) fn new(loaded: &'a Loaded, prepared: Prepared, is_known: impl Fn(&str) -> bool) -> Self {
        let known = (0..loaded.program.slot_count()).map(|slot| is_known(loaded.program.slot_name(slot))).collect();
        Partial { loaded, prepared, known, segments: BTreeMap::new() }
    }

    /// Every segment as it is left. Those that others name come first, so each finds what it needs.
    pub(super) fn segments(&mut self, document: &FlagSet) -> BTreeMap<SegmentKey, Segment> {
        let mut left = BTreeMap::new();
        for record in self.loaded.program.segments.clone() {
            let key = self.loaded.program.string(record.key).and_then(|key| document.segments.get_key_value(key));
            let Some((key, segment)) = key else { continue };
            let (truth, segment) = self.left_segment(&record, segment);
            self.segments.insert(key.clone(), truth);
            left.insert(key.clone(), segment);
        }
        left
    }

    fn left_segment(&mut self, record: &SegmentRecord, segment: &Segment) -> (Truth, Segment) {
        let (when_truth, when) = self.all(record.start, &segment.when);
        let when_truth = if segment.when.is_empty() { Truth::Never } else { when_truth };
        let mut left = segment.clone();
        left.when = match when_truth {
            Truth::Never => Vec::new(),
            // An empty `when` is no `when`.
            Truth::Always => vec![Condition::All(Vec::new())],
            Truth::Unknown => when,
        };
        if self.known.get(TARGETING_KEY).copied().unwrap_or(false) {
            left.include.clear();
            left.exclude.clear();
            let excluded = key_is_listed(self.loaded, &mut self.prepared, record, record.exclude, record.exclude_count);
            let included = key_is_listed(self.loaded, &mut self.prepared, record, record.include, record.include_count);
            let truth = if excluded {
                Truth::Never
            } else if included {
                Truth::Always
            } else {
                when_truth
            };
            match truth {
                Truth::Never => left.when.clear(),
                Truth::Always => left.when = vec![Condition::All(Vec::new())],
                Truth::Unknown => {}
            }
            return (truth, left);
        }
        let truth = match when_truth {
            Truth::Always if segment.exclude.is_empty() => Truth::Always,
            Truth::Never if segment.include.is_empty() => Truth::Never,
            _ => Truth::Unknown,
        };
        (truth, left)
    }

    pub(super) fn segment(&self, key: &SegmentKey) -> Truth {
        self.segments.get(key).copied().unwrap_or(Truth::Unknown)
    }

    /// What is left of a rule's conditions.
    pub(super) fn rule(&mut self, flag: usize, rule: usize, when: &[Condition]) -> (Truth, Vec<Condition>) {
        match self.record(flag, rule).map(|record| record.start) {
            Some(start) => self.all(start, when),
            None => (Truth::Unknown, when.to_vec()),
        }
    }

    fn record(&self, flag: usize, rule: usize) -> Option<&'a RuleRecord> {
        let program = &self.loaded.program;
        let first = program.flags.get(flag)?.rules as usize;
        program.rules.get(first + rule)
    }

    /// Where the unit is known: the number of the slice that covers it, if one does.
    pub(super) fn split(&self, flag: usize, rule: usize, by: &str) -> Option<Option<usize>> {
        let record = self.record(flag, rule)?;
        let slot = (0..self.known.len()).find(|slot| self.loaded.program.slot_name(*slot) == by)?;
        if !*self.known.get(slot)? {
            return None;
        }
        Some(split_slice(self.loaded, &mut self.prepared.clone(), record))
    }

    /// `Some` where the attribute is known; within, its text if it is one.
    pub(super) fn known_text(&self, name: &str) -> Option<Option<String>> {
        let slot = (0..self.known.len()).find(|slot| self.loaded.program.slot_name(*slot) == name)?;
        if !*self.known.get(slot)? {
            return None;
        }
        let value = self.prepared.context.slots.get(slot)?;
        let text = match value.kind {
            Slot::INTERNED => self.loaded.string(value.a).map(str::to_owned),
            Slot::TEXT => {
                let (start, length) = value.halves();
                self.prepared
                    .context
                    .texts
                    .get(start..start + length)
                    .map(|text| String::from_utf8_lossy(text).into_owned())
            }
            _ => None,
        };
        Some(text)
    }

    pub(super) fn is_within(&self, region: Option<&str>, of: &RegionKey) -> bool {
        let program = &self.loaded.program;
        let id = |name: &str| {
            (0..program.regions.len()).position(|at| program.string(crate::program::word(at)) == Some(name))
        };
        match (region.and_then(id), id(of.as_str())) {
            (Some(region), Some(of)) => {
                of <= region && program.regions.get(of).is_some_and(|end| region < *end as usize)
            }
            _ => false,
        }
    }

    /// Conditions of which all must hold; `start` is the node of the first.
    fn all(&mut self, start: u32, conditions: &[Condition]) -> (Truth, Vec<Condition>) {
        let (never, left) = self.each(start, conditions, Truth::Never);
        match (never, left.is_empty()) {
            (true, _) => (Truth::Never, Vec::new()),
            (false, true) => (Truth::Always, left),
            (false, false) => (Truth::Unknown, left),
        }
    }

    /// What is left of each that is not decided, and whether some came out as `settling`.
    fn each(&mut self, start: u32, conditions: &[Condition], settling: Truth) -> (bool, Vec<Condition>) {
        let mut at = start;
        let mut left = Vec::new();
        let mut settled = false;
        for condition in conditions {
            let (truth, condition) = self.condition(at, condition);
            settled |= truth == settling;
            if truth == Truth::Unknown {
                left.push(condition);
            }
            at = self.loaded.program.nodes.get(at as usize).map_or(at, |node| node.next);
        }
        (settled, left)
    }

    fn condition(&mut self, at: u32, condition: &Condition) -> (Truth, Condition) {
        match condition {
            Condition::All(inner) => {
                let (truth, left) = self.all(at + 1, inner);
                (truth, Condition::All(left))
            }
            Condition::Any(inner) => {
                let (always, left) = self.each(at + 1, inner, Truth::Always);
                let truth = match (always, left.is_empty()) {
                    (true, _) => Truth::Always,
                    (false, true) => Truth::Never,
                    (false, false) => Truth::Unknown,
                };
                (truth, Condition::Any(left))
            }
            Condition::Not(inner) => {
                let (truth, left) = self.condition(at + 1, inner);
                let truth = match truth {
                    Truth::Always => Truth::Never,
                    Truth::Never => Truth::Always,
                    Truth::Unknown => Truth::Unknown,
                };
                (truth, Condition::Not(Box::new(left)))
            }
            Condition::Segment(keys) => {
                if keys.iter().any(|key| self.segment(key) == Truth::Always) {
                    return (Truth::Always, condition.clone());
                }
                let left: Vec<SegmentKey> =
                    keys.iter().filter(|key| self.segment(key) != Truth::Never).cloned().collect();
                let truth = if left.is_empty() { Truth::Never } else { Truth::Unknown };
                (truth, Condition::Segment(left))
            }
            Condition::Tenant(_) | Condition::Region(_) | Condition::Attribute { .. } => {
                let slot = self.loaded.program.nodes.get(at as usize).map(crate::program::Node::slot);
                let known = slot.is_some_and(|slot| self.known.get(slot).copied().unwrap_or(false));
                let truth = if known {
                    Truth::of(condition_holds(self.loaded, &mut self.prepared, at))
                } else {
                    Truth::Unknown
                };
                (truth, condition.clone())
            }
        }
    }
}
