//! One folder a page; a page owns what only it uses.

mod chart;
mod drills;
mod edit;
mod flag;
mod flags;
mod fleet;
mod kill;
mod kills;
mod people;
mod proposals;
mod releases;
mod rollouts;
mod run;
mod sign_in;
mod xray;

pub use chart::Chart;
pub use drills::{Drill, Drills};
pub use edit::{Create, Edit};
pub use flag::Flag;
pub use flags::Flags;
pub use fleet::Fleet;
pub use kill::Kill;
pub use kills::{Kills, LiveKill};
pub use people::People;
pub use proposals::{Proposal, Proposals};
pub use releases::{Release, Releases};
pub use rollouts::{Rollout, Rollouts};
pub use run::Run;
pub use sign_in::{SignIn, take_token_from_address};
pub use xray::Xray;
