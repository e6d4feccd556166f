//! What the console says, as plain data: pure functions from documents and numbers to sentences.

pub mod change;
pub mod difference;
pub mod kill;
pub mod message;
pub mod number;
pub mod radius;
pub mod ray;
pub mod reach;
pub mod rule;
pub mod sentence;
pub mod time;
pub mod unfinished;

pub use sentence::{Kind, Piece, Sentence};
