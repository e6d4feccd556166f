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
    while let Some(wait) = left(clock::monotonic(), moved_at().max(since) + rest, until) {
        pause(wait).await;
    }
}

/// How long to wait before it is looked again; none where it has been quiet, or nobody is to wait any longer.
fn left(now: f64, quiet_at: f64, until: f64) -> Option<f64> {
    let wait = quiet_at.min(until) - now;
    (wait > 0.0).then_some(wait)
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

#[cfg(test)]
mod tests {
    use super::left;

    #[test]
    fn what_waits_is_done_once_it_is_quiet_or_after_its_time() {
        let forever = f64::INFINITY;
        assert_eq!(left(1_000.0, 1_150.0, forever), Some(150.0));
        assert_eq!(left(1_150.0, 1_150.0, forever), None);
        // Nobody has moved yet.
        assert_eq!(left(1_000.0, f64::NEG_INFINITY, forever), None);
        // Somebody goes on and on.
        assert_eq!(left(1_000.0, 1_150.0, 1_100.0), Some(100.0));
        assert_eq!(left(1_100.0, 1_250.0, 1_100.0), None);
    }
}
