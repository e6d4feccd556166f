//! The binary as people and scripts run it: whole runs with their output and exit status.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests end that way"
)]

mod check;
mod eval;
mod offline;
mod plan;
mod population;
mod prove;
mod reference;
mod remote;
mod server;
mod support;
mod vectors;
