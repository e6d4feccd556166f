use web_sys::Element;
use yew::prelude::*;

/// So much of what stands beside it is in sight too, in pixels.
const BESIDE: f64 = 24.0;

/// Brings the chosen one of a row of tabs into sight whenever another is: on a narrow screen not all are. Only the row
/// moves, never the page.
#[hook]
pub fn use_in_sight<K: PartialEq + 'static>(tabs: &NodeRef, chosen: K) {
    let tabs = tabs.clone();
    use_effect_with(chosen, move |_| {
        let Some(tabs) = tabs.cast::<Element>() else { return };
        let Ok(Some(chosen)) = tabs.query_selector("[aria-current]") else { return };
        let (row, place) = (tabs.get_bounding_client_rect(), chosen.get_bounding_client_rect());
        let (before, after) = (row.left() - place.left() + BESIDE, place.right() + BESIDE - row.right());
        if before > 0.0 || after > 0.0 {
            let moved = if before > 0.0 { -before } else { after };
            tabs.set_scroll_left(tabs.scroll_left() + moved.round() as i32);
        }
    });
}
