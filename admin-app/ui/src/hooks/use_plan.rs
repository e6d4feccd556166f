use super::use_console;
use crate::backend::api;
use crate::state::Shared;
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
