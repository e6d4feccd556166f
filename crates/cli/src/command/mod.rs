//! One verb a file: its arguments, and `run`, which calls one function of another crate and renders what that gives.

pub(crate) mod apply;
pub(crate) mod chart;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod digest;
pub(crate) mod eval;
pub(crate) mod explain;
pub(crate) mod flags;
pub(crate) mod keys;
pub(crate) mod kill;
pub(crate) mod plan;
pub(crate) mod population;
pub(crate) mod prove;
pub(crate) mod rebalance;
pub(crate) mod restore;
pub(crate) mod retire;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod specialise;
pub(crate) mod status;
pub(crate) mod token;
