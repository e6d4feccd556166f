use super::clock;
use gloo::timers::callback::Interval;
use yew::prelude::*;

/// The time, in epoch milliseconds, at every render; renders again every `every_ms`, or never if that is 0.
#[hook]
pub fn use_now(every_ms: u32) -> f64 {
    let update = use_force_update();
    use_effect_with(every_ms, move |every_ms| {
        let interval = (*every_ms > 0).then(|| Interval::new(*every_ms, move || update.force_update()));
        move || drop(interval)
    });
    clock::now()
}
