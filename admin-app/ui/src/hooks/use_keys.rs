use gloo::events::{EventListener, EventListenerOptions};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};
use yew::prelude::*;

/// A key press that is meant for the page.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// As `KeyboardEvent.key`; letters in lower case.
    pub key: String,
    /// Ctrl or Cmd.
    pub command: bool,
    pub shift: bool,
    /// Alt, with Ctrl or Cmd and K alone: else it makes signs of other keyboards.
    pub alt: bool,
    /// Focus is in a text field: single letters are text, not shortcuts.
    pub typing: bool,
    /// Focus is on something that has its own meaning for Enter and Space.
    pub on_control: bool,
}

impl Key {
    /// A single-key shortcut: no modifier, and no text field has focus. Letters and signs are none where someone has switched
    /// them off: who speaks to the computer would set them off by every word.
    pub fn plain(&self) -> Option<&str> {
        let is_character = self.key.chars().count() == 1 && self.key != " ";
        let is_off = is_character && super::preferences::now().letters_off;
        (!self.command && !self.typing && !is_off).then_some(self.key.as_str())
    }

    /// What opens the kill control wherever somebody is: Ctrl Alt K, as in the desktop app, or Shift K.
    pub fn is_kill(&self) -> bool {
        (self.alt && self.command) || (self.shift && self.plain() == Some("k"))
    }
}

/// Calls `handle` for every key press on the page until it says `true`: then the browser does nothing more with it.
#[hook]
pub fn use_keys(handle: impl Fn(&Key) -> bool + 'static) {
    let latest = use_mut_ref(|| None::<Rc<dyn Fn(&Key) -> bool>>);
    latest.replace(Some(Rc::new(handle)));
    use_effect_with((), move |()| {
        let listener = web_sys::window().map(|window| {
            let options = EventListenerOptions::enable_prevent_default();
            EventListener::new_with_options(&window, "keydown", options, move |event| {
                let Some(event) = event.dyn_ref::<KeyboardEvent>() else { return };
                let handle = latest.borrow().clone();
                let has_meaning = !event.alt_key() || (has_command(event) && event.code() == "KeyK");
                if !event.default_prevented() && has_meaning && handle.is_some_and(|handle| handle(&key_of(event))) {
                    event.prevent_default();
                }
            })
        });
        move || drop(listener)
    });
}

fn has_command(event: &KeyboardEvent) -> bool {
    event.ctrl_key() || event.meta_key()
}

fn key_of(event: &KeyboardEvent) -> Key {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let is = |selector: &str| target.as_ref().is_some_and(|target| target.matches(selector).unwrap_or(false));
    let key = event.key();
    Key {
        key: if key.chars().count() == 1 { key.to_lowercase() } else { key },
        command: has_command(event),
        shift: event.shift_key(),
        alt: event.alt_key(),
        typing: is("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]"),
        on_control: is("a, button, summary, select, input, textarea, [role=radio], [role=tab]"),
    }
}
