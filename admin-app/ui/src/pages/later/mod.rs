//! What stands in the place of a page while its chunk comes, and where it does not come.

mod chunk;
mod shape;

use crate::words::text::common;
use crate::words::text::later as text;
pub use chunk::{Chunk, Wanted};

use crate::components::Icon;
use crate::hooks::stillness::quiet;
use crate::hooks::{clock, use_console};
use crate::route::Route;
use chunk::NotHere;
use gloo::timers::callback::Timeout;
use shape::Shape;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::prelude::*;

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
pub struct PatientProps {
    pub wanted: Wanted,
    pub environment: AttrValue,
    pub after_ms: u32,
}

/// A part of a page of kills that may wait: nothing competes with a kill.
#[function_component]
pub fn Patient(props: &PatientProps) -> Html {
    let is_time = use_state(|| false);
    {
        let is_time = is_time.setter();
        use_effect_with(props.after_ms, move |after_ms| {
            let timeout = Timeout::new(*after_ms, move || is_time.set(true));
            move || drop(timeout)
        });
    }
    if !*is_time {
        // What stands above others keeps their place.
        let is_above = matches!(props.wanted, Wanted::Proven { .. });
        return if is_above {
            html! { <Shape wanted={props.wanted.clone()} /> }
        } else {
            Html::default()
        };
    }
    html! { <Later chunk={Chunk::Course} wanted={props.wanted.clone()} environment={props.environment.clone()} /> }
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
            if props.is_page { <h1>{ text::THIS_PAGE_COULD_NOT_BE_FETCHED }</h1> } else { <h2>{ text::THIS_PART_COULD_NOT_BE_FETCHED }</h2> }
            <p>{ text::SEE_THAT_THIS_DEVICE_REACHES_THE }</p>
            <p class="muted">{ text::FLAGS_KILLS_AND_WHAT_YOU_HAD }</p>
            <div class="row">
                <button class="btn primary" data-test="not-come-again" onclick={props.on_again.clone()}>{ common::TRY_AGAIN }</button>
                <button class="btn" data-test="not-come-reload" onclick={reload}>{ text::RELOAD_THE_CONSOLE }</button>
            </div>
        </div></section>
    }
}

/// Fetches every chunk while nothing else is to be done, so that going somewhere asks for nothing. Where a kill is made or
/// counted nothing may compete with it.
#[hook]
pub fn use_rest() {
    let console = use_console();
    let route = use_route::<Route>();
    let is_killing = matches!(route, Some(Route::Kill { .. } | Route::LiveKill { .. }));
    let is_time = console.live.flags.ready().is_some() && !is_killing;
    use_effect_with(is_time, |&is_time| {
        let is_wanted = Rc::new(Cell::new(is_time));
        if is_time {
            spawn_local(bring_the_rest(Rc::clone(&is_wanted)));
        }
        move || is_wanted.set(false)
    });
}

/// One after another, each once it has been quiet; what somebody goes to meanwhile is told by its page.
async fn bring_the_rest(is_wanted: Rc<Cell<bool>>) {
    let began = clock::monotonic();
    for chunk in Chunk::ALL {
        quiet(QUIET_MS, began, f64::INFINITY).await;
        if !is_wanted.get() {
            return;
        }
        let _ = chunk.bring().await;
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
