//! Releases: what was put out, what stood there before, and the way back, written before it is needed.
//!
//! [`read::release`] makes one of a text, [`validate::problems`] says what is wrong with it in an environment, and
//! [`check::check`] what is missing before it may be called ready.

pub mod check;
mod condition;
mod document;
mod fold;
mod key;
mod one_way;
mod order;
mod proof;
pub mod read;
mod state;
pub mod validate;

pub use condition::{Condition, NotACondition};
pub use document::{
    Artifact, ArtifactKind, BackgroundJob, Cache, DataChange, Escalation, Migration, RecoveryMetric, Release,
};
pub(crate) use fold::fold;
pub use key::ReleaseKey;
pub use one_way::{OneWay, one_way};
pub use order::kill_order;
pub use proof::{RecoveryReading, kill_status, last_rollback, rollback_status};
pub use state::{ReleaseState, Releases};
