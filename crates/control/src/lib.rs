//! Commands, changes, the fold to a flag set and its publication: state machines without I/O.
