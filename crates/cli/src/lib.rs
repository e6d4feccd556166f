//! The command line: downhaul.
