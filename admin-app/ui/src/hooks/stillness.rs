//! Work that can wait does so while somebody scrolls or writes: a frame that comes late is seen, a text that comes a moment later
//! is not.

use super::clock;
use gloo::events::{EventListener, EventListenerOptions};
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen_futures::JsFuture;
use web_sys::js_sys::Promise;

/// Nobody scrolls or writes any more after so long, in milliseconds.
pub const REST: f64 = 150.0;
/// However long somebody does, what waits is done after so long.
const PATIENCE: f64 = 10_000.0;

thread_local! {
    static MOVED: Moved = Moved::begin();
}

/// When somebody scrolled or wrote last.
struct Moved {
    at: Rc<Cell<f64>>,
    _listeners: Vec<EventListener>,
}

impl Moved {
    fn begin() -> Self {
        let at = Rc::new(Cell::new(f64::NEG_INFINITY));
        let window = web_sys::window();
        let listener = |event: &'static str| {
            let told = Rc::clone(&at);
            // Before what the event is for: what that does asks whether somebody moves.
            let options = EventListenerOptions::run_in_capture_phase();
            Some(EventListener::new_with_options(window.as_ref()?, event, options, move |_| {
                told.set(clock::monotonic())
            }))
        };
        let listeners = ["scroll", "input"].into_iter().filter_map(listener).collect();
        Moved { at, _listeners: listeners }
    }
}

/// On the monotonic clock. It is known from the first call on.
fn moved_at() -> f64 {
    MOVED.with(|moved| moved.at.get())
}

/// Whether somebody scrolls or writes.
pub fn is_moving() -> bool {
    clock::monotonic() - moved_at() < REST
}

/// Comes when nobody scrolls or writes.
pub async fn still() {
    let until = clock::monotonic() + PATIENCE;
    quiet(REST, f64::NEG_INFINITY, until).await;
}

/// Comes once nobody has scrolled or written for so long since then, at the latest at `until`; all in milliseconds of the monotonic clock.
pub async fn quiet(rest: f64, since: f64, until: f64) {
    loop {
        let now = clock::monotonic();
        let wait = moved_at().max(since) + rest - now;
        if wait <= 0.0 || now >= until {
            return;
        }
        pause(wait).await;
    }
}

/// Comes after so many milliseconds.
async fn pause(wait: f64) {
    let promise = Promise::new(&mut |done, _| {
        if let Some(window) = web_sys::window() {
            let _ = window.set_timeout_with_callback_and_timeout_and_arguments_0(&done, wait.ceil() as i32);
        }
    });
    let _ = JsFuture::from(promise).await;
}
