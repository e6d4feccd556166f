//! What the page asks of the worker that works out blast radii, and what comes back.

pub use downhaul_blast::drafts::{Answer, Ask, Draft, Found, Wanted};
