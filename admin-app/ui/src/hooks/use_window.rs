use crate::state::window::{Heights, Range, WHOLE};
use gloo::events::EventListener;
use std::cell::RefCell;
use std::rc::Rc;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

/// The part of a long list that is drawn, and the room that the rest takes, in pixels.
#[derive(Debug, Clone)]
pub struct Window {
    pub range: Range,
    pub before: f64,
    pub after: f64,
    heights: Rc<RefCell<Heights>>,
}

/// Draws of a list only what is in sight. `body` holds a gap, a row for each key in the range, and a gap.
#[hook]
pub fn use_window(body: &NodeRef, keys: &Rc<[String]>) -> Window {
    let heights = use_mut_ref(Heights::default);
    let range = use_state_eq(|| Range { from: 0, to: WHOLE });
    let is_long = keys.len() > WHOLE;
    heights.borrow_mut().list(keys);
    let look = {
        let (body, heights, range) = (body.clone(), Rc::clone(&heights), range.setter());
        Rc::new(move || {
            let (Some(body), Some(screen)) = (body.cast::<Element>(), screen()) else { return };
            let above = -body.get_bounding_client_rect().top();
            range.set(heights.borrow().range(above, screen));
        })
    };
    {
        let (look, heights) = (Rc::clone(&look), Rc::clone(&heights));
        use_effect_with(is_long, move |&is_long| {
            let listeners: Vec<EventListener> = web_sys::window()
                .filter(|_| is_long)
                .map(|window| {
                    let (scrolled, resized) = (Rc::clone(&look), look);
                    vec![
                        EventListener::new(&window, "scroll", move |_| scrolled()),
                        EventListener::new(&window, "resize", move |_| {
                            heights.borrow_mut().forget();
                            resized();
                        }),
                    ]
                })
                .unwrap_or_default();
            move || drop(listeners)
        });
    }
    let shown = if is_long {
        let to = range.to.clamp(range.from.min(keys.len()), keys.len());
        Range { from: range.from.min(to), to }
    } else {
        Range { from: 0, to: keys.len() }
    };
    // What was drawn last, of which list.
    let before = use_mut_ref(|| (Range::default(), Rc::clone(keys)));
    {
        let (body, heights, keys) = (body.clone(), Rc::clone(&heights), Rc::clone(keys));
        // Whenever something was drawn, it is measured; and other keys may leave another part in sight.
        use_effect(move || {
            if !is_long {
                return;
            }
            let Some(body) = body.cast::<Element>() else { return };
            // Scrolling changes which rows are drawn and nothing else: the others are as high as they were.
            let (had, of) = before.replace((shown, Rc::clone(&keys)));
            let is_scrolled = had != shown && Rc::ptr_eq(&of, &keys);
            let rows = body.children();
            for at in shown.from..shown.to {
                if is_scrolled && (had.from..had.to).contains(&at) {
                    continue;
                }
                // The first is the gap.
                let place = u32::try_from(at - shown.from + 1).ok();
                let Some(drawn) = place.and_then(|place| rows.item(place)) else { break };
                heights.borrow_mut().measured(at, drawn.get_bounding_client_rect().height());
            }
            look();
        });
    }
    let (before, after) = (heights.borrow().over(0..shown.from), heights.borrow().over(shown.to..keys.len()));
    Window { range: shown, before, after, heights }
}

impl Window {
    /// Brings a row that is not drawn to the middle of the screen.
    pub fn go_to(&self, body: &NodeRef, row: usize) {
        let (Some(body), Some(window), Some(screen)) = (body.cast::<HtmlElement>(), web_sys::window(), screen()) else {
            return;
        };
        let above = self.heights.borrow().over(0..row);
        window.scroll_by_with_x_and_y(0.0, body.get_bounding_client_rect().top() + above - screen / 2.0);
    }
}

fn screen() -> Option<f64> {
    web_sys::window()?.inner_height().ok()?.as_f64()
}

#[derive(Debug, Properties, PartialEq)]
pub struct GapProps {
    pub height: f64,
}

/// The room of rows that are not drawn. Set through the element's style object, as the page's policy wants it.
#[function_component]
pub fn Gap(props: &GapProps) -> Html {
    let node = use_node_ref();
    {
        let node = node.clone();
        use_effect_with(props.height, move |height| {
            if let Some(element) = node.cast::<HtmlElement>() {
                let _ = element.style().set_property("height", &format!("{height}px"));
            }
        });
    }
    html! { <tr class="gap" ref={node} aria-hidden="true"></tr> }
}
