use super::stillness::still;
use super::use_refresh::Asker;
use super::{Console, clock};
use crate::backend::{Failure, Handle, StreamEvent, api};
use crate::state::Shared;
use crate::state::live::Action;
use downhaul_control::api::{FreezeView, ProposalPage};
use gloo::timers::callback::{Interval, Timeout};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

macro_rules! ask {
    ($asking:expr, $request:path, $action:expr, $moment:expr) => {{
        let asking: Asking = $asking.clone();
        spawn_local(async move {
            let request = asking.ask(stringify!($request));
            let answer = $request(&asking.console.backend, &asking.environment).await.map(Shared::new);
            $moment.await;
            asking.answer(request, answer, $action);
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
    let askers = use_mut_ref(Askers::new);
    let console = console.clone();
    let generation = console.live.generation;
    use_effect_with((environment, generation), move |(environment, generation)| {
        let Some(environment) = environment.clone() else { return drop(pending.take()) };
        let asking = Asking { console, environment: environment.clone(), known, askers };
        let is_pending = pending.borrow().as_ref().is_some_and(|(of, _)| *of == environment);
        if *generation == 0 {
            pending.take();
            asking.askers.take();
            spawn_local(ask_for_definitions(asking.clone()));
            ask!(asking, api::kills, Action::Kills, std::future::ready(()));
            ask_for_the_rest(&asking);
        } else if !is_pending {
            let (of, ended) = (environment.clone(), pending.clone());
            let later = Timeout::new(LATER_MS, move || {
                ended.take();
                refresh(asking);
            });
            pending.replace(Some((of, later)));
        }
    });
}

/// The environment and the revision whose flags and document are there, both whole.
type Known = (String, u64);

/// By what they ask for.
type Askers = Vec<(&'static str, Asker)>;

/// One environment that is looked at, and what was asked of it.
#[derive(Clone)]
struct Asking {
    console: Console,
    environment: String,
    known: Rc<RefCell<Option<Known>>>,
    askers: Rc<RefCell<Askers>>,
}

impl Asking {
    /// Who asks for this, and the number of a request that goes out now.
    fn ask(&self, what: &'static str) -> (Asker, u32) {
        let known = self.askers.borrow().iter().find(|(of, _)| *of == what).map(|(_, asker)| asker.clone());
        let asker = known.unwrap_or_else(|| {
            let asker = Asker::new(&self.console);
            self.askers.borrow_mut().push((what, asker.clone()));
            asker
        });
        let request = asker.ask();
        (asker, request)
    }

    /// Shows what came of a request, unless what was asked for later is shown already: answers wait until nobody moves, and then
    /// come in any order.
    fn answer<T>(
        &self,
        (asker, request): (Asker, u32),
        answer: Result<T, Failure>,
        action: impl FnOnce(Result<T, Failure>) -> Action,
    ) -> bool {
        if asker.is_late(request) {
            return false;
        }
        asker.answer(&self.environment, request, answer.as_ref().err());
        self.console.live.dispatch(Action::of(&self.environment, action(answer)));
        true
    }
}

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
fn refresh(asking: Asking) {
    ask_for_the_rest(&asking);
    spawn_local(async move {
        let request = asking.ask("api::kills");
        let answer = api::kills(&asking.console.backend, &asking.environment).await.map(Shared::new);
        // Flags that are of this revision are as they were: the stream was opened for the first time, or something else changed.
        let revision = answer.as_ref().ok().map(|page| page.position.revision);
        asking.answer(request, answer, Action::Kills);
        let is_known =
            asking.known.borrow().as_ref().is_some_and(|(of, at)| *of == asking.environment && Some(*at) == revision);
        if !is_known {
            ask_for_definitions(asking).await;
        }
    });
}

fn ask_for_the_rest(asking: &Asking) {
    ask!(asking, api::fleet, Action::Fleet, still());
    ask!(asking, proposals, Action::Proposals, still());
    ask!(asking, freeze, Action::Freeze, still());
    ask_for_breakers(asking.console.clone(), asking.environment.clone());
}

/// The largest of it. One after the other, so that the document is never older than the flags. Either is read while nobody
/// scrolls: of thousands of flags that takes longer than a frame.
async fn ask_for_definitions(asking: Asking) {
    let (backend, environment) = (asking.console.backend.clone(), asking.environment.clone());
    asking.known.take();
    let request = asking.ask("flags");
    let flags = api::flags(&backend, &environment).await;
    still().await;
    let flags = flags.and_then(api::read_flags).map(Shared::new);
    let revision = flags.as_ref().ok().map(|page| page.position.revision);
    asking.answer(request, flags, |flags| Action::Flags(flags, clock::now()));
    let request = asking.ask("document");
    let document = api::document(&backend, &environment).await;
    still().await;
    let document = document.and_then(|text| api::read_document(&text)).map(Shared::new);
    let is_whole = document.is_ok();
    if asking.answer(request, document, Action::Document) {
        asking.known.replace(revision.filter(|_| is_whole).map(|revision| (environment, revision)));
    }
}

async fn proposals(backend: &Handle, environment: &str) -> Result<ProposalPage, Failure> {
    api::proposals(environment).send(backend).await
}

async fn freeze(backend: &Handle, environment: &str) -> Result<FreezeView, Failure> {
    api::freeze(environment).send(backend).await
}
