use downhaul_core::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};

/// An error as problem JSON, `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Always `about:blank`.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// A stable kebab-case name, such as `unknown-flag`.
    pub code: String,
    pub detail: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub help: String,
    /// Where a document was refused.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Object>))]
    pub diagnostics: Vec<Diagnostic>,
}

impl Problem {
    pub fn new(status: u16, title: &str, code: &str, detail: impl Into<String>, help: impl Into<String>) -> Self {
        Problem {
            kind: "about:blank".to_owned(),
            title: title.to_owned(),
            status,
            code: code.to_owned(),
            detail: detail.into(),
            help: help.into(),
            diagnostics: Vec::new(),
        }
    }
}
