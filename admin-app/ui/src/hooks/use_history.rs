use super::use_console;
use crate::backend::api;
use crate::state::history::{Action, History, Part};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// The chart of an environment, or what is wanted of it: the newest changes, kept fresh, and a callback that reads older ones.
#[hook]
pub fn use_history(wanted: Part, limit: u32) -> (UseReducerHandle<History>, Callback<()>) {
    let console = use_console();
    let history = use_reducer_eq(History::default);
    let environment = console.live.environment.clone();
    {
        let history = history.dispatcher();
        use_effect_with((environment.clone(), wanted.clone()), move |_| history.dispatch(Action::Clear));
    }
    {
        let (console, history) = (console.clone(), history.dispatcher());
        let generation = console.live.generation;
        use_effect_with((environment.clone(), wanted.clone(), generation), move |(environment, wanted, _)| {
            let (environment, wanted) = (environment.clone(), wanted.clone());
            if environment.is_empty() {
                return;
            }
            spawn_local(async move {
                history.dispatch(match api::chart(&console.backend, &environment, None, limit, &wanted).await {
                    Ok(page) => Action::Newest(page),
                    Err(failure) => {
                        console.failed(&failure);
                        Action::Failed(failure)
                    }
                });
            });
        });
    }
    let more = {
        let history = history.clone();
        Callback::from(move |()| {
            let (console, dispatcher) = (console.clone(), history.dispatcher());
            let (environment, wanted, before) = (environment.clone(), wanted.clone(), history.next_before);
            spawn_local(async move {
                dispatcher.dispatch(match api::chart(&console.backend, &environment, before, limit, &wanted).await {
                    Ok(page) => Action::Older(page),
                    Err(failure) => Action::Failed(failure),
                });
            });
        })
    };
    (history, more)
}
