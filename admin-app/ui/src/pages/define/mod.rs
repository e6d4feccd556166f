//! One editor for what is defined as a whole beside flags: segments, tenants, the region tree, the policy. Each page brings
//! its form; the draft that nobody loses, the checks, the radius, publishing and conflicts are the same.

mod editor;
mod impact;
mod moved;
mod removal;
mod review;
mod used;

pub use editor::{DefinitionEditor, Part};
pub use removal::Removal;
pub use used::UsedBy;
