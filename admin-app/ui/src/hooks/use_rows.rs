use super::{Key, use_keys};
use crate::route::Route;
use crate::state::cursor::Cursor;
use web_sys::{Element, ScrollIntoViewOptions, ScrollLogicalPosition};
use yew::prelude::*;
use yew_router::prelude::*;

/// A list by keys: `J` and `K` move, Enter opens, Escape lets go. Gives the row and the place within which rows are
/// found by the attribute `data-row`, their number from 0.
#[hook]
pub fn use_rows(rows: Vec<Route>) -> (Option<usize>, NodeRef) {
    let navigator = use_navigator();
    let place = use_node_ref();
    let cursor = use_state(Cursor::default);
    {
        let cursor = cursor.clone();
        use_keys(move |key: &Key| {
            match key.plain() {
                Some("j") => cursor.set(cursor.down(rows.len())),
                Some("k") if !key.shift => cursor.set(cursor.up(rows.len())),
                Some("Enter") if !key.on_control => {
                    let chosen = cursor.0.and_then(|at| rows.get(at));
                    let (Some(route), Some(navigator)) = (chosen, &navigator) else { return false };
                    navigator.push(route);
                }
                Some("Escape") if cursor.0.is_some() => cursor.set(Cursor::default()),
                Some(_) | None => return false,
            }
            true
        });
    }
    {
        let place = place.clone();
        use_effect_with(*cursor, move |cursor| {
            let find = |at: usize| place.cast::<Element>()?.query_selector(&format!("[data-row=\"{at}\"]")).ok()?;
            if let Some(row) = cursor.0.and_then(find) {
                let options = ScrollIntoViewOptions::new();
                options.set_block(ScrollLogicalPosition::Nearest);
                row.scroll_into_view_with_scroll_into_view_options(&options);
            }
        });
    }
    (cursor.0, place)
}

/// Escape leads back to the list.
#[hook]
pub fn use_way_back(list: Route) {
    let navigator = use_navigator();
    use_keys(move |key: &Key| {
        let (Some("Escape"), Some(navigator)) = (key.plain(), &navigator) else { return false };
        navigator.push(&list);
        true
    });
}
