//! What the property tests stand on: random documents and contexts, and a second evaluator to compare with.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its own part of it")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot be set up has failed"
)]
#![allow(clippy::cast_possible_truncation, reason = "checked to be whole")]

pub mod arbitrary;
pub mod oracle;
