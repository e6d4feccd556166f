use super::{Console, clock};
use crate::backend::{Failure, Handle, StreamEvent, api};
use crate::state::Shared;
use crate::state::live::Action;
use downhaul_control::api::ProposalPage;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// Keeps `console.live` in step with the environment: its stream, and what the stream says is out of date.
#[hook]
pub fn use_environment(console: &Console, environment: Option<String>) {
    {
        let console = console.clone();
        use_effect_with(environment.clone(), move |environment| {
            let live = console.live.dispatcher();
            let subscription = environment.as_ref().map(|environment| {
                live.dispatch(Action::Choose(environment.clone()));
                let listener = Rc::new(move |event| {
                    let now = clock::now();
                    live.dispatch(match event {
                        StreamEvent::Opened => Action::Opened { now },
                        StreamEvent::Lost => Action::Lost { now },
                        StreamEvent::Event(event) => Action::Heard { event, now, received: clock::monotonic() },
                    });
                });
                console.backend.subscribe(api::events(environment), listener)
            });
            move || drop(subscription)
        });
    }
    let console = console.clone();
    let generation = console.live.generation;
    use_effect_with((environment, generation), move |(environment, _)| {
        let Some(environment) = environment.clone() else { return };
        refresh(console, environment);
    });
}

/// These requests go at once; each fills its own place when it comes.
fn refresh(console: Console, environment: String) {
    macro_rules! ask {
        ($request:path, $action:expr) => {{
            let (console, environment) = (console.clone(), environment.clone());
            spawn_local(async move {
                let answer = $request(&console.backend, &environment).await.map(Shared::new);
                if let Err(failure) = &answer {
                    console.failed(failure);
                }
                console.live.dispatch($action(answer));
            });
        }};
    }
    ask!(api::flags, |answer| Action::Flags(answer, clock::now()));
    ask!(api::kills, Action::Kills);
    ask!(api::document, Action::Document);
    ask!(api::fleet, Action::Fleet);
    ask!(proposals, Action::Proposals);
}

async fn proposals(backend: &Handle, environment: &str) -> Result<ProposalPage, Failure> {
    api::proposals(environment).send(backend).await
}
