//! Starts the console, and decides between signing in and the rest.

use crate::backend::{Failure, Handle, api};
use crate::hooks::Console;
use crate::pages::{Away, SignIn};
use crate::route::Route;
use crate::shell::Shell;
use crate::state::live::{self, Live};
use crate::state::session::{Action, Session};
use crate::state::toasts::Toasts;
use crate::words::text::app as text;
use downhaul_yew::{Flags, FlagsProvider};
use gloo::events::EventListener;
use gloo::timers::callback::{Interval, Timeout};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;
use yew_router::BrowserRouter;

pub fn start() {
    std::panic::set_hook(Box::new(|panic| show_last_resort(&panic.to_string())));
    crate::shell::theme::apply(crate::shell::theme::kept());
    let token = crate::pages::take_token_from_address();
    let place =
        web_sys::window().and_then(|window| window.document()).and_then(|document| document.get_element_by_id("app"));
    let Some(place) = place else { return };
    place.set_inner_html("");
    yew::Renderer::<App>::with_root_and_props(place, AppProps { token }).render();
}

#[derive(Debug, Properties, PartialEq)]
struct AppProps {
    /// From a sign-in link; already gone from the address.
    token: Option<String>,
}

#[function_component]
fn App(props: &AppProps) -> Html {
    html! { <BrowserRouter><Root token={props.token.clone()} /></BrowserRouter> }
}

#[function_component]
fn Root(props: &AppProps) -> Html {
    let backend = use_memo((), |()| Handle::here());
    let console = Console {
        backend: (*backend).clone(),
        session: use_reducer_eq(Session::default),
        live: use_reducer_eq(Live::default),
        toasts: use_reducer_eq(Toasts::default),
    };
    let find_session = {
        let console = console.clone();
        Callback::from(move |by: By| ask_for_session(&console, by))
    };
    // What is tried again where there was no answer.
    let first = use_mut_ref(|| By::of_link(props.token.clone()));
    let find_again = {
        let (find_session, first) = (find_session.clone(), first.clone());
        Callback::from(move |()| find_session.emit(first.borrow().clone()))
    };
    {
        let find_again = find_again.clone();
        use_effect_with((), move |()| find_again.emit(()));
    }
    {
        // A sign-in link that is opened where the console is open already changes only what follows the `#`.
        let (live, find_again) = (console.live.dispatcher(), find_again.clone());
        use_effect_with((), move |()| {
            let listener = web_sys::window().map(|window| {
                EventListener::new(&window, "hashchange", move |_| {
                    if let Some(token) = crate::pages::take_token_from_address() {
                        // What the one before could see is nobody else's business.
                        live.dispatch(live::Action::Choose(String::new()));
                        first.replace(By::Link(token));
                        find_again.emit(());
                    }
                })
            });
            move || drop(listener)
        });
    }
    let is_in = matches!(*console.session, Session::In(_));
    {
        let console = console.clone();
        use_effect_with(is_in, move |is_in| {
            let again = is_in.then(|| Interval::new(AGAIN_MS, move || ask_again(&console)));
            move || drop(again)
        });
    }
    let flags = match &*console.session {
        Session::In(who) => Flags::new(who.flags.clone()),
        _ => Flags::default(),
    };
    let on_submit = find_session.reform(By::Form);
    let body = match &*console.session {
        Session::Asking => html! { <p class="boot" role="status">{ text::DOWNHAUL_IS_LOADING }</p> },
        Session::In(who) => html! { <Shell who={who.clone()} /> },
        Session::Out(failure) => {
            html! { <SignIn failure={failure.clone()} busy=false {on_submit} /> }
        }
        Session::SigningIn => {
            html! { <SignIn failure={None::<Failure>} busy=true {on_submit} /> }
        }
        Session::Away { failure, tries } => {
            html! { <Away failure={failure.clone()} tries={*tries} on_again={find_again} /> }
        }
    };
    html! { <ContextProvider<Console> context={console}><FlagsProvider {flags}>{ body }</FlagsProvider></ContextProvider<Console>> }
}

/// What the server's own flags say of the console is heard of this much later at the most.
const AGAIN_MS: u32 = 60_000;

/// Who is signed in, as the server sees it now. That it does not answer is told by others.
fn ask_again(console: &Console) {
    let (backend, session) = (console.backend.clone(), console.session.dispatcher());
    spawn_local(async move {
        if let Ok(who) = api::who_am_i(&backend).await {
            session.dispatch(Action::Again(who));
        }
    });
}

/// By what someone is found.
#[derive(Clone)]
enum By {
    /// By the cookie of this browser, or what the window's app knows.
    Cookie,
    /// By the token of a sign-in link.
    Link(String),
    /// By a token that was typed.
    Form(String),
}

impl By {
    fn of_link(token: Option<String>) -> By {
        token.map_or(By::Cookie, By::Link)
    }
}

/// A server that takes the request and says nothing counts as away after that long; milliseconds.
const PATIENCE: u32 = 10_000;

/// Asks who this is. Without an answer it is not known whether they are signed in, so they are not asked for a token.
fn ask_for_session(console: &Console, by: By) {
    let (backend, session) = (console.backend.clone(), console.session.dispatcher());
    spawn_local(async move {
        let (by_token, waits) = match &by {
            By::Cookie => (false, true),
            By::Link(_) => (true, true),
            // Whoever typed it sees in place what became of it.
            By::Form(_) => (true, false),
        };
        let patience = waits.then(|| {
            let session = session.clone();
            Timeout::new(PATIENCE, move || session.dispatch(Action::Away(Failure::Offline)))
        });
        let answer = match by {
            By::Link(token) | By::Form(token) => {
                session.dispatch(Action::Submit);
                api::sign_in(&backend, token).await
            }
            By::Cookie => api::who_am_i(&backend).await,
        };
        drop(patience);
        session.dispatch(match answer {
            Ok(who) => Action::Found(who),
            Err(Failure::SignedOut) if by_token => Action::Refused(Failure::wrong_token()),
            Err(Failure::SignedOut) => Action::NotFound,
            Err(failure) if waits && failure.may_pass() => Action::Away(failure),
            Err(failure) => Action::Refused(failure),
        });
    });
}

/// A panic ends the whole instance, so the way down is shown without it: `last-resort.js` hears of it and puts the kill
/// page in place; until then, and where there is no server to give it out, this note stands.
fn show_last_resort(message: &str) {
    web_sys::console::error_1(&message.into());
    let Some(window) = web_sys::window() else { return };
    let Some(document) = window.document() else { return };
    if let (Some(body), Ok(note)) = (document.body(), document.create_element("p")) {
        note.set_class_name("banner danger last-resort");
        let _ = note.set_attribute("role", "alert");
        note.set_text_content(Some(text::THE_CONSOLE_HAS_STOPPED_WORKING_A));
        // At the end, as the page itself may be what broke.
        let _ = body.append_child(&note);
    }
    if let Ok(ended) = web_sys::Event::new("downhaul-ended") {
        let _ = window.dispatch_event(&ended);
    }
}

impl Route {
    /// Where the console opens.
    pub fn first(environments: &[String]) -> Option<Route> {
        environments.first().map(|environment| Route::Flags { environment: environment.clone() })
    }
}
