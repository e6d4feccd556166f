//! The X-ray: one decision, step by step, with what each condition saw and why it did not hold.
//!
//! It is the evaluator itself, watched by a recorder; nothing here decides.
//! Start from [`Explainer::new`].

mod condition;
mod lines;
mod recorder;
mod words;

pub use condition::{ConditionTrace, SegmentTrace};
pub use words::{condition_words, scope_words, whole_condition_words};

use crate::compile::load;
use crate::decision::{Cause, Decision, ErrorCode};
use crate::document::{Flag, Outcome};
use crate::evaluate::evaluate_observed;
use crate::kills::Loaded;
use crate::prepare::prepare;
use crate::validate::Valid;
use condition::Tracer;
use recorder::Recorder;
use serde::Serialize;
use serde_json::{Map, Value};
use std::borrow::Borrow;
use std::collections::BTreeMap;

/// One decision, explained.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Xray {
    pub flag: String,
    /// Absent where the flag is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    pub reason: &'static str,
    /// `kill`, `stale`, `breaker` or `crash-loop`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<&'static str>,
    #[serde(rename = "errorCode", skip_serializing_if = "Option::is_none")]
    pub error_code: Option<&'static str>,
    /// The rule that decided, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule_name: Option<String>,
    /// The id of the kill that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kill: Option<String>,
    /// What the degraded variant means for people, where that is what was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
    /// What was looked at, in order. What comes after the deciding step was not looked at and is not here, but for rules.
    pub steps: Vec<Step>,
}

/// One thing that evaluation looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    Kill { id: String, scope: String, reason: String, held: bool },
    Override { cause: &'static str },
    Prerequisite { flag: String, accepts: Vec<String>, variant: String, reason: &'static str, held: bool },
    Rule(RuleTrace),
    Default { variant: String },
}

/// A rule, and how far it came.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleTrace {
    pub index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether evaluation came to this rule.
    pub reached: bool,
    /// Whether all its conditions held.
    pub held: bool,
    pub conditions: Vec<ConditionTrace>,
    /// The variant it gave; absent where it gave none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<SplitTrace>,
}

/// A split that was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SplitTrace {
    pub by: String,
    pub salt: String,
    /// The bucketing unit as text; absent where the context has none that will do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// 0 to 99 999.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bucket: Option<u32>,
    /// Variant, first bucket, and the bucket after the last.
    pub slices: Vec<(String, u32, u32)>,
}

/// A document, ready to explain decisions: one of its own, or a borrowed one.
#[derive(Debug)]
pub struct Explainer<V> {
    valid: V,
    loaded: Loaded,
}

impl<V: Borrow<Valid>> Explainer<V> {
    pub fn new(valid: V) -> Self {
        let loaded = load(valid.borrow());
        Explainer { valid, loaded }
    }

    /// Explains a flag's decision. `overrides` are the flags that a client holds down by itself.
    pub fn explain(&self, flag: &str, context: &Map<String, Value>, overrides: &BTreeMap<String, Cause>) -> Xray {
        let document = self.valid.borrow().document();
        let (Some(number), Some(definition)) = (self.loaded.program.flag_index(flag), document.flag(flag)) else {
            return unknown(flag);
        };
        let mut causes = vec![0; self.loaded.program.flags.len()];
        for (key, cause) in overrides {
            let at = self.loaded.program.flag_index(key).and_then(|at| causes.get_mut(at as usize));
            if let Some(at) = at {
                *at = *cause as u8;
            }
        }
        let mut prepared = prepare(&self.loaded, context);
        let mut recorder = Recorder::default();
        // A context that was prepared natively has all its texts, so nothing is asked for.
        let Ok(decision) = evaluate_observed(&self.loaded, &causes, &mut prepared, number, &mut recorder) else {
            return unknown(flag);
        };
        let steps = self.steps(definition, number, &decision, &recorder, context);
        self.xray(definition, &decision, steps)
    }

    fn xray(&self, flag: &Flag, decision: &Decision, steps: Vec<Step>) -> Xray {
        let variant = flag.variants.get(usize::from(decision.variant));
        let rule = decision.rule();
        Xray {
            flag: flag.key.to_string(),
            variant: variant.map(|(key, _)| key.to_string()),
            value: variant.map(|(_, value)| value.clone()),
            reason: decision.reason.as_str(),
            cause: decision.cause.as_str(),
            error_code: None,
            rule,
            rule_name: rule.and_then(|rule| flag.rules.get(rule as usize)).and_then(|rule| rule.name.clone()),
            kill: decision
                .kill()
                .and_then(|kill| self.loaded.kill_set.kills.get(kill as usize))
                .map(|kill| kill.id.clone()),
            effect: (!decision.reason.is_by_rules()).then(|| flag.degraded.meaning.clone()),
            steps,
        }
    }

