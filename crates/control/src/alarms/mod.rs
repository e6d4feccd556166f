//! Alarms: what is wrong, who was told, who has taken it, and when it is over.
//!
//! [`causes`] derives what is wrong from the state of an environment and its fleet; [`Ledger`] remembers it from one look
//! to the next. An alarm is over when what raised it is: by the recovery metric of the release where there is one, else by
//! the state of the fleet; never because something was deployed.

mod causes;
mod ledger;

pub use causes::{Backups, Surroundings, Suspicion, causes};
pub use ledger::{Act, Kept, Ledger, Silence, Tell, Telling, When, tellings};

use serde::{Deserialize, Serialize};

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The same whenever it comes again, such as `breakers-open/checkout-v2`.
    pub id: String,
    /// What kind it is, such as `guard-acted`.
    pub about: String,
    pub message: String,
    /// What follows from the same cause.
    #[serde(default)]
    pub also: Vec<String>,
    /// The ids of these, which are no alarms of their own meanwhile.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub covers: Vec<String>,
    #[serde(default)]
    pub flag: Option<String>,
    #[serde(default)]
    pub guard: Option<String>,
    #[serde(default)]
    pub owner: Option<String>,
    /// The change that it began with, where it is one.
    #[serde(default)]
    pub revision: Option<u64>,
    /// RFC 3339.
    pub since: String,
    /// It is an alarm once it has lasted for so many seconds.
    pub after_seconds: u32,
    /// The commands that show more, and that act.
    pub look: String,
    #[serde(default)]
    pub act: Option<String>,
    #[serde(default)]
    pub runbooks: Vec<String>,
    /// It happened, rather than lasts: it is told once, even where it is over before anybody looked.
    #[serde(default)]
    pub happened: bool,
    /// What shows that it is over, where it is.
    #[serde(default)]
    pub over: Option<String>,
}
