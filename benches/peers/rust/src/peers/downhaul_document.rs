//! Downhaul, loaded from the text of a document.
pub use super::downhaul::OfDocument;
