use crate::words::text::hooks as text;
use yew::prelude::*;

/// Names the page in the browser's tab.
#[hook]
pub fn use_document_title(title: String) {
    use_effect_with(title, |title| {
        if let Some(document) = web_sys::window().and_then(|window| window.document()) {
            document.set_title(&text::title_downhaul(&title));
        }
    });
}
