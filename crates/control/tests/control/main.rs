//! The control plane without any server: commands, decisions, the chart, time.
//!
//! One binary: each of its own would be linked with everything again.
#![allow(
    clippy::allow_attributes,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

mod alarms;
mod break_glass;
mod budget;
mod changes;
mod chart;
mod difference;
mod drills;
mod fleet_states;
mod hygiene;
mod migration_model;
mod migrations;
mod old_charts;
mod people;
mod policy;
mod proposals;
mod publish;
mod releases;
mod revert;
mod rollout_cohorts;
mod rollout_migrations;
mod rollouts;
mod runbook;
mod signing_keys;
mod support;
