//! What verbs take in: groups of arguments that several of them share.

pub(crate) mod context;
pub(crate) mod data;
pub(crate) mod database;
pub(crate) mod document;
pub(crate) mod expiry;
pub(crate) mod guard_history;
pub(crate) mod now;
pub(crate) mod overrides;
pub(crate) mod population;
pub(crate) mod server;
pub(crate) mod sources;

/// Where `serve` keeps everything unless told otherwise.
pub(crate) const DATA_FOLDER: &str = "downhaul-data";
