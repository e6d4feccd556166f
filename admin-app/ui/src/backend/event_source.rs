use super::stream::{Heard, Source};
use gloo::events::EventListener;
use gloo::timers::callback::Timeout;
use std::cell::RefCell;
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
    _seen: Vec<EventListener>,
}

const EVENTS: [&str; 6] = ["change", "kill-progress", "fleet", "alarms", "presence", "ping"];

/// A page that nobody sees keeps its connection for so long; milliseconds.
///
/// Over HTTP/1.1 a browser has six connections to a server for all its pages together, and a kill needs one.
const UNSEEN: u32 = 30_000;

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
    let seen = seen(&hear);
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
    Some(Box::new(Events { source, _opened: opened, _lost: lost, _heard: heard, _seen: seen }))
}

/// Has the stream rest while nobody sees the page, and while the browser keeps it for the way back.
fn seen(hear: &Rc<dyn Fn(Heard)>) -> Vec<EventListener> {
    let Some(window) = web_sys::window() else { return Vec::new() };
    let hidden_for: Rc<RefCell<Option<Timeout>>> = Rc::default();
    let on = |what: Heard| {
        let hear = Rc::clone(hear);
        move || hear(what.clone())
    };
    let (leaves, comes_back, rests, wakes) = (on(Heard::Rest), on(Heard::Wake), on(Heard::Rest), on(Heard::Wake));
    let mut listeners = vec![
        EventListener::new(&window, "pagehide", move |_| leaves()),
        EventListener::new(&window, "pageshow", move |_| comes_back()),
    ];
    if let Some(document) = window.document() {
        let page = document.clone();
        listeners.push(EventListener::new(&document, "visibilitychange", move |_| {
            if page.hidden() {
                hidden_for.replace(Some(Timeout::new(UNSEEN, rests.clone())));
            } else {
                hidden_for.take();
                wakes();
            }
        }));
    }
    listeners
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
