use super::Console;
use crate::backend::{Failure, Handle, api};
use crate::route::Route;
use crate::state::live::Action;
use downhaul_control::api::{PresenceRequest, PresenceView};
use gloo::events::EventListener;
use gloo::timers::callback::Interval;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use web_sys::js_sys::Math;
use yew::prelude::*;

/// The server forgets a page that it has not heard of for 45 s.
const AGAIN_MS: u32 = 20_000;

thread_local! {
    static TAB: String = format!("{:08x}{:08x}", (Math::random() * 4_294_967_296.0) as u32, (Math::random() * 4_294_967_296.0) as u32);
}

/// This page among all that are open.
pub fn tab() -> String {
    TAB.with(Clone::clone)
}

/// Where this page is: an environment, and a flag that it shows or edits.
#[derive(Debug, Clone, PartialEq)]
struct Place {
    environment: String,
    flag: Option<String>,
    edits: bool,
}

impl Place {
    fn of(route: &Route, environment: &str) -> Place {
        let (flag, edits) = match route {
            Route::Flag { key, .. } | Route::Kill { key, .. } => (Some(key.clone()), false),
            Route::Edit { key, .. } => (Some(key.clone()), true),
            _ => (None, false),
        };
        Place { environment: environment.to_owned(), flag, edits }
    }
}

/// One request after another, so that an older one that takes long does not say last where the page is.
#[derive(Default)]
struct Teller {
    wanted: RefCell<Option<Place>>,
    is_telling: Cell<bool>,
}

impl Teller {
    fn tell(self: &Rc<Self>, console: &Console, place: Place) {
        self.wanted.replace(Some(place));
        if self.is_telling.replace(true) {
            return;
        }
        let (teller, backend, live) = (Rc::clone(self), console.backend.clone(), console.live.dispatcher());
        spawn_local(async move {
            loop {
                let next = teller.wanted.take();
                let Some(place) = next else { break };
                if let Ok(view) = tell(&backend, &place).await {
                    live.dispatch(Action::of(&place.environment, Action::Present(view.seats)));
                }
            }
            teller.is_telling.set(false);
        });
    }
}

/// Tells others which flag this page shows. That it fails is no fault: the page works alone.
#[hook]
pub fn use_presence(console: &Console, route: &Route, environment: Option<String>) {
    let teller = use_mut_ref(|| Rc::new(Teller::default()));
    let place = environment.map(|environment| Place::of(route, &environment));
    let before = use_mut_ref(|| None::<Place>);
    let console = console.clone();
    use_effect_with(place, move |place| {
        let teller = Rc::clone(&teller.borrow());
        let was = before.replace(place.clone());
        // Who looked at no flag, and does not now, has nothing to tell.
        let is_news = place.as_ref().is_some_and(|place| place.flag.is_some())
            || was.is_some_and(|was| {
                was.flag.is_some() && place.as_ref().is_some_and(|now| now.environment == was.environment)
            });
        let again = place.clone().filter(|_| is_news).map(|place| {
            teller.tell(&console, place.clone());
            let is_there = place.flag.is_some();
            is_there.then(|| {
                let leaving = at_the_end(&teller, &console, &place);
                (leaving, Interval::new(AGAIN_MS, move || teller.tell(&console, place.clone())))
            })
        });
        move || drop(again)
    });
}

/// Others see at once that a page was closed. One that comes back as it was, from the browser's memory, is there again.
fn at_the_end(teller: &Rc<Teller>, console: &Console, place: &Place) -> Option<[EventListener; 2]> {
    let window = web_sys::window()?;
    let (backend, environment) = (console.backend.clone(), place.environment.clone());
    let gone = EventListener::new(&window, "pagehide", move |_| api::take_leave(&backend, &environment, tab()));
    let (teller, console, place) = (Rc::clone(teller), console.clone(), place.clone());
    let back = EventListener::new(&window, "pageshow", move |_| teller.tell(&console, place.clone()));
    Some([gone, back])
}

async fn tell(backend: &Handle, place: &Place) -> Result<PresenceView, Failure> {
    let request = PresenceRequest { tab: tab(), flag: place.flag.clone(), edits: place.edits };
    api::tell_presence(backend, &place.environment, &request).await
}
