use super::clock;
use gloo::timers::callback::Timeout;
use yew::prelude::*;

/// `text`, but changing at most every `every_ms`: for live regions, which would otherwise talk without end.
#[hook]
pub fn use_throttled(text: String, every_ms: f64) -> String {
    let shown = use_state(String::new);
    let spoken_at = use_mut_ref(|| f64::NEG_INFINITY);
    {
        let shown = shown.setter();
        use_effect_with(text, move |text| {
            let text = text.clone();
            let wait = (*spoken_at.borrow() + every_ms - clock::monotonic()).max(0.0).ceil() as u32;
            let timer = Timeout::new(wait, move || {
                spoken_at.replace(clock::monotonic());
                shown.set(text);
            });
            move || drop(timer)
        });
    }
    (*shown).clone()
}
