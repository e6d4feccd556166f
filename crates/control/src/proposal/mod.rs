//! Changes that wait for someone else: what is proposed, who approved exactly what, and what it would do now.

mod named;
mod quorum;
mod reach;
mod standing;
mod state;

pub use named::Named;
pub use quorum::{Ground, GroundKind, Needed};
pub use reach::Reach;
pub use standing::{Standing, Void};
pub(crate) use standing::{is_of, standing_of};
pub use state::{Approval, Outcome, ProposalState, Proposals};

use crate::command::Command;
use serde::{Deserialize, Serialize};

/// What someone would have carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    /// A definition, [`Command::Apply`], a restore or a policy.
    pub command: Command,
    /// The revision that it started from: what it names must not have been defined since.
    pub base: u64,
}

/// What the change that carries out a proposal records of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Landed {
    pub proposal: u64,
    /// Who made it: an opaque id.
    pub author: String,
    /// Those that counted.
    pub approvals: Vec<Approved>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approved {
    pub actor: String,
    /// The revision of the approval.
    pub revision: u64,
}

/// `p-7`
pub fn id(proposal: u64) -> String {
    format!("p-{proposal}")
}
