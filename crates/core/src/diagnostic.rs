//! What is wrong with an input, where, and what to do about it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How much a diagnostic weighs. Only an error refuses the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
}

/// Where in an input: the file if there is one, the JSON pointer, and the bytes if the text is at hand.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<String>,
    /// RFC 6901, from the root of the flag set (`/flags/0/rules/1/serve`); empty for the whole.
    pub pointer: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub span: Option<Span>,
}

/// Bytes of a text, and the line and column (from 1, in characters) of the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub start: usize,
    pub end: usize,
    pub line: usize,
    pub column: usize,
}

/// One problem.
///
/// Message: lower case, no final stop, the user's text in backticks, one line. What to do is in `help`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// A stable kebab-case name, such as `unknown-variant`; listed in docs/reference/diagnostics.md.
    pub code: String,
    pub severity: Severity,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub help: Option<String>,
    pub place: Place,
    /// Other places that it is about, such as the first of two that have one name.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub related: Vec<Place>,
}

impl Diagnostic {
    pub fn error(code: &str, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, pointer.into(), message.into())
    }

    pub fn warning(code: &str, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, pointer.into(), message.into())
    }

    fn new(severity: Severity, code: &str, pointer: String, message: String) -> Self {
        let place = Place { pointer, ..Place::default() };
        Diagnostic { code: code.to_owned(), severity, message, help: None, place, related: Vec::new() }
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds another place that it is about, by its pointer.
    #[must_use]
    pub fn related_to(mut self, pointer: impl Into<String>) -> Self {
        self.related.push(Place { pointer: pointer.into(), ..Place::default() });
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.place.file {
            write!(f, "{file}")?;
            if let Some(span) = &self.place.span {
                write!(f, ":{}:{}", span.line, span.column)?;
            }
            write!(f, ": ")?;
        }
        if !self.place.pointer.is_empty() {
            write!(f, "{}: ", self.place.pointer)?;
        }
        write!(f, "{}", self.message)
    }
}
