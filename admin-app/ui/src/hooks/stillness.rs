//! Work that can wait does so while somebody scrolls: a frame that comes late is seen, a text that comes a moment later is not.

use super::clock;
use gloo::events::EventListener;
use std::cell::Cell;
use std::rc::Rc;
use wasm_bindgen_futures::JsFuture;
use web_sys::js_sys::Promise;

/// Nobody scrolls any more after so long, in milliseconds.
pub const REST: f64 = 150.0;
/// However long somebody scrolls, what waits is done after so long.
const PATIENCE: f64 = 10_000.0;

thread_local! {
    static SCROLLED: Scrolled = Scrolled::begin();
}

/// When somebody scrolled last.
struct Scrolled {
    at: Rc<Cell<f64>>,
    _listener: Option<EventListener>,
}

impl Scrolled {
    fn begin() -> Self {
        let at = Rc::new(Cell::new(f64::NEG_INFINITY));
        let told = Rc::clone(&at);
        let listener = web_sys::window()
            .map(|window| EventListener::new(&window, "scroll", move |_| told.set(clock::monotonic())));
        Scrolled { at, _listener: listener }
    }
}

/// On the monotonic clock. It is known from the first call on.
fn scrolled_at() -> f64 {
    SCROLLED.with(|scrolled| scrolled.at.get())
}

/// Whether somebody scrolls.
pub fn is_moving() -> bool {
    clock::monotonic() - scrolled_at() < REST
}

/// Comes when nobody scrolls.
pub async fn still() {
    let until = clock::monotonic() + PATIENCE;
    quiet(REST, f64::NEG_INFINITY, until).await;
}

/// Comes once nobody has scrolled for so long since then, at the latest at `until`; all in milliseconds of the monotonic clock.
pub async fn quiet(rest: f64, since: f64, until: f64) {
    loop {
        let now = clock::monotonic();
        let wait = scrolled_at().max(since) + rest - now;
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
