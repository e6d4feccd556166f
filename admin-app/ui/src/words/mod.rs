//! What the console says, as plain data: pure functions from documents and numbers to sentences.

pub mod alarm;
pub mod breaker;
mod calendar;
pub mod change;
pub mod definition;
pub mod difference;
pub mod drill;
pub mod fleet;
pub mod guard;
pub mod kill;
pub mod may;
pub mod message;
pub mod number;
pub mod outcome;
pub mod presence;
pub mod proposal;
pub mod radius;
pub mod ray;
pub mod reach;
pub mod rollout;
pub mod rule;
pub mod run;
pub mod sentence;
pub mod text;
pub mod time;
pub mod unfinished;

pub use sentence::{Kind, Piece, Sentence};
