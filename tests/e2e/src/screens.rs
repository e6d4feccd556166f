//! The screens of the console, with what a person does and sees at each. Where things are marked is known here alone; the marks
//! are listed in admin-app/ui/README.md.

mod alarms;
mod audience;
mod chart;
mod connection;
mod draft;
mod drills;
mod first_steps;
mod flag;
mod flags;
mod fleet;
mod guards;
mod kills;
mod missing;
mod palette;
mod people;
mod populations;
mod proposals;
mod review;
mod rollouts;
mod runs;
mod settings;
mod xray;

pub use alarms::{AlarmBanner, Alarms};
pub use audience::{Definition, Regions, Segments, Tenants};
pub use chart::Chart;
pub use connection::Connection;
pub use draft::Draft;
pub use drills::{Drill, Drills};
pub use first_steps::FirstSteps;
pub use flag::{FlagPage, Retirement};
pub use flags::{Batch, Copying, Flags};
pub use fleet::{Breaker, Fleet};
pub use guards::Guards;
pub use kills::{Kill, KillControl};
pub use missing::Missing;
pub use palette::Palette;
pub use people::People;
pub use populations::Populations;
pub use proposals::{Inbox, Proposal};
pub use review::Review;
pub use rollouts::{Rollout, RolloutForm, Rollouts};
pub use runs::{Release, Releases, Run};
pub use settings::{Backups, ClientKeys, Freeze, Policy, SigningKeys, ThisBrowser};
pub use xray::Xray;
