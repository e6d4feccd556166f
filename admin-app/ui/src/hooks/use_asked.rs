use super::{clock, use_asker, use_console};
use crate::backend::{Failure, Get, Method, Request};
use crate::state::asked::{Action, Asked};
use gloo::timers::callback::Interval;
use serde::de::DeserializeOwned;
use std::cell::Cell;
use std::rc::Rc;
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
    let asked = use_reducer(Asked::<T>::default);
    let dispatcher = asked.dispatcher();
    let deliver: Deliver = Rc::new(move |number, what| {
        let (action, failure) = match what {
            Delivered::Forget => (Action::Forget { number }, None),
            Delivered::Again => (Action::Again, None),
            Delivered::Answer(body) => {
                let answer = body.and_then(|body| Get::<T>::read(&body));
                let failure = answer.as_ref().err().cloned();
                (Action::Answer { number, answer, received: clock::monotonic() }, failure)
            }
        };
        dispatcher.dispatch(action);
        failure
    });
    let numbers = use_asking(get.path(), every_ms, told, deliver);
    let put = {
        let dispatcher = asked.dispatcher();
        Callback::from(move |answer: T| {
            let number = next(&numbers);
            dispatcher.dispatch(Action::Answer { number, answer: Ok(answer), received: clock::monotonic() });
        })
    };
    (asked, put)
}

/// What becomes of one thing that is asked for.
enum Delivered {
    Forget,
    Again,
    Answer(Result<String, Failure>),
}

/// Takes what has the number given; says what was wrong with it.
type Deliver = Rc<dyn Fn(u32, Delivered) -> Option<Failure>>;

fn next(numbers: &Cell<u32>) -> u32 {
    numbers.set(numbers.get() + 1);
    numbers.get()
}

/// Does the asking, whatever is asked for: the code is there once. Gives the numbers of requests so far.
#[hook]
fn use_asking(path: &str, every_ms: u32, told: u32, deliver: Deliver) -> Rc<Cell<u32>> {
    let console = use_console();
    let asker = use_asker(&console);
    let numbers = use_memo((), |()| Cell::new(0_u32));
    let ticks = use_state(|| 0_u32);
    let path = path.to_owned();
    {
        let (asker, environment) = (asker.clone(), console.live.environment.clone());
        let (deliver, numbers) = (Rc::clone(&deliver), Rc::clone(&numbers));
        use_effect_with(path.clone(), move |_| {
            asker.forget(&environment);
            deliver(next(&numbers), Delivered::Forget);
        });
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
        let (generation, again) = (console.live.generation, console.live.again);
        let asked_again = use_mut_ref(|| again);
        let numbers = Rc::clone(&numbers);
        use_effect_with((path, generation, *ticks, told), move |(path, ..)| {
            if asked_again.replace(again) != again {
                deliver(next(&numbers), Delivered::Again);
            }
            let (number, request) = (next(&numbers), asker.ask());
            let (environment, path) = (console.live.environment.clone(), path.clone());
            spawn_local(async move {
                let get = Request { method: Method::Get, path, body: None };
                let body = console.backend.request(get).await;
                let failure = deliver(number, Delivered::Answer(body));
                asker.answer(&environment, request, failure.as_ref());
            });
        });
    }
    numbers
}
