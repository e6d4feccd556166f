//! Blast radius: who a change moves, from what to what, and why, before anything is published.
//!
//! Two answers, one meaning:
//!
//! - [`exact`] needs no population: it gives the set of contexts whose decision differs, as disjoint regions that people
//!   can read, complete, each with a witness.
//! - [`replay`] runs both flag sets over a [`population`] and gives the weight that moves.
//!
//! Beside them, [`states`] gives the fewest combinations of variants that cover every pair, for tests.
//!
//! [`drafts`] is both for whoever edits, as text in and text out.
//!
//! Nothing here does I/O but through readers that are passed in.

pub mod atoms;
mod cone;
mod crew;
pub mod drafts;
pub mod exact;
pub mod plan;
pub mod population;
pub mod reach;
pub mod replay;
pub mod states;
pub mod strict_json;
