//! What keeps flags few: which of them nobody needs any more, whether one can go, and who is reminded of it.

mod remind;
mod retire;
mod sole;
mod stale;
mod usage;

pub use remind::{Reminder, reminders};
pub use retire::{Obstacle, Retirement, check_retired, retirement};
pub use sole::SoleSince;
pub use stale::{Facts, Stale, StaleKind, stale};
pub use usage::Usage;

use downhaul_core::document::{Flag, FlagKind};

/// Whether a flag is meant to go one day. `ops` and `permission` flags are meant to stay.
fn is_temporary(flag: &Flag) -> bool {
    match flag.kind {
        FlagKind::Release | FlagKind::Experiment | FlagKind::Migration => true,
        FlagKind::Ops | FlagKind::Permission => false,
    }
}
