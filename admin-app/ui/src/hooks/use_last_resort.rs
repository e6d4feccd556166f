use gloo::storage::{SessionStorage, Storage};
use yew::prelude::*;

/// Where `admin-app/kill` looks for it.
const KEPT: &str = "downhaul.kill";

/// Keeps what the page of last resort needs to go on with a kill, should this console end before it is fired.
#[hook]
pub fn use_last_resort(address: String) {
    use_effect_with(address, |address| {
        // Storage may be refused; the page then begins with the flag that the address names.
        let _ = SessionStorage::raw().set_item(KEPT, address);
        || {
            let _ = SessionStorage::raw().remove_item(KEPT);
        }
    });
}
