//! The device's clocks.

use web_sys::js_sys::Date;

/// Milliseconds since the epoch.
pub fn now() -> f64 {
    Date::now()
}

/// Milliseconds that never run backwards, from an arbitrary start.
pub fn monotonic() -> f64 {
    web_sys::window().and_then(|window| window.performance()).map_or_else(Date::now, |clock| clock.now())
}

/// Minutes that the time in which times are shown is ahead of UTC, now: local time, or UTC where someone chose that.
pub fn offset() -> i32 {
    if super::preferences::now().utc {
        return 0;
    }
    -(Date::new_0().get_timezone_offset() as i32)
}
