//! What the address says is shown, so that it can be sent to someone.

use super::filter::{Filter, FilterQuery};
use crate::route::Route;
use gloo::timers::callback::Timeout;
use std::rc::Rc;
use yew::prelude::*;
use yew_router::prelude::*;

/// The address follows a search so long after the last letter, in milliseconds: a browser takes each new address for a new
/// page, and fetches and draws its icon again, which takes longer than to filter.
const LETTERS_MS: u32 = 300;

/// The filter, and what changes it.
pub struct Filtering {
    pub filter: Filter,
    pub on_filter: Callback<Filter>,
    /// A letter of the search: the address follows.
    pub on_letter: Callback<String>,
    /// The search is left: the address says it now.
    pub on_leave: Callback<()>,
}

/// What is shown before the address says it.
struct Ahead {
    /// What the address says meanwhile. Once it says something else, that is shown.
    of: Filter,
    filter: Filter,
}

#[hook]
pub fn use_filter(environment: &AttrValue) -> Filtering {
    let navigator = use_navigator();
    let said: Filter =
        use_location().and_then(|location| location.query::<FilterQuery>().ok()).unwrap_or_default().into();
    let (ahead, waiting) = (use_mut_ref(|| None::<Ahead>), use_mut_ref(|| None::<Timeout>));
    let update = use_force_update();
    {
        // What is not written is of the environment that somebody leaves.
        let (ahead, waiting) = (Rc::clone(&ahead), Rc::clone(&waiting));
        use_effect_with(environment.clone(), move |_| move || drop((ahead.take(), waiting.take())));
    }
    ahead.borrow_mut().take_if(|ahead| ahead.of != said);
    let filter = ahead.borrow().as_ref().map_or_else(|| said.clone(), |ahead| ahead.filter.clone());
    let write = {
        let route = Route::Flags { environment: environment.to_string() };
        Callback::from(move |filter: Filter| {
            if let Some(navigator) = &navigator {
                // Fails only for a query that is no structure.
                let _ = navigator.replace_with_query(&route, &FilterQuery::from(&filter));
            }
        })
    };
    let on_leave = {
        let (ahead, waiting, write) = (Rc::clone(&ahead), Rc::clone(&waiting), write.clone());
        Callback::from(move |()| {
            let is_waiting = waiting.take().is_some();
            let filter = ahead.borrow().as_ref().map(|ahead| ahead.filter.clone());
            if let Some(filter) = filter.filter(|_| is_waiting) {
                write.emit(filter);
            }
        })
    };
    let on_filter = {
        let (ahead, waiting, update) = (Rc::clone(&ahead), Rc::clone(&waiting), update.clone());
        Callback::from(move |next: Filter| {
            drop((ahead.take(), waiting.take()));
            write.emit(next);
            update.force_update();
        })
    };
    let on_letter = {
        let (shown, on_leave) = (filter.clone(), on_leave.clone());
        Callback::from(move |search: String| {
            let filter = Filter { search, ..shown.clone() };
            ahead.replace(Some(Ahead { of: said.clone(), filter }));
            let on_leave = on_leave.clone();
            waiting.replace(Some(Timeout::new(LETTERS_MS, move || on_leave.emit(()))));
            update.force_update();
        })
    };
    Filtering { filter, on_filter, on_letter, on_leave }
}
