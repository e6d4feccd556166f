//! Changes that wait for someone else.

mod quorum;

pub use quorum::{Ground, GroundKind, Needed};
