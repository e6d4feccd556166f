//! Text to a release.

use super::{Release, validate};
use downhaul_core::diagnostic::Diagnostic;
use downhaul_core::read::{self, Format, Outcome};
use serde_json::Value;

/// A release in JSON or YAML, read under the same rules as a flag set. What it says alone is checked too; whether the
/// flags that it names exist, [`validate::problems`] says.
///
/// # Errors
/// What is wrong with it, each problem with its place and what to do.
pub fn release(text: &str, format: Format) -> Outcome<Release> {
    read::other(text, format, |json| match of_json(json) {
        Ok(release) => {
            let problems = validate::alone(&release);
            (Some(release), problems)
        }
        Err(problem) => (None, vec![*problem]),
    })
}

/// A release that is JSON already, as the API takes it. Not checked beyond its form.
///
/// # Errors
/// The first place that has not the form of a release.
pub fn of_json(json: &Value) -> Result<Release, Box<Diagnostic>> {
    serde_path_to_error::deserialize(json).map_err(|error| {
        let pointer = pointer(error.path());
        let problem = Diagnostic::error("malformed-release", pointer, one_line(&error.inner().to_string()));
        Box::new(problem.help("see docs/reference/release.md, or `downhaul schema release` for an editor"))
    })
}

pub(crate) fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => None,
    };
    path.iter().filter_map(step).map(|step| format!("/{step}")).collect()
}

pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
