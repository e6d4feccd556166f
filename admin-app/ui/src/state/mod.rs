//! What the console knows. Reducers are pure: a state and an action give a state; effects live in `hooks`.

pub mod asked;
pub mod batch;
pub mod beats;
pub mod context_draft;
pub mod cursor;
pub mod definition;
pub mod draft;
pub mod friction;
pub mod guide;
pub mod history;
pub mod hold;
pub mod kill_draft;
pub mod lane;
pub mod live;
pub mod radius;
pub mod refresh;
pub mod rollout_draft;
pub mod saved;
pub mod selection;
pub mod session;
pub mod shared;
pub mod shares;
pub mod toasts;
pub mod window;

pub use shared::Shared;
