use crate::hooks::clock;
use crate::state::draft::Draft;
use crate::state::draft::kept::Kept;
use gloo::storage::{LocalStorage, Storage};
use yew::prelude::*;

/// Every change lies on the shelf as soon as it is made.
#[hook]
pub fn use_shelf(shelf: String, draft: &UseReducerHandle<Draft>) {
    let now = (**draft).clone();
    use_effect_with((shelf, draft.doc.clone(), draft.revision), move |(shelf, ..)| {
        if now.is_changed() {
            // A full shelf must not keep anyone from editing.
            let _ = LocalStorage::set(shelf, Kept::of(&now, clock::now()));
        } else {
            LocalStorage::delete(shelf);
        }
    });
}
