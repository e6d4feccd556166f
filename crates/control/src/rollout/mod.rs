//! Staged rollouts: one variant of one flag, given to one cohort after another, each for a while before the next.
//!
//! [`read::rollout`] makes one of a text, [`validate::problems`] says what is wrong with it in an environment.
//! [`next`] says what a rollout waits for now, and [`advance`] and the other functions of `ask` make the command that
//! takes it a stage on, a stage back or all the way back. Each of these is one change, which holds the flag as it becomes.
//!
//! A stage adds its cohort to those of the stages before it, by rules that serve the variant and nothing else, before the
//! rules that the flag had. So whoever has the variant at one stage has it at the next, whatever the flag was before.

mod ask;
mod document;
mod event;
mod fold;
mod next;
mod place;
pub mod read;
mod state;
pub mod validate;
mod words;

pub use ask::{act, advance, hold, start};
pub(crate) use ask::{going_on, put};
pub use document::{Gate, Percent, Rollout, Stage};
pub use event::{HoldKind, Reading, RolloutEvent};
pub(crate) use fold::fold;
pub use next::{Gated, Next, Obstacle, baked_at, gated, next};
pub(crate) use place::at_stage;
pub use place::{beginning, conflict, in_stages, rebased, settled, whole};
pub(crate) use state::end_first;
pub use state::{Held, Mark, Outcome, Phase, RolloutState, Rollouts, id};
pub use words::cohort;
pub(crate) use words::{event_words, stage_words};
