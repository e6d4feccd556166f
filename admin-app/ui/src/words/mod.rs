//! What the console says, as plain data: pure functions from documents and numbers to sentences.

pub mod change;
pub mod kill;
pub mod number;
pub mod ray;
pub mod reach;
pub mod rule;
pub mod sentence;
pub mod time;

pub use sentence::{Kind, Piece, Sentence};
