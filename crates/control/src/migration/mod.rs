//! Data changes: one step at a time, no client more than a phase away from another, and no way back from `contract`.
//!
//! What a definition may serve, validation says; here is what a step takes. Its order and evidence are decided on the
//! state alone ([`check`]); whether the clients are where they have to be, on what a roster knows ([`check_fleet`]).
//!
//! Why no two clients are ever more than a phase apart. A kill leads a step back, at once, and may reach a client before the
//! step that was taken just before it does. So before a step that makes a new pair the flag is held: its degraded variant
//! is the phase where it stands, and every client that is heard of has to have that definition. Then all are at one phase,
//! killed or not, and the next one goes together with it. The step back that undoes the last one makes no new pair and
//! waits for nobody; after it the flag is held until the next step.

mod order;
mod roster;
mod state;
mod step;

pub use order::{check, obstacles};
pub use roster::{check_fleet, fleet_obstacles, needs_old, since};
pub use state::MigrationState;
pub use step::{Cohort, Evidence, MigrationStep, propose};

pub(crate) use order::{check_put, check_retire};
pub(crate) use state::fold;
