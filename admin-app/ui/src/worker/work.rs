use crate::radius::{Answer, Ask, Draft, Found, Wanted};
use downhaul_blast::exact::{self, compare, lints};
use downhaul_blast::plan::{self, Plan, Side};
use downhaul_blast::population::{Limits, Population};
use downhaul_blast::replay::{Options, Replayer};
use downhaul_core::check::check_flag;
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::read::{self, Format};
use downhaul_core::validate::{Valid, validate};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use wasm_bindgen::prelude::*;

/// Nodes of one flag; the server's plans have as many.
const NODES: usize = 50_000;

#[derive(Default)]
struct Work {
    published: Option<Valid>,
    replayer: Option<Replayer>,
}

thread_local! {
    static WORK: RefCell<Work> = RefCell::default();
}

/// Answers one [`Ask`], as JSON; `undefined` for what has no answer.
#[wasm_bindgen]
pub fn answer(ask: &str) -> Option<String> {
    let ask: Ask = serde_json::from_str(ask).ok()?;
    let answer = WORK.with_borrow_mut(|work| work.answer(ask))?;
    serde_json::to_string(&answer).ok()
}

/// Takes a population in its binary form, for all replays from now on.
#[wasm_bindgen]
pub fn take_population(bytes: &[u8]) {
    let read = Population::from_sample_bytes(bytes, &Limits::default());
    WORK.with_borrow_mut(|work| work.replayer = read.ok().map(|population| Replayer::new(Arc::new(population))));
}

impl Work {
    fn answer(&mut self, ask: Ask) -> Option<Answer> {
        match ask {
            Ask::Published(text) => {
                self.published = read::flag_set(&text, Format::Json)
                    .ok()
                    .and_then(|(document, _)| validate(document, None).ok())
                    .map(|(valid, _)| valid);
                None
            }
            Ask::Draft(draft) => Some(Answer { number: draft.number, found: self.found(&draft) }),
        }
    }

    fn found(&mut self, draft: &Draft) -> Result<Found, String> {
        let old = self.published.as_ref().ok_or("the published flag set cannot be compared")?;
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
                let (options, go_on) = (Options::default(), AtomicBool::new(false));
                let replayed = replayer.replay(old, &new, &options, &mut |_| {}, &go_on);
                replay = Some((replayed.map_err(|error| error.to_string())?, name.clone()));
            }
        }
        let side = |name: &str, valid: &Valid| Side::of(name, valid.document()).map_err(|error| error.to_string());
        let found = plan::Found { old: old.document(), new: new.document(), exact, replay };
        let mut plan = Plan::new(side("published", old)?, side("draft", &new)?, found);
        if let Some(budget) = &draft.budget {
            plan.keep_to(budget.clone(), old, &new);
        }
        Ok(Found { plan: Box::new(plan), lints: found_lints })
    }
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

    fn work(rows: &str) -> Work {
        let mut work = Work::default();
        let set = format!(r#"{{"schema": 1, "environment": "e", "revision": 1, "flags": [{FLAG}]}}"#);
        assert!(work.answer(Ask::Published(set)).is_none());
        let (population, _) = Population::from_json_lines(
            rows.as_bytes(),
            &downhaul_blast::population::Mapping::default(),
            &Limits::default(),
        )
        .unwrap();
        work.replayer = Some(Replayer::new(Arc::new(population)));
        work
    }

    fn draft(rules: &str, wanted: Wanted) -> Ask {
        let text = FLAG.replace("\"default\"", &format!("\"rules\": {rules}, \"default\""));
        let budget = Some(serde_json::from_str(r#"{"share": 0.1}"#).unwrap());
        Ask::Draft(Draft { number: 7, instead_of: Some("f".into()), text, budget, wanted })
    }

    #[test]
    fn a_draft_is_replayed_and_compared() {
        let mut work = work("{\"tenant\": \"acme\"}\n{\"tenant\": \"globex\"}\n");
        let rules =
            r#"[{"when": [{"tenant": ["acme"]}], "serve": "on"}, {"when": [{"tenant": ["acme"]}], "serve": "off"}]"#;
        let answer = work.answer(draft(rules, Wanted::Replay { name: "default".into() })).unwrap();
        let found = answer.found.unwrap();
        let moved = &found.plan.flags["f"];
        assert_eq!((answer.number, moved.moved, moved.of), (7, Some(1.0), Some(2.0)));
        assert_eq!(found.plan.verdict, downhaul_blast::plan::Verdict::OverBudget);
        let exact = work.answer(draft(rules, Wanted::Exact)).unwrap().found.unwrap();
        assert_eq!(exact.plan.flags["f"].regions.len(), 1);
        let lints: Vec<&str> = exact.lints.iter().map(|lint| lint.place.pointer.as_str()).collect();
        assert_eq!(lints, ["/rules/1"], "{:?}", exact.lints);
        // It travels as JSON.
        let text = serde_json::to_string(&exact).unwrap();
        assert_eq!(serde_json::from_str::<Found>(&text).unwrap(), exact);
    }

    #[test]
    fn what_cannot_be_worked_out_is_said() {
        let mut work = work("{}\n");
        let answer = work.answer(draft(r#"[{"serve": "om"}]"#, Wanted::Exact)).unwrap();
        assert_eq!(answer.found, Err("the draft is not valid yet".to_owned()));
        let nothing = Work::default().answer(draft("[]", Wanted::Exact)).unwrap();
        assert!(nothing.found.is_err());
    }
}
