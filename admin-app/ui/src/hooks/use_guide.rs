use crate::state::guide::{Guide, shelf};
use gloo::storage::{LocalStorage, Storage};
use yew::prelude::*;

/// The first steps of an environment as they were left in this browser, and a way to keep them.
#[hook]
pub fn use_guide(environment: &str) -> (Guide, Callback<Guide>) {
    let shelf = shelf(environment);
    let guide = use_state(|| LocalStorage::get::<Guide>(&shelf).unwrap_or_default());
    let keep = {
        let guide = guide.clone();
        Callback::from(move |next: Guide| {
            // Private windows may refuse storage; it then lasts for the visit.
            let _ = LocalStorage::set(&shelf, &next);
            guide.set(next);
        })
    };
    ((*guide).clone(), keep)
}
