//! The control plane over HTTP, with real clients, databases and other servers.
//!
//! One binary: each of its own would be linked with everything again.
#![allow(
    clippy::allow_attributes,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

mod admin;
mod alarms;
mod authorisation;
mod breakers;
mod chart;
mod definitions;
mod drills;
mod durability;
mod fleet;
mod guards;
mod hygiene;
mod leaves;
mod live_sample;
mod migrations;
mod ofrep;
mod outcomes;
mod people;
mod populations;
mod proposals;
mod proxies;
mod recovery;
mod rollback;
mod rollouts;
mod sign_in;
mod signing_keys;
mod stream;
mod support;
mod telemetry;
mod vectors;
