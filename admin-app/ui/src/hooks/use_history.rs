use super::{use_asker, use_console};
use crate::backend::api;
use crate::state::history::{Action, History, Part};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// The chart of an environment, or what is wanted of it: the newest changes, kept fresh, and a callback that reads older ones.
#[hook]
pub fn use_history(wanted: Part, limit: u32) -> (UseReducerHandle<History>, Callback<()>) {
    let console = use_console();
    let asker = use_asker(&console);
    let history = use_reducer_eq(History::default);
    let environment = console.live.environment.clone();
    {
        let (history, asker) = (history.dispatcher(), asker.clone());
        use_effect_with((environment.clone(), wanted.clone()), move |(environment, _)| {
            asker.forget(environment);
            history.dispatch(Action::Clear);
        });
    }
    {
        let history = history.clone();
        let again = console.live.again;
        use_effect_with(again, move |_| {
            // A chart that is not there is on its way again.
            if !history.is_loaded && history.failure.is_some() {
                history.dispatch(Action::Clear);
            }
        });
    }
    {
        let (console, history) = (console.clone(), history.dispatcher());
        let generation = console.live.generation;
        use_effect_with((environment.clone(), wanted.clone(), generation), move |(environment, wanted, _)| {
            let (environment, wanted) = (environment.clone(), wanted.clone());
            if environment.is_empty() {
                return;
            }
            let request = asker.ask();
            spawn_local(async move {
                let answer = api::chart(&console.backend, &environment, None, limit, &wanted).await;
                asker.answer(&environment, request, answer.as_ref().err());
                history.dispatch(match answer {
                    Ok(page) => Action::Newest(page),
                    Err(failure) => Action::NotNewest(failure),
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
                    Err(failure) => {
                        console.failed(&failure);
                        Action::NotOlder(failure)
                    }
                });
            });
        })
    };
    (history, more)
}
