//! Guards: what goes wrong with the variants of flags, minute by minute, judged by `downhaul-guard`.
//!
//! ```text
//! what clients tell -> Minutes (of this process) -> FlagMinute (kept in the store) -> seen -> downhaul_guard -> Standing
//! ```
//!
//! [`Watch`] says since when a guard watches, and what it asks for; [`GuardEvidence`] is kept in the chart with what a guard
//! did, so that anybody can decide it again.

mod evidence;
mod minutes;
mod watch;

pub use evidence::{Acted, GuardEvidence};
pub use minutes::{Cell, Counted, Entry, FlagMinute, Minutes, Told};
pub use watch::{WINDOW, Watch, rules, seen, watches};

#[cfg(test)]
mod tests;
