use super::use_console;
use crate::backend::api;
use crate::state::Shared;
use crate::state::friction::Weight;
use downhaul_blast::plan::Plan;
use gloo::timers::callback::Timeout;
use serde_json::Value;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// The server is asked when nobody has edited for so long, in milliseconds.
const PAUSE: u32 = 300;

/// Whom a definition would move, as the server works it out.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Planned {
    /// Of the newest draft that has an answer.
    pub plan: Option<Shared<Plan>>,
    /// A newer draft is still worked out.
    pub is_behind: bool,
    /// Why the newest could not be.
    pub failure: Option<String>,
}

impl Planned {
    /// What is asked for the draft, by whom it moves. Where that could not be worked out, as for everyone.
    pub fn weight(&self) -> Weight {
        match (&self.failure, &self.plan) {
            (Some(_), _) => Weight::UNKNOWN,
            (None, Some(plan)) => Weight::of(plan),
            (None, None) => Weight::NOTHING,
        }
    }
}

/// Asks for the plan of a command whenever it is another one, and again after every change. `None` asks nothing, and keeps
/// what is known; `is_changed` says whether there is anything to be known.
#[hook]
pub fn use_plan(command: Option<Value>, is_changed: bool) -> Planned {
    let console = use_console();
    let planned = use_state(Planned::default);
    let number = use_mut_ref(|| 0_u64);
    let depends = (command, is_changed, console.live.environment.clone(), console.live.generation);
    let setter = planned.setter();
    let known = planned.plan.clone();
    use_effect_with(depends, move |(command, is_changed, environment, _)| {
        let own = number.replace_with(|number| *number + 1) + 1;
        let mut pause = None;
        match command {
            _ if !*is_changed => setter.set(Planned::default()),
            None => {}
            Some(command) => {
                setter.set(Planned { plan: known, is_behind: true, failure: None });
                let (command, environment) = (command.clone(), environment.clone());
                pause = Some(Timeout::new(PAUSE, move || {
                    spawn_local(async move {
                        let answer = api::plan_command(&console.backend, &environment, &command).await;
                        if *number.borrow() != own {
                            return;
                        }
                        setter.set(match answer {
                            Ok(plan) => Planned { plan: Some(Shared::new(plan)), is_behind: false, failure: None },
                            Err(failure) => {
                                console.failed(&failure);
                                Planned { plan: None, is_behind: false, failure: Some(failure.title()) }
                            }
                        });
                    });
                }));
            }
        }
        move || drop(pause)
    });
    (*planned).clone()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::friction::Step;
    use serde_json::json;

    fn plan(flags: Value, moved: Option<f64>) -> Shared<Plan> {
        let side = json!({ "name": "n", "environment": "e", "revision": 1, "digest": "d", "flags": 1 });
        let population = moved.map(|moved| {
            json!({ "name": "p", "rows": 10, "weight": 10.0, "moved": moved, "moved_rows": 1, "by": {}, "tenants": [] })
        });
        let whole = json!({
            "plan": 1, "verdict": "changes", "old": side, "new": side, "base_revision": null, "prune": false,
            "totals": { "flags": 1, "changed": 1, "reason_only": 0, "added": 0, "removed": 0, "unknown": 0 },
            "exact": null, "population": population, "flags": flags, "idle": [], "killed": [], "budget": null,
        });
        Shared::new(serde_json::from_value(whole).unwrap())
    }

    #[test]
    fn a_plan_that_failed_counts_as_everyone() {
        let small = plan(json!({}), Some(0.0));
        for (planned, step) in [
            (Planned::default(), Step::Nothing),
            (Planned { plan: Some(small.clone()), ..Planned::default() }, Step::Nothing),
            (Planned { plan: Some(plan(json!({}), Some(1.0))), ..Planned::default() }, Step::Why),
            (Planned { plan: Some(plan(json!({}), None)), ..Planned::default() }, Step::Why),
            (Planned { failure: Some("no answer".into()), ..Planned::default() }, Step::TypeKey),
            (Planned { plan: Some(small), failure: Some("no answer".into()), is_behind: false }, Step::TypeKey),
        ] {
            assert_eq!(planned.weight().step(), step, "{planned:?}");
        }
    }
}
