use super::use_console;
use crate::state::live::Action;
use yew::prelude::*;

/// Asks again for everything that is shown, and for what failed.
#[hook]
pub fn use_again() -> Callback<()> {
    let live = use_console().live.dispatcher();
    use_callback((), move |(), ()| live.dispatch(Action::Again))
}
