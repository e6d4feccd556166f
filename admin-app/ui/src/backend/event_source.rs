use super::stream::{Heard, Source};
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{EventSource, MessageEvent};

/// Server-sent events of the server that this page is from, and the closures that they call.
struct Events {
    source: EventSource,
    _opened: Closure<dyn FnMut()>,
    _lost: Closure<dyn FnMut()>,
    _heard: Closure<dyn FnMut(MessageEvent)>,
}

const EVENTS: [&str; 5] = ["change", "kill-progress", "fleet", "presence", "ping"];

pub fn open(path: &str, hear: Rc<dyn Fn(Heard)>) -> Option<Box<dyn Source>> {
    let source = EventSource::new(path).ok()?;
    let opened = {
        let hear = Rc::clone(&hear);
        Closure::<dyn FnMut()>::new(move || hear(Heard::Opened))
    };
    let lost = {
        let hear = Rc::clone(&hear);
        // The browser's own way back gives up after an answer that is not a stream, so it is not left to the browser.
        Closure::<dyn FnMut()>::new(move || hear(Heard::Lost))
    };
    let heard = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
        if let Some(text) = message.data().as_string() {
            hear(Heard::Event(text));
        }
    });
    source.set_onopen(Some(opened.as_ref().unchecked_ref()));
    source.set_onerror(Some(lost.as_ref().unchecked_ref()));
    for name in EVENTS {
        // Fails only for a listener that is no function.
        let _ = source.add_event_listener_with_callback(name, heard.as_ref().unchecked_ref());
    }
    Some(Box::new(Events { source, _opened: opened, _lost: lost, _heard: heard }))
}

impl Source for Events {
    fn close(&self) {
        self.source.close();
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.source.close();
    }
}
