use super::{Listener, StreamEvent, Subscription};
use downhaul_control::api::ConsoleEvent;
use gloo::timers::callback::Timeout;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{EventSource, MessageEvent};

/// Server-sent events, opened again for as long as someone listens.
pub struct EventStream(Rc<Inner>);

struct Inner {
    path: String,
    listener: Listener,
    open: RefCell<Option<Open>>,
    /// What is done next if nothing comes: give the connection up, or open it again.
    retry: RefCell<Option<Timeout>>,
    /// Losses in a row.
    losses: RefCell<u32>,
}

/// A source and the closures that it calls; closed when dropped.
struct Open {
    source: EventSource,
    _opened: Closure<dyn FnMut()>,
    _lost: Closure<dyn FnMut()>,
    _heard: Closure<dyn FnMut(MessageEvent)>,
}

const EVENTS: [&str; 5] = ["change", "kill-progress", "fleet", "presence", "ping"];
/// The wait before coming back: doubled from this with every loss, up to the longest; milliseconds.
const FIRST_WAIT: u32 = 250;
const LONGEST_WAIT: u32 = 5_000;
/// A server that takes the connection and says nothing counts as lost after that long; milliseconds.
const PATIENCE: u32 = 10_000;
/// So does one that was heard and then is not for that long: it says something every 15 s; milliseconds.
const SILENCE: u32 = 40_000;

impl EventStream {
    pub fn open(path: String, listener: Listener) -> Self {
        let inner = Rc::new(Inner {
            path,
            listener,
            open: RefCell::default(),
            retry: RefCell::default(),
            losses: RefCell::default(),
        });
        connect(&inner);
        EventStream(inner)
    }
}

impl Subscription for EventStream {}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.0.open.take();
        self.0.retry.take();
    }
}

fn connect(inner: &Rc<Inner>) {
    let Ok(source) = EventSource::new(&inner.path) else {
        lost(inner);
        return;
    };
    let opened = {
        let weak = Rc::downgrade(inner);
        Closure::<dyn FnMut()>::new(move || {
            if let Some(inner) = weak.upgrade() {
                inner.losses.replace(0);
                expect_a_word(&inner, SILENCE);
                (inner.listener)(StreamEvent::Opened);
            }
        })
    };
    let failed = {
        let weak = Rc::downgrade(inner);
        Closure::<dyn FnMut()>::new(move || {
            if let Some(inner) = weak.upgrade() {
                lost(&inner);
            }
        })
    };
    let heard = {
        let weak = Rc::downgrade(inner);
        Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
            let Some(inner) = weak.upgrade() else { return };
            expect_a_word(&inner, SILENCE);
            let Some(text) = message.data().as_string() else { return };
            // An event that a newer server knows and this console does not is no fault.
            if let Ok(event) = serde_json::from_str::<ConsoleEvent>(&text) {
                (inner.listener)(StreamEvent::Event(Box::new(event)));
            }
        })
    };
    source.set_onopen(Some(opened.as_ref().unchecked_ref()));
    source.set_onerror(Some(failed.as_ref().unchecked_ref()));
    for name in EVENTS {
        // Fails only for a listener that is no function.
        let _ = source.add_event_listener_with_callback(name, heard.as_ref().unchecked_ref());
    }
    inner.open.replace(Some(Open { source, _opened: opened, _lost: failed, _heard: heard }));
    expect_a_word(inner, PATIENCE);
}

/// The connection counts as lost if nothing comes within `milliseconds`: a network that went away tells nobody.
fn expect_a_word(inner: &Rc<Inner>, milliseconds: u32) {
    let weak = Rc::downgrade(inner);
    inner.retry.replace(Some(Timeout::new(milliseconds, move || {
        if let Some(inner) = weak.upgrade() {
            lost(&inner);
        }
    })));
}

/// The browser's own way back gives up after an answer that is not a stream, so it is not left to the browser.
fn lost(inner: &Rc<Inner>) {
    if let Some(open) = inner.open.borrow().as_ref() {
        open.source.close();
    }
    (inner.listener)(StreamEvent::Lost);
    let losses = inner.losses.replace_with(|losses| losses.saturating_add(1));
    let wait = (FIRST_WAIT << losses.min(8)).min(LONGEST_WAIT);
    let weak = Rc::downgrade(inner);
    inner.retry.replace(Some(Timeout::new(wait, move || {
        if let Some(inner) = weak.upgrade() {
            connect(&inner);
        }
    })));
}

impl Drop for Open {
    fn drop(&mut self) {
        self.source.close();
    }
}
