//! One decision, step by step: the evaluator of the clients, watched.

use downhaul_core::compile::{Audience, Options, compile};
use downhaul_core::decision::{Cause, Decision, Reason};
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::{FlagSet, Outcome};
use downhaul_core::evaluate::evaluate_observed;
use downhaul_core::kills::{KillSet, Loaded};
use downhaul_core::observe::{Observer, SegmentBy};
use downhaul_core::prepare::prepare;
use downhaul_core::program::{FlagRecord, RuleRecord};
use downhaul_core::validate::validate;
use serde_json::{Map, Value};

/// A flag set that answers.
#[derive(Debug)]
pub struct Engine {
    loaded: Loaded,
    /// In the order of the program, which for tools is the document's.
    keys: Vec<String>,
}

/// What a flag gives to a context, and how it came to this.
#[derive(Debug, Clone, PartialEq)]
pub struct Xray {
    pub variant: String,
    /// JSON.
    pub value: String,
    pub reason: &'static str,
    /// The kill that decided, by its number in the document.
    pub kill: Option<usize>,
    /// The rule that decided, by its number in the document from 0.
    pub rule: Option<usize>,
    pub is_degraded_by_prerequisite: bool,
    /// In the order in which they were read.
    pub steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// By the kill's number in the document.
    Kill {
        number: usize,
        held: bool,
    },
    Prerequisite {
        flag: String,
        variant: String,
        held: bool,
    },
    Rule(RuleStep),
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct RuleStep {
    /// From 0.
    pub index: usize,
    /// All its conditions held.
    pub held: bool,
    /// Conditions that were read, by their number in the rule: each before those within it, from 0.
    pub conditions: Vec<Checked>,
    pub split: Option<SplitStep>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checked {
    pub number: usize,
    pub held: bool,
    /// For conditions on segments: what settled the one that was read last.
    pub segment: Option<Membership>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership {
    Excluded,
    Listed,
    ByConditions,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitStep {
    /// Absent where the context has no bucketing unit.
    pub bucket: Option<u32>,
    /// Absent where no slice covers the bucket.
    pub variant: Option<String>,
}

impl Engine {
    /// # Errors
    /// What is wrong with the document, which a control plane would not have published.
    pub fn new(document: &FlagSet) -> Result<Self, Vec<Diagnostic>> {
        let (valid, _warnings) = validate(document.clone(), None)?;
        let program = compile(&valid, &Options { audience: Audience::All });
        let kills = KillSet::encode(&document.kills, &document.regions, 0, |_| None);
        let keys = document.flags.iter().map(|flag| flag.key.to_string()).collect();
        Ok(Engine { loaded: Loaded::new(program, kills), keys })
    }

    /// `None` for a flag that the document does not have.
    pub fn xray(&self, document: &FlagSet, flag: &str, context: &Map<String, Value>) -> Option<Xray> {
        let number = self.loaded.program.flag_index(flag)?;
        let mut prepared = prepare(&self.loaded, context);
        let mut tracer = Tracer { engine: self, depth: 0, steps: Vec::new(), rule: None, segment: None };
        // Contexts that are prepared here have all their texts.
        let decision = evaluate_observed(&self.loaded, &[], &mut prepared, number, &mut tracer).ok()?;
        let mut steps = tracer.steps;
        name_variants(&mut steps, document, flag);
        Some(Xray {
            variant: self.variant(number, &decision),
            value: self.loaded.value(number, &decision).to_owned(),
            reason: decision.reason.as_str(),
            kill: decision.kill().filter(|_| decision.cause == Cause::Kill).map(|kill| kill as usize),
            rule: decision.rule().map(|rule| rule as usize),
            is_degraded_by_prerequisite: decision.reason == Reason::PrerequisiteFailed,
            steps,
        })
    }

    fn variant(&self, flag: u32, decision: &Decision) -> String {
        let found = self.loaded.program.variant(flag, u32::from(decision.variant));
        found.map_or_else(String::new, |(key, _)| key.to_owned())
    }
}

/// A split tells the bucket; its slice is looked up in the document, whose variants have names.
fn name_variants(steps: &mut [Step], document: &FlagSet, flag: &str) {
    let Some(flag) = document.flag(flag) else { return };
    for step in steps {
        let Step::Rule(RuleStep { index, split: Some(split), .. }) = step else { continue };
        let Some(Outcome::Split(rule)) = flag.rules.get(*index).map(|rule| &rule.then) else { continue };
        let mut end = 0;
        split.variant = split.bucket.and_then(|bucket| {
            let slice = rule.slices.iter().find(|slice| {
                end += slice.width;
                bucket < end
            });
            slice.map(|slice| slice.variant.to_string())
        });
    }
}

struct Tracer<'a> {
    engine: &'a Engine,
    /// 1 in the flag itself, more in its prerequisites, whose own steps are not told.
    depth: usize,
    steps: Vec<Step>,
    rule: Option<OpenRule>,
    segment: Option<Membership>,
}

/// The rule that is being read: its conditions are the nodes from `start` to `end`, in the order of the document.
struct OpenRule {
    start: u32,
    end: u32,
    step: RuleStep,
}

impl Observer for Tracer<'_> {
    fn flag_enter(&mut self, _flag: u32, _record: &FlagRecord) {
        self.depth += 1;
    }

    fn flag_leave(&mut self, _flag: u32, _decision: &Decision) {
        self.depth -= 1;
    }

    fn kill(&mut self, number: u32, held: bool) {
        if self.depth == 1 {
            self.steps.push(Step::Kill { number: number as usize, held });
        }
    }

    fn prerequisite(&mut self, flag: u32, decision: &Decision, held: bool) {
        if self.depth == 1 {
            let flag_key = self.engine.keys.get(flag as usize).cloned().unwrap_or_default();
            let variant = self.engine.variant(flag, decision);
            self.steps.push(Step::Prerequisite { flag: flag_key, variant, held });
        }
    }

    fn rule_enter(&mut self, rule: &RuleRecord) {
        if self.depth == 1 {
            let step = RuleStep { index: rule.index as usize, ..RuleStep::default() };
            self.rule = Some(OpenRule { start: rule.start, end: rule.end, step });
        }
    }

    fn rule_leave(&mut self, _rule: &RuleRecord, held: bool) {
        if self.depth == 1
            && let Some(mut open) = self.rule.take()
        {
            open.step.held = held;
            open.step.conditions.sort_by_key(|checked| checked.number);
            self.steps.push(Step::Rule(open.step));
        }
    }

    fn condition_leave(&mut self, node: u32, held: bool) {
        // Conditions of a segment lie elsewhere in the program.
        if self.depth == 1
            && let Some(open) = &mut self.rule
            && (open.start..open.end).contains(&node)
        {
            let number = (node - open.start) as usize;
            open.step.conditions.push(Checked { number, held, segment: self.segment.take() });
        }
    }

    fn segment_leave(&mut self, _number: u32, _held: bool, by: SegmentBy) {
        self.segment = match by {
            SegmentBy::Exclude => Some(Membership::Excluded),
            SegmentBy::Include => Some(Membership::Listed),
            SegmentBy::When => Some(Membership::ByConditions),
            SegmentBy::Known => None,
        };
    }

    fn split(&mut self, _rule: &RuleRecord, bucket: Option<u32>, _variant: Option<u32>) {
        if self.depth == 1
            && let Some(open) = &mut self.rule
        {
            open.step.split = Some(SplitStep { bucket, variant: None });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use downhaul_core::bucket;
    use downhaul_core::read::{self, Format};
    use serde_json::json;

    const DOCUMENT: &str = r#"{
        "schema": 1, "environment": "production", "revision": 1, "issued_at": "2026-11-23T20:00:00Z", "valid_until": "2026-11-24T20:00:00Z",
        "regions": {"eu": {"eu-west": {}}},
        "segments": {"staff": {"include": ["user-7"], "when": [{"attribute": "email", "op": "ends_with", "values": ["@example.com"]}]}},
        "flags": [
            {"key": "cart", "owner": "o", "kind": "release", "expires": "2027-01-01", "variants": {"on": true, "off": false},
             "degraded": {"variant": "off", "meaning": "m"}, "default": "on"},
            {"key": "checkout", "owner": "o", "kind": "release", "expires": "2027-01-01", "variants": {"on": true, "off": false},
             "degraded": {"variant": "off", "meaning": "m"}, "default": "off", "requires": [{"flag": "cart", "variants": ["on"]}],
             "rules": [
                {"when": [{"segment": ["staff"]}], "serve": "on"},
                {"when": [{"any": [{"tenant": ["acme"]}, {"tenant": ["globex"]}]}, {"region": ["eu"]}],
                 "split": {"slices": [["on", 25000], ["off", 75000]]}}]}
        ], "kills": [KILLS]
    }"#;

    fn xray(kills: &str, context: Value) -> Xray {
        let (document, _) = read::flag_set(&DOCUMENT.replace("KILLS", kills), Format::Json).unwrap();
        let engine = Engine::new(&document).unwrap();
        engine.xray(&document, "checkout", context.as_object().unwrap()).unwrap()
    }

    fn rule(xray: &Xray, index: usize) -> RuleStep {
        let found = xray.steps.iter().find_map(|step| match step {
            Step::Rule(rule) if rule.index == index => Some(rule.clone()),
            Step::Rule(_) | Step::Kill { .. } | Step::Prerequisite { .. } => None,
        });
        found.unwrap()
    }

    #[test]
    fn a_split_is_told_condition_by_condition() {
        let context = json!({"targetingKey": "user-5183", "tenant": "globex", "region": "eu-west"});
        let told = xray("", context);
        assert_eq!((told.reason, told.rule, told.kill), ("SPLIT", Some(1), None));
        assert_eq!(told.steps[0], Step::Prerequisite { flag: "cart".into(), variant: "on".into(), held: true });
        let staff = rule(&told, 0);
        assert_eq!((staff.held, staff.conditions[0].segment), (false, Some(Membership::ByConditions)));
        let cohort = rule(&told, 1);
        let read: Vec<(usize, bool)> = cohort.conditions.iter().map(|each| (each.number, each.held)).collect();
        assert_eq!(read, [(0, true), (1, false), (2, true), (3, true)], "any, acme, globex, region");
        let split = cohort.split.unwrap();
        assert_eq!(split.bucket, Some(bucket::bucket(bucket::seed("checkout"), b"user-5183")));
        assert_eq!(split.variant.as_deref(), Some(told.variant.as_str()));
    }

    #[test]
    fn what_is_not_read_is_not_told() {
        let told = xray("", json!({"targetingKey": "user-7", "tenant": "acme", "region": "eu"}));
        assert_eq!((told.reason, told.rule, told.value.as_str()), ("TARGETING_MATCH", Some(0), "true"));
        assert_eq!(rule(&told, 0).conditions[0].segment, Some(Membership::Listed));
        assert_eq!(told.steps.len(), 2);
        let no_tenant = xray("", json!({"region": "eu"}));
        assert_eq!(rule(&no_tenant, 1).conditions.iter().map(|each| each.number).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!((no_tenant.reason, no_tenant.rule), ("DEFAULT", None));
    }

    #[test]
    fn kills_come_first_or_name_the_variant_reached() {
        let kill = |scope: &str| {
            format!(
                r#"{{"id": "k-1", "flag": "checkout", "scope": {scope}, "reason": "r", "by": "b", "at": "2026-11-23T20:00:00Z"}}"#
            )
        };
        let staff = json!({"targetingKey": "user-7", "region": "eu-west"});
        let everyone = xray(&kill("{}"), staff.clone());
        assert_eq!((everyone.reason, everyone.kill, everyone.variant.as_str()), ("DISABLED", Some(0), "off"));
        assert_eq!(everyone.steps, [Step::Kill { number: 0, held: true }]);
        let elsewhere = xray(&kill(r#"{"tenant": ["acme"]}"#), staff.clone());
        assert_eq!(elsewhere.steps[0], Step::Kill { number: 0, held: false });
        assert_eq!(elsewhere.variant, "on");
        let of_variant = xray(&kill(r#"{"variant": ["on"], "region": ["eu"]}"#), staff);
        assert_eq!((of_variant.reason, of_variant.variant.as_str()), ("DISABLED", "off"));
        assert_eq!(of_variant.steps.last(), Some(&Step::Kill { number: 0, held: true }));
        let of_cart = xray(&kill("{}").replace("checkout", "cart"), json!({}));
        assert!(of_cart.is_degraded_by_prerequisite);
        assert_eq!(of_cart.steps, [Step::Prerequisite { flag: "cart".into(), variant: "off".into(), held: false }]);
    }
}
