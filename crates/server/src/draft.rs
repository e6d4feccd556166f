//! What callers send of documents, as the core reads it.

use downhaul_control::{Refusal, RefusalCode, api};
use downhaul_core::check::Source;
use downhaul_core::document::Flag;
use downhaul_core::read::Format;
use serde_json::Value;

/// The files of a request; the ending of a name says how its text is written.
pub(crate) fn sources(sources: Vec<api::Source>) -> Vec<Source> {
    let source = |api::Source { name, text }| Source { format: Format::of_name(&name), name, text };
    sources.into_iter().map(source).collect()
}

/// A flag as in a document.
pub(crate) fn flag(flag: Value) -> Result<Flag, Refusal> {
    serde_json::from_value(flag).map_err(|why| {
        Refusal::new(RefusalCode::Invalid, why.to_string(), "see the schema of a flag: `downhaul schema`")
    })
}
