//! What a person has chosen for this browser alone; the theme is kept by `shell/theme.rs`.

use gloo::storage::{LocalStorage, Storage};
use serde::{Deserialize, Serialize};
use std::cell::Cell;

const KEY: &str = "downhaul.preferences";

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    /// Single letters do nothing.
    pub letters_off: bool,
    /// The chart leaves out what the control plane does by itself.
    pub by_people: bool,
    /// Times are shown in UTC.
    pub utc: bool,
}

thread_local! {
    static NOW: Cell<Option<Preferences>> = const { Cell::new(None) };
}

pub fn now() -> Preferences {
    NOW.get().unwrap_or_else(|| {
        let kept = LocalStorage::get::<Preferences>(KEY).unwrap_or_default();
        NOW.set(Some(kept));
        kept
    })
}

/// From now on, and for the next visit.
pub fn choose(preferences: Preferences) {
    NOW.set(Some(preferences));
    // Private windows may refuse storage; the choice then lasts for the visit.
    let _ = LocalStorage::set(KEY, preferences);
}
