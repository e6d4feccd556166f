use crate::components::Dialog;
use crate::hooks::LEAVING;
use crate::route::Route;
use crate::words::text::edit as text;
use gloo::events::{EventListener, EventListenerOptions, EventListenerPhase};
use wasm_bindgen::JsCast;
use web_sys::{BeforeUnloadEvent, CustomEvent, Element, MouseEvent as Click};
use yew::prelude::*;
use yew_router::prelude::*;

/// Asks before a draft is left by a link or by the palette, and has the browser ask before the page is closed. Gives the link that is asked about.
#[hook]
pub fn use_leaving(is_changed: bool) -> UseStateHandle<Option<String>> {
    let asked = use_state(|| None::<String>);
    {
        let (asked, again) = (asked.setter(), asked.setter());
        use_effect_with(is_changed, move |is_changed| {
            let listeners = is_changed.then(|| {
                let window = web_sys::window()?;
                let document = window.document()?;
                let capture = EventListenerOptions { phase: EventListenerPhase::Capture, passive: false };
                let clicks = EventListener::new_with_options(&document, "click", capture, move |event| {
                    if let Some(path) = link_of(event) {
                        event.prevent_default();
                        event.stop_propagation();
                        asked.set(Some(path));
                    }
                });
                let options = EventListenerOptions::enable_prevent_default();
                let closing = EventListener::new_with_options(&window, "beforeunload", options, |event| {
                    event.prevent_default();
                    if let Some(event) = event.dyn_ref::<BeforeUnloadEvent>() {
                        // What older browsers ask for; the text is nowhere shown.
                        event.set_return_value(text::THE_DRAFT_IS_KEPT_IN_THIS);
                    }
                });
                let asked = again;
                let leaving = EventListener::new_with_options(&document, LEAVING, options, move |event| {
                    if let Some(path) = event.dyn_ref::<CustomEvent>().and_then(|event| event.detail().as_string()) {
                        event.prevent_default();
                        asked.set(Some(path));
                    }
                });
                Some((clicks, closing, leaving))
            });
            move || drop(listeners)
        });
    }
    asked
}

/// The path of a link within the console that a plain click would follow.
fn link_of(event: &Event) -> Option<String> {
    let click = event.dyn_ref::<Click>()?;
    if click.button() != 0 || click.ctrl_key() || click.meta_key() || click.shift_key() {
        return None;
    }
    let target = event.target()?.dyn_into::<Element>().ok()?;
    let link = target.closest("a[href]").ok()??;
    let href = link.get_attribute("href")?;
    href.starts_with('/').then_some(href)
}

#[derive(Debug, Properties, PartialEq)]
pub struct LeaveProps {
    pub to: String,
    pub on_stay: Callback<()>,
    /// Throws the draft away.
    pub on_drop: Callback<()>,
}

#[function_component]
pub fn Leave(props: &LeaveProps) -> Html {
    let navigator = use_navigator();
    let go = {
        let (to, stay) = (props.to.clone(), props.on_stay.clone());
        Callback::from(move |()| {
            stay.emit(());
            if let (Some(navigator), Some(route)) =
                (&navigator, Route::recognize(to.split('?').next().unwrap_or_default()))
            {
                navigator.push(&route);
            }
        })
    };
    let drop = {
        let (go, on_drop) = (go.clone(), props.on_drop.clone());
        Callback::from(move |_: MouseEvent| {
            on_drop.emit(());
            go.emit(());
        })
    };
    let footer = html! {
        <>
            <button type="button" class="btn quiet" data-test="leave-drop" onclick={drop}>{ text::DROP_THE_DRAFT }</button>
            <button type="button" class="btn" data-test="leave-keep" onclick={go.reform(|_: MouseEvent| ())}>{ text::LEAVE_AND_KEEP_IT }</button>
            <button type="button" class="btn primary" data-test="leave-stay" autofocus=true onclick={props.on_stay.reform(|_: MouseEvent| ())}>{ text::GO_ON_EDITING }</button>
        </>
    };
    html! {
        <Dialog title={text::THIS_DRAFT_IS_NOT_PUBLISHED} on_close={props.on_stay.clone()} {footer} test="leave">
            <p>{ text::IT_IS_KEPT_IN_THIS_BROWSER }</p>
        </Dialog>
    }
}
