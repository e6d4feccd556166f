//! Runbooks and their runs: the way back as steps, carried out by a machine that does no I/O.
//!
//! A run is made of events, each a change in the chart. [`Run::advance`] takes one in, or says why it does not fit;
//! [`Run::actions`] says what has to be done now. Whoever carries actions out reports events. Since the actions follow
//! from the run alone, a process that starts again goes on where the last one ended, and since each carries an id, what
//! was done already is known by it.

mod action;
mod advance;
mod derive;
mod event;
mod review;
mod run;
mod start;
mod step;
mod subject;
mod unwind;
mod words;

pub use action::{Action, Delivery, Payload};
pub use advance::{NotNow, step};
pub use derive::derived;
pub use event::{Pace, Purpose, RunEvent};
pub use review::{Review, ReviewAbout};
pub use run::{Calling, Dark, Due, KillMade, NotBegun, Phase, PutBack, Reading, Run, StepRun, StepState, Verdict};
pub use start::{Named, check_event, drills_in_the_way, is_news, not_begun, start, start_drill};
pub use step::{OnFailure, Runbook, Step, StopCondition, What, Which};
pub use subject::Subject;
pub(crate) use words::words;
