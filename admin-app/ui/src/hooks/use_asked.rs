use super::{clock, use_console};
use crate::backend::Get;
use crate::state::asked::{Action, Asked};
use gloo::timers::callback::Interval;
use serde::de::DeserializeOwned;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

/// What the server answers: asked again after every change and every `every_ms` (never by time if that is 0).
///
/// The callback takes an answer that came another way, such as that of an action.
#[hook]
pub fn use_asked<T: DeserializeOwned + 'static>(
    get: Get<T>,
    every_ms: u32,
) -> (UseReducerHandle<Asked<T>>, Callback<T>) {
    use_asked_as(get, every_ms, 0)
}

/// The same, and again whenever `told` is another one.
#[hook]
pub fn use_asked_as<T: DeserializeOwned + 'static>(
    get: Get<T>,
    every_ms: u32,
    told: u32,
) -> (UseReducerHandle<Asked<T>>, Callback<T>) {
    let console = use_console();
    let asked = use_reducer(Asked::<T>::default);
    let number = use_mut_ref(|| 0_u32);
    let ticks = use_state(|| 0_u32);
    let next = {
        let number = number.clone();
        move || number.replace_with(|number| *number + 1) + 1
    };
    {
        let (dispatcher, next) = (asked.dispatcher(), next.clone());
        use_effect_with(get.clone(), move |_| dispatcher.dispatch(Action::Forget { number: next() }));
    }
    {
        let ticks = ticks.clone();
        use_effect_with((every_ms, *ticks), move |(every_ms, at)| {
            let at = *at;
            let interval = (*every_ms > 0).then(|| Interval::new(*every_ms, move || ticks.set(at + 1)));
            move || drop(interval)
        });
    }
    {
        let (console, dispatcher, next) = (console.clone(), asked.dispatcher(), next.clone());
        let generation = console.live.generation;
        use_effect_with((get, generation, *ticks, told), move |(get, ..)| {
            let (get, number) = (get.clone(), next());
            spawn_local(async move {
                let answer = get.send(&console.backend).await;
                if let Err(failure) = &answer {
                    console.failed(failure);
                }
                dispatcher.dispatch(Action::Answer { number, answer, received: clock::monotonic() });
            });
        });
    }
    let put = {
        let dispatcher = asked.dispatcher();
        Callback::from(move |answer: T| {
            dispatcher.dispatch(Action::Answer { number: next(), answer: Ok(answer), received: clock::monotonic() });
        })
    };
    (asked, put)
}
