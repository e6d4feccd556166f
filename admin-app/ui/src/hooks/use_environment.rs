use super::{Console, clock};
use crate::backend::{Failure, Handle, StreamEvent, api};
use crate::state::Shared;
use crate::state::live::Action;
use downhaul_control::api::ProposalPage;
use gloo::timers::callback::Interval;
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
    {
        let console = console.clone();
        use_effect_with(environment.clone(), move |environment| {
            let again = environment.clone().map(|environment| {
                Interval::new(BREAKERS_MS, move || {
                    let document = web_sys::window().and_then(|window| window.document());
                    if document.is_some_and(|document| !document.hidden()) {
                        ask_for_breakers(console.clone(), environment.clone());
                    }
                })
            });
            move || drop(again)
        });
    }
    let console = console.clone();
    let generation = console.live.generation;
    use_effect_with((environment, generation), move |(environment, _)| {
        let Some(environment) = environment.clone() else { return };
        refresh(console, environment);
    });
}

/// The stream tells of changes, and a breaker that opens is none.
const BREAKERS_MS: u32 = 10_000;

fn ask_for_breakers(console: Console, environment: String) {
    spawn_local(async move {
        match api::open_breakers(&console.backend, &environment).await {
            Ok(open) => console.live.dispatch(Action::OpenBreakers { environment, open }),
            Err(failure) => console.failed(&failure),
        }
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
    ask_for_breakers(console, environment);
}

async fn proposals(backend: &Handle, environment: &str) -> Result<ProposalPage, Failure> {
    api::proposals(environment).send(backend).await
}
