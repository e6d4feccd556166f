use super::stillness::still;
use super::{Console, clock};
use crate::backend::{Failure, Handle, StreamEvent, api};
use crate::state::Shared;
use crate::state::live::Action;
use downhaul_control::api::ProposalPage;
use gloo::timers::callback::{Interval, Timeout};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

macro_rules! ask {
    ($console:expr, $environment:expr, $request:path, $action:expr, $moment:expr) => {{
        let (console, environment) = ($console.clone(), $environment.to_owned());
        spawn_local(async move {
            let answer = $request(&console.backend, &environment).await.map(Shared::new);
            if let Err(failure) = &answer {
                console.failed(failure);
            }
            $moment.await;
            console.live.dispatch(Action::of(&environment, $action(answer)));
        });
    }};
}

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
    let pending = use_mut_ref(|| None::<(String, Timeout)>);
    let known = use_mut_ref(|| None::<Known>);
    let console = console.clone();
    let generation = console.live.generation;
    use_effect_with((environment, generation), move |(environment, generation)| {
        let Some(environment) = environment.clone() else { return drop(pending.take()) };
        let is_pending = pending.borrow().as_ref().is_some_and(|(of, _)| *of == environment);
        if *generation == 0 {
            pending.take();
            spawn_local(ask_for_definitions(console.clone(), environment.clone(), known));
            ask!(console, environment, api::kills, Action::Kills, std::future::ready(()));
            ask_for_the_rest(console, environment);
        } else if !is_pending {
            let (of, ended) = (environment.clone(), pending.clone());
            let later = Timeout::new(LATER_MS, move || {
                ended.take();
                refresh(console, environment, known);
            });
            pending.replace(Some((of, later)));
        }
    });
}

/// The environment and the revision whose flags and document are there, both whole.
type Known = (String, u64);

/// What a change makes out of date is asked for so much later, once for all changes until then: reading a list of thousands of
/// flags takes a moment in which the page would draw nothing, not even how far a kill has come.
const LATER_MS: u32 = 300;

/// The stream tells of changes, and a breaker that opens is none.
const BREAKERS_MS: u32 = 10_000;

fn ask_for_breakers(console: Console, environment: String) {
    spawn_local(async move {
        match api::open_breakers(&console.backend, &environment).await {
            Ok(open) => {
                still().await;
                console.live.dispatch(Action::of(&environment, Action::OpenBreakers(open)));
            }
            Err(failure) => console.failed(&failure),
        }
    });
}

/// These requests go at once; each fills its own place when it comes.
fn refresh(console: Console, environment: String, known: Rc<RefCell<Option<Known>>>) {
    ask_for_the_rest(console.clone(), environment.clone());
    spawn_local(async move {
        let answer = api::kills(&console.backend, &environment).await.map(Shared::new);
        if let Err(failure) = &answer {
            console.failed(failure);
        }
        // Flags that are of this revision are as they were: the stream was opened for the first time, or something else changed.
        let revision = answer.as_ref().ok().map(|page| page.position.revision);
        console.live.dispatch(Action::of(&environment, Action::Kills(answer)));
        let is_known = known.borrow().as_ref().is_some_and(|(of, at)| *of == environment && Some(*at) == revision);
        if !is_known {
            ask_for_definitions(console, environment, known).await;
        }
    });
}

fn ask_for_the_rest(console: Console, environment: String) {
    ask!(console, environment, api::fleet, Action::Fleet, still());
    ask!(console, environment, proposals, Action::Proposals, still());
    ask_for_breakers(console, environment);
}

/// The largest of it. One after the other, so that the document is never older than the flags. Either is read while nobody
/// scrolls: of thousands of flags that takes longer than a frame.
async fn ask_for_definitions(console: Console, environment: String, known: Rc<RefCell<Option<Known>>>) {
    known.take();
    let flags = api::flags(&console.backend, &environment).await;
    still().await;
    let flags = flags.and_then(api::read_flags).map(Shared::new);
    if let Err(failure) = &flags {
        console.failed(failure);
    }
    let revision = flags.as_ref().ok().map(|page| page.position.revision);
    console.live.dispatch(Action::of(&environment, Action::Flags(flags, clock::now())));
    let document = api::document(&console.backend, &environment).await;
    still().await;
    let document = document.and_then(|text| api::read_document(&text)).map(Shared::new);
    if let Err(failure) = &document {
        console.failed(failure);
    }
    let is_whole = document.is_ok();
    console.live.dispatch(Action::of(&environment, Action::Document(document)));
    known.replace(revision.filter(|_| is_whole).map(|revision| (environment, revision)));
}

async fn proposals(backend: &Handle, environment: &str) -> Result<ProposalPage, Failure> {
    api::proposals(environment).send(backend).await
}
