//! What is wrong with a rollout.

use super::{Percent, Rollout, Stage};
use crate::decide::unknown;
use crate::outcomes;
use crate::state::State;
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::{Condition, Flag, FlagSet};
use std::collections::BTreeSet;

/// Longest text for people and longest query, in bytes.
const TEXT: usize = 2000;
const STAGES: usize = 100;
const GATES: usize = 20;
const THIRTY_DAYS: u32 = 2_592_000;
const DAY: u32 = 86_400;

/// What is wrong with a rollout in an environment. Whether what its conditions name exists, the flag set with it says.
pub fn problems(state: &State, rollout: &Rollout) -> Vec<Diagnostic> {
    let mut problems = alone(rollout);
    for (at, stage) in rollout.stages.iter().enumerate() {
        let queries = stage.gates.iter().enumerate().map(|(gate, of)| (format!("/stages/{at}/gates/{gate}/query"), of));
        problems.extend(queries.filter_map(|(pointer, gate)| outcomes::misplaced(state, &pointer, &gate.query)));
    }
    problems.extend(named(&state.flag_set, rollout));
    problems
}

/// What it names of a flag set that is not there: the flag, and of that the variant and the rule.
pub fn named(flag_set: &FlagSet, rollout: &Rollout) -> Vec<Diagnostic> {
    if let Some(flag) = flag_set.flag(rollout.flag.as_str()) {
        return of_flag(rollout, flag);
    }
    let flags = flag_set.flags.iter().map(|flag| flag.key.as_str());
    let refusal = unknown("flag", rollout.flag.as_str(), flags);
    vec![Diagnostic::error("unknown-flag", "/flag", refusal.message).help(refusal.help)]
}

fn of_flag(rollout: &Rollout, flag: &Flag) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    if flag.variant_index(&rollout.variant).is_none() {
        let variants: Vec<String> = flag.variants.iter().map(|(variant, _)| format!("`{variant}`")).collect();
        let message = format!("`{}` has no variant `{}`", flag.key, rollout.variant);
        let problem = Diagnostic::error("unknown-variant", "/variant", message);
        problems.push(problem.help(format!("it has {}", variants.join(", "))));
    }
    if let Some(name) = &rollout.before
        && !flag.rules.iter().any(|rule| rule.name.as_ref() == Some(name))
    {
        let refusal = unknown("rule", name, flag.rules.iter().filter_map(|rule| rule.name.as_deref()));
        let help = if refusal.help.starts_with("did you mean") {
            refusal.help
        } else {
            format!("name one of the rules of `{}`, or leave `before` out", flag.key)
        };
        problems.push(Diagnostic::error("unknown-rule", "/before", refusal.message).help(help));
    }
    problems
}

/// What is wrong with a rollout, whatever the environment.
pub fn alone(rollout: &Rollout) -> Vec<Diagnostic> {
    let mut found = Found(Vec::new());
    found.short("/description", &rollout.description);
    if rollout.by.as_ref().is_some_and(|by| by.trim().is_empty()) {
        found.error("empty-text", "/by", "the text is empty", "name the attribute whose value is hashed");
    }
    if rollout.stages.is_empty() || rollout.stages.len() > STAGES {
        let message = format!("a rollout has 1 to {STAGES} stages, this one has {}", rollout.stages.len());
        found.error("stages", "/stages", message, "one stage after another, each with its cohort and `bake_seconds`");
    }
    for (index, stage) in rollout.stages.iter().enumerate() {
        let before = rollout.stages.get(..index).unwrap_or_default();
        check_stage(&mut found, &format!("/stages/{index}"), stage, before);
    }
    found.0
}

struct Found(Vec<Diagnostic>);

impl Found {
    fn error(&mut self, code: &str, pointer: &str, message: impl Into<String>, help: impl Into<String>) {
        self.0.push(Diagnostic::error(code, pointer, message).help(help));
    }

    fn short(&mut self, pointer: &str, text: &str) {
        if text.len() > TEXT {
            let message = format!("the text has {} bytes, more than {TEXT}", text.len());
            self.error("too-long", pointer, message, "put the long form behind a link");
        }
    }

    fn seconds(&mut self, pointer: &str, seconds: u32, most: u32) {
        if seconds > most {
            let message = format!("{seconds} s is more than {most} s");
            self.error("out-of-range", pointer, message, "give the time in seconds");
        }
    }
}

fn check_stage(found: &mut Found, pointer: &str, stage: &Stage, before: &[Stage]) {
    found.short(&format!("{pointer}/name"), &stage.name);
    found.seconds(&format!("{pointer}/bake_seconds"), stage.bake_seconds, THIRTY_DAYS);
    if let Some(at) = before.iter().position(|other| gives_at_least(other, &stage.when, stage.percent)) {
        let message = format!("the stage adds nobody to stage {}", at + 1);
        let help =
            "every stage gives the variant to those of the stages before it as well: name others, or more of them";
        found.error("stage-adds-nobody", pointer, message, help);
    }
    if stage.gates.len() > GATES {
        let message = format!("a stage has at most {GATES} gates, this one has {}", stage.gates.len());
        found.error("too-many", &format!("{pointer}/gates"), message, "ask Prometheus for one number over several");
    }
    let mut names = BTreeSet::new();
    for (index, gate) in stage.gates.iter().enumerate() {
        let pointer = format!("{pointer}/gates/{index}");
        for (name, text) in [("name", &gate.name), ("query", &gate.query)] {
            let pointer = format!("{pointer}/{name}");
            found.short(&pointer, text);
            if text.trim().is_empty() {
                found.error("empty-text", &pointer, "the text is empty", "fill it, or leave the gate out");
            }
        }
        found.0.extend(outcomes::malformed(&format!("{pointer}/query"), &gate.query));
        if !names.insert(gate.name.as_str()) {
            let message = format!("`{}` stands here twice", gate.name);
            found.error("duplicate-value", &format!("{pointer}/name"), message, "give each gate its own name");
        }
        found.seconds(&format!("{pointer}/for_seconds"), gate.for_seconds, DAY);
    }
}

fn gives_at_least(stage: &Stage, when: &[Condition], percent: Percent) -> bool {
    (stage.when.is_empty() || stage.when == when) && stage.percent >= percent
}
