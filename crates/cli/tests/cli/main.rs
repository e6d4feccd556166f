//! The binary as people and scripts run it: whole runs with their output and exit status.

mod check;
mod eval;
mod offline;
mod reference;
mod support;
mod vectors;
