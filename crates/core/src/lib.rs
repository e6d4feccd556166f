//! The evaluation core of Downhaul.
//!
//! Text becomes a [`FlagSet`](document::FlagSet), which validation turns into a `Valid`, which compiles to a
//! [`Program`](program::Program), which decides: text -> `FlagSet` -> `Valid` -> `Program` -> `Decision`.
//! Nothing points back, and nothing here does I/O, reads a clock or draws a random number.
//!
//! Where to start:
//!
//! - `check::check` reads and validates; `compile::compile` makes the program of an audience;
//!   [`Program::from_bytes`](program::Program::from_bytes) and [`to_bytes`](program::Program::to_bytes) are the way across a wire.
//! - [`KillSet`](kills::KillSet) holds the kills, [`Loaded`](kills::Loaded) a program with the kills in force.
//! - `prepare::prepare` makes slots of a context once; [`evaluate`](evaluate::evaluate) and
//!   [`evaluate_all`](evaluate::evaluate_all) then decide without allocating.
//! - `explain` tells why; `specialise` takes out what is known already.
//!
//! Without the feature `document` the crate is `no_std`: it reads program bytes and decides, and that is all it can do.
//! That half is what runs in a browser. `sieve` makes it faster and larger, for servers.
#![cfg_attr(not(feature = "document"), no_std)]

extern crate alloc;

pub mod automaton;
pub mod bucket;
pub mod context;
pub mod decision;
pub mod evaluate;
pub mod ids;
pub mod ip;
pub mod kills;
pub mod observe;
mod operator;
pub mod phase;
pub mod program;
pub mod time;
pub mod version;

#[cfg(feature = "document")]
pub mod check;
#[cfg(feature = "document")]
pub mod compile;
#[cfg(feature = "document")]
pub mod diagnostic;
#[cfg(feature = "document")]
pub mod document;
#[cfg(feature = "document")]
pub mod explain;
#[cfg(feature = "document")]
pub mod prepare;
#[cfg(feature = "document")]
pub mod read;
#[cfg(feature = "document")]
pub mod rebalance;
#[cfg(feature = "document")]
pub mod schema;
#[cfg(feature = "document")]
pub mod seal;
#[cfg(feature = "sieve")]
mod sieve;
#[cfg(feature = "document")]
pub mod specialise;
#[cfg(feature = "document")]
mod suggest;
#[cfg(feature = "document")]
pub mod validate;
