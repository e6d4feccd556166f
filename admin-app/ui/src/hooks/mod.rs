//! Effects: what reads the clock, the keyboard and the backend, and tells the reducers.

pub mod clock;
mod use_act;
mod use_asked;
mod use_console;
mod use_document_title;
mod use_environment;
mod use_history;
mod use_keys;
mod use_kill;
mod use_may;
mod use_now;
mod use_orders;
mod use_policy;
mod use_radius;
mod use_rows;
mod use_throttled;

pub use use_act::use_act;
pub use use_asked::use_asked;
pub use use_console::{Console, use_console};
pub use use_document_title::use_document_title;
pub use use_environment::use_environment;
pub use use_history::use_history;
pub use use_keys::{Key, use_keys};
pub use use_kill::use_kill;
pub use use_may::{May, use_may};
pub use use_now::use_now;
pub use use_orders::use_orders;
pub use use_policy::use_policy;
pub use use_radius::{Subject, use_radius};
pub use use_rows::{use_rows, use_way_back};
pub use use_throttled::use_throttled;
