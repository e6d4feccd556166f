//! Text to a rollout.

use super::{Rollout, validate};
use crate::release::read::{one_line, pointer};
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::read::{self, Format, Outcome};
use serde_json::Value;

/// A rollout in JSON or YAML, read under the same rules as a flag set. What it says alone is checked too; whether the flag
/// and what else it names exist, [`validate::problems`] says.
///
/// # Errors
/// What is wrong with it, each problem with its place and what to do.
pub fn rollout(text: &str, format: Format) -> Outcome<Rollout> {
    read::other(text, format, |json| match of_json(json) {
        Ok(rollout) => {
            let problems = validate::alone(&rollout);
            (Some(rollout), problems)
        }
        Err(problem) => (None, vec![*problem]),
    })
}

/// A rollout that is JSON already, as the API takes it. Not checked beyond its form.
///
/// # Errors
/// The first place that has not the form of a rollout.
pub fn of_json(json: &Value) -> Result<Rollout, Box<Diagnostic>> {
    serde_path_to_error::deserialize(json).map_err(|error| {
        let pointer = pointer(error.path());
        let problem = Diagnostic::error("malformed-rollout", pointer, one_line(&error.inner().to_string()));
        Box::new(problem.help("see docs/reference/rollout.md, or `downhaul schema rollout` for an editor"))
    })
}
