//! What the page asks of the worker that works out blast radii, and what comes back: `blast`'s plan, the same that
//! `downhaul plan` and the server make.

use downhaul_blast::plan::{Budget, Plan};
use downhaul_core::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};

/// What the page asks of a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ask {
    /// A flag set as JSON, that drafts are compared with from now on.
    Published(String),
    Draft(Draft),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    pub number: u64,
    /// The flag that it takes the place of; absent for a new one.
    pub instead_of: Option<String>,
    /// The flag as JSON.
    pub text: String,
    pub budget: Option<Budget>,
    pub wanted: Wanted,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wanted {
    /// Who of the population moves; `name` is the population's.
    Replay { name: String },
    /// Who can move at all, and what is said in vain.
    Exact,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub number: u64,
    pub found: Result<Found, String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Found {
    pub plan: Box<Plan>,
    /// Lints of the draft, by pointers from the flag's root.
    pub lints: Vec<Diagnostic>,
}
