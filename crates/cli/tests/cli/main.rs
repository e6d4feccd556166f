//! The binary as people and scripts run it: whole runs with their output and exit status.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests end that way"
)]

mod break_glass;
mod chart;
mod check;
mod clock;
mod drills;
mod eval;
mod guard;
mod guards;
mod hygiene;
mod interrupt;
mod migration;
mod offline;
mod operating;
mod outcomes;
mod outside;
mod people;
mod plan;
mod plan_xray;
mod policy;
mod population;
mod population_bad;
#[path = "../../../store/tests/support/postgres.rs"]
mod postgres;
mod proposals;
mod prove;
mod reference;
mod refs;
mod release;
mod remote;
mod replicas;
mod rollback;
mod rollout;
mod server;
mod states;
mod support;
mod terminal;
mod vectors;
mod witness;
