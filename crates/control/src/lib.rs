//! Commands, changes, the fold to a flag set and its publication: state machines without I/O.
//!
//! ```text
//! command -> decide -> change -> fold -> flag set -> compile, specialise, sign -> publish
//! ```
//!
//! Time, ids and random bytes are arguments; nothing here reads a clock, a file or the network.

pub mod api;
