//! The client for Rust services: feature flags that are decided in the process.
//!
//! It receives a compiled flag set, checks who signed it, keeps it fresh over a stream, and answers every read from memory.
//! A read never waits, never fails and takes no lock that a writer holds.
//!
//! ```no_run
//! use downhaul_sdk::{Client, Context, Options};
//!
//! # async fn run() -> Result<(), downhaul_sdk::StartError> {
//! let options = Options::new("https://flags.example.com", "dhk_…").keep_in("/var/lib/shop").release("shop 2.4.1");
//! let client = Client::start(options)?;
//! client.ready().await;
//!
//! let flags = client.evaluate(&Context::new("user-1").with("tenant", "acme"));
//! if flags.boolean("checkout-v2", false) {
//!     // …
//! }
//! # Ok(()) }
//! ```
//!
//! docs/guide/rust.md tells the whole of it.

mod acknowledge;
mod asked;
mod backoff;
mod client;
mod context;
mod decisions;
mod events;
mod fnv;
mod freshness;
pub mod guard;
mod holding;
mod host;
mod kept;
mod keys;
mod latencies;
pub mod migration;
#[cfg(feature = "open-feature")]
pub mod open_feature;
mod options;
mod outcomes;
mod problem;
mod sampler;
mod second_path;
mod shared;
#[cfg(test)]
mod simulation;
mod snapshot;
mod sse;
mod status;
pub mod telemetry;
mod transport;

pub use client::Client;
pub use context::{Context, NotAContext};
pub use decisions::{Decisions, Details, FlagValue, Metadata, ReadError};
pub use downhaul_control::api::Position;
pub use downhaul_core::decision::{Cause, ErrorCode, Reason};
pub use downhaul_core::document::ClientKind;
pub use events::{Change, Event, Events};
pub use options::{Options, StartError};
pub use problem::{Problem, ProblemCode};
pub use status::{LastChange, Source, State, Status, Transport};
