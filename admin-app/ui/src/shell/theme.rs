//! Light or dark: the system's choice until someone makes another.

use crate::words::text::shell as text;
use gloo::storage::{LocalStorage, Storage};

const KEY: &str = "downhaul.theme";

/// The choice of an earlier visit.
pub fn kept() -> Option<String> {
    LocalStorage::get::<String>(KEY).ok().filter(|theme| theme == "light" || theme == "dark")
}

pub fn apply(theme: Option<String>) {
    let root = web_sys::window().and_then(|window| window.document()).and_then(|page| page.document_element());
    if let (Some(root), Some(theme)) = (root, theme) {
        let _ = root.set_attribute("data-theme", &theme);
    }
}

/// The other one, kept for the next visit.
pub fn switch() {
    let dark = match kept().as_deref() {
        Some(theme) => theme == "dark",
        None => web_sys::window()
            .and_then(|window| window.match_media(text::PREFERS_COLOR_SCHEME_DARK).ok().flatten())
            .is_some_and(|query| query.matches()),
    };
    let theme = if dark { "light" } else { "dark" };
    // Private windows may refuse storage; the choice then lasts for the visit.
    let _ = LocalStorage::set(KEY, theme);
    apply(Some(theme.to_owned()));
}

/// This one from now on; none is the system's again.
pub fn choose(theme: Option<&str>) {
    match theme {
        Some(theme) => {
            let _ = LocalStorage::set(KEY, theme);
            apply(Some(theme.to_owned()));
        }
        None => {
            LocalStorage::delete(KEY);
            let root = web_sys::window().and_then(|window| window.document()).and_then(|page| page.document_element());
            if let Some(root) = root {
                let _ = root.remove_attribute("data-theme");
            }
        }
    }
}
