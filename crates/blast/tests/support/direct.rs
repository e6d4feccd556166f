//! Every row evaluated against both whole documents, and added up.

use super::Context;
use downhaul_blast::replay::{Group, Replay, Why};
use downhaul_core::compile::{Audience, Options, compile};
use downhaul_core::decision::Decision;
use downhaul_core::document::{Condition, Flag, FlagSet, Outcome, RegionTree, Rule};
use downhaul_core::evaluate::evaluate;
use downhaul_core::kills::{KillSet, Loaded};
use downhaul_core::prepare::{look_up, prepare};
use downhaul_core::validate::Valid;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub type Sums<K> = BTreeMap<K, f64>;

/// What is compared; groups as JSON text of their value, with moved and total weight.
#[derive(Debug, Default, PartialEq)]
pub struct Found {
    pub moved: f64,
    pub transitions: Sums<(String, String, bool)>,
    pub rules: Sums<(Why, Why)>,
    pub reasons: Sums<(Why, Why)>,
    pub by: BTreeMap<String, BTreeMap<String, (f64, f64)>>,
    /// By region of the tree: moved and total weight with all that lies within, then of those who name it.
    pub within: BTreeMap<String, [f64; 4]>,
}

pub struct Engine {
    pub loaded: Loaded,
    pub document: FlagSet,
}

impl Engine {
    pub fn new(valid: &Valid) -> Self {
        let document = valid.document().clone();
        let kills = KillSet::encode(&document.kills, &document.regions, 1, |_| None);
        Engine { loaded: Loaded::new(compile(valid, &Options { audience: Audience::All }), kills), document }
    }

    /// Variant, value, reason and cause, and why.
    pub fn decide(&self, flag: &str, context: &Context) -> Option<(String, String, String, Why)> {
        let number = self.loaded.program.flag_index(flag)?;
        let decision = evaluate(&self.loaded, &[], &mut prepare(&self.loaded, context), number).unwrap();
        let (variant, value) = self.loaded.program.variant(number, u32::from(decision.variant)).unwrap();
        let reason = format!("{:?} {:?}", decision.reason, decision.cause);
        Some((variant.to_owned(), value.to_owned(), reason, self.why(number, &decision)))
    }

    fn why(&self, flag: u32, decision: &Decision) -> Why {
        let flag = &self.document.flags[flag as usize];
        Why {
            reason: decision.reason.as_str().into(),
            rule: decision.rule(),
            rule_name: decision.rule().and_then(|rule| flag.rules[rule as usize].name.clone()),
            kill: decision.kill().map(|kill| self.document.kills[kill as usize].id.clone()),
        }
    }
}

/// Whether a context is in a segment, by a flag that asks.
fn in_segments(new: &Valid) -> (Engine, Vec<String>) {
    let mut set = new.document().clone();
    let keys: Vec<String> = set.segments.keys().map(ToString::to_string).collect();
    let template = set.flags[0].clone();
    for key in &keys {
        let variants = vec![("in".parse().unwrap(), json!(true)), ("out".parse().unwrap(), json!(false))];
        let rule = Rule {
            name: None,
            when: vec![Condition::Segment(vec![key.parse().unwrap()])],
            then: Outcome::Serve("in".parse().unwrap()),
        };
        set.flags.push(Flag {
            key: format!("in-{key}").parse().unwrap(),
            variants,
            rules: vec![rule],
            requires: Vec::new(),
            default: "out".parse().unwrap(),
            degraded: downhaul_core::document::Degraded {
                variant: "out".parse().unwrap(),
                ..template.degraded.clone()
            },
            ..template.clone()
        });
    }
    (Engine::new(&super::valid(set)), keys)
}

