//! A rollout that is to be started: what its form begins with, what is wrong with it, and how it goes over time.

use super::draft::around::around;
use super::draft::edit::{Edit, step};
use crate::words::text::start_rollout as text;
use downhaul_control::rollout::{self, Rollout, read, validate};
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::document::{Flag, FlagSet};
use downhaul_core::ids::VariantKey;
use downhaul_core::validate::validate as whole_is_valid;
use serde_json::{Value, json};

const DAY: u32 = 86_400;
/// A few first, so that what is wrong meets few.
const PERCENTS: [u32; 5] = [1, 5, 25, 50, 100];

/// Where its draft is kept in the browser. No flag's key begins so.
pub fn shelf(flag: &str) -> String {
    format!("~rollout/{flag}")
}

/// What the form begins with: a day each, for the variant that is neither the default nor the degraded one.
pub fn fresh(flag: &Flag) -> Value {
    let variants = || flag.variants.iter().map(|(variant, _)| variant);
    let others = || variants().filter(|variant| **variant != flag.default);
    let variant: Option<&VariantKey> =
        others().find(|variant| **variant != flag.degraded.variant).or_else(|| others().next());
    let variant = variant.or_else(|| variants().next()).map(ToString::to_string).unwrap_or_default();
    let stages: Vec<Value> = PERCENTS.map(|percent| json!({ "percent": percent, "bake_seconds": DAY })).to_vec();
    json!({ "flag": flag.key.to_string(), "variant": variant, "stages": stages })
}

fn stages(tree: &Value) -> &[Value] {
    tree.get("stages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn percent(stage: &Value) -> Option<f64> {
    stage.get("percent").map_or(Some(100.0), Value::as_f64)
}

/// One stage more: before the last where that gives everything to everyone, and halfway to it; else after it, for everyone.
pub fn added(tree: &Value) -> Edit {
    let stages = stages(tree);
    let bake = stages.last().and_then(|stage| stage.get("bake_seconds")).cloned().unwrap_or_else(|| json!(DAY));
    let for_all = |stage: &Value| stage.get("when").is_none() && percent(stage).is_some_and(|percent| percent >= 100.0);
    let list = "/stages".to_owned();
    match stages.split_last() {
        Some((last, before)) if for_all(last) => {
            let from = before.iter().rev().find(|stage| stage.get("when").is_none()).and_then(percent).unwrap_or(0.0);
            let half = ((from + 100.0) / 2.0 * 1000.0).round() / 1000.0;
            let value = json!({ "percent": number(half), "bake_seconds": bake });
            Edit::Insert { list, at: before.len(), value }
        }
        _ => Edit::Insert { list, at: stages.len(), value: json!({ "percent": 100, "bake_seconds": bake }) },
    }
}

/// As it is written: without a fraction where there is none.
pub fn number(value: f64) -> Value {
    if value.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&value) {
        return Value::from(value as u32);
    }
    Value::from(value)
}

/// What is known of a draft.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checked {
    /// By pointers from the root of the rollout.
    pub diagnostics: Vec<Diagnostic>,
    /// What it says, where it can be read.
    pub rollout: Option<Rollout>,
    /// The flag as the first stage makes it; absent where others have to approve that first.
    pub first: Option<Flag>,
    /// The flag with all that it may come to give.
    pub whole: Option<Flag>,
}

impl Checked {
    pub fn errors(&self) -> usize {
        self.diagnostics.iter().filter(|each| each.is_error()).count()
    }
}

/// Checks a draft as the control plane does at its start, by the same functions.
pub fn check(document: &FlagSet, tree: &Value) -> Checked {
    let diagnostics = written(tree);
    if !diagnostics.is_empty() {
        return Checked { diagnostics, ..Checked::default() };
    }
    let rollout = match read::of_json(tree) {
        Ok(rollout) => rollout,
        Err(problem) => return Checked { diagnostics: vec![*problem], ..Checked::default() },
    };
    let mut checked = Checked { diagnostics: validate::alone(&rollout), ..Checked::default() };
    checked.diagnostics.extend(validate::named(document, &rollout));
    if let (0, Some(flag)) = (checked.errors(), document.flag(rollout.flag.as_str())) {
        let settled = rollout::settled(&rollout, flag);
        let is_open = settled.stages.first().is_some_and(|stage| stage.approvals.get() == 0);
        checked.first = if is_open { rollout::beginning(&settled, flag, 1) } else { None };
        checked.whole = rollout::whole(&settled, flag);
        if let Some(whole) = &checked.whole {
            let before = around(document, flag.key.as_str(), None);
            let mut after = before.clone();
            after.flags.put(whole.clone());
            let problems = whole_is_valid(after, None).err().unwrap_or_default();
            checked.diagnostics.extend(rollout::in_stages(&before, &settled, problems));
        }
    }
    checked.rollout = Some(rollout);
    checked
}

