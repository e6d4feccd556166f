use super::{clock, use_asker, use_console};
use crate::backend::{Failure, api};
use crate::state::live::{Action, Watched};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// A kill by its id, in force or restored: asked for once, again after every change, and kept fresh by the stream.
#[hook]
pub fn use_kill(id: String) -> Result<Option<Watched>, Failure> {
    let console = use_console();
    let asker = use_asker(&console);
    let failure = use_state(|| None::<Failure>);
    let live = console.live.clone();
    {
        let (console, failure, live) = (console.clone(), failure.clone(), live.clone());
        let generation = live.generation;
        use_effect_with((id.clone(), live.environment.clone(), generation), move |(id, environment, _)| {
            let (id, environment) = (id.clone(), environment.clone());
            if environment.is_empty() || id.is_empty() {
                return;
            }
            let request = asker.ask();
            spawn_local(async move {
                let answer = api::kill(&console.backend, &environment, &id).await;
                asker.answer(&environment, request, answer.as_ref().err());
                match answer {
                    Ok(kill) => {
                        failure.set(None);
                        let kill = Action::Kill { kill: Box::new(kill), received: clock::monotonic() };
                        live.dispatch(Action::of(&environment, kill));
                    }
                    Err(why) => failure.set(Some(why)),
                }
            });
        });
    }
    match (live.watched.get(&id), &*failure) {
        (Some(watched), _) => Ok(Some(watched.clone())),
        (None, Some(failure)) => Err(failure.clone()),
        (None, None) => Ok(None),
    }
}
