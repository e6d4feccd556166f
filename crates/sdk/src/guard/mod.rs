//! Circuit breakers: what a flag leads to is left by the process itself, at the fifth failure.
//!
//! A breaker can do one thing only: give the degraded variant instead of another one. docs/guide/breakers.md tells when it
//! opens and how it closes; it is one machine with the npm package.
//!
//! ```no_run
//! use downhaul_sdk::{Client, Context};
//! # async fn ask_new_service() -> Result<Vec<String>, std::io::Error> { Ok(Vec::new()) }
//! # async fn best_sellers() -> Result<Vec<String>, std::io::Error> { Ok(Vec::new()) }
//!
//! # async fn run(client: Client) -> Result<(), Box<dyn std::error::Error>> {
//! let recommend = client.guard("recommendations").idempotent();
//!
//! // For each request:
//! let flags = client.evaluate(&Context::new("user-1"));
//! let list = recommend.run(&flags, ask_new_service, best_sellers).await?;
//! # Ok(()) }
//! ```

mod breakers;
mod call;
mod client;
mod machine;
mod settings;
mod starts;
#[cfg(test)]
mod tests;
mod unit;
mod watched;
mod window;

pub(crate) use breakers::Breakers;
pub use call::{Guard, GuardError};
pub use downhaul_control::api::{BreakerReport, BreakerState};
pub use machine::{BreakerCause, BreakerMove};
pub(crate) use starts::Starts;
