use super::{use_asker, use_console};
use crate::backend::api;
use crate::state::Shared;
use crate::state::friction::Policy;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// The policy of the environment that is looked at, asked for again after every change; `None` until it is there.
#[hook]
pub fn use_policy() -> Option<Shared<Policy>> {
    let console = use_console();
    let asker = use_asker(&console);
    let policy = use_state(|| None::<Shared<Policy>>);
    let (environment, generation) = (console.live.environment.clone(), console.live.generation);
    {
        let policy = policy.setter();
        use_effect_with((environment, generation), move |(environment, _)| {
            let environment = environment.clone();
            if environment.is_empty() {
                return;
            }
            let request = asker.ask();
            spawn_local(async move {
                let answer = api::policy(&console.backend, &environment).await;
                asker.answer(&environment, request, answer.as_ref().err());
                if let Ok(found) = answer {
                    policy.set(Some(Shared::new(found)));
                }
            });
        });
    }
    (*policy).clone()
}
