//! One folder a page; a page owns what only it uses.

mod chart;
mod edit;
mod flag;
mod flags;
mod kill;
mod kills;
mod sign_in;
mod xray;

pub use chart::Chart;
pub use edit::{Create, Edit};
pub use flag::Flag;
pub use flags::Flags;
pub use kill::Kill;
pub use kills::{Kills, LiveKill};
pub use sign_in::{SignIn, take_token_from_address};
pub use xray::Xray;
