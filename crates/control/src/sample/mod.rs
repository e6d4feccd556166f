//! The live sample: contexts of clients that were asked for them, one for each bucketing unit.
//!
//! A client tells values of the attributes that it was asked for, and of its bucketing units keyed hashes ([`asked`] says
//! what it was asked for, [`admit`] what is taken). Here they are hashed again under a secret of the control plane, so
//! whoever has one of both keys cannot try out names. [`Reservoir`] keeps those whose hashes are lowest.

mod admit;
mod reservoir;

pub use admit::{Asked, NotAdmitted, SamplingKeys, UNIT, admit};
pub use reservoir::{Reservoir, Seen, UnitHash};
