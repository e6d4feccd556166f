//! Drafts worked out beside whoever edits: what is asked and answered travels as text, into a worker of a page or into the
//! desktop app, and what comes back is the plan that `downhaul plan` and the server make.

use crate::exact::{self, compare, lints};
use crate::plan::{self, Budget, Plan, Side};
use crate::population::Population;
use crate::replay::{Groups, Options, Progress, Replayer};
use downhaul_core::check::check_flag;
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::read::{self, Format};
use downhaul_core::validate::{Valid, validate};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Nodes of one flag; the server's plans have as many.
const NODES: usize = 50_000;

/// Groups of an attribute that are handed on: more than are shown beside an editor.
const GROUPS: usize = 12;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// A flag set as JSON, that drafts are compared with from now on.
    Published(String),
    Draft(Draft),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    pub number: u64,
    /// The flag that it takes the place of; absent for a new one.
    pub instead_of: Option<String>,
    /// The flag as JSON.
    pub text: String,
    pub budget: Option<Budget>,
    pub wanted: Wanted,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wanted {
    /// Who of the population moves; `name` is the population's.
    Replay { name: String },
    /// Who can move at all, and what is said in vain.
    Exact,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub number: u64,
    pub found: Result<Found, String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// As the server makes it, but short, since it is made at every step of a slider: the new side has no digest, the largest
    /// groups of an attribute stand for all, and what lies within regions is left out. It is judged before that.
    pub plan: Box<Plan>,
    /// Lints of the draft, by pointers from the flag's root.
    pub lints: Vec<Diagnostic>,
}

/// What is compared, and over whom.
#[derive(Debug, Default)]
pub struct Desk {
    published: Option<(Valid, Side)>,
    replayer: Option<Replayer>,
}

impl Desk {
    /// From now on every replay is over this population.
    pub fn take_population(&mut self, population: Option<Arc<Population>>) {
        self.replayer = population.map(Replayer::new);
    }

    /// Answers what has an answer. `progress` is told of replays, now and then; `cancel` ends one.
    pub fn answer(&mut self, ask: Ask, progress: &mut dyn FnMut(Progress), cancel: &AtomicBool) -> Option<Answer> {
        match ask {
            Ask::Published(text) => {
                self.published = read::flag_set(&text, Format::Json)
                    .ok()
                    .and_then(|(document, _)| validate(document, None).ok())
                    .and_then(|(valid, _)| Some((Side::of("published", valid.document()).ok()?, valid)))
                    .map(|(side, valid)| (valid, side));
                None
            }
            Ask::Draft(draft) => Some(Answer { number: draft.number, found: self.found(&draft, progress, cancel) }),
        }
    }

    fn found(
        &mut self,
        draft: &Draft,
        progress: &mut dyn FnMut(Progress),
        cancel: &AtomicBool,
    ) -> Result<Found, String> {
        let (old, published) = self.published.as_ref().ok_or("the published flag set cannot be compared")?;
        let checked = check_flag(old.document(), draft.instead_of.as_deref(), &draft.text, Format::Json, None);
        let new = checked.valid.ok_or("the draft is not valid yet")?;
        let (mut exact, mut replay, mut found_lints) = (None, None, Vec::new());
        match &draft.wanted {
            Wanted::Exact => {
                let options = exact::Options { nodes: NODES };
                exact = Some((compare(old, &new, &options), NODES));
                found_lints = own(lints(new.document(), &options), &new, checked.flag.map(|flag| flag.key.to_string()));
            }
            Wanted::Replay { name } => {
                let replayer = self.replayer.as_mut().ok_or("the population cannot be read")?;
                let replayed = replayer.replay(old, &new, &Options::default(), progress, cancel);
                replay = Some((replayed.map_err(|error| error.to_string())?, name.clone()));
            }
        }
        let draft_side = Side {
            name: "draft".to_owned(),
            environment: new.document().environment.to_string(),
            revision: new.document().revision,
            digest: String::new(),
            flags: new.document().flags.len(),
        };
        let found = plan::Found { old: old.document(), new: new.document(), exact, replay };
        let mut plan = Plan::new(published.clone(), draft_side, found);
        if let Some(budget) = &draft.budget {
            plan.keep_to(budget.clone(), old, &new);
        }
        shorten(&mut plan);
        Ok(Found { plan: Box::new(plan), lints: found_lints })
    }
}

fn shorten(plan: &mut Plan) {
    let of_all = plan.population.iter_mut().map(|moved| &mut moved.by);
    for by in of_all.chain(plan.flags.values_mut().map(|flag| &mut flag.by)) {
        by.values_mut().for_each(largest);
    }
}

fn largest(groups: &mut Groups) {
    groups.others += groups.groups.iter().skip(GROUPS).map(|group| group.moved).sum::<f64>();
    groups.groups.truncate(GROUPS);
    groups.within.clear();
}

