//! A subscription that comes back by itself, whatever carries its events.

use super::{Listener, StreamEvent, Subscription};
use downhaul_control::api::ConsoleEvent;
use gloo::timers::callback::Timeout;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What a source tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    Opened,
    /// An event, as JSON.
    Event(String),
    Lost,
    /// Nobody sees the page: its connection is given up, and nobody has lost anything.
    Rest,
    /// Somebody sees it again.
    Wake,
}

/// Carries the events at one path until it is closed.
pub trait Source {
    fn close(&self);
}

/// Opens a source; nothing comes of it where there is none.
pub type Opener = fn(&str, Rc<dyn Fn(Heard)>) -> Option<Box<dyn Source>>;

/// Events, asked for again for as long as someone listens.
pub struct EventStream(Rc<Inner>);

struct Inner {
    path: String,
    open: Opener,
    listener: Listener,
    source: RefCell<Option<Box<dyn Source>>>,
    /// What is done next if nothing comes: give the connection up, or open it again.
    retry: RefCell<Option<Timeout>>,
    /// Losses in a row.
    losses: RefCell<u32>,
    is_resting: Cell<bool>,
}

/// The wait before coming back: doubled from this with every loss, up to the longest; milliseconds.
const FIRST_WAIT: u32 = 250;
const LONGEST_WAIT: u32 = 5_000;
/// A server that takes the connection and says nothing counts as lost after that long; milliseconds.
const PATIENCE: u32 = 10_000;
/// So does one that was heard and then is not for that long: it says something every 15 s; milliseconds.
const SILENCE: u32 = 40_000;

impl EventStream {
    pub fn open(path: String, open: Opener, listener: Listener) -> Self {
        let inner = Rc::new(Inner {
            path,
            open,
            listener,
            source: RefCell::default(),
            retry: RefCell::default(),
            losses: RefCell::default(),
            is_resting: Cell::default(),
        });
        connect(&inner);
        EventStream(inner)
    }
}

impl Subscription for EventStream {}

impl Drop for EventStream {
    fn drop(&mut self) {
        if let Some(source) = self.0.source.take() {
            source.close();
        }
        self.0.retry.take();
    }
}

fn connect(inner: &Rc<Inner>) {
    let weak = Rc::downgrade(inner);
    let hear = Rc::new(move |heard| {
        let Some(inner) = weak.upgrade() else { return };
        match heard {
            Heard::Opened => {
                inner.losses.replace(0);
                expect_a_word(&inner, SILENCE);
                (inner.listener)(StreamEvent::Opened);
            }
            Heard::Lost => lost(&inner),
            Heard::Rest => rest(&inner),
            Heard::Wake => wake(&inner),
            Heard::Event(text) => {
                expect_a_word(&inner, SILENCE);
                // An event that a newer server knows and this console does not is no fault.
                if let Ok(event) = serde_json::from_str::<ConsoleEvent>(&text) {
                    (inner.listener)(StreamEvent::Event(Box::new(event)));
                }
            }
        }
    });
    match (inner.open)(&inner.path, hear) {
        Some(source) => {
            inner.source.replace(Some(source));
            expect_a_word(inner, PATIENCE);
        }
        None => lost(inner),
    }
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
    // Kept until the next one is there: it may be what is calling.
    if let Some(source) = inner.source.borrow().as_ref() {
        source.close();
    }
    (inner.listener)(StreamEvent::Lost);
    let losses = inner.losses.replace_with(|losses| losses.saturating_add(1));
    let wait = (FIRST_WAIT << losses.min(8)).min(LONGEST_WAIT);
    come_back(inner, wait);
}

/// Never at once: the source that calls is dropped with the next one.
fn come_back(inner: &Rc<Inner>, wait: u32) {
    let weak = Rc::downgrade(inner);
    inner.retry.replace(Some(Timeout::new(wait, move || {
        if let Some(inner) = weak.upgrade() {
            connect(&inner);
        }
    })));
}

fn rest(inner: &Rc<Inner>) {
    inner.is_resting.set(true);
    if let Some(source) = inner.source.borrow().as_ref() {
        source.close();
    }
    inner.retry.take();
}

fn wake(inner: &Rc<Inner>) {
    if inner.is_resting.replace(false) {
        inner.losses.replace(0);
        come_back(inner, 0);
    }
}
