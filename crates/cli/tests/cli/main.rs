//! The binary as people and scripts run it: whole runs with their output and exit status.

mod check;
mod eval;
mod offline;
mod reference;
mod remote;
mod server;
mod support;
mod vectors;