/// What is no number where one belongs: whoever typed it is told what it should be, of all places at once.
fn written(tree: &Value) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let mut wants = |stage: &Value, root: &str, name: &str, is_whole: bool, [missing, help]: [&str; 2]| {
        let message = match stage.get(name) {
            Some(Value::String(typed)) if typed.is_empty() => missing.to_owned(),
            Some(Value::String(typed)) => text::is_no_number(&typed),
            Some(Value::Number(number)) if is_whole && number.as_u64().is_none() => text::is_not_whole(&number),
            _ => return,
        };
        problems.push(Diagnostic::error("malformed-rollout", step(root, name), message).help(help));
    };
    for (at, stage) in stages(tree).iter().enumerate() {
        let root = step("/stages", at);
        wants(stage, &root, "percent", false, [text::HOW_MANY, text::PERCENT_HELP]);
        wants(stage, &root, "bake_seconds", true, [text::HOW_LONG, text::HOW_LONG_HELP]);
        wants(stage, &root, "approvals", true, [text::HOW_MANY, text::HOW_MANY_APPROVE]);
        let gates = stage.get("gates").and_then(Value::as_array);
        for (gate, value) in gates.into_iter().flatten().enumerate() {
            wants(value, &step(&step(&root, "gates"), gate), "for_seconds", true, [text::HOLDS_FOR, text::HOLDS_FOR]);
        }
    }
    problems
}

/// A stage in the picture of them all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// Where it begins and ends, in per cent of the whole time.
    pub from: f64,
    pub to: f64,
    /// How many of everyone have the variant, in per cent.
    pub everyone: f64,
    /// How many of the people whom the stage names, in per cent.
    pub cohort: Option<f64>,
}

/// No stage is narrower than this, or a short one would not be seen.
const NARROWEST: f64 = 0.06;

