//! Every story in a browser, in one program: it is linked once, and as many stories as there are processors are told at a time.
//! One alone: `cargo test -p downhaul-e2e --test stories kill::`.
#![allow(clippy::allow_attributes, clippy::indexing_slicing, reason = "a member that is missing fails the test")]

mod addresses;
mod audience;
mod company;
mod editor;
mod fleet;
mod guard;
mod kill;
mod kill_control;
mod last_resort;
mod lists;
mod meanwhile;
mod openfeature;
mod operating;
mod outcome;
mod relay;
mod rules;
mod settings;
mod start;
mod stream;
mod way_back;
mod whole;