/// Those about the flag, by pointers from its root.
fn own(lints: Vec<Diagnostic>, document: &Valid, key: Option<String>) -> Vec<Diagnostic> {
    let at = key.and_then(|key| document.document().flags.iter().position(|flag| flag.key.as_str() == key));
    let Some(root) = at.map(|at| format!("/flags/{at}")) else { return Vec::new() };
    let within = |mut lint: Diagnostic| {
        let rest = lint.place.pointer.strip_prefix(&root).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
        lint.place.pointer = rest.to_owned();
        Some(lint)
    };
    lints.into_iter().filter_map(within).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAG: &str = r#"{"key": "f", "owner": "o", "kind": "ops", "review": "2027-01-01",
        "variants": {"on": true, "off": false}, "degraded": {"variant": "off", "meaning": "m"}, "default": "off"}"#;

    fn desk(rows: &str) -> Desk {
        let mut desk = Desk::default();
        let set = format!(r#"{{"schema": 1, "environment": "e", "revision": 1, "flags": [{FLAG}]}}"#);
        assert!(answer(&mut desk, Ask::Published(set)).is_none());
        let (population, _) = Population::from_json_lines(
            rows.as_bytes(),
            &crate::population::Mapping::default(),
            &crate::population::Limits::default(),
        )
        .unwrap();
        desk.take_population(Some(Arc::new(population)));
        desk
    }

    fn answer(desk: &mut Desk, ask: Ask) -> Option<Answer> {
        desk.answer(ask, &mut |_| {}, &AtomicBool::new(false))
    }

    fn draft(rules: &str, wanted: Wanted) -> Ask {
        let text = FLAG.replace("\"default\"", &format!("\"rules\": {rules}, \"default\""));
        let budget = Some(serde_json::from_str(r#"{"share": 0.1}"#).unwrap());
        Ask::Draft(Draft { number: 7, instead_of: Some("f".into()), text, budget, wanted })
    }

    #[test]
    fn a_draft_is_replayed_and_compared() {
        let mut desk = desk("{\"tenant\": \"acme\"}\n{\"tenant\": \"globex\"}\n");
        let rules =
            r#"[{"when": [{"tenant": ["acme"]}], "serve": "on"}, {"when": [{"tenant": ["acme"]}], "serve": "off"}]"#;
        let answered = answer(&mut desk, draft(rules, Wanted::Replay { name: "default".into() })).unwrap();
        let found = answered.found.unwrap();
        let moved = &found.plan.flags["f"];
        assert_eq!((answered.number, moved.moved, moved.of), (7, Some(1.0), Some(2.0)));
        assert_eq!(found.plan.verdict, crate::plan::Verdict::OverBudget);
        let exact = answer(&mut desk, draft(rules, Wanted::Exact)).unwrap().found.unwrap();
        assert_eq!(exact.plan.flags["f"].regions.len(), 1);
        let lints: Vec<&str> = exact.lints.iter().map(|lint| lint.place.pointer.as_str()).collect();
        assert_eq!(lints, ["/rules/1"], "{:?}", exact.lints);
        // It travels as JSON.
        let text = serde_json::to_string(&exact).unwrap();
        assert_eq!(serde_json::from_str::<Found>(&text).unwrap(), exact);
    }

    #[test]
    fn it_is_judged_over_everyone_and_shortened_then() {
        let rows: String = (0..40).map(|at| format!("{{\"tenant\": \"t{at:02}\"}}\n")).collect();
        let mut desk = desk(&rows);
        let flag = FLAG.replace("\"default\": \"off\"", "\"default\": \"on\"");
        // The lightest of equal groups is the last: it is among those that are cut off.
        let budget = Some(serde_json::from_str(r#"{"tenants": 39, "critical_tenants": ["t39"]}"#).unwrap());
        let wanted = Wanted::Replay { name: "default".into() };
        let ask = Ask::Draft(Draft { number: 1, instead_of: Some("f".into()), text: flag, budget, wanted });
        let plan = answer(&mut desk, ask).unwrap().found.unwrap().plan;
        let outcomes: Vec<plan::Kept> = plan.budget.unwrap().findings.iter().map(|finding| finding.outcome).collect();
        assert_eq!(outcomes, [plan::Kept::Over, plan::Kept::Over]);
        for tenants in [&plan.flags["f"].by["tenant"], &plan.population.unwrap().by["tenant"]] {
            assert_eq!((tenants.touched, tenants.groups.len(), tenants.others), (40, GROUPS, 28.0));
        }
    }

    #[test]
    fn a_replay_tells_how_far_it_is_and_can_be_ended() {
        let mut desk = desk("{\"tenant\": \"acme\"}\n");
        let ask =
            || draft(r#"[{"when": [{"tenant": ["acme"]}], "serve": "on"}]"#, Wanted::Replay { name: "default".into() });
        let mut told = Vec::new();
        desk.answer(ask(), &mut |progress| told.push(progress), &AtomicBool::new(false)).unwrap().found.unwrap();
        assert!(told.last().is_some_and(|progress| progress.done == progress.of), "{told:?}");
        let ended = desk.answer(ask(), &mut |_| {}, &AtomicBool::new(true)).unwrap();
        assert_eq!(ended.found, Err("the replay was cancelled".to_owned()));
    }

    #[test]
    fn what_cannot_be_worked_out_is_said() {
        let mut desk = desk("{}\n");
        let answered = answer(&mut desk, draft(r#"[{"serve": "om"}]"#, Wanted::Exact)).unwrap();
        assert_eq!(answered.found, Err("the draft is not valid yet".to_owned()));
        let nothing = answer(&mut Desk::default(), draft("[]", Wanted::Exact)).unwrap();
        assert!(nothing.found.is_err());
    }
}