/// The flags of which something differs, and all flags together as ``.
pub fn replay(
    old: &Valid,
    new: &Valid,
    rows: &[(Context, f64)],
    by: &[&str],
    now: Option<&Value>,
) -> BTreeMap<String, Found> {
    let (one, other) = (Engine::new(old), Engine::new(new));
    let (segments, keys) = in_segments(new);
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    let contexts: Vec<(Context, f64)> = rows
        .iter()
        .map(|(context, weight)| {
            let mut context = context.clone();
            if let Some(now) = now {
                context.entry("now").or_insert_with(|| now.clone());
            }
            (context, *weight)
        })
        .collect();
    let mut any = vec![false; rows.len()];
    let mut moved_rows: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for flag in &new.document().flags {
        let flag = flag.key.as_str();
        let mut own = Found::default();
        let mut differs = false;
        for (row, (context, weight)) in contexts.iter().enumerate() {
            let (Some(from), Some(to)) = (one.decide(flag, context), other.decide(flag, context)) else { continue };
            if (&from.0, &from.1) != (&to.0, &to.1) {
                differs = true;
                any[row] = true;
                moved_rows.entry(flag.to_owned()).or_default().push(row);
                own.moved += weight;
                let value_changed = from.0 == to.0;
                *own.transitions.entry((from.0, to.0, value_changed)).or_default() += weight;
                *own.rules.entry((from.3, to.3)).or_default() += weight;
            } else if from.2 != to.2 {
                differs = true;
                *own.reasons.entry((from.3, to.3)).or_default() += weight;
            }
        }
        if differs {
            found.insert(flag.to_owned(), own);
        }
    }
    let all: Vec<usize> = (0..rows.len()).filter(|row| any[*row]).collect();
    if !found.is_empty() {
        let moved = all.iter().map(|row| rows[*row].1).sum();
        found.insert(String::new(), Found { moved, ..Found::default() });
        moved_rows.insert(String::new(), all);
    }
    for (flag, moved) in &moved_rows {
        let own = found.get_mut(flag).unwrap();
        if moved.is_empty() {
            continue;
        }
        for name in ["tenant", "region"].iter().chain(by) {
            let label = |row: usize| match look_up(&rows[row].0, name) {
                None => "null".to_owned(),
                Some(Value::Object(_)) => "{}".to_owned(),
                Some(value) => value.to_string(),
            };
            own.by.insert((*name).to_owned(), sums(moved, rows, label));
        }
        own.within = within(&new.document().regions, moved, rows);
        let mut by_segment = BTreeMap::new();
        for key in &keys {
            let flag = format!("in-{key}");
            let is_in = |row: usize| segments.decide(&flag, &contexts[row].0).unwrap().0 == "in";
            let weight = |rows_of: &mut dyn Iterator<Item = usize>| -> f64 {
                rows_of.filter(|row| is_in(*row)).map(|row| rows[row].1).sum()
            };
            let (moved, of) = (weight(&mut moved.iter().copied()), weight(&mut (0..rows.len())));
            if moved > 0.0 {
                by_segment.insert(json!(key).to_string(), (moved, of));
            }
        }
        if !keys.is_empty() {
            own.by.insert("segment".to_owned(), by_segment);
        }
    }
    found
}

fn within(tree: &RegionTree, moved: &[usize], rows: &[(Context, f64)]) -> BTreeMap<String, [f64; 4]> {
    let region = |row: usize| look_up(&rows[row].0, "region").and_then(Value::as_str);
    let sum = |of: &mut dyn Iterator<Item = usize>, names: &[&str]| -> f64 {
        of.filter(|row| region(*row).is_some_and(|region| names.contains(&region))).map(|row| rows[row].1).sum()
    };
    let mut found = BTreeMap::new();
    for name in tree.names() {
        let name = name.as_str();
        let mut whole: Vec<&str> = tree.find(name).unwrap().names().into_iter().map(|name| name.as_str()).collect();
        if whole.is_empty() {
            continue;
        }
        whole.push(name);
        let sums = |names: &[&str]| (sum(&mut moved.iter().copied(), names), sum(&mut (0..rows.len()), names));
        let ((moved_within, of_within), (moved_here, of_here)) = (sums(&whole), sums(&[name]));
        if moved_within > 0.0 {
            found.insert(name.to_owned(), [moved_within, of_within, moved_here, of_here]);
        }
    }
    found
}

fn sums(moved: &[usize], rows: &[(Context, f64)], label: impl Fn(usize) -> String) -> BTreeMap<String, (f64, f64)> {
    let mut sums: BTreeMap<String, (f64, f64)> = BTreeMap::new();
    for row in moved {
        sums.entry(label(*row)).or_default().0 += rows[*row].1;
    }
    for (row, (_, weight)) in rows.iter().enumerate() {
        if let Some(sum) = sums.get_mut(&label(row)) {
            sum.1 += weight;
        }
    }
    sums.retain(|_, (moved, _)| *moved > 0.0);
    sums
}

/// The same out of a replay.
pub fn of(replay: &Replay) -> BTreeMap<String, Found> {
    let groups =
        |groups: &[Group]| groups.iter().map(|group| (group.value.to_string(), (group.moved, group.of))).collect();
    let within = |by: &BTreeMap<String, downhaul_blast::replay::Groups>| {
        let regions = by.get("region").into_iter().flat_map(|regions| &regions.within);
        regions.map(|it| (it.region.clone(), [it.moved, it.of, it.directly.moved, it.directly.of])).collect()
    };
    let by = |by: &BTreeMap<String, downhaul_blast::replay::Groups>| {
        by.iter().map(|(name, found)| (name.clone(), groups(&found.groups))).collect()
    };
    let mut all: BTreeMap<String, Found> = replay
        .flags
        .iter()
        .map(|(key, flag)| {
            let transitions = flag.transitions.iter();
            let found = Found {
                moved: flag.moved,
                transitions: transitions.map(|t| ((t.from.clone(), t.to.clone(), t.value_changed), t.weight)).collect(),
                rules: flag.rules.iter().map(|rule| ((rule.from.clone(), rule.to.clone()), rule.weight)).collect(),
                reasons: flag
                    .reason_only
                    .changes
                    .iter()
                    .map(|rule| ((rule.from.clone(), rule.to.clone()), rule.weight))
                    .collect(),
                by: by(&flag.by),
                within: within(&flag.by),
            };
            (key.clone(), found)
        })
        .collect();
    if !all.is_empty() {
        let whole = Found { moved: replay.moved, by: by(&replay.by), within: within(&replay.by), ..Found::default() };
        all.insert(String::new(), whole);
    }
    all
}
