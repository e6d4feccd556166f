//! The control plane: admin API, client API, stream, metrics.
//!
//! [`open`] opens a data folder, [`run`] serves it; [`router`] is everything that it answers, without a socket, and
//! [`attend`] what it does by itself.
//! Nothing is decided here: commands go to `downhaul_control`, changes to `downhaul_store`, and what leaves for a client
//! comes from `downhaul_control::publish`.

mod admin;
mod alarms;
mod auth;
mod automatic;
mod break_glass;
mod callback;
mod client;
mod console;
mod console_events;
mod docs;
mod draft;
mod drivers;
mod environment;
mod error;
mod extract;
mod fleet;
mod guards;
mod health;
mod heartbeat;
mod hygiene;
mod issue;
mod listener;
mod live;
mod metrics;
mod minutes;
mod options;
mod otlp;
mod outcomes;
mod planner;
mod populations;
mod presence;
mod proxies;
mod random;
pub mod recovery;
mod reminders;
mod replica;
mod rollouts;
mod router;
mod run;
mod runner;
mod secrets;
mod sign_in;
mod signing;
mod sse;
mod start;
mod state;
mod targets;
mod task;
mod telemetry;
mod told;
mod trace;
mod usage;

pub use console::console_files;
pub use listener::ClientAddress;
pub use options::{DemoKeys, Holder, ServerOptions};
pub use proxies::{NotAProxy, TrustedProxy};
pub use router::{openapi, router};
pub use run::{attend, run};
pub use start::{DEMO_KEYS_FILE, Opened, StartError, TOKEN_FILE, open, open_with};
pub use state::AppState;
pub use targets::{Targets, TargetsError};
