//! What the app itself says: tray, notifications, titles and dialogs. The console has its own `words`; what goes wrong on the way to
//! a control plane is said beside it, as by the control plane itself.

use std::fmt::Display;

pub const APP: &str = "Downhaul";

pub const TRAY_KILL: &str = "Kill…";
pub const TRAY_OPEN: &str = "Open Downhaul";
pub const TRAY_AGAIN: &str = "Start another way…";
pub const TRAY_QUIT: &str = "Quit";

pub const OPEN: &str = "Open";
pub const OPEN_KILL: &str = "Kill…";
pub const WATCH_KILL: &str = "Watch the kill";
pub const ROLL_BACK: &str = "Roll back…";
pub const SOMEONE: &str = "someone";
pub const TOOK_TOO_LONG: &str = "It took longer than it may.";

pub const NOWHERE: &str = "The link leads nowhere";
pub const NOT_KEPT: &str = "The way to start was not kept";
pub const NO_KEYCHAIN: &str = "There is no keychain";
pub const OPEN_FOLDER: &str = "Open a folder of flag files";

pub fn alarm_in(environment: &str) -> String {
    format!("Alarm in {environment}")
}

pub fn killed_in(flag: &str, environment: &str) -> String {
    format!("{flag} was killed in {environment}")
}

pub fn by(who: &str, why: &str) -> String {
    format!("By {who}: {why}")
}

pub fn step_failed(step: impl Display, run: u64, environment: &str) -> String {
    format!("Step {step} of run r-{run} in {environment} failed")
}

pub fn step_takes_too_long(step: impl Display, run: u64, environment: &str) -> String {
    format!("Step {step} of run r-{run} in {environment} takes too long")
}

pub fn run_stopped(run: u64, environment: &str) -> String {
    format!("Run r-{run} in {environment} was stopped")
}

pub fn run_expired(run: u64, environment: &str) -> String {
    format!("Run r-{run} in {environment} has expired")
}

pub fn has_shown(condition: impl Display, value: impl Display) -> String {
    format!("{condition} has shown: {value}")
}

pub fn asks_again(why: impl Display) -> String {
    format!("The next start asks again: {why}")
}

pub fn token_for_session(why: impl Display) -> String {
    format!("The token is kept for this session only ({why}). Unlock or install a keychain, such as gnome-keyring.")
}

/// Of the window with the last resort.
pub fn kill_title(flag: Option<&str>) -> String {
    match flag {
        Some(flag) => format!("Kill {flag} \u{b7} {APP}"),
        None => format!("Kill \u{b7} {APP}"),
    }
}
