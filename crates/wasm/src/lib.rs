//! The evaluation module and the tooling module for JavaScript engines.