/// The stages over time, as they go where nothing holds them.
pub fn course(rollout: &Rollout) -> Vec<Step> {
    let all: f64 = rollout.stages.iter().map(|stage| f64::from(stage.bake_seconds)).sum();
    let part = |seconds: u32| if all > 0.0 { (f64::from(seconds) / all).max(NARROWEST) } else { 1.0 };
    let width: f64 = rollout.stages.iter().map(|stage| part(stage.bake_seconds)).sum();
    let (mut from, mut everyone) = (0.0, 0.0_f64);
    let each = |stage: &rollout::Stage| {
        let percent = f64::from(stage.percent.buckets()) / 1000.0;
        let to = from + 100.0 * part(stage.bake_seconds) / width;
        let cohort = (!stage.when.is_empty()).then_some(percent);
        if cohort.is_none() {
            everyone = everyone.max(percent);
        }
        let step = Step { from, to, everyone, cohort };
        from = to;
        step
    };
    rollout.stages.iter().map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::draft::Doc;

    fn document() -> FlagSet {
        let flag = |key: &str, rules: Value| {
            json!({
                "key": key, "owner": "o", "kind": "release", "expires": "2099-01-01",
                "variants": { "off": false, "on": true, "old": false },
                "degraded": { "variant": "old", "meaning": "m" }, "default": "off", "rules": rules,
            })
        };
        let rules = json!([{ "name": "staff first", "when": [{ "segment": ["staff"] }], "serve": "on" }]);
        serde_json::from_value(json!({
            "schema": 1, "environment": "production", "revision": 3, "regions": { "eu": { "de": {} } },
            "segments": { "staff": { "include": ["user-1"] } },
            "flags": [flag("a", json!([])), flag("f", rules)],
        }))
        .unwrap()
    }

    fn begun() -> Value {
        fresh(document().flag("f").unwrap())
    }

    fn found(tree: &Value) -> Vec<String> {
        check(&document(), tree).diagnostics.into_iter().map(|each| each.place.pointer).collect()
    }

    fn edited(edit: &Edit) -> Value {
        match edit.apply(&Doc::Tree(begun())) {
            Doc::Tree(tree) => tree,
            Doc::Text(text) => panic!("{text}"),
        }
    }

    #[test]
    fn what_the_form_begins_with_can_be_started() {
        let tree = begun();
        assert_eq!(tree["variant"], "on", "neither the default nor the degraded one");
        let checked = check(&document(), &tree);
        assert_eq!(checked.diagnostics, []);
        let (first, whole) = (checked.first.unwrap(), checked.whole.unwrap());
        assert_eq!(
            (first.rules.len(), whole.rules.len()),
            (2, 6),
            "one cohort, and all of them, beside the flag's own rule"
        );
        let asked = edited(&Edit::put("/stages/0/approvals", 1));
        assert_eq!(check(&document(), &asked).first, None, "others approve the first stage before anyone has it");
    }

    #[test]
    fn what_is_wrong_stands_at_its_field() {
        for (edit, at) in [
            (Edit::put("/stages/0/percent", "many"), vec!["/stages/0/percent"]),
            (Edit::put("/stages/0/percent", 0), vec!["/stages/0/percent"]),
            (Edit::put("/stages/0/percent", 101), vec!["/stages/0/percent"]),
            (Edit::put("/stages/2/bake_seconds", ""), vec!["/stages/2/bake_seconds"]),
            (Edit::put("/stages/2/bake_seconds", 8.64), vec!["/stages/2/bake_seconds"]),
            (Edit::put("/stages/2/approvals", -1), vec!["/stages/2/approvals"]),
            (Edit::put("/stages/2/bake_seconds", 31 * DAY), vec!["/stages/2/bake_seconds"]),
            (Edit::put("/stages/2/percent", 5), vec!["/stages/2"]),
            (Edit::put("/variant", "blue"), vec!["/variant"]),
            (Edit::put("/before", "nobody's"), vec!["/before"]),
            (Edit::put("/stages/1/when", json!([{ "region": ["dee"] }])), vec!["/stages/1/when/0/region/0"]),
            (Edit::put("/stages", json!([])), vec!["/stages"]),
            (
                Edit::All(vec![Edit::put("/stages/0/percent", "a"), Edit::put("/stages/1/bake_seconds", "b")]),
                vec!["/stages/0/percent", "/stages/1/bake_seconds"],
            ),
        ] {
            assert_eq!(found(&edited(&edit)), at, "{edit:?}");
        }
        assert_eq!(found(&edited(&Edit::put("/before", "staff first"))), Vec::<String>::new());
    }

    #[test]
    fn a_stage_more_is_a_stage_that_may_be() {
        let once = edited(&added(&begun()));
        assert_eq!(once["stages"][4], json!({ "percent": 75, "bake_seconds": DAY }));
        assert_eq!(found(&once), Vec::<String>::new());
        let open = edited(&Edit::remove("/stages/4"));
        let Doc::Tree(open) = added(&open).apply(&Doc::Tree(open)) else { panic!() };
        assert_eq!(open["stages"][4]["percent"], 100);
        let none = json!({ "flag": "f", "variant": "on", "stages": [] });
        let Doc::Tree(one) = added(&none).apply(&Doc::Tree(none)) else { panic!() };
        assert_eq!(found(&one), Vec::<String>::new());
    }

    #[test]
    fn the_picture_is_of_time_and_of_people() {
        let tree = json!({ "flag": "f", "variant": "on", "stages": [
            { "when": [{ "segment": ["staff"] }], "bake_seconds": 0 },
            { "percent": 20, "bake_seconds": 100 },
            { "when": [{ "region": ["eu"] }], "percent": 50, "bake_seconds": 100 },
            { "bake_seconds": 200 },
        ] });
        let steps = course(&check(&document(), &tree).rollout.unwrap());
        let people: Vec<_> = steps.iter().map(|step| (step.everyone, step.cohort)).collect();
        assert_eq!(people, [(0.0, Some(100.0)), (20.0, None), (20.0, Some(50.0)), (100.0, None)]);
        assert!(steps[0].to > 5.0, "one that takes no time is seen: {steps:?}");
        assert!((steps[3].to - 100.0).abs() < 1e-9, "{steps:?}");
        assert!((steps[3].to - steps[3].from) > 1.9 * (steps[1].to - steps[1].from), "{steps:?}");
    }
}
