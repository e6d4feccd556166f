//! Commands, changes, the fold to a flag set and its publication: state machines without I/O.
//!
//! ```text
//! command -> decide -> change -> fold -> flag set -> compile, specialise, sign -> publish
//! ```
//!
//! Time, ids and random bytes are arguments; nothing here reads a clock, a file or the network.
//! A decision may be a refusal; a fold never is.

pub mod acceptance;
pub mod admin_token;
pub mod alarms;
pub mod api;
pub mod automatic;
pub mod break_glass;
pub mod change;
pub mod chart;
pub mod client_key;
pub mod command;
pub mod decide;
pub mod describe;
pub mod difference;
pub mod drill;
pub mod envelope;
pub mod fleet;
pub mod fold;
pub mod guards;
pub mod hash;
pub mod heartbeat;
pub mod history;
pub mod hygiene;
pub mod migration;
pub mod outcomes;
pub mod patch;
pub mod policy;
pub mod proposal;
pub mod publish;
pub mod refusal;
pub mod release;
pub mod restored;
pub mod role;
pub mod rollout;
pub mod runbook;
pub mod sample;
pub mod secret;
pub mod signing_key;
pub mod state;
pub mod telemetry;
pub mod time;
pub mod token;
pub mod verify;
pub mod views;
pub mod webhook;

pub use admin_token::AdminToken;
pub use change::{Change, Record, RecordError};
pub use client_key::{ClientKey, ContextClaims};
pub use command::Command;
pub use decide::{Decided, Decision, Request, decide, decide_over};
pub use fold::{fold, replay};
pub use hash::Hash;
pub use policy::Policy;
pub use refusal::{Refusal, RefusalCode};
pub use restored::{Replaced, RestoredBackup};
pub use role::{Authority, Roles};
pub use secret::{Secret, SecretKind};
pub use signing_key::{SigningKey, SigningKeys};
pub use state::{KeyState, KillState, State, TokenState, Touch};
pub use token::Token;
