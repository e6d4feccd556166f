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
pub fn use_window(body: &NodeRef, keys: &[String]) -> Window {
    let heights = use_mut_ref(Heights::default);
    let newest = use_mut_ref(Vec::<String>::new);
    let range = use_state_eq(|| Range { from: 0, to: WHOLE });
    let is_long = keys.len() > WHOLE;
    if *newest.borrow() != keys {
        newest.replace(keys.to_vec());
    }
    let look = {
        let (body, heights, newest, range) = (body.clone(), Rc::clone(&heights), Rc::clone(&newest), range.setter());
        Rc::new(move || {
            let (Some(body), Some(screen)) = (body.cast::<Element>(), screen()) else { return };
            let above = -body.get_bounding_client_rect().top();
            range.set(heights.borrow().range(&newest.borrow(), above, screen));
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
    {
        let (body, heights, newest) = (body.clone(), Rc::clone(&heights), Rc::clone(&newest));
        // Whenever something was drawn, it is measured; and other keys may leave another part in sight.
        use_effect(move || {
            if !is_long {
                return;
            }
            let Some(body) = body.cast::<Element>() else { return };
            let rows = body.children();
            for (at, key) in newest.borrow().iter().skip(shown.from).take(shown.to - shown.from).enumerate() {
                // The first is the gap.
                let row = u32::try_from(at + 1).ok().and_then(|at| rows.item(at));
                if let Some(row) = row {
                    heights.borrow_mut().measured(key, row.get_bounding_client_rect().height());
                }
            }
            look();
        });
    }
    let of = |keys: Option<&[String]>| heights.borrow().over(keys.unwrap_or_default());
    let (before, after) = (of(keys.get(..shown.from)), of(keys.get(shown.to..)));
    Window { range: shown, before, after, heights }
}

impl Window {
    /// Brings a row that is not drawn to the middle of the screen.
    pub fn go_to(&self, body: &NodeRef, keys: &[String], row: usize) {
        let (Some(body), Some(window), Some(screen)) = (body.cast::<HtmlElement>(), web_sys::window(), screen()) else {
            return;
        };
        let above = self.heights.borrow().over(keys.get(..row).unwrap_or_default());
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
