//! What stands in the place of a page while its chunk comes, and where it does not come.

mod chunk;
mod shape;

pub use chunk::{Chunk, Wanted};

use crate::components::Icon;
use crate::hooks::{clock, use_console};
use crate::route::Route;
use chunk::NotHere;
use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use shape::Shape;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// When nobody has scrolled for so long after the flags came, the rest is fetched too: compiling it takes the processor that
/// draws.
const QUIET_MS: f64 = 1_500.0;

#[derive(Debug, Properties, PartialEq)]
pub struct LaterProps {
    pub chunk: Chunk,
    pub wanted: Wanted,
    pub environment: AttrValue,
}

/// What is in a chunk: itself once that is here, its shape until then.
#[function_component]
pub fn Later(props: &LaterProps) -> Html {
    let attempt = use_state(|| 0_u32);
    // Which chunk has come or failed of late; that it is here at all, the chunk itself knows.
    let outcome = use_state(|| None::<(Chunk, Result<(), NotHere>)>);
    {
        let outcome = outcome.setter();
        use_effect_with((props.chunk, *attempt), move |&(chunk, _)| {
            if chunk.here().is_none() {
                spawn_local(async move { outcome.set(Some((chunk, chunk.bring().await.map(drop)))) });
            }
        });
    }
    if let Some(draw) = props.chunk.here() {
        return draw(&props.wanted, &props.environment).unwrap_or_default();
    }
    if !matches!(&*outcome, Some((chunk, Err(NotHere))) if *chunk == props.chunk) {
        return html! { <Shape wanted={props.wanted.clone()} /> };
    }
    let again = Callback::from(move |_: MouseEvent| {
        outcome.set(None);
        attempt.set(*attempt + 1);
    });
    html! { <NotCome is_page={matches!(props.wanted, Wanted::Page(_))} on_again={again} /> }
}

#[derive(Debug, Properties, PartialEq)]
struct NotComeProps {
    /// Otherwise it is a part of one that is there.
    is_page: bool,
    on_again: Callback<MouseEvent>,
}

#[function_component]
fn NotCome(props: &NotComeProps) -> Html {
    let reload = Callback::from(|_: MouseEvent| {
        if let Some(window) = web_sys::window() {
            let _ = window.location().reload();
        }
    });
    html! {
        <section class="card" data-test="not-come"><div class="empty" role="alert">
            <Icon name="offline" class="large" />
            if props.is_page { <h1>{ "This page could not be fetched" }</h1> } else { <h2>{ "This part could not be fetched" }</h2> }
            <p>{ "See that this device reaches the server, then try again. If the console was renewed since you opened it, reload: drafts are kept." }</p>
            <p class="muted">{ "Flags, kills and what you had open go on working without it." }</p>
            <div class="row">
                <button class="btn primary" data-test="not-come-again" onclick={props.on_again.clone()}>{ "Try again" }</button>
                <button class="btn" data-test="not-come-reload" onclick={reload}>{ "Reload the console" }</button>
            </div>
        </div></section>
    }
}

/// Fetches every chunk while nothing else is to be done, so that going somewhere asks for nothing.
#[hook]
pub fn use_rest() {
    let console = use_console();
    let is_settled = console.live.flags.ready().is_some();
    use_effect_with(is_settled, |&is_settled| {
        let rest = is_settled.then(|| Rest::begin(Chunk::ALL.to_vec()));
        move || drop(rest)
    });
}

/// What is still to be fetched.
struct Rest {
    chunks: RefCell<Vec<Chunk>>,
    scrolled: Cell<f64>,
    next: RefCell<Option<Timeout>>,
    listener: RefCell<Option<EventListener>>,
}

impl Rest {
    fn begin(chunks: Vec<Chunk>) -> Rc<Rest> {
        let rest = Rc::new(Rest {
            chunks: RefCell::new(chunks.into_iter().rev().collect()),
            scrolled: Cell::new(clock::monotonic()),
            next: RefCell::default(),
            listener: RefCell::default(),
        });
        let weak = Rc::downgrade(&rest);
        let listener = web_sys::window().map(|window| {
            EventListener::new(&window, "scroll", move |_| {
                if let Some(rest) = weak.upgrade() {
                    rest.scrolled.set(clock::monotonic());
                }
            })
        });
        rest.listener.replace(listener);
        rest.go_on();
        rest
    }

    /// One after another, each once it has been quiet.
    fn go_on(self: &Rc<Rest>) {
        let left = self.scrolled.get() + QUIET_MS - clock::monotonic();
        if left > 0.0 {
            let weak = Rc::downgrade(self);
            let again = Timeout::new(left.ceil() as u32, move || {
                if let Some(rest) = weak.upgrade() {
                    rest.go_on();
                }
            });
            self.next.replace(Some(again));
            return;
        }
        let Some(chunk) = self.chunks.borrow_mut().pop() else {
            self.listener.take();
            return;
        };
        let weak = Rc::downgrade(self);
        spawn_local(async move {
            // Whoever goes there without it is told.
            let _ = chunk.bring().await;
            if let Some(rest) = weak.upgrade() {
                rest.go_on();
            }
        });
    }
}

/// Fetches the chunk of a page that somebody points at.
pub fn foresee(route: &Route) {
    if let Some(chunk) = Chunk::of(route).filter(|chunk| chunk.here().is_none()) {
        spawn_local(async move {
            let _ = chunk.bring().await;
        });
    }
}