    fn steps(
        &self,
        flag: &Flag,
        number: u32,
        decision: &Decision,
        recorder: &Recorder,
        context: &Map<String, Value>,
    ) -> Vec<Step> {
        let document = self.valid.borrow().document();
        let seen = recorder.flag(number);
        let kill_step = |(kill, held): &(u32, bool)| {
            let kill = document.kills.get(*kill as usize)?;
            let scope = scope_words(&kill.scope);
            Some(Step::Kill { id: kill.id.clone(), scope, reason: kill.reason.clone(), held: *held })
        };
        // Kills of a variant are looked at last.
        let (after, before): (Vec<_>, Vec<_>) = seen
            .kills
            .iter()
            .partition(|(kill, _)| document.kills.get(*kill as usize).is_some_and(|kill| kill.scope.variant.is_some()));
        let mut steps: Vec<Step> = before.into_iter().filter_map(kill_step).collect();
        if let Some(cause) = decision.cause.as_str().filter(|_| decision.cause != Cause::Kill) {
            steps.push(Step::Override { cause });
        }
        for (prerequisite, (decided, held)) in flag.requires.iter().zip(&seen.prerequisites) {
            let given = document.flag(prerequisite.flag.as_str());
            let variant = given.and_then(|given| given.variants.get(usize::from(decided.variant)));
            steps.push(Step::Prerequisite {
                flag: prerequisite.flag.to_string(),
                accepts: prerequisite.variants.iter().map(ToString::to_string).collect(),
                variant: variant.map(|(key, _)| key.to_string()).unwrap_or_default(),
                reason: decided.reason.as_str(),
                held: *held,
            });
        }
        if seen.reached_rules {
            let tracer = Tracer { document, program: &self.loaded.program, recorder, context };
            let record = self.loaded.program.flags.get(number as usize);
            for (at, rule) in flag.rules.iter().enumerate() {
                let start = record.and_then(|record| self.loaded.program.rules.get(record.rules as usize + at));
                let entered = seen.rules.get(at);
                let mut node = start.map_or(0, |record| record.start);
                let split = match &rule.then {
                    Outcome::Split(split) => Some(SplitTrace {
                        by: split.by.clone(),
                        salt: split.salt.to_string(),
                        unit: entered.and_then(|_| tracer.unit(&split.by)),
                        bucket: entered.and_then(|rule| rule.bucket),
                        slices: spans(split),
                    }),
                    Outcome::Serve(_) => None,
                };
                let given = match &rule.then {
                    Outcome::Serve(variant) => entered.filter(|rule| rule.held).map(|_| variant.to_string()),
                    Outcome::Split(_) => entered
                        .and_then(|rule| rule.variant)
                        .and_then(|variant| flag.variants.get(variant as usize))
                        .map(|(key, _)| key.to_string()),
                };
                steps.push(Step::Rule(RuleTrace {
                    index: at,
                    name: rule.name.clone(),
                    reached: entered.is_some(),
                    held: entered.is_some_and(|rule| rule.held),
                    conditions: rule.when.iter().map(|condition| tracer.condition(condition, &mut node)).collect(),
                    variant: given,
                    split,
                }));
            }
            if !seen.rules.iter().any(|rule| rule.gave) {
                steps.push(Step::Default { variant: flag.default.to_string() });
            }
        }
        steps.extend(after.into_iter().filter_map(kill_step));
        steps
    }
}

/// Explains one decision of a document.
pub fn explain(valid: &Valid, flag: &str, context: &Map<String, Value>) -> Xray {
    Explainer::new(valid).explain(flag, context, &BTreeMap::new())
}

fn unknown(flag: &str) -> Xray {
    Xray {
        flag: flag.to_owned(),
        variant: None,
        value: None,
        reason: "ERROR",
        cause: None,
        error_code: Some(ErrorCode::FlagNotFound.as_str()),
        rule: None,
        rule_name: None,
        kill: None,
        effect: None,
        steps: Vec::new(),
    }
}

/// Variant, first bucket, and the bucket after the last, of each slice.
fn spans(split: &crate::document::Split) -> Vec<(String, u32, u32)> {
    let mut from = 0u32;
    let slices = split.slices.iter().map(|slice| {
        let to = from.saturating_add(slice.width);
        let span = (slice.variant.to_string(), from, to);
        from = to;
        span
    });
    slices.collect()
}
