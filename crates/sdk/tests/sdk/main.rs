//! The client against a real control plane, and against one that lies.
#![allow(
    unreachable_pub,
    clippy::allow_attributes,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed"
)]

mod control_plane;
mod fleet;
mod guards;
mod hostile;
mod kept;
mod liar;
mod live;
mod migration;
#[cfg(feature = "open-feature")]
mod open_feature;
mod second_path;
mod silence;
mod static_host;
mod vectors;
