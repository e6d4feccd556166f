//! Guards: what goes wrong with the variants of flags, minute by minute, judged by `downhaul-guard`.
//!
//! ```text
//! what clients tell -> Minutes (of this process) -> FlagMinute (kept in the store) -> seen -> downhaul_guard -> Standing
//! units that were new to clients -> look_at_split, by what the stage of the rollout is to give -> downhaul_guard::Arms
//! ```
//!
//! [`Watch`] says since when a guard watches, and what it asks for; [`GuardEvidence`] is kept in the chart with what a guard
//! did, so that anybody can decide it again.

mod counters;
mod evidence;
mod minutes;
mod slow;
mod split;
mod watch;

pub use counters::{Counters, CountersRead, NotACount, counted_between};
pub use evidence::{Acted, GuardEvidence, GuardRecord, words_of};
pub use minutes::{Cell, Counted, Entry, FlagMinute, Minutes, Told};
pub use slow::Slow;
pub use split::{SplitStage, look_at_split, split_stages};
pub use watch::{WINDOW, Watch, begun, has_counters, rules, seen, watches};

#[cfg(test)]
mod tests;
