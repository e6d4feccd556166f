//! The document as people write it: one type per JSON object, one file per concept.
//!
//! Fields are public and plain; what a type cannot hold is refused when it is read.
//! A document that names something which does not exist is found by validation, not here.

mod breaker;
mod condition;
mod flag;
mod flag_set;
mod flags;
mod guard;
mod kill;
mod region;
mod rule;
mod segment;

pub use breaker::{Breaker, BreakerMode, FleetMode, Probe};
pub use condition::{Condition, Scalar, Test};
pub use flag::{ClientKind, Degraded, Flag, FlagKind, OnStale, Prerequisite, Reversibility, Until};
pub use flag_set::{FlagSet, SCHEMA};
pub use flags::Flags;
pub use guard::{Guard, GuardAction, GuardRole, PrometheusCounters, Quantile};
pub use kill::{Kill, Scope};
pub use region::RegionTree;
pub use rule::{Outcome, Rule, Slice, Split};
pub use segment::Segment;
