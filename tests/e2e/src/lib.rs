//! End to end: a real server, real browsers.
